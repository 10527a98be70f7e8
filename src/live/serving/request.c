/* live/serving/request.c - one call of serving_predict, in its caller's thread.
 *
 *     enter     counted in, given the current model
 *     prepare   without the lock: texts copied and tokenized, windows planned, room for scores
 *     submit    all texts into the queue, or none
 *     wait      until done, the deadline, or the client leaves
 *     leave     counted out
 *
 * Each prediction keeps a count on its model, since its labels and pieces are the model's.
 */
#include "live/serving/serving_internal.h"

#include "base/arena.h"
#include "base/os.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define CLIENT_CHECK_NS 50000000 /* how often a waiting request looks after its client */

void predictions_free(struct prediction *p, int32_t count)
{
    if (!p) return;
    for (int32_t i = 0; i < count; i++) {
        encoding_release(&p[i].encoding);
        mem_free(p[i].probs);
        mem_free(p[i].windows);
        mem_free(p[i].text);
        served_model_drop(p[i].holder);
    }
    mem_free(p);
}

static enum err_code enter(struct serving *s, struct served_model **ret, struct err *err)
{
    enum err_code code = ERR_OK;
    pthread_mutex_lock(&s->lock);
    if (s->draining) {
        err_set(err, ERR_UNAVAILABLE, "the service is stopping");
        code = err_hint(err, "send the request to another replica, or again in a moment");
    } else if (!s->current) {
        code = err_set(err, ERR_UNAVAILABLE, "no model is loaded yet");
    } else {
        s->inside++;
        *ret = served_model_use(s->current);
    }
    pthread_mutex_unlock(&s->lock);
    return code;
}

static void leave(struct serving *s, struct served_model *m)
{
    pthread_mutex_lock(&s->lock);
    if (--s->inside == 0) pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(&s->lock);
    served_model_drop(m);
}

static void name_prediction(struct prediction *p)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[(PREDICTION_ID_BYTES - 1) / 2];
    os_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        p->id[2 * i] = hex[bytes[i] >> 4];
        p->id[2 * i + 1] = hex[bytes[i] & 15];
    }
}

static enum err_code check_text(const struct serving_request *q, int32_t i, struct err *err)
{
    if (q->text_bytes[i] > TEXT_BYTES_MAX) {
        err_set(err, ERR_LIMIT, "text %d has %zu bytes", i, q->text_bytes[i]);
        return err_detail(err, "at most %u are accepted", TEXT_BYTES_MAX);
    }
    const size_t valid = utf8_valid_prefix(q->texts[i], q->text_bytes[i]);
    if (valid == q->text_bytes[i]) return ERR_OK;
    return err_set(err, ERR_BAD_INPUT, "text %d is not UTF-8 at byte %zu", i, valid);
}

/* The rows of the kept tokens and where they stand; merged windows look like one. */
static enum err_code room_for_scores(struct text *t, int32_t stride, struct err *err)
{
    struct prediction *p = t->prediction;
    const struct model *m = p->holder->model;
    const size_t row_bytes = (size_t)m->config.labels * sizeof(float);
    if ((size_t)t->windows.rows > SCORES_BYTES_MAX / row_bytes) {
        err_set(err, ERR_LIMIT, "a text of %d tokens with this stride is too long", p->token_count);
        return err_hint(err, "send a shorter text, or a smaller stride");
    }
    const bool merged = stride < 0;
    const int32_t count = merged ? 1 : t->windows.count;
    p->probs = mem_try((size_t)t->windows.rows + 1, row_bytes, err);
    if (!p->probs) return err->code;
    p->windows = mem_try((size_t)count + 1, sizeof *p->windows, err);
    if (!p->windows) return err->code;
    if (merged) p->windows[0] = (struct score_window){.count = p->encoding.count};
    for (int32_t i = 0; i < count && !merged; i++) {
        const struct window_part *w = &t->windows.items[i];
        p->windows[i] = (struct score_window){w->keep_first, w->keep_count, w->row};
    }
    p->scores.tokenizer = m->tokenizer;
    p->scores.encoding = &p->encoding;
    p->scores.labels = (const char *const *)m->label_names;
    p->scores.label_count = m->config.labels;
    p->scores.probs = p->probs;
    p->scores.windows = p->windows;
    p->scores.window_count = count;
    return ERR_OK;
}

static enum err_code plan_windows(const struct serving *s, const struct serving_request *q,
                                  struct text *t, struct err *err)
{
    const struct encoding *e = &t->prediction->encoding;
    const int32_t positions = t->prediction->holder->model->config.positions;
    if (q->stride >= 0) return windows_by_stride(e, positions - 2, q->stride, &t->windows, err);
    const int32_t asked = s->options.window_tokens;
    const int32_t room = (asked >= 3 && asked < positions ? asked : positions) - 2;
    return windows_by_words(e, room, s->options.overlap, &t->windows, err);
}

static enum err_code prepare_text(const struct serving *s, const struct serving_request *q,
                                  int32_t i, struct text *t, struct err *err)
{
    struct prediction *p = t->prediction;
    const struct model *m = p->holder->model;
    if (check_text(q, i, err)) return err->code;
    p->text = mem_try(q->text_bytes[i] + 1, 1, err);
    if (!p->text) return err->code;
    memcpy(p->text, q->texts[i], q->text_bytes[i]);
    p->scores.text = p->text;
    p->scores.text_bytes = q->text_bytes[i];
    if (tokenizer_encode(m->tokenizer, p->text, q->text_bytes[i], NULL, 0, &p->encoding, err))
        return err->code;
    p->token_count = p->encoding.count;
    p->unknown_count = p->encoding.unknown_count;
    if (plan_windows(s, q, t, err)) return err->code;
    t->pending = t->windows.count;
    return room_for_scores(t, q->stride, err);
}

static enum err_code prepare(const struct serving *s, const struct serving_request *q,
                             struct request *r, struct prediction *predictions, struct err *err)
{
    for (int32_t i = 0; i < q->count; i++) {
        struct prediction *p = &predictions[i];
        encoding_init(&p->encoding);
        name_prediction(p);
        p->holder = served_model_use(r->model);
        memcpy(p->model, r->model->digest, sizeof p->model);
        r->texts[i].prediction = p;
        r->texts[i].request = r;
        if (prepare_text(s, q, i, &r->texts[i], err)) return err->code;
    }
    return ERR_OK;
}

/* Lock held. */
static enum err_code expired(struct serving *s, struct err *err)
{
    s->stats.expired++;
    err_set(err, ERR_UNAVAILABLE, "no answer before the request's deadline");
    return err_hint(err, "send fewer or shorter texts, or try again later");
}

/* A request that is late already is not queued: its answer would be thrown away. */
static enum err_code submit(struct serving *s, struct request *r, int64_t deadline_ns,
                            struct err *err)
{
    int64_t tokens = 0;
    for (int32_t i = 0; i < r->count; i++) {
        tokens += r->texts[i].windows.tokens;
        if (r->texts[i].pending > 0) r->unfinished++;
    }
    if (r->unfinished > s->options.texts_max || tokens > QUEUE_TOKENS_MAX) {
        err_set(err, ERR_LIMIT, "%d texts of %lld tokens are too much for one request",
                r->unfinished, (long long)tokens);
        return err_hint(err, "send at most %d texts and %d tokens at once", s->options.texts_max,
                        QUEUE_TOKENS_MAX);
    }
    pthread_mutex_lock(&s->lock);
    if (os_monotonic_ns() >= deadline_ns) {
        expired(s, err);
        pthread_mutex_unlock(&s->lock);
        return err->code;
    }
    const bool fits = s->queued_texts + r->unfinished <= s->options.texts_max &&
                      s->queued_tokens + tokens <= QUEUE_TOKENS_MAX;
    if (fits) {
        s->queued_texts += r->unfinished;
        s->queued_tokens += tokens;
        for (int32_t i = 0; i < r->count; i++)
            if (r->texts[i].pending > 0) queue_push(s, &r->texts[i]);
        pthread_cond_signal(&s->work);
    } else {
        s->stats.busy++;
    }
    const int32_t waiting = s->queued_texts;
    pthread_mutex_unlock(&s->lock);
    if (fits) return ERR_OK;
    err_set(err, ERR_BUSY, "the queue is full");
    err_detail(err, "%d texts wait, at most %d may", waiting, s->options.texts_max);
    return err_hint(err, "try again after a second");
}

/* Takes the request out of the queue and waits for the batch that may hold a part of it; lock held.
 * */
static void abandon(struct serving *s, struct request *r)
{
    r->abandoned = true;
    queue_remove_request(s, r);
    while (r->in_batch > 0) pthread_cond_wait(&r->done, &s->lock);
    s->queued_texts -= r->unfinished;
}

static enum err_code give_up(struct serving *s, struct request *r, bool is_gone, struct err *err)
{
    abandon(s, r);
    if (is_gone) {
        s->stats.gone++;
        return err_set(err, ERR_INTERRUPTED, "the client left before the answer");
    }
    return expired(s, err);
}

/* Until all texts are finished; lock held. The batcher sets `abandoned` when a batch fails. */
static enum err_code wait_done(struct serving *s, const struct serving_request *q,
                               struct request *r, struct err *err)
{
    while (r->unfinished > 0 && !r->abandoned) {
        const int64_t now = os_monotonic_ns();
        if (now >= q->deadline_ns) return give_up(s, r, false, err);
        int64_t until = q->deadline_ns;
        if (q->client_gone && until > now + CLIENT_CHECK_NS) until = now + CLIENT_CHECK_NS;
        const struct timespec at = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
        if (pthread_cond_timedwait(&r->done, &s->lock, &at) != ETIMEDOUT) continue;
        if (q->client_gone && q->client_gone(q->client_ctx)) return give_up(s, r, true, err);
    }
    if (!r->abandoned) return ERR_OK;
    abandon(s, r);
    s->stats.failed++;
    *err = r->err;
    return err->code;
}

/* Counts, times and tells of the finished predictions. */
static void finish(struct serving *s, struct prediction *predictions, int32_t count, int64_t start)
{
    int64_t tokens = 0;
    const int64_t latency_us = (os_monotonic_ns() - start) / 1000;
    for (int32_t i = 0; i < count; i++) {
        predictions[i].latency_us = latency_us;
        tokens += predictions[i].token_count;
        if (s->options.on_prediction) s->options.on_prediction(s->options.ctx, &predictions[i]);
    }
    pthread_mutex_lock(&s->lock);
    s->stats.requests++;
    s->stats.texts += count;
    s->stats.tokens += tokens;
    pthread_mutex_unlock(&s->lock);
}

static enum err_code answer(struct serving *s, const struct serving_request *q, struct request *r,
                            struct prediction *predictions, struct err *err)
{
    if (prepare(s, q, r, predictions, err) || submit(s, r, q->deadline_ns, err)) return err->code;
    pthread_mutex_lock(&s->lock);
    const enum err_code code = wait_done(s, q, r, err);
    pthread_mutex_unlock(&s->lock);
    return code;
}

static void request_init(struct request *r, int32_t count)
{
    *r = (struct request){.count = count};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->done, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void request_release(struct request *r)
{
    for (int32_t i = 0; r->texts && i < r->count; i++) window_list_release(&r->texts[i].windows);
    mem_free(r->texts);
    pthread_cond_destroy(&r->done);
}

enum err_code serving_predict(struct serving *s, const struct serving_request *q,
                              struct prediction **ret, struct err *err)
{
    const int64_t start = os_monotonic_ns();
    if (q->count < 1 || q->count > HTTP_INPUTS_MAX)
        return err_set(err, ERR_LIMIT, "%d texts in a request: 1 to %d are accepted", q->count,
                       HTTP_INPUTS_MAX);
    struct serving_request own = *q;
    if (own.deadline_ns == 0) own.deadline_ns = start + REQUEST_MS_MAX * INT64_C(1000000);
    struct request r;
    struct prediction *predictions = NULL;
    enum err_code code = ERR_OK;
    request_init(&r, q->count);
    if ((code = enter(s, &r.model, err))) goto out;
    predictions = mem_try((size_t)q->count, sizeof *predictions, err);
    r.texts = predictions ? mem_try((size_t)q->count, sizeof *r.texts, err) : NULL;
    code = r.texts ? answer(s, &own, &r, predictions, err) : err->code;
    if (!code) finish(s, predictions, q->count, start);
    leave(s, r.model);
out:
    if (code)
        predictions_free(predictions, q->count);
    else
        *ret = predictions;
    request_release(&r);
    return code;
}
