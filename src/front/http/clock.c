/* front/http/clock.c - cuts connections that take too long.
 *
 * libmicrohttpd's own timeout is one of idleness: a client that sends a byte now and then holds its
 * connection for ever. So each connection says what it is doing and since when, and one thread
 * looks at all of them:
 *
 *     head    idle_s + request_ms after the last reply: a kept connection idles, then sends a head
 *     body    request_ms
 *     work    not cut here: the app has a deadline
 *     reply   request_ms: a client that does not read
 *
 * Before the reply nothing was sent, so the client is told 408 here, past libmicrohttpd. Then the
 * socket is shut down, which wakes the connection's thread; closing it stays libmicrohttpd's. A
 * peer leaves the list before its socket is closed, so the number is still that connection's while
 * the lock is held.
 */
#include "front/http/http_internal.h"

#include "base/os.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static const char too_slow[] =
    "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    "{\"error\":\"the request took too long to arrive\",\"detail\":\"\",\"hint\":\"send it "
    "faster\"}";

void clock_enter(struct server *s, struct peer *p, enum phase phase)
{
    pthread_mutex_lock(&s->lock);
    p->phase = phase;
    p->since_ns = os_monotonic_ns();
    pthread_mutex_unlock(&s->lock);
}

void clock_watch(struct server *s, struct peer *p)
{
    pthread_mutex_lock(&s->lock);
    p->since_ns = os_monotonic_ns();
    p->after = s->peers;
    if (s->peers) s->peers->before = p;
    s->peers = p;
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_add(&s->connections, 1);
}

void clock_unwatch(struct server *s, struct peer *p)
{
    pthread_mutex_lock(&s->lock);
    if (p->before)
        p->before->after = p->after;
    else
        s->peers = p->after;
    if (p->after) p->after->before = p->before;
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_sub(&s->connections, 1);
    free(p);
}

static int64_t allowed_ns(const struct http_options *o, enum phase phase)
{
    const int64_t request_ns = o->request_ms * INT64_C(1000000);
    switch (phase) {
    case PHASE_HEAD:
        return request_ns + o->idle_s * INT64_C(1000000000);
    case PHASE_BODY:
    case PHASE_REPLY:
        return request_ns;
    case PHASE_WORK:
        break;
    }
    return INT64_MAX;
}

static void cut(struct peer *p)
{
    p->cut = true;
    if (p->phase != PHASE_REPLY)
        (void)send(p->fd, too_slow, sizeof too_slow - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(p->fd, SHUT_RDWR);
}

static void cut_overdue(struct server *s)
{
    const int64_t now = os_monotonic_ns();
    for (struct peer *p = s->peers; p; p = p->after)
        if (!p->cut && now - p->since_ns > allowed_ns(&s->options, p->phase)) cut(p);
}

void *clock_main(void *server)
{
    struct server *s = server;
    const int64_t step_ns =
        (s->options.request_ms < 4000 ? s->options.request_ms / 4 + 1 : 1000) * INT64_C(1000000);
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        const int64_t until = os_monotonic_ns() + step_ns;
        const struct timespec at = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
        (void)pthread_cond_timedwait(&s->tick, &s->lock, &at);
        cut_overdue(s);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}
