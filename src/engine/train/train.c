/* engine/train/train.c - the loop.
 *
 * All that a step depends on is (start weights, recipe, data, step number): the order of an epoch,
 * the dropout masks and the rate are functions of the step, and the rest of the state (parameters,
 * m, v, the best parameters, the position) is in the checkpoint. So a resumed run does the same
 * arithmetic as one that was never interrupted, also from the middle of an epoch. Clocks decide
 * only when a checkpoint is written and what the progress line says.
 */
#include "engine/train/train.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/os.h"
#include "engine/train/checkpoint_internal.h"
#include "engine/train/schedule_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAVE_SHARE = 20 };

struct run {
    const struct train_job *job;
    struct checkpoint *saved; /* the state; also when nothing is kept on disk */
    struct encoder *encoder;
    struct optimizer *optimizer;
    const struct train_sequence **sequences; /* those that have a target */
    int32_t count;
    int32_t batches;                 /* an epoch */
    int64_t steps;                   /* in all */
    int *order;                      /* [count], of the epoch in progress */
    int32_t *ids, *targets, *cu_len; /* of one batch */
    int64_t tokens;                  /* done since the run (or resume) began */
    int64_t step_ns, evaluate_ns;    /* time spent on them since then */
    int64_t steps_timed, evaluations_timed;
    int64_t began_ns, saved_ns;
    int64_t save_ns; /* what the last checkpoint took */
};

struct train_recipe train_recipe_default(void)
{
    return (struct train_recipe){.epochs = 3,
                                 .batch_size = 16,
                                 .learning_rate = 1e-4,
                                 .weight_decay = 0.01,
                                 .warmup = 0.1,
                                 .max_grad_norm = 1,
                                 .beta1 = 0.9,
                                 .beta2 = 0.999,
                                 .eps = 1e-8,
                                 .seed = 1};
}

static enum err_code check_recipe(const struct train_recipe *r, struct err *err)
{
    const struct {
        const char *name, *range;
        bool good;
    } rules[] = {
        {"epochs", "1 to 1000", r->epochs >= 1 && r->epochs <= TRAIN_EPOCHS_MAX},
        {"batch_size", "1 to 65536", r->batch_size >= 1 && r->batch_size <= TRAIN_BATCH_MAX},
        {"learning_rate", "above 0, at most 1", r->learning_rate > 0 && r->learning_rate <= 1},
        {"weight_decay", "0 to 1", r->weight_decay >= 0 && r->weight_decay <= 1},
        {"warmup", "0 to 1", r->warmup >= 0 && r->warmup <= 1},
        {"max_grad_norm", "0 (none) or above", r->max_grad_norm >= 0 && isfinite(r->max_grad_norm)},
        {"beta1", "0 to below 1", r->beta1 >= 0 && r->beta1 < 1},
        {"beta2", "0 to below 1", r->beta2 >= 0 && r->beta2 < 1},
        {"eps", "above 0, at most 1", r->eps > 0 && r->eps <= 1},
        {"precision", "fp32 or bf16", r->precision <= PRECISION_BF16},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!rules[i].good)
            return err_set(err, ERR_BAD_INPUT, "the recipe's %s must be %s", rules[i].name,
                           rules[i].range);
    return ERR_OK;
}

static int32_t target_count(const struct train_job *job, const struct train_sequence *s)
{
    return job->model->config.head == HEAD_TOKEN ? s->count : 1;
}

/* A sequence without any target teaches nothing and would leave a batch without a mean. */
static bool has_target(const struct train_job *job, const struct train_sequence *s)
{
    for (int32_t i = 0; i < target_count(job, s); i++)
        if (s->targets[i] >= 0) return true;
    return false;
}

/* SHA-256 of all that the run depends on. */
static void identify(const struct train_job *job, char hex[HASH_HEX_BYTES])
{
    const struct train_recipe *r = &job->recipe;
    const double reals[] = {r->learning_rate, r->weight_decay, r->warmup, r->max_grad_norm,
                            r->beta1,         r->beta2,        r->eps};
    struct hash h;
    char model[HASH_HEX_BYTES];
    model_digest(job->model, model);
    hash_init(&h);
    hash_add_str(&h, model);
    hash_add_str(&h, job->data_fingerprint ? job->data_fingerprint : "");
    hash_add(&h, reals, sizeof reals);
    hash_add_i64(&h, r->epochs);
    hash_add_i64(&h, r->batch_size);
    hash_add_i64(&h, (int64_t)r->seed);
    hash_add_i64(&h, r->precision);
    hash_add_i64(&h, job->sequence_count);
    for (int32_t i = 0; i < job->sequence_count; i++) {
        const struct train_sequence *s = &job->sequences[i];
        hash_add_i64(&h, s->count);
        hash_add(&h, s->ids, (size_t)s->count * sizeof *s->ids);
        hash_add(&h, s->targets, (size_t)target_count(job, s) * sizeof *s->targets);
    }
    hash_finish(&h, hex);
}

static int longer_first(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    return (*x < *y) - (*x > *y);
}

/* The most tokens that a batch of this data can have: its longest sequences together. */
static enum err_code batch_tokens_max(const struct run *run, int32_t *ret, struct err *err)
{
    int32_t *length = mem_try((size_t)run->count, sizeof *length, err);
    if (!length) return err->code;
    int64_t sum = 0;
    for (int32_t i = 0; i < run->count; i++) length[i] = run->sequences[i]->count;
    qsort(length, (size_t)run->count, sizeof *length, longer_first);
    for (int32_t i = 0; i < run->count && i < run->job->recipe.batch_size; i++) sum += length[i];
    mem_free(length);
    if (sum > INT32_MAX / 2)
        return err_set(err, ERR_LIMIT, "a batch may have %lld tokens", (long long)sum);
    *ret = (int32_t)sum;
    return ERR_OK;
}

static enum err_code collect(struct run *run, struct err *err)
{
    const struct train_job *job = run->job;
    run->sequences = mem_try((size_t)job->sequence_count + 1, sizeof(void *), err);
    if (!run->sequences) return err->code;
    for (int32_t i = 0; i < job->sequence_count; i++)
        if (has_target(job, &job->sequences[i])) run->sequences[run->count++] = &job->sequences[i];
    if (run->count == 0)
        return err_set(err, ERR_BAD_INPUT,
                       "there is nothing to learn: none of %d examples has a target",
                       (int)job->sequence_count);
    run->batches = (run->count + job->recipe.batch_size - 1) / job->recipe.batch_size;
    run->steps = (int64_t)run->batches * job->recipe.epochs;
    return ERR_OK;
}

/* All memory of the run, before its first step. */
static enum err_code prepare(struct run *run, struct err *err)
{
    const struct train_job *job = run->job;
    const struct model_config *c = &job->model->config;
    char identity[HASH_HEX_BYTES] = "";
    int32_t tokens_max = 0;
    if (check_recipe(&job->recipe, err)) return err->code;
    if (c->head == HEAD_NONE) return err_set(err, ERR_BAD_INPUT, "the model has no head to train");
    if (collect(run, err) || batch_tokens_max(run, &tokens_max, err)) return err->code;
    struct encoder_options options = {
        .tokens_max = tokens_max,
        .sequences_max = job->recipe.batch_size,
        .training = true,
        .dropout = c->dropout_hidden > 0 || c->dropout_attention > 0 || c->dropout_head > 0,
        .isa = job->isa,
        .precision = job->recipe.precision,
    };
    size_t batch = (size_t)job->recipe.batch_size, room = (size_t)tokens_max;
    if (!(run->order = mem_try((size_t)run->count, sizeof *run->order, err)) ||
        !(run->ids = mem_try(room, sizeof *run->ids, err)) ||
        !(run->targets = mem_try(room, sizeof *run->targets, err)) ||
        !(run->cu_len = mem_try(batch + 1, sizeof *run->cu_len, err)))
        return err->code;
    if (job->checkpoint_dir) identify(job, identity);
    if (optimizer_new(job->model, tokens_max, job->isa, job->pool, &run->optimizer, err) ||
        checkpoint_new(job->checkpoint_dir, identity, job->recipe.epochs, run->optimizer,
                       &run->saved, err))
        return err->code;
    return encoder_new(job->model, &options, job->pool, &run->encoder, err);
}

static enum err_code find_start(struct run *run, struct err *err)
{
    bool found = false;
    if (run->job->resume && checkpoint_load(run->saved, &found, err)) return err->code;
    if (found && run->saved->state.batch > run->batches)
        return err_set(err, ERR_CORRUPT, "the checkpoint in %s stands past the end of an epoch",
                       run->saved->dir);
    if (found) encoder_weights_changed(run->encoder);
    return found ? ERR_OK : checkpoint_clear(run->saved, err);
}

static void build_batch(struct run *run, int32_t index, struct packed_batch *ret)
{
    const struct train_job *job = run->job;
    int32_t first = index * job->recipe.batch_size, count = 0, tokens = 0, targets = 0;
    for (int32_t i = first; i < run->count && count < job->recipe.batch_size; i++) {
        const struct train_sequence *s = run->sequences[run->order[i]];
        int32_t n = target_count(job, s);
        memcpy(run->ids + tokens, s->ids, (size_t)s->count * sizeof *s->ids);
        memcpy(run->targets + targets, s->targets, (size_t)n * sizeof *s->targets);
        tokens += s->count;
        targets += n;
        run->cu_len[++count] = tokens;
    }
    *ret = (struct packed_batch){.sequences = count,
                                 .tokens = tokens,
                                 .ids = run->ids,
                                 .cu_len = run->cu_len,
                                 .targets = run->targets};
}

static void follow(void *encoder, const float *params, size_t count)
{
    encoder_params_changed(encoder, params, count);
}

static void update(struct run *run, int64_t step, double clip)
{
    const struct train_recipe *r = &run->job->recipe;
    const struct adamw_rule rule = {.lr = schedule_rate(r, step, run->steps),
                                    .decay = r->weight_decay,
                                    .beta1 = r->beta1,
                                    .beta2 = r->beta2,
                                    .eps = r->eps};
    const struct optim_follower packs = {follow, run->encoder};
    optimizer_step(run->optimizer, encoder_gradients(run->encoder), &rule, step, clip, &packs);
}

static enum err_code not_finite(const struct run *run, const char *what, int64_t step,
                                struct err *err)
{
    const char *layer = encoder_first_bad(run->encoder);
    err_set(err, ERR_BAD_INPUT, "step %lld of %lld: the %s is not finite, first in %s",
            (long long)step, (long long)run->steps, what, layer ? layer : "the loss");
    err_detail(err, "learning rate %g; the parameters of this step were not used",
               schedule_rate(&run->job->recipe, step, run->steps));
    return err_hint(err, "lower learning_rate, raise warmup, or check the data");
}

static enum err_code one_step(struct run *run, struct err *err)
{
    const struct train_recipe *r = &run->job->recipe;
    struct checkpoint_state *state = &run->saved->state;
    struct packed_batch batch;
    float loss;
    int64_t step = state->step + 1, began = os_monotonic_ns();
    build_batch(run, state->batch, &batch);
    struct dropout_key key = {.seed = r->seed, .step = (uint64_t)step};
    optimizer_read(run->optimizer, &batch);
    if (encoder_train_step(run->encoder, &batch, key, &loss, err)) return err->code;
    if (!isfinite(loss)) return not_finite(run, "loss", step, err);
    double norm = optimizer_norm(run->optimizer, encoder_gradients(run->encoder));
    if (!isfinite(norm)) return not_finite(run, "gradient", step, err);
    update(run, step, schedule_clip(r->max_grad_norm, norm));
    state->step = step;
    state->batch++;
    state->loss_sum += (double)loss;
    run->tokens += batch.tokens;
    run->step_ns += os_monotonic_ns() - began;
    run->steps_timed++;
    return ERR_OK;
}

static struct train_event event_now(const struct run *run)
{
    const struct checkpoint_state *s = &run->saved->state;
    const struct train_recipe *r = &run->job->recipe;
    int32_t scores_left = r->epochs - s->epoch;
    double a_step = run->steps_timed ? (double)run->step_ns / (double)run->steps_timed : 0;
    double a_score =
        run->evaluations_timed ? (double)run->evaluate_ns / (double)run->evaluations_timed : 0;
    return (struct train_event){
        .epoch = s->epoch + 1,
        .epochs = r->epochs,
        .step = s->step,
        .steps = run->steps,
        .loss = s->batch ? s->loss_sum / s->batch : 0,
        .learning_rate = s->step ? schedule_rate(r, s->step, run->steps) : 0,
        .tokens = run->tokens,
        .tokens_per_s = run->step_ns ? (double)run->tokens * 1e9 / (double)run->step_ns : 0,
        .eta_s = ((double)(run->steps - s->step) * a_step + scores_left * a_score) / 1e9,
    };
}

static void report(const struct run *run, const struct train_event *event)
{
    if (run->job->progress) run->job->progress(run->job->ctx, event);
}

static enum err_code save(struct run *run, struct err *err)
{
    int64_t began = os_monotonic_ns();
    optimizer_settle(run->optimizer);
    enum err_code code = checkpoint_save(run->saved, err);
    run->saved_ns = os_monotonic_ns();
    run->save_ns = run->saved_ns - began;
    return code;
}

/* No more than one part in SAVE_SHARE of the time goes into checkpoints. Without a directory there
 * is nothing to write, and to settle the tables for it would cost a tenth of a step. */
static bool save_is_due(const struct run *run)
{
    if (!run->saved->dir) return false;
    const int64_t since = os_monotonic_ns() - run->saved_ns;
    const int64_t seconds = run->job->checkpoint_seconds;
    return seconds == 0 ||
           (since >= seconds * INT64_C(1000000000) && since >= run->save_ns * SAVE_SHARE);
}

static enum err_code interrupted(struct run *run, struct err *err)
{
    if (save(run, err)) return err->code;
    err_set(err, ERR_INTERRUPTED, "training was interrupted after step %lld of %lld",
            (long long)run->saved->state.step, (long long)run->steps);
    return run->saved->dir
               ? err_hint(err, "the checkpoint in %s is whole: resume goes on from here",
                          run->saved->dir)
               : err->code;
}

static bool beats(const struct checkpoint_state *s, double f1)
{
    return s->best_epoch == 0 || f1 > s->best_f1 || (isnan(s->best_f1) && !isnan(f1));
}

/* Scores the parameters as they are, keeps them when they are the best so far, and moves on to the
 * next epoch. */
static enum err_code end_epoch(struct run *run, struct err *err)
{
    struct checkpoint *c = run->saved;
    struct checkpoint_state *s = &c->state;
    struct train_scores scores = {0};
    int64_t began = os_monotonic_ns();
    optimizer_settle(run->optimizer);
    enum err_code code = run->job->evaluate(run->job->ctx, &scores, err);
    if (code == ERR_INTERRUPTED) return interrupted(run, err);
    if (code) return code;
    run->evaluate_ns += os_monotonic_ns() - began;
    run->evaluations_timed++;
    struct train_event event = event_now(run);
    event.epoch_end = true;
    event.dev = scores;
    event.best = beats(s, scores.f1);
    if (event.best) {
        s->best_f1 = scores.f1;
        s->best_epoch = s->epoch + 1;
        if (checkpoint_keep_best(c, err)) return err->code;
    }
    c->history[s->history_count++] = event;
    s->epoch++;
    s->batch = 0;
    s->loss_sum = 0;
    report(run, &event);
    return ERR_OK;
}

static enum err_code run_epoch(struct run *run, struct err *err)
{
    const struct train_job *job = run->job;
    const struct checkpoint_state *s = &run->saved->state;
    schedule_order(job->recipe.seed, s->epoch, run->order, run->count);
    while (s->batch < run->batches) {
        if (one_step(run, err)) return err->code;
        struct train_event event = event_now(run);
        report(run, &event);
        if (job->should_stop && job->should_stop(job->ctx)) return interrupted(run, err);
        if (save_is_due(run) && save(run, err)) return err->code;
    }
    return end_epoch(run, err);
}

static enum err_code finish(struct run *run, struct train_result *ret, struct err *err)
{
    struct checkpoint *c = run->saved;
    if (c->state.best_epoch != c->state.epoch && checkpoint_take_best(c, err)) return err->code;
    size_t count = (size_t)c->state.history_count;
    struct train_event *history = mem_try(count, sizeof *history, err);
    if (!history) return err->code;
    memcpy(history, c->history, count * sizeof *history);
    struct train_event now = event_now(run);
    *ret = (struct train_result){.best_epoch = c->state.best_epoch,
                                 .steps = c->state.step,
                                 .seconds = (double)(os_monotonic_ns() - run->began_ns) / 1e9,
                                 .tokens_per_s = now.tokens_per_s,
                                 .epochs = c->state.history_count,
                                 .history = history};
    return ERR_OK;
}

enum err_code train_run(const struct train_job *job, struct train_result *ret, struct err *err)
{
    struct run run = {.job = job, .began_ns = os_monotonic_ns(), .saved_ns = os_monotonic_ns()};
    enum err_code code = prepare(&run, err);
    if (!code) code = find_start(&run, err);
    while (!code && run.saved->state.epoch < job->recipe.epochs) code = run_epoch(&run, err);
    if (!code) code = finish(&run, ret, err);
    encoder_free(run.encoder);
    checkpoint_free(run.saved);
    optimizer_free(run.optimizer);
    mem_free(run.sequences);
    mem_free(run.order);
    mem_free(run.ids);
    mem_free(run.targets);
    mem_free(run.cu_len);
    return code;
}
