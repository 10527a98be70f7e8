/* The optimiser's passes: against double, for any thread count and level, and the flushes. */
#include "engine/tensor/optim.h"
#include "base/rng.h"
#include "engine/tensor/kernels.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 200003 }; /* prime, several pieces */
static const struct adamw_rule RULE = {1e-3, 0, 0.9, 0.999, 1e-8};

/* As three runs of neighbours: how a block is cut never matters. */
static void adamw_all(enum isa isa, struct pool *pool, const struct adamw *a, float *p,
                      const float *g, float *m, float *v, size_t count)
{
    const struct optim_run runs[] = {
        {0, count / 7, a, 0}, {count / 7, count / 2, a, 101}, {count / 2, count, a, count}};
    optim_adamw(isa, pool, runs, 3, p, g, m, v, NULL);
}

static float *randoms(uint32_t stream, double scale)
{
    float *x = malloc(COUNT * sizeof *x);
    struct rng r;
    rng_init(&r, 1, RNG_SAMPLE, stream);
    for (int i = 0; i < COUNT; i++) x[i] = (float)(scale * (rng_unit(&r) - 0.5));
    return x;
}

Test(optim, three_steps_follow_adamw_in_double)
{
    float *p = randoms(1, 1.0), *m = calloc(COUNT, sizeof *m), *v = calloc(COUNT, sizeof *v);
    double *dp = malloc(COUNT * sizeof *dp), *dm = calloc(COUNT, sizeof *dm);
    double *dv = calloc(COUNT, sizeof *dv);
    const double lr = 1e-3, b1 = 0.9, b2 = 0.999, eps = 1e-8, decay = 0.01, scale = 0.5;
    for (int i = 0; i < COUNT; i++) dp[i] = (double)p[i];
    for (int t = 1; t <= 3; t++) {
        float *g = randoms((uint32_t)(10 + t), 0.1);
        const struct adamw_rule rule = {lr, decay, b1, b2, eps};
        const struct adamw a = adamw_step(&rule, t, scale);
        adamw_all(ISA_BEST, NULL, &a, p, g, m, v, COUNT);
        for (int i = 0; i < COUNT; i++) {
            const double d = (double)g[i] * scale;
            dm[i] = b1 * dm[i] + (1 - b1) * d;
            dv[i] = b2 * dv[i] + (1 - b2) * d * d;
            dp[i] -= lr * decay * dp[i] +
                     lr / (1 - pow(b1, t)) * dm[i] / (sqrt(dv[i]) / sqrt(1 - pow(b2, t)) + eps);
        }
        free(g);
    }
    double worst = 0;
    for (int i = 0; i < COUNT; i++) worst = fmax(worst, fabs((double)p[i] - dp[i]));
    cr_expect_leq(worst, 2e-7, "%g", worst); /* three roundings of a weight of size 0.5 */
    free(p), free(m), free(v), free(dp), free(dm), free(dv);
}

/* Counts how often each element was followed, and whether it had its new value then. */
struct followed {
    const float *params, *want;
    unsigned char times[COUNT];
    int old;
};

static void follow(void *ctx, const float *params, size_t count)
{
    struct followed *f = ctx;
    for (size_t i = 0; i < count; i++) f->times[params - f->params + (ptrdiff_t)i]++;
    if (memcmp(params, f->want + (params - f->params), count * sizeof *params) != 0) f->old++;
}

Test(optim, a_follower_sees_each_new_parameter_once)
{
    float *p = randoms(1, 1.0), *want = randoms(1, 1.0), *g = randoms(2, 1.0);
    float *m = calloc(2 * COUNT, sizeof *m), *v = calloc(2 * COUNT, sizeof *v);
    const struct adamw a = adamw_step(&RULE, 1, 1.0);
    static struct followed f;
    const struct optim_follower follower = {follow, &f};
    const struct optim_run runs[] = {{5, 1000, &a, 96}, {1000, COUNT, &a, 0}};
    struct pool *pool = NULL;
    struct err err = {0};
    cr_assert(!pool_new(3, &pool, &err));
    optim_adamw(ISA_BEST, NULL, runs, 2, want, g, m, v, NULL);
    f = (struct followed){.params = p, .want = want};
    optim_adamw(ISA_BEST, pool, runs, 2, p, g, m + COUNT, v + COUNT, &follower);
    cr_expect_eq(f.old, 0);
    for (int i = 0; i < COUNT; i++) cr_expect_eq(f.times[i], i >= 5, "element %d", i);
    pool_free(pool);
    free(p), free(want), free(g), free(m), free(v);
}

Test(optim, the_same_bits_for_levels_and_threads)
{
    static const enum isa levels[] = {ISA_REF, ISA_AVX2, ISA_AVX512, ISA_NEON};
    float *g = randoms(2, 1.0), *first = NULL;
    double first_sum = 0;
    for (int run = 0; run < 12; run++) {
        const enum isa isa = levels[run / 3];
        if (!isa_available(isa)) continue;
        struct pool *pool = NULL;
        struct err err = {0};
        cr_assert_eq(pool_new(1 + run % 3, &pool, &err), ERR_OK);
        float *p = randoms(3, 1.0), *m = randoms(4, 0.1), *v = calloc(COUNT, sizeof *v);
        const struct adamw a = adamw_step(&RULE, 7, 0.25);
        adamw_all(isa, pool, &a, p, g, m, v, COUNT);
        const double sum = optim_square_sum(isa, pool, g, COUNT);
        if (run == 0) {
            first = p;
            first_sum = sum;
        } else {
            cr_expect_eq(memcmp(p, first, COUNT * sizeof *p), 0, "run %d", run);
            cr_expect_eq(memcmp(&sum, &first_sum, sizeof sum), 0, "run %d", run);
            free(p);
        }
        free(m), free(v);
        pool_free(pool);
    }
    free(first), free(g);
}

Test(optim, square_sum_is_close_to_double_and_takes_any_count)
{
    float *g = randoms(5, 1.0);
    for (size_t n = 0; n < COUNT; n = n * 3 + 1) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += (double)g[i] * (double)g[i];
        cr_expect_float_eq(optim_square_sum(ISA_BEST, NULL, g, n), sum, 1e-6 * sum + 1e-12);
    }
    free(g);
}

Test(optim, decaying_moments_are_flushed_before_they_are_subnormal)
{
    float p = 1.0f, g = 0.0f, m = 1e-29f, v = 1e-31f;
    for (int t = 1; t < 4000; t++) {
        const struct adamw a = adamw_step(&RULE, t, 1.0);
        adamw_all(ISA_BEST, NULL, &a, &p, &g, &m, &v, 1);
        cr_assert(m == 0.0f || fabsf(m) >= ADAM_M_FLUSH);
        cr_assert(v == 0.0f || v >= ADAM_V_FLUSH);
    }
    cr_expect_eq((double)m, 0.0);
    cr_expect_eq((double)v, 0.0);
}

/* The sums of some blocks, as one who wrote them in runs has them. */
static void some_squares(struct rng *r, const float *block, size_t count, float *sums)
{
    for (size_t i = 0; i * SQUARE_BLOCK < count; i++) sums[i] = SQUARE_UNKNOWN;
    for (int run = 0; run < 3; run++) {
        const size_t begin = rng_below(r, (uint32_t)count);
        const size_t end = begin + rng_below(r, (uint32_t)(count - begin));
        optim_square_blocks(kernels_get(ISA_BEST), block, begin, end, sums);
    }
}

/* Spans of every length and place, against the block that they stand for; also when the sums of
 * some blocks are there before. */
Test(optim, squares_of_spans_are_those_of_the_block)
{
    enum { SPANS_MAX = 400 };
    struct optim_span spans[SPANS_MAX];
    float *x = randoms(6, 1.0), *block = malloc(COUNT * sizeof *block);
    float *done = malloc((COUNT / SQUARE_BLOCK + 1) * sizeof *done);
    struct pool *pool = NULL;
    struct err err = {0};
    struct rng r;
    rng_init(&r, 2, RNG_SAMPLE, 0);
    cr_assert_eq(pool_new(3, &pool, &err), ERR_OK);
    for (int round = 0; round < 60; round++) {
        const size_t count = 1 + rng_below(&r, COUNT);
        const uint32_t longest = (uint32_t[]){3, 24, 768, 9000, COUNT}[round % 5];
        size_t at = 0, n = 0;
        memset(block, 0, COUNT * sizeof *block);
        while (n < SPANS_MAX) {
            at += rng_below(&r, round % 2 ? 2 * longest : 2); /* some touch each other */
            if (at >= count) break;
            size_t length = rng_below(&r, longest);
            if (length > count - at) length = count - at;
            spans[n++] = (struct optim_span){.at = at, .count = length, .x = x + at};
            memcpy(block + at, x + at, length * sizeof *block);
            at += length;
        }
        const double sum = optim_square_spans(ISA_BEST, pool, spans, n, count, NULL);
        const double dense = optim_square_sum(ISA_BEST, NULL, block, count);
        cr_expect_eq(memcmp(&sum, &dense, sizeof sum), 0, "round %d: %g, %g", round, sum, dense);
        some_squares(&r, block, count, done);
        const double rest = optim_square_spans(ISA_BEST, pool, spans, n, count, done);
        cr_expect_eq(memcmp(&rest, &dense, sizeof rest), 0, "round %d: %g, %g", round, rest, dense);
    }
    pool_free(pool);
    free(x), free(block), free(done);
}
