/* front/http/http_internal.h - one request on its way through the room.
 *
 *     peer       a connection: its socket and what it is doing, watched by the clock (clock.c)
 *     exchange   a request: route, body, reply; born at its first callback, dead when the reply is
 *                sent or the connection breaks
 *     reply      what a handler fills in
 *
 * A peer's and an exchange's fields belong to the connection's own thread, but for `phase`,
 * `since_ns` and the list of peers, which server->lock guards.
 */
#ifndef FRONT_HTTP_HTTP_INTERNAL_H
#define FRONT_HTTP_HTTP_INTERNAL_H

#include "front/http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define REPLY_BYTES_MAX (512u << 20)

enum phase {
    PHASE_HEAD,  /* between requests, or a head is on its way */
    PHASE_BODY,  /* a body is on its way */
    PHASE_WORK,  /* the handler runs: it has a deadline of its own */
    PHASE_REPLY, /* the reply is on its way */
};
struct peer {
    int fd;
    enum phase phase;
    int64_t since_ns;
    bool cut; /* by the clock: told 408 and shut down */
    struct peer *before, *after;
};

struct reply {
    int status;
    const char *type;       /* Content-Type */
    struct buf body;        /* unless page */
    bool page;              /* the embedded page, with its policy */
    char model[65];         /* X-Cairn-Model; "" for none */
    struct buf predictions; /* X-Cairn-Prediction */
    const char *allow;      /* 405 */
};

struct exchange {
    struct server *server;
    struct MHD_Connection *connection;
    struct peer *peer;
    const struct route *route;
    bool is_get, is_post;
    char model[MODEL_NAME_BYTES_MAX]; /* of /models/{name}; "" for none */
    const char *key;                  /* X-Cairn-Key or NULL */
    int64_t start_ns;
    struct buf body;
    size_t discarded; /* bytes of a refused body */
    int refused;      /* the status, when it was refused before its end */
    struct reply reply;
};

typedef void handler(struct exchange *x);
struct route {
    const char *path; /* a last '*' takes one segment, a name */
    const char *name; /* in metrics */
    const char *allow;
    handler *get, *post;
};
#define ROUTE_COUNT 8 /* and one for what has no route */
extern const struct route routes[ROUTE_COUNT];
/* Sets x->route and x->model, or fills err: ERR_NOT_FOUND, ERR_METHOD. */
enum err_code route_find(struct exchange *x, const char *method, const char *url,
                         struct err *err) MUST_CHECK;

/* guard.c: is this request for us, from us, and of a clear length. 0, or the status to refuse with.
 * */
int guard_check(const struct exchange *x, struct err *err);

/* reply.c */
void reply_json(struct exchange *x, int status, const json_t *doc);
void reply_error(struct exchange *x, int status, const struct err *err); /* 0: the code's own */
enum MHD_Result reply_send(struct exchange *x);

/* handlers */
void handle_infer(struct exchange *x);   /* infer.c: Hugging Face's reply */
void handle_predict(struct exchange *x); /* infer.c: cairn.predict/v1 */
void handle_feedback(struct exchange *x);
void handle_page(struct exchange *x);
void handle_live(struct exchange *x);
void handle_ready(struct exchange *x);
void handle_status(struct exchange *x);
void handle_metrics(struct exchange *x); /* metrics.c */

/* metrics.c */
#define METRIC_STATUS_COUNT 16
#define METRIC_BUCKET_COUNT 14
struct metrics {
    atomic_llong requests[ROUTE_COUNT + 1][METRIC_STATUS_COUNT];
    atomic_llong buckets[ROUTE_COUNT + 1][METRIC_BUCKET_COUNT + 1];
    atomic_llong sum_us[ROUTE_COUNT + 1];
};
void metrics_count(struct metrics *m, const struct route *route, int status, int64_t us);

/* clock.c: cuts connections that take too long. */
void clock_enter(struct server *s, struct peer *p, enum phase phase);
void clock_watch(struct server *s, struct peer *p);   /* a new connection */
void clock_unwatch(struct server *s, struct peer *p); /* frees it */
void *clock_main(void *server);

struct server {
    struct http_options options;
    struct http_app app;
    struct MHD_Daemon *daemon;
    int port;
    pthread_t clock_thread;
    pthread_mutex_t lock;
    pthread_cond_t tick; /* stop */
    bool stop;
    struct peer *peers;
    atomic_int inside; /* exchanges */
    atomic_int connections;
    atomic_bool draining; /* not ready; replies close their connection */
    atomic_bool cutting;  /* requests inside are given up */
    struct metrics metrics;
};

extern const unsigned char page_html[];
extern const size_t page_html_bytes;
extern const char
    page_policy[]; /* Content-Security-Policy with the hashes of its style and script */

#endif
