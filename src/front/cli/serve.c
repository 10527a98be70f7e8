/* front/cli/serve.c - cairn serve: the service of front/app bound to the server of front/http. The
 * first signal drains and leaves; a second one leaves at once. */
#include "base/os.h"
#include "base/str.h"
#include "front/app/service.h"
#include "front/cli/draw.h"
#include "front/http/server.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define FINISH_MS 10000 /* for requests in flight, after the drain delay */

static enum err_code infer(void *ctx, const struct http_infer *q, struct prediction **ret,
                           struct err *err)
{
    return service_infer(ctx, q->model, &q->request, ret, err);
}

static enum err_code feedback(void *ctx, const json_t *body, json_t **ret, struct err *err)
{
    return service_feedback(ctx, body, ret, err);
}

static enum err_code status(void *ctx, json_t **ret, struct err *err)
{
    return service_status(ctx, ret, err);
}

static enum err_code ready(void *ctx, struct err *err)
{
    return service_ready(ctx, err);
}

static void stats(void *ctx, struct http_app_stats *ret)
{
    struct service_stats s;
    service_get_stats(ctx, &s);
    *ret = (struct http_app_stats){.serving = s.serving,
                                   .predictions_dropped = s.log.dropped + s.log.failed,
                                   .predictions_written = s.log.written,
                                   .feedback_count = s.feedback};
}

static void announce(const struct cli *c, const struct http_options *o, int port)
{
    bool six = strchr(o->address, ':') != NULL;
    char base[128];
    (void)str_format(base, sizeof base, "http://%s%s%s:%d", six ? "[" : "", o->address,
                     six ? "]" : "", port);
    json_t *doc =
        json_pack("{s:s, s:s, s:i}", "schema", "cairn.serve/v1", "url", base, "port", port);
    bool done = cli_json(c, doc);
    json_decref(doc);
    if (done) {
        fflush(stdout);
        return;
    }
    printf("%sserving %s%s  (Ctrl-C drains and stops)\n", ink(INK_BOLD, false), base,
           ink_end(false));
    printf("curl -s %s/ -H 'Content-Type: application/json' -d '{\"inputs\": \"No sign of "
           "pneumonia.\"}'\n",
           base);
    fflush(stdout);
}

static enum err_code read_options(struct cli *c, struct http_options *o, int64_t *drain_ms,
                                  struct err *err)
{
    int64_t port = o->port;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (args_int(&c->args, "port", 0, 65535, &port, err)) return err->code;
    if (args_int(&c->args, "drain-ms", 0, 600000, drain_ms, err)) return err->code;
    o->port = (int)port;
    if (args_value(&c->args, "address")) o->address = args_value(&c->args, "address");
    o->insecure = args_flag(&c->args, "insecure");
    return ERR_OK;
}

enum err_code cli_serve(struct cli *c, struct err *err)
{
    struct http_options o = http_options_default();
    struct service *s = NULL;
    struct server *server = NULL;
    int64_t drain_ms = 0;
    if (read_options(c, &o, &drain_ms, err)) return err->code;
    struct sigaction ignore = {.sa_handler =
                                   SIG_IGN}; /* a client that leaves is no reason to die */
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
    if (service_open(c->app, args_value(&c->args, "model"), &s, err)) return err->code;
    struct http_app app = {.ctx = s,
                           .infer = infer,
                           .feedback = feedback,
                           .status = status,
                           .ready = ready,
                           .stats = stats};
    if (server_start(&o, &app, &server, err)) goto out;
    announce(c, &o, server_port(server));
    while (!cli_stop_asked(NULL)) os_sleep_ms(50);
    int cut = server_stop(server, (int)drain_ms, FINISH_MS);
    fprintf(stderr, "stopped; %d requests were cut off\n", cut);
out:
    service_close(s);
    return err->code;
}
