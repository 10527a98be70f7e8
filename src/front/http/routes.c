/* front/http/routes.c - which path is what, and the small handlers.
 *
 * One table names every route with its methods; whatever looks at routes (dispatch, 405, metrics)
 * reads it.
 */
#include "front/http/http_internal.h"

#include "base/str.h"

#include <string.h>

const struct route routes[ROUTE_COUNT] = {
    {"/", "/", "GET, HEAD, POST", handle_page, handle_infer},
    {"/models/*", "/models", "POST", NULL, handle_infer},
    {"/v1/predict", "/v1/predict", "POST", NULL, handle_predict},
    {"/v1/feedback", "/v1/feedback", "POST", NULL, handle_feedback},
    {"/v1/status", "/v1/status", "GET, HEAD", handle_status, NULL},
    {"/livez", "/livez", "GET, HEAD", handle_live, NULL},
    {"/readyz", "/readyz", "GET, HEAD", handle_ready, NULL},
    {"/metrics", "/metrics", "GET, HEAD", handle_metrics, NULL},
};

static bool matches(const struct route *r, const char *url, char name[MODEL_NAME_BYTES_MAX])
{
    const size_t len = strlen(r->path);
    if (r->path[len - 1] != '*') return str_eq(r->path, url);
    if (strncmp(url, r->path, len - 1) != 0 || url[len - 1] == '\0') return false;
    if (strchr(url + len - 1, '/')) return false;
    return str_format(name, MODEL_NAME_BYTES_MAX, "%s", url + len - 1);
}

enum err_code route_find(struct exchange *x, const char *method, const char *url, struct err *err)
{
    for (size_t i = 0; i < ROUTE_COUNT && !x->route; i++)
        if (matches(&routes[i], url, x->model)) x->route = &routes[i];
    if (!x->route) {
        err_set(err, ERR_NOT_FOUND, "there is nothing at this path");
        return err_hint(err, "POST / predicts, GET / is a page; see docs/formats/http.md");
    }
    if ((x->is_get && x->route->get) || (x->is_post && x->route->post)) return ERR_OK;
    err_set(err, ERR_METHOD, "%s does not do this", x->route->name);
    err_detail(err, "the method was %.20s", method);
    return err_hint(err, "use %s", x->route->allow);
}

void handle_page(struct exchange *x)
{
    x->reply.status = 200;
    x->reply.type = "text/html; charset=utf-8";
    x->reply.page = true;
}

void handle_live(struct exchange *x)
{
    x->reply.status = 200;
    x->reply.type = "text/plain; charset=utf-8";
    buf_adds(&x->reply.body, "ok\n");
}

void handle_ready(struct exchange *x)
{
    struct err err = {0};
    enum err_code code = ERR_OK;
    if (atomic_load(&x->server->draining))
        code = err_set(&err, ERR_UNAVAILABLE, "the service is stopping");
    else
        code = x->server->app.ready(x->server->app.ctx, &err);
    if (code)
        reply_error(x, 503, &err);
    else
        handle_live(x);
}

/* Answers with what the app made of it. */
static void reply_with(struct exchange *x, enum err_code code, json_t *doc, const struct err *err)
{
    if (code) {
        reply_error(x, 0, err);
        return;
    }
    reply_json(x, 200, doc);
    json_decref(doc);
}

void handle_status(struct exchange *x)
{
    struct err err = {0};
    json_t *doc = NULL;
    const enum err_code code = x->server->app.status(x->server->app.ctx, &doc, &err);
    reply_with(x, code, doc, &err);
}

void handle_feedback(struct exchange *x)
{
    struct err err = {0};
    json_t *body = NULL, *doc = NULL;
    enum err_code code = json_parse(x->body.data, x->body.len, &JSON_LIMITS_BODY, &body, &err);
    if (!code && !json_is_object(body) && !json_is_array(body)) {
        err_set(&err, ERR_BAD_INPUT, "the body must be an object, or a list of objects");
        code = err_hint(&err, "for example {\"prediction_id\": \"...\", \"verdict\": \"accept\"}");
    }
    if (!code) code = x->server->app.feedback(x->server->app.ctx, body, &doc, &err);
    reply_with(x, code, doc, &err);
    json_decref(body);
}
