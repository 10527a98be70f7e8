/* live/registry/prediction_log.c - the queue between answers and the disk.
 *
 * put copies the row into one block and links it, under a lock that is held for a few instructions
 * and never during I/O. The writer waits for a row, then GATHER_MS for others to come, and commits
 * all of them in one transaction: an fsync costs the same for one row as for a thousand.
 *
 * Whoever holds the registry's turn may take the queue and write it (drain). The writer takes the
 * queue only while it holds the turn, so that at every moment a row is in the queue or in the table
 * for whoever has the turn: feedback on an answer of a moment ago finds it without waiting for the
 * writer.
 *
 * A group that fails for one bad row is written row by row; one that fails for the disk is lost and
 * counted. Rows are never written twice: a failed commit is not tried again.
 */
#include "base/log.h"
#include "base/str.h"
#include "live/registry/predictions_internal.h"
#include <errno.h>
#include <string.h>
#include <time.h>

#define GATHER_MS       50
#define QUEUE_BYTES_MAX (64u << 20)

struct waiting {
    struct waiting *next;
    struct prediction_row row; /* its strings follow the struct */
    size_t bytes;
};

struct prediction_log {
    struct registry *registry;
    pthread_t writer;
    pthread_mutex_t lock; /* everything below; taken after the registry's turn, never before */
    pthread_cond_t more;
    struct waiting *first, **last;
    size_t queue_max, bytes;
    bool stopping;
    struct prediction_log_counts counts;
};

static void hold(struct prediction_log *log)
{
    BUG_IF(pthread_mutex_lock(&log->lock) != 0);
}
static void let(struct prediction_log *log)
{
    BUG_IF(pthread_mutex_unlock(&log->lock) != 0);
}

static const char *pack(char **at, const char *s)
{
    if (!s) return NULL;
    size_t len = strlen(s) + 1;
    char *copy = *at;
    memcpy(copy, s, len);
    *at += len;
    return copy;
}

static size_t len_of(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

static struct waiting *copy_row(const struct prediction_row *p)
{
    struct err ignored = {0};
    size_t bytes = sizeof(struct waiting) + len_of(p->id) + len_of(p->model) +
                   len_of(p->text_hash) + len_of(p->text) + len_of(p->entities) +
                   len_of(p->label_counts);
    struct waiting *w = bytes <= QUEUE_BYTES_MAX ? mem_try(bytes, 1, &ignored) : NULL;
    if (!w) return NULL;
    char *at = (char *)(w + 1);
    w->bytes = bytes;
    w->row = *p;
    w->row.id = pack(&at, p->id);
    w->row.model = pack(&at, p->model);
    w->row.text_hash = pack(&at, p->text_hash);
    w->row.text = pack(&at, p->text);
    w->row.entities = pack(&at, p->entities);
    w->row.label_counts = pack(&at, p->label_counts);
    if (!w->row.at_us) w->row.at_us = os_now_us();
    return w;
}

void prediction_log_put(struct prediction_log *log, const struct prediction_row *p)
{
    struct waiting *w = copy_row(p);
    hold(log);
    bool fits = w && !log->stopping && (size_t)log->counts.waiting < log->queue_max &&
                log->bytes + w->bytes <= QUEUE_BYTES_MAX;
    if (fits) {
        *log->last = w;
        log->last = &w->next;
        log->counts.waiting++;
        log->bytes += w->bytes;
        pthread_cond_signal(&log->more);
        w = NULL;
    } else {
        log->counts.dropped++;
    }
    let(log);
    mem_free(w);
}

static struct waiting *take(struct prediction_log *log)
{
    hold(log);
    struct waiting *w = log->first;
    log->first = NULL;
    log->last = &log->first;
    log->counts.waiting = 0;
    log->bytes = 0;
    let(log);
    return w;
}

static enum err_code write_group(struct registry *r, const struct waiting *w,
                                 const struct waiting *end, struct err *err)
{
    enum err_code code = ERR_OK;
    if (registry_begin(r, err)) return err->code;
    for (; !code && w != end; w = w->next) {
        code = prediction_check(&w->row, err);
        if (!code) code = prediction_insert(r, &w->row, err);
    }
    return registry_end(r, code, err);
}

/* The registry's turn is held. */
static void write_all(struct prediction_log *log, struct waiting *w)
{
    struct err err = {0};
    int64_t written = 0, failed = 0;
    if (!w) return;
    enum err_code code = write_group(log->registry, w, NULL, &err);
    bool one_by_one = code == ERR_CONFLICT || code == ERR_BAD_INPUT || code == ERR_LIMIT;
    while (w) {
        struct waiting *next = w->next;
        if (one_by_one) code = write_group(log->registry, w, next, &err);
        if (code)
            failed++;
        else
            written++;
        mem_free(w);
        w = next;
    }
    if (failed) log_warn("%lld predictions were not recorded: %s", (long long)failed, err.message);
    hold(log);
    log->counts.written += written;
    log->counts.failed += failed;
    let(log);
}

void prediction_log_drain(struct registry *r)
{
    registry_hold(r);
    if (r->log && r->depth == 0) write_all(r->log, take(r->log));
    registry_let(r);
}

void prediction_log_flush(struct prediction_log *log)
{
    prediction_log_drain(log->registry);
}

/* Until a row waits, and then a little longer; false when the log stops and nothing waits. */
static bool gather(struct prediction_log *log)
{
    struct timespec until;
    hold(log);
    while (!log->first && !log->stopping) pthread_cond_wait(&log->more, &log->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += GATHER_MS * 1000000l;
    until.tv_sec += until.tv_nsec / 1000000000l;
    until.tv_nsec %= 1000000000l;
    int rc = 0;
    while (!log->stopping && rc != ETIMEDOUT && (size_t)log->counts.waiting < log->queue_max / 2)
        rc = pthread_cond_timedwait(&log->more, &log->lock, &until);
    bool go_on = log->first || !log->stopping;
    let(log);
    return go_on;
}

static void *write_forever(void *ctx)
{
    struct prediction_log *log = ctx;
    while (gather(log)) prediction_log_drain(log->registry);
    return NULL;
}

static void log_free(struct prediction_log *log)
{
    pthread_cond_destroy(&log->more);
    pthread_mutex_destroy(&log->lock);
    mem_free(log);
}

enum err_code prediction_log_start(struct registry *r, size_t queue_max,
                                   struct prediction_log **ret, struct err *err)
{
    struct prediction_log *log = mem_try(1, sizeof *log, err);
    if (!log) return err->code;
    log->registry = r;
    log->queue_max = queue_max ? queue_max : PREDICTION_QUEUE_MAX;
    log->last = &log->first;
    BUG_IF(pthread_mutex_init(&log->lock, NULL) != 0);
    BUG_IF(pthread_cond_init(&log->more, NULL) != 0);
    registry_hold(r);
    BUG_IF(r->log != NULL);
    r->log = log;
    registry_let(r);
    int rc = pthread_create(&log->writer, NULL, write_forever, log);
    if (rc == 0) {
        *ret = log;
        return ERR_OK;
    }
    registry_hold(r);
    r->log = NULL;
    registry_let(r);
    log_free(log);
    err_set(err, ERR_NO_MEMORY, "cannot start the writer of predictions");
    return err_errno(err, rc);
}

void prediction_log_stop(struct prediction_log *log)
{
    if (!log) return;
    hold(log);
    log->stopping = true;
    pthread_cond_signal(&log->more);
    let(log);
    BUG_IF(pthread_join(log->writer, NULL) != 0);
    registry_hold(log->registry);
    log->registry->log = NULL;
    registry_let(log->registry);
    log_free(log);
}

void prediction_log_get_counts(struct prediction_log *log, struct prediction_log_counts *ret)
{
    hold(log);
    *ret = log->counts;
    let(log);
}
