/* front/app/bench_infer.c - cairn bench infer: how fast sentences are classified.
 *
 * The encoder is driven as serving drives it, without HTTP: sentences in batches of 32, in random
 * order and sorted by length; the first pass over all batches makes every shape and page warm, then
 * the median of the rounds counts. Latency is that of one sequence of 32 and of 128 tokens. */
#include "base/rng.h"
#include "base/str.h"
#include "front/app/app_internal.h"
#include "front/app/bench_internal.h"
#include "proof/task/softmax.h"
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32, SENTENCES = 1024, ROUNDS = 3, LATENCY_ROUNDS = 30 };
#define SECONDS 2.0

struct item { /* a window of a sentence */
    const int32_t *ids;
    int32_t count, place;
};
struct infer {
    struct bench *b;
    struct encoder *encoder;
    struct item *items;
    int count;
    int64_t tokens;
    int32_t ids[BATCH * BENCH_TOKENS_MAX], cu_len[BATCH + 1];
};

static enum err_code run_batch(struct infer *f, int at, int *ret_count, struct err *err)
{
    int n = 0, tokens = 0;
    for (; n < BATCH && at + n < f->count; n++) {
        const struct item *i = &f->items[at + n];
        memcpy(f->ids + tokens, i->ids, (size_t)i->count * sizeof *i->ids);
        tokens += i->count;
        f->cu_len[n + 1] = tokens;
    }
    struct packed_batch batch = {
        .sequences = n, .tokens = tokens, .ids = f->ids, .cu_len = f->cu_len};
    *ret_count = n;
    return encoder_forward(f->encoder, &batch, err);
}

static enum err_code run_all(void *ctx, struct err *err)
{
    struct infer *f = ctx;
    for (int at = 0, n = 0; at < f->count; at += n) {
        if (bench_stop(f->b, err) || run_batch(f, at, &n, err)) return err->code;
    }
    return ERR_OK;
}

static enum err_code run_one(void *ctx, struct err *err)
{
    struct infer *f = ctx;
    struct packed_batch batch = {
        .sequences = 1, .tokens = f->cu_len[1], .ids = f->ids, .cu_len = f->cu_len};
    return encoder_forward(f->encoder, &batch, err);
}

static enum err_code collect(struct infer *f, struct err *err)
{
    const struct token_data *t = f->b->tokens;
    size_t most = 0;
    for (int32_t i = 0; i < t->count; i++) most += (size_t)t->examples[i].window_count;
    f->items = arena_try(&f->b->arena, most + 1, sizeof *f->items, err);
    if (!f->items) return err->code;
    for (int32_t i = 0; i < t->count; i++) {
        for (int32_t w = 0; w < t->examples[i].window_count; w++) {
            const struct window *window = &t->examples[i].windows[w];
            f->items[f->count] = (struct item){window->ids, window->count, f->count};
            f->tokens += window->count;
            f->count++;
        }
    }
    return f->count ? ERR_OK : err_set(err, ERR_BAD_INPUT, "the data has no token to classify");
}

static int by_length(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    return x->count != y->count ? x->count - y->count : x->place - y->place;
}

static void shuffle(struct infer *f)
{
    struct rng r;
    rng_init(&r, 1, RNG_SHUFFLE, 0);
    for (int i = f->count - 1; i > 0; i--) {
        int k = (int)rng_below(&r, (uint32_t)i + 1);
        struct item keep = f->items[i];
        f->items[i] = f->items[k];
        f->items[k] = keep;
    }
}

/* A line a sequence, in the order of the data: the label of every token. */
static enum err_code write_answers(struct infer *f, const char *path, struct err *err)
{
    struct buf out;
    int32_t labels = f->b->model->config.labels;
    buf_init(&out, 1u << 30);
    for (int at = 0, n = 0; at < f->count; at += n) {
        if (run_batch(f, at, &n, err)) goto out;
        const float *logits = encoder_logits(f->encoder);
        for (int s = 0; s < n; s++) {
            for (int32_t i = f->cu_len[s]; i < f->cu_len[s + 1]; i++) {
                float score;
                buf_addf(&out, "%s%d", i == f->cu_len[s] ? "[" : ", ",
                         (int)softmax_top(logits + (size_t)i * (size_t)labels, labels, &score));
            }
            buf_add(&out, "]\n", 2);
        }
    }
    if (!buf_check(&out, err)) (void)!os_write_atomic(path, out.data, out.len, err);
out:
    buf_release(&out);
    return err->code;
}

static enum err_code latency(struct infer *f, int32_t width, double *ret_ms, struct err *err)
{
    struct rng r;
    int32_t vocab = f->b->model->config.vocab_count;
    rng_init(&r, 2, RNG_SAMPLE, (uint32_t)width);
    for (int32_t i = 0; i < width; i++) f->ids[i] = (int32_t)rng_below(&r, (uint32_t)vocab);
    f->cu_len[1] = width;
    if (bench_median(f->b, run_one, f, 0, LATENCY_ROUNDS, ret_ms, err)) return err->code;
    *ret_ms *= 1e3;
    return ERR_OK;
}

static enum err_code measure(struct infer *f, json_t *out, struct err *err)
{
    const struct bench_request *r = f->b->request;
    double seconds = r->seconds > 0 ? r->seconds : SECONDS, sorted_s, random_s, ms[2];
    const int32_t width[2] = {32, 128};
    bench_step(f->b, "infer", 0, 4);
    if (r->answers && write_answers(f, r->answers, err)) return err->code;
    shuffle(f);
    if (bench_median(f->b, run_all, f, seconds, ROUNDS, &random_s, err)) return err->code;
    bench_step(f->b, "infer", 1, 4);
    qsort(f->items, (size_t)f->count, sizeof *f->items, by_length);
    if (bench_median(f->b, run_all, f, seconds, ROUNDS, &sorted_s, err)) return err->code;
    bench_step(f->b, "infer", 2, 4);
    for (int i = 0; i < 2; i++) {
        int32_t most = f->b->model->config.positions;
        if (latency(f, width[i] < most ? width[i] : most, &ms[i], err)) return err->code;
    }
    json_object_set_new(out, "tokens_per_s",
                        json_pack("{s:f, s:f}", "random", (double)f->tokens / random_s, "sorted",
                                  (double)f->tokens / sorted_s));
    json_object_set_new(out, "ms", json_pack("{s:f, s:f}", "1x32", ms[0], "1x128", ms[1]));
    return ERR_OK;
}

enum err_code bench_infer(struct bench *b, json_t **ret, struct err *err)
{
    struct bench_request request = *b->request;
    if (request.sentences == 0) request.sentences = SENTENCES;
    b->request = &request;
    struct infer *f = mem_try(1, sizeof *f, err);
    if (!f) return err->code;
    f->b = b;
    struct encoder_options o = {.tokens_max = BATCH * BENCH_TOKENS_MAX,
                                .sequences_max = BATCH,
                                .precision = request.precision,
                                .isa = ISA_BEST};
    if (bench_prepare(b, err) || collect(f, err) ||
        encoder_new(b->model, &o, b->pool, &f->encoder, err))
        goto out;
    enum precision precision = request.precision ? request.precision : b->model->precision;
    json_t *out =
        json_pack("{s:o, s:s, s:s, s:i, s:i, s:I}", "model", bench_model_json(b), "precision",
                  PRECISION_NAMES[precision], "isa", isa_name(isa_resolve(ISA_BEST)), "threads",
                  pool_threads(b->pool), "sequences", f->count, "tokens", (json_int_t)f->tokens);
    if (!measure(f, out, err)) {
        json_object_set_new(out, "peak_rss_bytes",
                            json_integer((json_int_t)os_peak_memory_bytes()));
        *ret = json_incref(out);
    }
    json_decref(out);
out:
    encoder_free(f->encoder);
    mem_free(f);
    return err->code;
}
