/* tests/engine/train/train_fixture.c - see the header. */
#include "train_fixture.h"
#include "base/arena.h"
#include "base/rng.h"
#include <string.h>
#include <unistd.h>

static const struct model_config TINY = {
    .vocab_count = 29,
    .hidden = 24,
    .layers = 2,
    .heads = 3,
    .intermediate = 40,
    .positions = FIXTURE_TOKENS_MAX,
    .types = 2,
    .layer_norm_eps = 1e-12f,
    .dropout_hidden = 0.1f,
    .dropout_attention = 0.1f,
    .dropout_head = 0.1f,
    .initializer_range = 0.2f,
};

static struct model *start_model(void)
{
    static const char *const labels[] = {"A", "B", "C"};
    struct model *m = NULL;
    struct err err = {0};
    struct rng r;
    cr_assert(!model_new(&TINY, &m, &err), "%s", err.message);
    rng_init(&r, 5, RNG_INIT, 0);
    for (int32_t i = 0; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        bool gamma = strstr(t->name, "LayerNorm.weight") != NULL;
        for (size_t k = 0; k < t->count; k++)
            m->params[t->offset + k] = gamma ? 1 : (float)(rng_unit(&r) - 0.5) * 0.5f;
    }
    cr_assert(!model_set_head(m, HEAD_TOKEN, labels, 3, 1, &err), "%s", err.message);
    return m;
}

static enum err_code score(void *ctx, struct train_scores *ret, struct err *err)
{
    struct fixture *f = ctx;
    int right = 0, all = 0;
    encoder_weights_changed(f->encoder);
    for (int i = 0; i < FIXTURE_SEQUENCES; i++) {
        const struct train_sequence *s = &f->sequences[i];
        const int32_t cu_len[2] = {0, s->count};
        const struct packed_batch b = {
            .sequences = 1, .tokens = s->count, .ids = s->ids, .cu_len = cu_len};
        if (encoder_forward(f->encoder, &b, err)) return err->code;
        const float *z = encoder_logits(f->encoder);
        for (int32_t k = 0; k < s->count; k++, z += 3) {
            int best = z[1] > z[0] ? 1 : 0;
            if (z[2] > z[best]) best = 2;
            right += best == s->ids[k] % 3;
            all++;
        }
    }
    double given = f->evaluations < FIXTURE_SCORES ? f->scores[f->evaluations] : 0;
    f->evaluations++;
    *ret = (struct train_scores){.f1 = given != 0 ? given : (double)right / all};
    return ERR_OK;
}

static void note(void *ctx, const struct train_event *event)
{
    struct fixture *f = ctx;
    f->step = event->step;
    if (f->report_fd && !event->epoch_end)
        cr_assert_eq(write(f->report_fd, &event->step, sizeof event->step), sizeof event->step);
}

static bool stop(void *ctx)
{
    const struct fixture *f = ctx;
    return f->stop_at && f->step >= f->stop_at;
}

static void open_model(struct fixture *f)
{
    const struct encoder_options o = {.tokens_max = FIXTURE_TOKENS_MAX, .sequences_max = 1};
    f->job.model = start_model();
    cr_assert(!encoder_new(f->job.model, &o, f->pool, &f->encoder, &f->err), "%s", f->err.message);
}

void fixture_begin(struct fixture *f, int threads)
{
    struct rng r;
    *f = (struct fixture){.stop_at = 0};
    rng_init(&r, 11, RNG_SAMPLE, 0);
    for (int i = 0; i < FIXTURE_SEQUENCES; i++) {
        int32_t count = 2 + (int32_t)rng_below(&r, FIXTURE_TOKENS_MAX - 1);
        for (int32_t k = 0; k < count; k++) {
            f->ids[i][k] = (int32_t)rng_below(&r, 29);
            f->targets[i][k] = k == 0 ? -1 : f->ids[i][k] % 3;
        }
        f->sequences[i] = (struct train_sequence){f->ids[i], f->targets[i], count};
    }
    cr_assert(!pool_new(threads, &f->pool, &f->err));
    f->job = (struct train_job){.recipe = train_recipe_default(),
                                .pool = f->pool,
                                .sequence_count = FIXTURE_SEQUENCES,
                                .sequences = f->sequences,
                                .data_fingerprint = "fixture",
                                .ctx = f,
                                .evaluate = score,
                                .progress = note,
                                .should_stop = stop};
    f->job.recipe.batch_size = 4;
    f->job.recipe.learning_rate = 3e-3;
    open_model(f);
}

void fixture_restart(struct fixture *f)
{
    encoder_free(f->encoder);
    model_free(f->job.model);
    f->encoder = NULL;
    f->evaluations = 0;
    f->step = 0;
    f->err = (struct err){0};
    open_model(f);
}

void fixture_end(struct fixture *f)
{
    encoder_free(f->encoder);
    model_free(f->job.model);
    pool_free(f->pool);
    mem_free(f->result.history);
}

enum err_code fixture_run(struct fixture *f, char hex[65])
{
    mem_free(f->result.history);
    f->result = (struct train_result){0};
    enum err_code code = train_run(&f->job, &f->result, &f->err);
    if (!code) model_digest(f->job.model, hex);
    return code;
}
