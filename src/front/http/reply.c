/* front/http/reply.c - what goes back: status, headers, body.
 *
 * Every reply is made here, so that the headers that protect the page and its data are on all of
 * them.
 */
#include "front/http/http_internal.h"

#include "base/log.h"
#include "base/str.h"

#include <string.h>

#define JSON_TYPE "application/json"

void reply_json(struct exchange *x, int status, const json_t *doc)
{
    x->reply.status = status;
    x->reply.type = JSON_TYPE;
    buf_clear(&x->reply.body);
    json_write(doc, false, &x->reply.body);
}

void reply_error(struct exchange *x, int status, const struct err *err)
{
    if (status == 0) status = err_http_status(err->code);
    if (status == 500)
        log_error("%s: %s (%s:%d)", x->route ? x->route->name : "-", err->message, err->file,
                  err->line);
    json_t *doc = json_pack("{s:s, s:s, s:s}", "error", err->message, "detail", err->detail, "hint",
                            err->hint);
    reply_json(x, status, doc);
    json_decref(doc);
}

static void add(struct MHD_Response *r, const char *name, const char *value)
{
    (void)MHD_add_response_header(r, name, value); /* fails without memory only */
}

static void add_headers(const struct exchange *x, struct MHD_Response *r, int status)
{
    const struct reply *reply = &x->reply;
    add(r, "Content-Type", reply->type ? reply->type : JSON_TYPE);
    add(r, "X-Content-Type-Options", "nosniff");
    add(r, "Cache-Control", "no-store");
    add(r, "Referrer-Policy", "no-referrer");
    add(r, "Content-Security-Policy", reply->page ? page_policy : "default-src 'none'");
    if (reply->model[0]) add(r, "X-Cairn-Model", reply->model);
    if (reply->predictions.len) add(r, "X-Cairn-Prediction", reply->predictions.data);
    if (reply->allow) add(r, "Allow", reply->allow);
    if (status == 429 || status == 503) add(r, "Retry-After", "1");
    if (x->refused || atomic_load(&x->server->draining)) add(r, "Connection", "close");
}

static struct MHD_Response *make_response(struct reply *reply)
{
    if (reply->page)
        return MHD_create_response_from_buffer(page_html_bytes, (void *)(uintptr_t)page_html,
                                               MHD_RESPMEM_PERSISTENT);
    /* the exchange, and with it the body, lives until the reply is sent */
    return MHD_create_response_from_buffer(reply->body.len, reply->body.data,
                                           MHD_RESPMEM_PERSISTENT);
}

enum MHD_Result reply_send(struct exchange *x)
{
    struct err err = {0};
    if (buf_check(&x->reply.body, &err)) reply_error(x, 0, &err);
    struct MHD_Response *r = make_response(&x->reply);
    if (!r) return MHD_NO;
    add_headers(x, r, x->reply.status);
    const enum MHD_Result sent = MHD_queue_response(x->connection, (unsigned)x->reply.status, r);
    MHD_destroy_response(r);
    return sent;
}
