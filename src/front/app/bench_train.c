/* front/app/bench_train.c - cairn bench train: steps of fine-tuning by the trainer's own loop, with
 * the usual recipe: 16 sentences a step in shuffled order, at most 128 tokens each, AdamW with
 * clipping.
 *
 * The first two steps are not counted (pages, clocks). The rate stays near its peak (no warm-up, an
 * end far away), so that a short run does real updates; the mean losses of the first steps are
 * given, to be compared with another trainer's from the same weights and sentences. */
#include "base/str.h"
#include "engine/train/config.h"
#include "front/app/app_internal.h"
#include "front/app/bench_internal.h"

enum { WARM_STEPS = 2, LOSSES = 20 };
#define SECONDS 10.0

struct steps {
    struct bench *b;
    double seconds;
    int64_t last_step;
    int64_t began_ns, now_ns;         /* of the counted steps */
    int64_t began_tokens, now_tokens; /* before and after them */
    double epoch_loss;                /* sum over the steps of the running epoch */
    int64_t epoch_steps;
    double losses[LOSSES];
};

static void on_event(void *ctx, const struct train_event *e)
{
    struct steps *s = ctx;
    if (e->epoch_end) {
        s->epoch_loss = 0;
        s->epoch_steps = 0;
        return;
    }
    s->epoch_steps++;
    double sum = e->loss * (double)s->epoch_steps; /* loss is the mean since the epoch began */
    if (e->step <= LOSSES) s->losses[e->step - 1] = sum - s->epoch_loss;
    s->epoch_loss = sum;
    s->last_step = e->step;
    s->now_ns = os_monotonic_ns();
    s->now_tokens = e->tokens;
    if (e->step == WARM_STEPS) {
        s->began_ns = s->now_ns;
        s->began_tokens = e->tokens;
    }
    double done = (double)(s->now_ns - s->began_ns) / 1e9;
    if (e->step > WARM_STEPS)
        bench_step(s->b, "train", (int64_t)(done * 10), (int64_t)(s->seconds * 10));
}

static bool enough(void *ctx)
{
    const struct steps *s = ctx;
    if (s->b->host->should_stop && s->b->host->should_stop(s->b->host->ctx)) return true;
    return s->last_step > WARM_STEPS && (double)(s->now_ns - s->began_ns) >= s->seconds * 1e9;
}

/* The end of an epoch scores nothing here. */
static enum err_code no_scores(void *ctx, struct train_scores *ret, struct err *err)
{
    (void)ctx, (void)err;
    *ret = (struct train_scores){0};
    return ERR_OK;
}

/* As `train: {precision: ...}` has it: auto is bf16 where the CPU has tiles, else fp32. */
static enum err_code choose_precision(const struct bench *b, enum precision *ret, struct err *err)
{
    struct train_config c = train_config_default();
    if (b->request->precision) c.precision = (int)b->request->precision;
    *ret = train_config_precision(&c);
    if (*ret == PRECISION_FP32 || *ret == PRECISION_BF16) return ERR_OK;
    err_set(err, ERR_BAD_INPUT, "nothing is trained in %s", PRECISION_NAMES[*ret]);
    return err_hint(err, "fp32 or bf16");
}

static enum err_code run_steps(struct bench *b, struct steps *s, enum precision precision,
                               struct err *err)
{
    struct train_sequence *sequences = NULL;
    struct train_result result = {0};
    struct train_recipe recipe = train_recipe_default();
    recipe.epochs = TRAIN_EPOCHS_MAX;
    recipe.warmup = 0;
    recipe.precision = precision;
    struct train_job job = {.model = b->model,
                            .recipe = recipe,
                            .pool = b->pool,
                            .isa = ISA_BEST,
                            .data_fingerprint = b->tokens->fingerprint,
                            .ctx = s,
                            .evaluate = no_scores,
                            .progress = on_event,
                            .should_stop = enough};
    if (token_data_sequences(b->tokens, &sequences, &job.sequence_count, err)) return err->code;
    job.sequences = sequences;
    enum err_code code = train_run(&job, &result, err);
    mem_free(sequences);
    mem_free(result.history);
    if (code != ERR_INTERRUPTED) return code;
    *err = (struct err){0}; /* `enough` ended it, unless a person did */
    return bench_stop(b, err);
}

enum err_code bench_train(struct bench *b, json_t **ret, struct err *err)
{
    struct steps s = {.b = b, .seconds = b->request->seconds > 0 ? b->request->seconds : SECONDS};
    enum precision precision = PRECISION_FP32;
    if (choose_precision(b, &precision, err) || bench_prepare(b, err) ||
        run_steps(b, &s, precision, err))
        return err->code;
    int64_t steps = s.last_step - WARM_STEPS;
    if (steps < 1) return err_set(err, ERR_BAD_INPUT, "the data is too small for three steps");
    double seconds = (double)(s.now_ns - s.began_ns) / 1e9;
    json_t *losses = json_array();
    for (int64_t i = 0; i < LOSSES && i < s.last_step; i++)
        json_array_append_new(losses, json_real_or_null(s.losses[i]));
    *ret = json_pack("{s:o, s:s, s:s, s:i, s:I, s:f, s:f, s:o, s:I}", "model", bench_model_json(b),
                     "precision", PRECISION_NAMES[precision], "isa",
                     isa_name(isa_resolve(ISA_BEST)), "threads", pool_threads(b->pool), "steps",
                     (json_int_t)steps, "s_per_step", seconds / (double)steps, "tokens_per_s",
                     (double)(s.now_tokens - s.began_tokens) / seconds, "losses", losses,
                     "peak_rss_bytes", (json_int_t)os_peak_memory_bytes());
    return ERR_OK;
}
