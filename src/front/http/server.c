/* front/http/server.c - start, the life of a request, stop.
 *
 * libmicrohttpd gives each connection a thread, which parses, calls us and may wait for the
 * batcher. That is simpler than suspending connections (a suspended one neither times out nor sees
 * its client leave), and its cost, a stack a connection, is bounded by connections_max. What
 * libmicrohttpd does not bound, clock.c does.
 *
 *     first call       head complete: guard, route, announced length. A refusal is kept, not sent:
 *                      a client that still writes would lose the reply with the reset that follows
 *     calls with data  the body, or what is thrown away of a refused one
 *     last call        the handler, then the reply
 *     completed        counted, freed
 *
 * At once are refused: a body that is too long to throw away, one of unclear length, and one that
 * waits for 100-continue.
 */
#include "front/http/http_internal.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/os.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DISCARD_BYTES_MAX (64u << 20)
#define STACK_BYTES       (256u << 10)
#define SETTLE_MS         20 /* no request for so long: nothing is on its way any more */

struct http_options http_options_default(void)
{
    return (struct http_options){.address = "127.0.0.1",
                                 .port = 8080,
                                 .body_bytes_max = HTTP_BODY_BYTES_MAX,
                                 .connections_max = HTTP_CONNECTIONS_MAX,
                                 .idle_s = HTTP_IDLE_S_MAX,
                                 .request_ms = REQUEST_MS_MAX};
}

int server_port(const struct server *s)
{
    return s->port;
}

/* ---- one request ---- */

static void refuse(struct exchange *x, int status, const struct err *err)
{
    x->refused = status;
    reply_error(x, status, err);
}

static void refuse_length(struct exchange *x)
{
    struct err err = {0};
    err_set(&err, ERR_LIMIT, "the body is too long");
    err_detail(&err, "at most %zu bytes are accepted", x->server->options.body_bytes_max);
    err_hint(&err, "send the texts in several requests");
    refuse(x, 413, &err);
}

static const char *header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

/* Looks at the head; true when the refusal must go out before the body came. */
static bool check_head(struct exchange *x, const char *method, const char *url)
{
    struct err err = {0};
    x->is_get = str_eq(method, "GET") || str_eq(method, "HEAD");
    x->is_post = str_eq(method, "POST");
    const int status = guard_check(x, &err);
    const enum err_code code = status ? ERR_OK : route_find(x, method, url, &err);
    const char *length = header(x, "Content-Length");
    const unsigned long long announced = length ? strtoull(length, NULL, 10) : 0;
    if (status)
        refuse(x, status, &err);
    else if (code)
        refuse(x, err_http_status(code), &err);
    else if (announced > x->server->options.body_bytes_max)
        refuse_length(x);
    if (code == ERR_METHOD) x->reply.allow = x->route->allow;
    const bool unclear = length && header(x, "Transfer-Encoding");
    return x->refused && (unclear || announced > DISCARD_BYTES_MAX || header(x, "Expect"));
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static enum MHD_Result begin(struct server *s, struct MHD_Connection *connection, const char *url,
                             const char *method, void **ret)
{
    struct err err = {0};
    struct exchange *x = mem_try(1, sizeof *x, &err);
    if (!x) return MHD_NO;
    *ret = x;
    x->server = s;
    x->connection = connection;
    x->peer = peer_of(connection);
    x->start_ns = os_monotonic_ns();
    buf_init(&x->body, s->options.body_bytes_max);
    buf_init(&x->reply.body, REPLY_BYTES_MAX);
    buf_init(&x->reply.predictions, HTTP_INPUTS_MAX * PREDICTION_ID_BYTES);
    atomic_fetch_add(&s->inside, 1);
    clock_enter(s, x->peer, PHASE_BODY);
    const bool at_once = check_head(x, method, url);
    x->key = header(x, "X-Cairn-Key");
    return at_once ? reply_send(x) : MHD_YES;
}

static enum MHD_Result take(struct exchange *x, const char *data, size_t *len)
{
    if (!x->refused && x->body.len + *len > x->server->options.body_bytes_max) refuse_length(x);
    if (x->refused)
        x->discarded += *len;
    else
        buf_add(&x->body, data, *len);
    *len = 0;
    return x->discarded > DISCARD_BYTES_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result finish(struct exchange *x)
{
    struct err err = {0};
    clock_enter(x->server, x->peer, PHASE_WORK);
    if (!x->refused && buf_check(&x->body, &err)) refuse(x, 503, &err);
    if (!x->refused) (x->is_get ? x->route->get : x->route->post)(x);
    clock_enter(x->server, x->peer, PHASE_REPLY);
    return reply_send(x);
}

static enum MHD_Result on_request(void *server, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **exchange)
{
    (void)version;
    if (!*exchange) return begin(server, connection, url, method, exchange);
    return *len ? take(*exchange, data, len) : finish(*exchange);
}

static void on_completed(void *server, struct MHD_Connection *connection, void **exchange,
                         enum MHD_RequestTerminationCode why)
{
    struct server *s = server;
    struct exchange *x = *exchange;
    (void)connection, (void)why;
    if (!x) return;
    metrics_count(&s->metrics, x->route, x->reply.status, (os_monotonic_ns() - x->start_ns) / 1000);
    clock_enter(s, x->peer, PHASE_HEAD);
    buf_release(&x->body);
    buf_release(&x->reply.body);
    buf_release(&x->reply.predictions);
    mem_free(x);
    *exchange = NULL;
    atomic_fetch_sub(&s->inside, 1);
}

static void on_connection(void *server, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct server *s = server;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        clock_unwatch(s, *context);
        return;
    }
    struct peer *p = calloc(1, sizeof *p);
    BUG_IF(!p); /* libmicrohttpd gives no way to refuse here */
    p->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *context = p;
    clock_watch(s, p);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *server, const char *format,
                                                         va_list args)
{
    struct buf line;
    (void)server;
    buf_init(&line, 1000);
    buf_addv(&line, format, args);
    log_debug("http: %s", line.data);
    buf_release(&line);
}

/* ---- start ---- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static enum err_code read_address(const struct http_options *o, union address *ret,
                                  socklen_t *ret_len, struct err *err)
{
    bool is_loopback = false;
    if (o->port < 0 || o->port > 65535)
        return err_set(err, ERR_BAD_INPUT, "port %d is not 0 to 65535", o->port);
    *ret = (union address){0};
    if (inet_pton(AF_INET, o->address, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons((uint16_t)o->port);
        *ret_len = sizeof ret->v4;
        is_loopback = ntohl(ret->v4.sin_addr.s_addr) >> 24 == 127;
    } else if (inet_pton(AF_INET6, o->address, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons((uint16_t)o->port);
        *ret_len = sizeof ret->v6;
        is_loopback = IN6_IS_ADDR_LOOPBACK(&ret->v6.sin6_addr);
    } else {
        err_set(err, ERR_BAD_INPUT, "\"%.60s\" is not an address in numbers", o->address);
        return err_hint(err, "127.0.0.1 and ::1 are this machine alone");
    }
    if (is_loopback || o->insecure) return ERR_OK;
    err_set(err, ERR_BAD_INPUT, "%s can be reached from other machines", o->address);
    err_detail(err, "requests are not authorised: whoever reaches the port may use the model");
    return err_hint(err, "use 127.0.0.1, or say that it is meant to be insecure");
}

static enum err_code listen_at(const struct http_options *o, int *ret_fd, int *ret_port,
                               struct err *err)
{
    union address a;
    socklen_t len = 0;
    const int on = 1;
    if (read_address(o, &a, &len, err)) return err->code;
    const int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, &a.any, len) || listen(fd, o->connections_max) || getsockname(fd, &a.any, &len)) {
        const int why = errno;
        err_set(err, ERR_IO, "cannot listen at %s port %d", o->address, o->port);
        err_errno(err, why);
        err_hint(err, why == EADDRINUSE ? "another server is there; choose another port"
                                        : "choose another address or port");
        if (fd >= 0) close(fd);
        return err->code;
    }
    *ret_port = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
    *ret_fd = fd;
    return ERR_OK;
}

static struct MHD_Daemon *start_daemon(struct server *s, int fd)
{
    const unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                           MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log,
                            s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->options.connections_max,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)s->options.idle_s,
                            MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES, MHD_OPTION_END);
}

static void sync_init(struct server *s)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->tick, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&s->lock, NULL);
}

static void server_release(struct server *s)
{
    pthread_cond_destroy(&s->tick);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

static void stop_clock(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->tick);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->clock_thread, NULL);
}

enum err_code server_start(const struct http_options *o, const struct http_app *app,
                           struct server **ret, struct err *err)
{
    int fd = -1;
    struct server *s = mem_try(1, sizeof *s, err);
    if (!s) return err->code;
    s->options = *o;
    s->app = *app;
    sync_init(s);
    if (listen_at(o, &fd, &s->port, err)) goto no_socket;
    if (pthread_create(&s->clock_thread, NULL, clock_main, s)) {
        err_set(err, ERR_NO_MEMORY, "the server's clock thread cannot start");
        goto no_clock;
    }
    s->daemon = start_daemon(s, fd);
    if (!s->daemon) {
        err_set(err, ERR_NO_MEMORY, "the HTTP server cannot start");
        goto no_daemon;
    }
    *ret = s;
    return ERR_OK;
no_daemon:
    stop_clock(s);
no_clock:
    close(fd);
no_socket:
    server_release(s);
    return err->code;
}

/* ---- stop ---- */

/* Connections that the kernel accepted before the door closed are served too. */
static void take_backlog(struct server *s, int fd)
{
    union address a;
    socklen_t len = sizeof a;
    int client;
    while ((client = accept(fd, &a.any, &len)) >= 0) {
        (void)MHD_add_connection(s->daemon, client, &a.any, len);
        len = sizeof a;
    }
}

/* Until no request was inside for a moment; false when time ran out. */
static bool wait_settled(struct server *s, int finish_ms)
{
    const int64_t until = os_monotonic_ns() + finish_ms * INT64_C(1000000);
    int64_t quiet_since = os_monotonic_ns();
    for (;;) {
        const int64_t now = os_monotonic_ns();
        if (atomic_load(&s->inside) > 0) quiet_since = now;
        if (now - quiet_since > SETTLE_MS * INT64_C(1000000)) return true;
        if (now > until) return atomic_load(&s->inside) == 0;
        os_sleep_ms(2);
    }
}

int server_stop(struct server *s, int delay_ms, int finish_ms)
{
    if (!s) return 0;
    atomic_store(&s->draining, true);
    if (delay_ms > 0) os_sleep_ms(delay_ms);
    const int fd = MHD_quiesce_daemon(s->daemon);
    if (fd >= 0) take_backlog(s, fd);
    const int lost = wait_settled(s, finish_ms) ? 0 : atomic_load(&s->inside);
    atomic_store(&s->cutting, true);
    MHD_stop_daemon(s->daemon);
    if (fd >= 0) close(fd);
    stop_clock(s);
    server_release(s);
    return lost;
}
