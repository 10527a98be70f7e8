/* The schedule's numbers, beside those of transformers and torch; orders of epochs. */
#include "engine/train/schedule_internal.h"
#include "support/test_data.h"

Test(schedule, is_linear_up_and_down_as_in_transformers)
{
    /* get_linear_schedule_with_warmup(optimizer, 2, 10): the lambda at 0..9 */
    const double want[] = {0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125};
    struct train_recipe r = train_recipe_default();
    r.learning_rate = 1;
    r.warmup = 0.2;
    cr_expect_eq(schedule_warmup_steps(&r, 10), 2);
    for (int step = 1; step <= 10; step++)
        cr_expect_float_eq(schedule_rate(&r, step, 10), want[step - 1], 0, "step %d", step);
}

Test(schedule, warm_up_may_be_none_or_all)
{
    struct train_recipe r = train_recipe_default();
    r.learning_rate = 0.5;
    r.warmup = 0;
    cr_expect_float_eq(schedule_rate(&r, 1, 4), 0.5, 0);
    cr_expect_float_eq(schedule_rate(&r, 4, 4), 0.125, 0);
    cr_expect_float_eq(schedule_rate(&r, 1, 1), 0.5, 0);
    r.warmup = 1;
    cr_expect_float_eq(schedule_rate(&r, 1, 4), 0, 0);
    cr_expect_float_eq(schedule_rate(&r, 4, 4), 0.375, 0);
}

Test(schedule, clips_as_torch_does)
{
    cr_expect_float_eq(schedule_clip(1, 0.5), 1, 0);
    cr_expect_float_eq(schedule_clip(1, 4), 1 / (4 + 1e-6), 0);
    cr_expect_float_eq(schedule_clip(1, 1), 1 / (1 + 1e-6), 0);
    cr_expect_float_eq(schedule_clip(0, 1e9), 1, 0, "0 means no clipping");
    cr_expect_float_eq(schedule_clip(1, 0), 1, 0);
}

Test(schedule, an_order_holds_each_sequence_once_and_changes_with_seed_and_epoch)
{
    enum { N = 100 };
    int a[N], b[N], seen[N] = {0}, moved = 0, epoch = 0, seed = 0;
    schedule_order(7, 3, a, N);
    for (int i = 0; i < N; i++) {
        seen[a[i]]++;
        moved += a[i] != i;
    }
    for (int i = 0; i < N; i++) cr_expect_eq(seen[i], 1);
    cr_expect_gt(moved, N / 2);
    schedule_order(7, 3, b, N);
    cr_expect_arr_eq(a, b, sizeof a);
    schedule_order(7, 4, b, N);
    for (int i = 0; i < N; i++) epoch += a[i] != b[i];
    schedule_order(8, 3, b, N);
    for (int i = 0; i < N; i++) seed += a[i] != b[i];
    cr_expect_gt(epoch, N / 2);
    cr_expect_gt(seed, N / 2);
}
