/* A run in bf16: one digest for every level, thread count and interruption, not that of fp32. */
#include "support/tile_trap.h"
#include "train_fixture.h"
#include <string.h>

static void run(enum isa isa, int threads, enum precision precision, char hex[65])
{
    struct fixture f;
    fixture_begin(&f, threads);
    f.job.isa = isa;
    f.job.recipe.precision = precision;
    cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
    fixture_end(&f);
}

Test(train_bf16, the_digest_does_not_depend_on_threads_or_instruction_set)
{
    static const enum isa levels[] = {ISA_REF, ISA_AVX2, ISA_AVX512, ISA_AMX, ISA_NEON};
    (void)tile_trap_start();
    char want[65], hex[65];
    run(ISA_REF, 1, PRECISION_BF16, want);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        for (int threads = 1; threads <= 3 && isa_available(levels[i]); threads++) {
            run(levels[i], threads, PRECISION_BF16, hex);
            cr_expect_str_eq(hex, want, "%d threads, %s", threads, isa_name(levels[i]));
        }
    run(ISA_BEST, 1, PRECISION_FP32, hex);
    cr_expect_str_neq(hex, want);
}

Test(train_bf16, learns_the_task)
{
    struct fixture f;
    char hex[65];
    fixture_begin(&f, 2);
    f.job.recipe.precision = PRECISION_BF16;
    f.job.recipe.epochs = 30;
    cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
    cr_expect_gt(f.result.history[f.result.best_epoch - 1].dev.f1, 0.9);
    fixture_end(&f);
}

Test(train_bf16, resumed_after_any_step_it_ends_in_the_same_digest)
{
    char want[65], hex[65];
    run(ISA_BEST, 1, PRECISION_BF16, want);
    for (int64_t step = 1; step <= 3 * FIXTURE_STEPS; step++) {
        struct test_folder t;
        struct fixture f;
        test_folder_make(&t);
        fixture_begin(&f, 1 + (int)(step % 2));
        f.job.recipe.precision = PRECISION_BF16;
        f.job.checkpoint_dir = test_folder_path(&t, "checkpoints");
        f.job.checkpoint_seconds = 3600;
        f.stop_at = step;
        cr_assert_eq(fixture_run(&f, hex), ERR_INTERRUPTED);
        fixture_restart(&f);
        f.stop_at = 0;
        f.job.resume = true;
        cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
        cr_expect_str_eq(hex, want, "stopped after step %d", (int)step);
        fixture_end(&f);
        test_folder_remove(&t);
    }
}

Test(train_bf16, a_checkpoint_of_another_precision_is_refused)
{
    struct test_folder t;
    struct fixture f;
    char hex[65];
    test_folder_make(&t);
    fixture_begin(&f, 1);
    f.job.checkpoint_dir = test_folder_path(&t, "checkpoints");
    f.job.recipe.precision = PRECISION_BF16;
    f.stop_at = 2;
    cr_assert_eq(fixture_run(&f, hex), ERR_INTERRUPTED);
    fixture_restart(&f);
    f.job.resume = true;
    f.job.recipe.precision = PRECISION_FP32;
    cr_expect_eq(fixture_run(&f, hex), ERR_CONFLICT);
    fixture_end(&f);
    test_folder_remove(&t);
}

Test(train_bf16, a_precision_that_is_not_trained_in_is_refused)
{
    struct fixture f;
    char hex[65];
    fixture_begin(&f, 1);
    f.job.recipe.precision = PRECISION_INT8;
    cr_expect_eq(fixture_run(&f, hex), ERR_BAD_INPUT);
    cr_expect(strstr(f.err.message, "precision"), "%s", f.err.message);
    fixture_end(&f);
}
