/* live/serving/serving_internal.h - the parts of one serving and who owns them.
 *
 *     request   on the stack of the thread that waits in serving_predict; owns its texts
 *     text      an array of the request; stands in the queue while windows of it wait
 *     batch     the batcher thread's own; points to texts while it runs
 *     model     counted: one for being the current one, one for each request and prediction
 *
 * s->lock guards everything that is not marked otherwise. A text may leave memory only when no
 * window of it is in a batch: request_abandon waits for that. Two locks are never held at once, but
 * for `engine` before `lock`: the batcher and serving_swap take `engine` around every use of an
 * encoder or the pool, since a pool runs one thing at a time.
 */
#ifndef LIVE_SERVING_SERVING_INTERNAL_H
#define LIVE_SERVING_SERVING_INTERNAL_H

#include "base/os.h"
#include "engine/model/packed_file.h"
#include "live/serving/serving.h"
#include "live/serving/windows.h"

#include <pthread.h>
#include <stdatomic.h>

struct served_model {
    struct model *model;
    struct encoder *encoder; /* used under s->engine only */
    char digest[65];
    int32_t batch_tokens; /* the budget, or one window when that is longer */
    atomic_int refs;
};

struct text {
    struct prediction *prediction;
    struct window_list windows;
    int32_t next;    /* window that has not run */
    int32_t pending; /* windows that are not finished */
    bool queued;
    struct request *request;
    struct text *after; /* in the queue */
};

struct request {
    struct served_model *model;
    struct text *texts;
    int32_t count;
    int32_t unfinished; /* texts */
    int32_t in_batch;   /* windows that a batch holds now */
    bool abandoned;     /* deadline passed, client left, or a batch failed */
    struct err err;     /* of a batch that failed */
    pthread_cond_t done;
};

struct batch_part { /* one window of a batch */
    struct text *text;
    const struct window_part *window;
    int32_t row; /* of its [CLS] in the batch */
};
struct batch {
    struct served_model *model;
    struct batch_part *parts;
    int32_t *ids, *cu_len;
    int32_t count, tokens;
    int32_t parts_max, tokens_max; /* room, for any model */
};

struct settler; /* cache.c */

struct serving {
    struct serving_options options;
    struct pool *pool;      /* under engine */
    pthread_mutex_t engine; /* one forward at a time */
    pthread_mutex_t lock;
    pthread_cond_t work; /* the queue is not empty, or stop */
    pthread_cond_t idle; /* `inside` became 0 */
    pthread_t thread;
    struct served_model *current;
    struct text *head, *tail;
    int64_t queued_tokens;
    int32_t queued_texts; /* unfinished texts of all requests inside */
    int inside;           /* calls of serving_predict */
    bool draining, stop;
    struct batch batch; /* the batcher thread's */
    struct serving_stats stats;
    /* of the caller of _load and _swap */
    char loaded_dir[PATH_BYTES_MAX], loaded_digest[65];
    struct settler *settler;
};

/* batcher.c */
void *batcher_main(void *serving);
void queue_push(struct serving *s, struct text *t);              /* lock held */
void queue_remove_request(struct serving *s, struct request *r); /* lock held */

/* serving.c */
struct served_model *served_model_use(struct served_model *m); /* one more; returns m */
/* One less; the last frees the model, which is slow: not with the lock held. NULL is fine. */
void served_model_drop(struct served_model *m);

struct encoder_options serving_encoder_options(const struct serving *s, const struct model *m);
/* Puts `m`, which is the same model as `old` and is taken, in its place. ERR_CONFLICT when `old` is
 * not the current one any more. */
enum err_code serving_exchange(struct serving *s, struct model *m, const struct served_model *old,
                               struct err *err) MUST_CHECK;

enum { CACHE_MODELS_MOST = 8 };
/* cache.c: begins to write or check the cached form of the model that was just swapped in. */
void cache_settle(struct serving *s, struct served_model *m);
void cache_stop(struct serving *s); /* waits for that to end */

#endif
