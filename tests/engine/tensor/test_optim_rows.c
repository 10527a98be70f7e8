/* Rows that are updated when they are next read, against the dense update of the whole table with
 * gradients of 0: parameters and moments, bit by bit, at every level and with threads. */
#include "base/rng.h"
#include "engine/tensor/optim_rows.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 41, BATCH = 6, CAPACITY = 150 };

struct shape {
    int32_t width, steps;
    double beta1, beta2, eps, decay;
    double gradient, weight; /* size of each */
};

static const struct shape SHAPES[] = {
    {48, 700, 0.9, 0.999, 1e-8, 0.01, 1e-3, 0.1}, /* as BERT is trained */
    {17, 700, 0.9, 0.999, 1e-8, 0.01, 1e-3, 0.1},
    {33, 400, 0.9, 0.999, 1e-8, 0.0, 1e-12, 0.1}, /* v is flushed at once */
    {100, 400, 0.9, 0.98, 1e-6, 0.3, 10.0, 1e-6}, /* weights smaller than a step */
    {64, 400, 0.99, 0.9, 1e-8, 0.01, 1e-3, 0.1},  /* m outlives v */
    {16, 300, 0.0, 0.5, 1e-8, 0.01, 1e-3, 0.1},
    {7, 300, 0.5, 0.0, 1.0, 1.0, 1e3, 1e3},
    {31, 300, 0.9, 0.999, 1e-8, 0.01, 1e-3, 1e-38}, /* subnormal weights */
};

struct both {
    const struct shape *s;
    float *params, *m, *v, *grads; /* dense */
    float *table;                  /* lazy */
    struct optim_rows rows;
    struct optim_history history;
    struct rng random;
};

static float value(struct both *b, double size)
{
    const uint32_t kind = rng_below(&b->random, 12);
    if (kind < 2) return kind ? 0.0f : -0.0f;
    const double x = size * (rng_unit(&b->random) - 0.5);
    return (float)(kind == 2 ? x * 1e-6 : x);
}

static void begin(struct both *b, const struct shape *s)
{
    const size_t n = (size_t)ROWS * (size_t)s->width;
    struct err err = {0};
    *b = (struct both){.s = s};
    rng_init(&b->random, 3, RNG_SAMPLE, (uint32_t)s->width);
    b->params = malloc(n * sizeof(float));
    b->table = malloc(n * sizeof(float));
    b->m = calloc(n, sizeof(float));
    b->v = calloc(n, sizeof(float));
    b->grads = calloc(n, sizeof(float));
    for (size_t i = 0; i < n; i++) b->params[i] = b->table[i] = value(b, s->weight);
    cr_assert(!optim_history_init(&b->history, CAPACITY, &err));
    cr_assert(!optim_rows_init(&b->rows, b->table, ROWS, s->width, &err));
}

static void end(struct both *b)
{
    free(b->params), free(b->table), free(b->m), free(b->v), free(b->grads);
    optim_rows_release(&b->rows);
    optim_history_release(&b->history);
}

static bool same(const float *a, const float *b, int32_t n)
{
    return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

static void expect_row(const struct both *b, int32_t row, int step)
{
    static const float zeros[128];
    const int32_t w = b->s->width, slot = b->rows.slot[row];
    const size_t at = (size_t)row * (size_t)w, there = slot < 0 ? 0 : (size_t)slot * (size_t)w;
    cr_assert(same(b->params + at, b->table + at, w), "width %d, step %d, row %d", (int)w, step,
              (int)row);
    cr_assert(same(b->m + at, slot < 0 ? zeros : b->rows.m + there, w), "m of row %d", (int)row);
    cr_assert(same(b->v + at, slot < 0 ? zeros : b->rows.v + there, w), "v of row %d", (int)row);
}

/* Rows of a step: low ones often, high ones hardly ever, the last two never; each once, in order.
 */
static int32_t choose(struct both *b, int32_t rows[BATCH])
{
    bool taken[ROWS] = {false};
    int32_t count = 0;
    for (int i = 0; i < BATCH; i++) {
        const double u = rng_unit(&b->random);
        taken[(int)(u * u * u * u * (ROWS - 2))] = true;
    }
    for (int32_t row = 0; row < ROWS; row++)
        if (taken[row]) rows[count++] = row;
    return count;
}

static void settle(struct both *b, enum isa isa, struct pool *pool, int step)
{
    optim_rows_settle(isa, pool, &b->rows, &b->history);
    optim_history_clear(&b->history);
    for (int32_t row = 0; row < ROWS; row++) expect_row(b, row, step);
}

static void one_step(struct both *b, enum isa isa, struct pool *pool, int t)
{
    const struct shape *s = b->s;
    const size_t w = (size_t)s->width;
    int32_t rows[BATCH], named[2 * BATCH];
    float grads[BATCH * 128];
    const int32_t count = choose(b, rows);
    const double warm = t < 30 ? (t - 1) / 30.0 : 1.0 - t / 1000.0;
    const struct adamw_rule rule = {1e-3 * warm, s->decay, s->beta1, s->beta2, s->eps};
    const struct adamw step = adamw_step(&rule, t, rng_unit(&b->random));

    memcpy(named, rows, (size_t)count * sizeof *rows); /* a batch names rows again and again */
    memcpy(named + count, rows, (size_t)count * sizeof *rows);
    optim_rows_read(isa, pool, &b->rows, &b->history, named, 2 * count);
    for (int32_t i = 0; i < count; i++) expect_row(b, rows[i], t);

    memset(b->grads, 0, ROWS * w * sizeof *b->grads);
    for (size_t i = 0; i < (size_t)count * w; i++) grads[i] = value(b, s->gradient);
    for (int32_t i = 0; i < count; i++)
        memcpy(b->grads + (size_t)rows[i] * w, grads + (size_t)i * w, w * sizeof *grads);
    const struct optim_run all = {.end = ROWS * w, .step = &step};
    optim_adamw(isa, NULL, &all, 1, b->params, b->grads, b->m, b->v, NULL);
    optim_history_add(&b->history, &step);
    optim_rows_update(isa, pool, &b->rows, &b->history, rows, count, grads);
    if (optim_history_full(&b->history)) settle(b, isa, pool, t);
}

Test(optim_rows, equal_the_dense_update_bit_by_bit)
{
    static const enum isa levels[] = {ISA_REF, ISA_AVX2, ISA_AVX512, ISA_NEON};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct pool *pool = NULL;
        struct err err = {0};
        if (!isa_available(levels[i])) continue;
        cr_assert(!pool_new(1 + (int)i % 3, &pool, &err));
        for (size_t k = 0; k < sizeof SHAPES / sizeof *SHAPES; k++) {
            struct both b;
            begin(&b, &SHAPES[k]);
            for (int t = 1; t <= SHAPES[k].steps; t++) one_step(&b, levels[i], pool, t);
            settle(&b, levels[i], pool, SHAPES[k].steps);
            cr_expect_lt(b.rows.slots, ROWS - 1); /* some rows never got a gradient */
            end(&b);
        }
        pool_free(pool);
    }
}

Test(optim_rows, a_row_that_slept_for_thousands_of_steps_equals_the_dense_one)
{
    enum { STEPS = 12000, W = 48 };
    const struct adamw_rule rule = {1e-4, 0.01, 0.9, 0.999, 1e-8};
    float p[2 * W], q[2 * W], g[W], none[2 * W] = {0}, m[2 * W] = {0}, v[2 * W] = {0};
    struct optim_history h;
    struct optim_rows t;
    struct err err = {0};
    const int32_t row = 1;
    cr_assert(!optim_history_init(&h, STEPS, &err));
    cr_assert(!optim_rows_init(&t, q, 2, W, &err));
    for (int i = 0; i < W; i++) {
        p[i] = q[i] = p[W + i] = q[W + i] = 0.05f * (float)(i - W / 2);
        none[W + i] = g[i] = 1e-3f * (float)(i % 5 - 2);
    }
    for (int s = 1; s <= STEPS; s++) {
        const struct adamw step = adamw_step(&rule, s, 1.0);
        const struct optim_run all = {.end = 2 * W, .step = &step};
        optim_adamw(ISA_BEST, NULL, &all, 1, p, none, m, v, NULL);
        optim_history_add(&h, &step);
        if (s == 1) optim_rows_update(ISA_BEST, NULL, &t, &h, &row, 1, g);
        if (s == 1) memset(none, 0, sizeof none);
    }
    optim_rows_settle(ISA_BEST, NULL, &t, &h);
    cr_expect(same(p, q, 2 * W));
    cr_expect(same(m + W, t.m, W));
    cr_expect(same(v + W, t.v, W));
    optim_rows_release(&t);
    optim_history_release(&h);
}
