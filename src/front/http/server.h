/* front/http/server.h - HTTP: routes, limits and wire forms. Transport only: what is decided is
 * decided by the app.
 *
 * Takes:  an address, limits, and the app's functions.
 * Gives:  a server on a thread of its own, until stopped.
 *
 *     struct http_options o = http_options_default();             // 127.0.0.1:8080
 *     if (server_start(&o, &app, &server, err)) return err->code;
 *     printf("http://127.0.0.1:%d\n", server_port(server));
 *     ...SIGTERM...
 *     server_stop(server, drain_delay_ms, finish_ms);             // frees it
 *
 * Routes (docs/formats/http.md): POST / and /models/{name} (Hugging Face token classification),
 * POST /v1/predict, POST /v1/feedback, GET / (the page), /livez, /readyz, /metrics, /v1/status.
 * Every error is {"error", "detail", "hint"} with the status of base/err.h; what is malformed
 * before it is HTTP gets libmicrohttpd's own page.
 * Secure by default: loopback; another address needs `insecure`. Host must name this server (DNS
 * rebinding), Origin must be the server's own, when there is one.
 * Limits:  base/limits.h: body, connections, texts, depth; a head or body that takes longer than
 *          request_ms is cut off.
 * Threads: one a connection; the app's functions are called from many at once and may block until
 *          their deadline.
 */
#ifndef FRONT_HTTP_SERVER_H
#define FRONT_HTTP_SERVER_H

#include "base/json.h"
#include "live/serving/serving.h"

struct http_infer {    /* one request for predictions */
    const char *model; /* {name} of /models/{name}, or NULL: the champion */
    const char *key;   /* X-Cairn-Key, or NULL */
    struct serving_request request;
};
struct http_app_stats {
    struct serving_stats serving;
    int64_t predictions_dropped; /* answered, but not written to the registry */
    int64_t predictions_written;
    int64_t feedback_count; /* accepted by this process */
};

struct http_app {
    void *ctx;
    /* Finds the model (ERR_NOT_FOUND) and calls serving_predict. ret: [q->request.count]. */
    enum err_code (*infer)(void *ctx, const struct http_infer *q, struct prediction **ret,
                           struct err *err);
    /* body (an object or a list) is borrowed; *ret is the caller's (json_decref). Committed before
     * it returns. */
    enum err_code (*feedback)(void *ctx, const json_t *body, json_t **ret, struct err *err);
    /* An object; the page reads "labels" of it: the entity labels that a correction may use. */
    enum err_code (*status)(void *ctx, json_t **ret, struct err *err);
    enum err_code (*ready)(void *ctx, struct err *err); /* ERR_OK, or why not */
    void (*stats)(void *ctx, struct http_app_stats *ret);
};

struct http_options {
    const char *address;      /* numeric IPv4 or IPv6 */
    int port;                 /* 0: any free one */
    bool insecure;            /* allows an address that is not loopback */
    const char *const *hosts; /* further names that Host may have, without port */
    int32_t host_count;
    size_t body_bytes_max;
    int connections_max;
    int idle_s;     /* a connection without traffic */
    int request_ms; /* from the first byte of a request to its last, and again to the answer */
};
struct http_options http_options_default(void);

struct server;
/* The app is borrowed and must outlive the server. ERR_IO names address and port when they are
 * taken. */
enum err_code server_start(const struct http_options *o, const struct http_app *app,
                           struct server **ret, struct err *err) MUST_CHECK;
int server_port(const struct server *s);
/* Stops in three steps and frees: /readyz says 503 and all goes on for delay_ms; no new
 * connections, and those inside get up to finish_ms; the rest is cut. Returns how many requests
 * were cut: 0 when none was lost. */
int server_stop(struct server *s, int delay_ms, int finish_ms);

#endif
