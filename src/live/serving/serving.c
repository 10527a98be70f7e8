/* live/serving/serving.c - birth, swap, drain and end of a serving; see serving.h and
 * serving_internal.h.
 *
 * A swap builds the new model's encoder and warms it up (packed weights are made at the first
 * forward) before anybody can use it, then changes one pointer. Requests hold a count on the model
 * that they were given, so the old one dies with the last of them, in whichever thread that is.
 */
#include "live/serving/serving_internal.h"

#include "base/arena.h"
#include "base/os.h"
#include "base/str.h"
#include "engine/text/tokenizer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_TOKENS_DEFAULT 1024 /* a batch of this size answers in tens of milliseconds in fp32 */

struct serving_options serving_options_default(void)
{
    return (struct serving_options){.isa = ISA_BEST,
                                    .batch_tokens = BATCH_TOKENS_DEFAULT,
                                    .texts_max = QUEUE_REQUESTS_MAX,
                                    .overlap = 32,
                                    .settle_ms = 1000};
}

struct served_model *served_model_use(struct served_model *m)
{
    atomic_fetch_add(&m->refs, 1);
    return m;
}

void served_model_drop(struct served_model *m)
{
    if (!m || atomic_fetch_sub(&m->refs, 1) > 1) return;
    encoder_free(m->encoder);
    model_free(m->model);
    mem_free(m);
}

static void batch_release(struct batch *b)
{
    mem_free(b->parts);
    mem_free(b->ids);
    mem_free(b->cu_len);
}

/* Room for a batch that one window of the longest model fits in. */
static enum err_code batch_init(struct batch *b, int32_t tokens, struct err *err)
{
    b->tokens_max = tokens > MODEL_POSITIONS_MAX ? tokens : MODEL_POSITIONS_MAX;
    b->parts_max = b->tokens_max / 3; /* a window has a token, [CLS] and [SEP] */
    b->parts = mem_try((size_t)b->parts_max, sizeof *b->parts, err);
    b->ids = b->parts ? mem_try((size_t)b->tokens_max, sizeof *b->ids, err) : NULL;
    b->cu_len = b->ids ? mem_try((size_t)b->parts_max + 1, sizeof *b->cu_len, err) : NULL;
    return b->cu_len ? ERR_OK : err->code;
}

static void sync_init(struct serving *s)
{
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->engine, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void serving_release(struct serving *s)
{
    served_model_drop(s->current);
    pool_free(s->pool);
    batch_release(&s->batch);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->idle);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->engine);
    mem_free(s);
}

enum err_code serving_new(const struct serving_options *o, struct serving **ret, struct err *err)
{
    struct serving *s = mem_try(1, sizeof *s, err);
    if (!s) return err->code;
    s->options = *o;
    if (s->options.batch_tokens < 1) s->options.batch_tokens = BATCH_TOKENS_DEFAULT;
    if (s->options.batch_tokens > BATCH_TOKENS_MAX) s->options.batch_tokens = BATCH_TOKENS_MAX;
    if (s->options.texts_max < 1) s->options.texts_max = QUEUE_REQUESTS_MAX;
    sync_init(s);
    if (batch_init(&s->batch, s->options.batch_tokens, err)) goto failed;
    if (pool_new(o->threads > 0 ? o->threads : os_cpu_count(), &s->pool, err)) goto failed;
    const int code = pthread_create(&s->thread, NULL, batcher_main, s);
    if (code) {
        err_set(err, ERR_NO_MEMORY, "the batcher's thread cannot start");
        err_errno(err, code);
        goto failed;
    }
    *ret = s;
    return ERR_OK;
failed:
    serving_release(s);
    return err->code;
}

/* Waits until nobody is inside; wait_ms < 0: as long as it takes. */
static bool wait_idle(struct serving *s, int wait_ms)
{
    const int64_t until = os_monotonic_ns() + (int64_t)wait_ms * 1000000;
    const struct timespec at = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    pthread_mutex_lock(&s->lock);
    s->draining = true;
    int code = 0;
    while (s->inside > 0 && code != ETIMEDOUT) {
        if (wait_ms < 0)
            pthread_cond_wait(&s->idle, &s->lock);
        else
            code = pthread_cond_timedwait(&s->idle, &s->lock, &at);
    }
    const bool is_idle = s->inside == 0;
    pthread_mutex_unlock(&s->lock);
    return is_idle;
}

enum err_code serving_drain(struct serving *s, int wait_ms, struct err *err)
{
    if (wait_idle(s, wait_ms < 0 ? 0 : wait_ms)) return ERR_OK;
    return err_set(err, ERR_BUSY, "requests are still running after %d ms", wait_ms);
}

void serving_free(struct serving *s)
{
    if (!s) return;
    cache_stop(s);
    (void)wait_idle(s, -1);
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    serving_release(s);
}

static enum err_code check_model(const struct model *m, struct err *err)
{
    if (m->config.head != HEAD_TOKEN || m->config.labels < 1)
        return err_set(err, ERR_BAD_INPUT, "the model has no token classification head");
    if (!m->tokenizer) return err_set(err, ERR_BAD_INPUT, "the model has no tokenizer");
    if (m->config.positions < 3)
        return err_set(err, ERR_BAD_INPUT, "the model's window of %d tokens is too short",
                       m->config.positions);
    if (tokenizer_vocab_count(m->tokenizer) > m->config.vocab_count)
        return err_set(err, ERR_BAD_INPUT, "the vocabulary has %d pieces, the model %d",
                       tokenizer_vocab_count(m->tokenizer), m->config.vocab_count);
    return ERR_OK;
}

/* Runs [CLS] [SEP], so that the first request does not pay for packing weights. */
static enum err_code warm_up(const struct served_model *m, struct err *err)
{
    const int32_t ids[] = {tokenizer_cls(m->model->tokenizer), tokenizer_sep(m->model->tokenizer)};
    const int32_t cu_len[] = {0, 2};
    const struct packed_batch b = {.sequences = 1, .tokens = 2, .ids = ids, .cu_len = cu_len};
    return encoder_forward(m->encoder, &b, err);
}

struct encoder_options serving_encoder_options(const struct serving *s, const struct model *m)
{
    const int32_t positions = m->config.positions, budget = s->options.batch_tokens;
    return (struct encoder_options){.tokens_max = budget > positions ? budget : positions,
                                    .sequences_max = s->batch.parts_max,
                                    .isa = s->options.isa,
                                    .precision = m->precision};
}

static enum err_code make_encoder(struct serving *s, struct served_model *m, struct err *err)
{
    const struct encoder_options o = serving_encoder_options(s, m->model);
    m->batch_tokens = o.tokens_max;
    pthread_mutex_lock(&s->engine);
    enum err_code code = encoder_new(m->model, &o, s->pool, &m->encoder, err);
    if (!code) code = warm_up(m, err);
    pthread_mutex_unlock(&s->engine);
    return code;
}

/* The model with its encoder, ready; takes `m`, also on failure. */
static enum err_code served_model_new(struct serving *s, struct model *m, const char *digest,
                                      struct served_model **ret, struct err *err)
{
    struct served_model *next = mem_try(1, sizeof *next, err);
    if (!next) {
        model_free(m);
        return err->code;
    }
    next->model = m;
    atomic_init(&next->refs, 1);
    if (!str_format(next->digest, sizeof next->digest, "%s", digest))
        err_set(err, ERR_BAD_INPUT, "the model's digest is longer than 64 characters");
    else if (check_model(m, err) == ERR_OK && make_encoder(s, next, err) == ERR_OK) {
        *ret = next;
        return ERR_OK;
    }
    served_model_drop(next);
    return err->code;
}

enum err_code serving_swap(struct serving *s, struct model *m, const char *digest, struct err *err)
{
    struct served_model *next = NULL;
    if (served_model_new(s, m, digest, &next, err)) return err->code;
    pthread_mutex_lock(&s->lock);
    struct served_model *before = s->current;
    s->current = next;
    s->stats.swaps++;
    memcpy(s->stats.model, next->digest, sizeof s->stats.model);
    pthread_mutex_unlock(&s->lock);
    served_model_drop(before);
    cache_settle(s, next);
    return ERR_OK;
}

enum err_code serving_exchange(struct serving *s, struct model *m, const struct served_model *old,
                               struct err *err)
{
    struct served_model *next = NULL, *unused = NULL;
    if (served_model_new(s, m, old->digest, &next, err)) return err->code;
    pthread_mutex_lock(&s->lock);
    const bool is_current = s->current == old;
    unused = is_current ? s->current : next;
    if (is_current) s->current = next;
    pthread_mutex_unlock(&s->lock);
    served_model_drop(unused);
    return is_current ? ERR_OK : err_set(err, ERR_CONFLICT, "another model is served by now");
}

void serving_get_stats(struct serving *s, struct serving_stats *ret)
{
    pthread_mutex_lock(&s->lock);
    *ret = s->stats;
    ret->queued = s->queued_texts;
    pthread_mutex_unlock(&s->lock);
}
