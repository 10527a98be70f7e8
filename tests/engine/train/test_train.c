/* The loop: it learns, keeps the best epoch, gives the same bits, and stops for what it must. */
#include "base/arena.h"
#include "train_fixture.h"
#include <math.h>
#include <string.h>

Test(train, learns_the_task_and_reports_it)
{
    struct fixture f;
    char hex[65];
    fixture_begin(&f, 2);
    f.job.recipe.epochs = 30;
    cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
    const struct train_event *first = &f.result.history[0], *last = &f.result.history[29];
    cr_expect_eq(f.result.epochs, 30);
    cr_expect_eq(f.result.steps, 30 * FIXTURE_STEPS);
    cr_expect_lt(last->loss, first->loss / 2);
    cr_expect_gt(f.result.history[f.result.best_epoch - 1].dev.f1, 0.9);
    cr_expect_eq(first->epoch, 1);
    cr_expect_eq(last->step, 30 * FIXTURE_STEPS);
    cr_expect(last->epoch_end);
    cr_expect_gt(f.result.tokens_per_s, 0.0);
    fixture_end(&f);
}

Test(train, the_digest_does_not_depend_on_threads_or_instruction_set)
{
    const enum isa levels[] = {ISA_REF, ISA_AVX2, ISA_AVX512, ISA_NEON};
    char want[65] = "", hex[65];
    for (int threads = 1; threads <= 3; threads++)
        for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
            if (!isa_available(levels[i])) continue;
            struct fixture f;
            fixture_begin(&f, threads);
            f.job.isa = levels[i];
            cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
            if (!*want) memcpy(want, hex, sizeof want);
            cr_expect_str_eq(hex, want, "%d threads, %s", threads, isa_name(levels[i]));
            fixture_end(&f);
        }
}

Test(train, the_seed_changes_the_digest)
{
    struct fixture f;
    char a[65], b[65];
    fixture_begin(&f, 1);
    cr_assert(!fixture_run(&f, a));
    fixture_restart(&f);
    f.job.recipe.seed = 2;
    cr_assert(!fixture_run(&f, b));
    cr_expect_str_neq(a, b);
    fixture_end(&f);
}

/* Digest after so many epochs of a run that is three epochs long, with given dev scores. */
static int32_t best_of(double one, double two, double three, char hex[65])
{
    struct fixture f;
    fixture_begin(&f, 1);
    f.scores[0] = one;
    f.scores[1] = two;
    f.scores[2] = three;
    cr_assert(!fixture_run(&f, hex));
    int32_t best = f.result.best_epoch;
    for (int32_t e = 0; e < 3; e++)
        if (e + 1 == best) cr_expect(f.result.history[e].best);
    fixture_end(&f);
    return best;
}

Test(train, keeps_the_best_epoch_and_of_equals_the_earlier)
{
    char first[65], second[65], third[65], again[65];
    cr_expect_eq(best_of(0.9, 0.5, 0.6, first), 1);
    cr_expect_eq(best_of(0.5, 0.9, 0.6, second), 2);
    cr_expect_eq(best_of(0.5, 0.6, 0.9, third), 3);
    cr_expect_str_neq(first, second);
    cr_expect_str_neq(second, third);
    cr_expect_eq(best_of(0.5, 0.9, 0.9, again), 2);
    cr_expect_str_eq(again, second);
    cr_expect_eq(best_of(0.9, 0.9, 0.9, again), 1);
    cr_expect_str_eq(again, first);
    cr_expect_eq(best_of((double)NAN, 0.1, 0.1, again), 2,
                 "a score that is no number is never the best");
}

Test(train, a_loss_that_is_no_number_stops_with_step_and_layer)
{
    struct fixture f;
    char hex[65];
    fixture_begin(&f, 1);
    f.job.model->params[f.job.model->layer[1].up_bias] = NAN;
    cr_expect_eq(fixture_run(&f, hex), ERR_BAD_INPUT);
    cr_expect(strstr(f.err.message, "step 1 of 18"), "%s", f.err.message);
    cr_expect(strstr(f.err.message, "layer.1"), "%s", f.err.message);
    cr_expect_neq(f.err.hint[0], '\0');
    fixture_end(&f);
}

Test(train, a_run_that_explodes_stops_at_the_step)
{
    struct fixture f;
    char hex[65];
    fixture_begin(&f, 1);
    f.job.model->params[f.job.model->layer[0].down_weight] = INFINITY;
    cr_expect_eq(fixture_run(&f, hex), ERR_BAD_INPUT);
    cr_expect(strstr(f.err.message, "layer.0"), "%s", f.err.message);
    fixture_end(&f);
}

Test(train, sequences_without_targets_are_left_out)
{
    struct fixture f;
    char a[65], b[65];
    fixture_begin(&f, 1);
    cr_assert(!fixture_run(&f, a));
    fixture_restart(&f);
    struct train_sequence more[FIXTURE_SEQUENCES + 2];
    static const int32_t none[FIXTURE_TOKENS_MAX] = {-1, -1, -1, -1, -1, -1,
                                                     -1, -1, -1, -1, -1, -1};
    memcpy(more + 1, f.sequences, sizeof f.sequences);
    more[0] = (struct train_sequence){f.ids[0], none, 2};
    more[FIXTURE_SEQUENCES + 1] = (struct train_sequence){f.ids[1], none, 2};
    f.job.sequences = more;
    f.job.sequence_count = FIXTURE_SEQUENCES + 2;
    cr_assert(!fixture_run(&f, b), "%s", f.err.message);
    cr_expect_str_eq(a, b);
    fixture_restart(&f);
    f.job.sequence_count = 1;
    cr_expect_eq(fixture_run(&f, b), ERR_BAD_INPUT);
    fixture_end(&f);
}

#define REFUSED(field, value)                                                                      \
    do {                                                                                           \
        struct train_recipe was = f.job.recipe;                                                    \
        f.job.recipe.field = (value);                                                              \
        cr_expect_eq(fixture_run(&f, hex), ERR_BAD_INPUT, #field " = " #value);                    \
        cr_expect(strstr(f.err.message, #field), "%s", f.err.message);                             \
        f.job.recipe = was;                                                                        \
    } while (0)

Test(train, refuses_impossible_recipes)
{
    struct fixture f;
    char hex[65];
    fixture_begin(&f, 1);
    REFUSED(epochs, 0);
    REFUSED(epochs, TRAIN_EPOCHS_MAX + 1);
    REFUSED(batch_size, 0);
    REFUSED(learning_rate, 0);
    REFUSED(learning_rate, (double)NAN);
    REFUSED(weight_decay, -1);
    REFUSED(warmup, 1.5);
    REFUSED(max_grad_norm, -1);
    REFUSED(beta1, 1);
    REFUSED(beta2, 1);
    REFUSED(eps, 0);
    fixture_end(&f);
}
