/* proof/task/predictor_encoder.c - the transformer as a tagger.
 *
 * All windows of all examples are sorted by length and run in batches up to a token budget, so
 * that one forward pass has rows of like cost; each answer goes back to its word by (example,
 * word). The engine gives the same bits for any batch, so the order is a matter of speed alone.
 */
#include "proof/task/predictor_internal.h"
#include "proof/task/softmax.h"

#include "base/limits.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_SEQUENCES_MAX 256
#define LEARNER_TOKENS_MAX  1024

struct tagger {
    const struct model *model;
    struct encoder *encoder;
    struct arena arena;
    struct tag_set tags;
    int32_t *map; /* model label -> tag */
    int32_t tokens_max;
    char name[24];
};

struct job { /* one window to run */
    const struct window *window;
    int32_t example;
    int32_t order;
};

static int job_order(const void *a, const void *b)
{
    const struct job *x = a, *y = b;
    if (x->window->count != y->window->count) return x->window->count < y->window->count ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static enum err_code collect_jobs(const struct token_data *data, struct arena *a, struct job **ret,
                                  int32_t *ret_count, struct err *err)
{
    size_t most = 0;
    for (int32_t i = 0; i < data->count; i++) most += (size_t)data->examples[i].window_count;
    if (most > INT32_MAX) return err_set(err, ERR_LIMIT, "%zu windows are too many", most);
    struct job *jobs = arena_try(a, most + 1, sizeof *jobs, err);
    if (!jobs) return err->code;
    int32_t n = 0;
    for (int32_t i = 0; i < data->count; i++)
        for (int32_t k = 0; k < data->examples[i].window_count; k++, n++)
            jobs[n] = (struct job){&data->examples[i].windows[k], i, n};
    qsort(jobs, (size_t)n, sizeof *jobs, job_order);
    *ret = jobs;
    *ret_count = n;
    return ERR_OK;
}

struct batch_room { /* the arrays of one packed batch, filled again for each */
    int32_t *ids, *cu_len;
};

/* Packs jobs from `at` up to the budget; gives how many. At least one always fits. */
static int32_t pack(const struct tagger *t, const struct job *jobs, int32_t count, int32_t at,
                    struct batch_room *room)
{
    int32_t n = 0, tokens = 0;
    room->cu_len[0] = 0;
    while (at + n < count && n < BATCH_SEQUENCES_MAX) {
        const struct window *w = jobs[at + n].window;
        if (tokens + w->count > t->tokens_max) break;
        memcpy(room->ids + tokens, w->ids, (size_t)w->count * sizeof *w->ids);
        tokens += w->count;
        room->cu_len[++n] = tokens;
    }
    return n;
}

static void read_answers(const struct tagger *t, const struct job *jobs, int32_t n,
                         const float *logits, struct tag_prediction *ret)
{
    int32_t labels = t->model->config.labels;
    for (int32_t s = 0; s < n; s++) {
        const struct window *w = jobs[s].window;
        struct tag_prediction *p = &ret[jobs[s].example];
        for (int32_t i = 0; i < w->count; i++, logits += labels) {
            if (!w->judged[i]) continue;
            int32_t top = softmax_top(logits, labels, &p->scores[w->word[i]]);
            p->tags[w->word[i]] = t->map[top];
        }
    }
}

static enum err_code run_jobs(struct tagger *t, const struct job *jobs, int32_t count,
                              struct batch_room *room, struct tag_prediction *ret, struct err *err)
{
    encoder_weights_changed(t->encoder); /* the model may have learned since the last call */
    for (int32_t at = 0; at < count;) {
        int32_t n = pack(t, jobs, count, at, room);
        if (n == 0)
            return err_set(err, ERR_BAD_INPUT,
                           "a window of %d tokens is longer than the model's %d",
                           jobs[at].window->count, t->model->config.positions);
        struct packed_batch b = {
            .sequences = n, .tokens = room->cu_len[n], .ids = room->ids, .cu_len = room->cu_len};
        if (encoder_forward(t->encoder, &b, err)) return err->code;
        read_answers(t, jobs + at, n, encoder_logits(t->encoder), ret);
        at += n;
    }
    return ERR_OK;
}

static enum err_code tagger_predict(void *self, const struct token_data *data, struct arena *a,
                                    struct tag_prediction *ret, struct err *err)
{
    struct tagger *t = self;
    if (!tag_set_equal(&t->tags, &data->tags)) {
        err_set(err, ERR_BAD_INPUT, "the data was prepared for other labels than the model's");
        return err_detail(err, "the model knows %d labels, the data %d", t->tags.label_count,
                          data->tags.label_count);
    }
    if (prediction_clear(data, a, ret, err)) return err->code;
    struct arena scratch;
    arena_init(&scratch, ARENA_STEP_BYTES_MAX);
    struct job *jobs = NULL;
    int32_t count = 0;
    struct batch_room room = {
        .ids = arena_alloc(&scratch, (size_t)t->tokens_max * sizeof(int32_t)),
        .cu_len = arena_alloc(&scratch, (BATCH_SEQUENCES_MAX + 1) * sizeof(int32_t))};
    enum err_code code = collect_jobs(data, &scratch, &jobs, &count, err);
    if (code == ERR_OK) code = run_jobs(t, jobs, count, &room, ret, err);
    arena_release(&scratch);
    return code;
}

static void tagger_release(void *self)
{
    struct tagger *t = self;
    encoder_free(t->encoder);
    arena_release(&t->arena);
    mem_free(t);
}

static void name_tagger(struct tagger *t)
{
    char hex[65];
    model_digest(t->model, hex);
    str_format(t->name, sizeof t->name, "model %.12s", hex);
}

static enum err_code tagger_new(const struct model *m, struct pool *pool,
                                const struct encoder_options *options, struct predictor *ret,
                                struct err *err)
{
    struct tagger *t = mem_try(1, sizeof *t, err);
    if (!t) return err->code;
    struct encoder_options o = *options;
    const int32_t longest = m->config.positions;
    o.tokens_max = t->tokens_max = o.tokens_max > longest ? o.tokens_max : longest;
    o.sequences_max = BATCH_SEQUENCES_MAX;
    t->model = m;
    arena_init(&t->arena, ARENA_STEP_BYTES_MAX);
    if (tag_set_from_model(&t->arena, m, &t->tags, &t->map, err) ||
        encoder_new(m, &o, pool, &t->encoder, err)) {
        tagger_release(t);
        return err->code;
    }
    name_tagger(t);
    *ret = (struct predictor){t->name, t, tagger_predict, tagger_release};
    return ERR_OK;
}

enum err_code predictor_encoder(const struct model *m, struct pool *pool, enum isa isa,
                                struct predictor *ret, struct err *err)
{
    const struct encoder_options o = {.tokens_max = BATCH_TOKENS_MAX, .isa = isa};
    return tagger_new(m, pool, &o, ret, err);
}

enum err_code predictor_learner(const struct model *m, struct pool *pool, enum isa isa,
                                struct predictor *ret, struct err *err)
{
    const struct encoder_options o = {
        .tokens_max = LEARNER_TOKENS_MAX, .isa = isa, .in_place = true};
    return tagger_new(m, pool, &o, ret, err);
}
