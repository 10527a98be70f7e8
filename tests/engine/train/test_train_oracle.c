/* Ten steps of train_run against torch.optim.AdamW with transformers' schedule and PyTorch's
 * clipping. The batch is the whole data, so that an epoch is a step and the shuffle only turns rows
 * around. */
#include "oracle/oracle_case.h"
#include "base/arena.h"
#include "support/test_data.h"

#define LOSS_TOLERANCE 1e-4 /* absolute, after up to nine updates in fp32 */

struct watch {
    double losses[ORACLE_STEPS];
    int count;
};

static enum err_code no_score(void *ctx, struct train_scores *ret, struct err *err)
{
    (void)ctx;
    (void)err;
    *ret = (struct train_scores){0};
    return ERR_OK;
}

static void note_loss(void *ctx, const struct train_event *event)
{
    struct watch *w = ctx;
    if (!event->epoch_end && w->count < ORACLE_STEPS) w->losses[w->count++] = event->loss;
}

static void compare(struct oracle_case *c)
{
    struct watch watch = {.count = 0};
    struct train_result result;
    struct err err = {0};
    struct pool *pool = NULL;
    cr_assert(!pool_new(2, &pool, &err));
    struct train_job job = {.model = c->model,
                            .recipe = c->recipe,
                            .pool = pool,
                            .sequence_count = c->batch.sequences,
                            .sequences = c->sequences,
                            .ctx = &watch,
                            .evaluate = no_score,
                            .progress = note_loss};
    cr_assert(!train_run(&job, &result, &err), "%s: %s", err.message, err.detail);
    cr_assert_eq(watch.count, ORACLE_STEPS);
    for (int i = 0; i < ORACLE_STEPS; i++)
        cr_expect_float_eq(watch.losses[i], c->train_losses[i], LOSS_TOLERANCE,
                           "step %d: loss %.7f, PyTorch %.7f", i + 1, watch.losses[i],
                           c->train_losses[i]);
    mem_free(result.history);
    pool_free(pool);
}

Test(train_oracle, tiny_losses_equal_pytorch)
{
    struct oracle_case c;
    oracle_case_open(test_source("oracle/bert/tiny"), &c);
    compare(&c);
    oracle_case_close(&c);
}

Test(train_oracle, minilm_losses_equal_pytorch)
{
    struct oracle_case c;
    oracle_case_minilm(&c);
    compare(&c);
    oracle_case_close(&c);
}
