/* live/serving/batcher.c - the thread that turns a queue into batches.
 *
 * The queue holds texts, first come first served, each with the windows that have not run. A batch
 * takes one window of the first text; a text with more goes to the end, so that a book gives way to
 * the sentences behind it, and takes several windows of a batch only when nobody else waits. The
 * batch is closed by the token budget, by its part count, by the end of the queue, or by a text for
 * another model (after a swap both are in the queue for a moment).
 *
 * Nothing here waits for a timer: an idle batcher takes the first text at once, and while it runs
 * the next batch forms by itself in the queue. Under load batches grow until throughput matches
 * arrival or the queue is full.
 */
#include "live/serving/serving_internal.h"
#include "proof/task/softmax.h"

#include <string.h>

void queue_push(struct serving *s, struct text *t)
{
    t->queued = true;
    t->after = NULL;
    if (s->tail)
        s->tail->after = t;
    else
        s->head = t;
    s->tail = t;
}

static struct text *queue_pop(struct serving *s)
{
    struct text *t = s->head;
    s->head = t->after;
    if (!s->head) s->tail = NULL;
    t->queued = false;
    t->after = NULL;
    return t;
}

void queue_remove_request(struct serving *s, struct request *r)
{
    struct text **link = &s->head, *last = NULL;
    while (*link) {
        struct text *t = *link;
        if (t->request == r) {
            *link = t->after;
            t->queued = false;
            for (int32_t i = t->next; i < t->windows.count; i++)
                s->queued_tokens -= t->windows.items[i].count;
        } else {
            last = t;
            link = &t->after;
        }
    }
    s->tail = last;
}

/* Takes from the queue what fits; lock held. */
static void batch_form(struct serving *s)
{
    struct batch *b = &s->batch;
    b->count = b->tokens = 0;
    b->model = s->head->request->model;
    while (s->head && b->count < b->parts_max && s->head->request->model == b->model) {
        struct text *t = s->head;
        const struct window_part *w = &t->windows.items[t->next];
        if (b->tokens + w->count + 2 > b->model->batch_tokens) break;
        b->parts[b->count++] = (struct batch_part){t, w, b->tokens};
        b->tokens += w->count + 2;
        s->queued_tokens -= w->count;
        t->request->in_batch++;
        t->next++;
        queue_pop(s);
        if (t->next < t->windows.count) queue_push(s, t);
    }
    BUG_IF(b->count == 0);
    s->stats.running = b->count;
}

/* ids [tokens] and cu_len [count + 1] of the batch; the texts stay as they are while they are in
 * it. */
static void batch_pack(struct batch *b)
{
    const struct tokenizer *tok = b->model->model->tokenizer;
    for (int32_t i = 0; i < b->count; i++) {
        const struct batch_part *p = &b->parts[i];
        int32_t *ids = b->ids + p->row;
        ids[0] = tokenizer_cls(tok);
        memcpy(ids + 1, p->text->prediction->encoding.id + p->window->first,
               (size_t)p->window->count * sizeof *ids);
        ids[p->window->count + 1] = tokenizer_sep(tok);
        b->cu_len[i] = p->row;
    }
    b->cu_len[b->count] = b->tokens;
}

/* Softmax of the kept rows, into each text's own probabilities. */
static void batch_scatter(const struct batch *b, const float *logits)
{
    const size_t n = (size_t)b->model->model->config.labels;
    for (int32_t i = 0; i < b->count; i++) {
        const struct window_part *w = b->parts[i].window;
        const int32_t from = b->parts[i].row + 1 + (w->keep_first - w->first);
        const float *row = logits + (size_t)from * n;
        float *probs = b->parts[i].text->prediction->probs + (size_t)w->row * n;
        for (int32_t k = 0; k < w->keep_count; k++, row += n, probs += n)
            softmax_row(row, (int32_t)n, probs);
    }
}

static enum err_code batch_run(struct serving *s, struct err *err)
{
    struct batch *b = &s->batch;
    batch_pack(b);
    const struct packed_batch packed = {
        .sequences = b->count, .tokens = b->tokens, .ids = b->ids, .cu_len = b->cu_len};
    pthread_mutex_lock(&s->engine);
    const enum err_code code = encoder_forward(b->model->encoder, &packed, err);
    if (!code) batch_scatter(b, encoder_logits(b->model->encoder));
    pthread_mutex_unlock(&s->engine);
    return code;
}

/* Tells the requests of the batch; lock held. After the last signal their memory may be gone. */
static void batch_finish(struct serving *s, enum err_code code, const struct err *err)
{
    struct batch *b = &s->batch;
    int bucket = 0;
    while (bucket < SERVING_BATCH_BUCKETS - 1 && b->count > 1 << bucket) bucket++;
    s->stats.batches++;
    s->stats.batch_windows += b->count;
    s->stats.batch_size[bucket]++;
    s->stats.running = 0;
    for (int32_t i = 0; i < b->count; i++) {
        struct text *t = b->parts[i].text;
        struct request *r = t->request;
        r->in_batch--;
        if (code && !r->abandoned) {
            r->abandoned = true;
            r->err = *err;
            queue_remove_request(s, r);
        }
        if (--t->pending == 0) {
            r->unfinished--;
            s->queued_texts--;
        }
        if (r->unfinished == 0 || (r->abandoned && r->in_batch == 0)) pthread_cond_signal(&r->done);
    }
}

void *batcher_main(void *serving)
{
    struct serving *s = serving;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->head && !s->stop) pthread_cond_wait(&s->work, &s->lock);
        if (!s->head) break;
        batch_form(s);
        pthread_mutex_unlock(&s->lock);
        struct err err = {0};
        const enum err_code code = batch_run(s, &err);
        pthread_mutex_lock(&s->lock);
        batch_finish(s, code, &err);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}
