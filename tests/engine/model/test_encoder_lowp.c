/* Serving below fp32: in each precision the same bits for every level, thread count and batch mate,
 * and logits near those of fp32. */
#include "base/rng.h"
#include "encoder_fixture.h"
#include "engine/tensor/lowp.h"
#include "support/tile_trap.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS = 70, TOKENS_MAX = TEXTS * 19, NUMBERS_MAX = TOKENS_MAX * FIXTURE_LABELS };

static const enum precision PRECISIONS[] = {PRECISION_BF16, PRECISION_FP16, PRECISION_INT8};
enum { PRECISION_COUNT = sizeof PRECISIONS / sizeof PRECISIONS[0] };

struct corpus {
    int32_t ids[TOKENS_MAX], cu_len[TEXTS + 1];
};

static void corpus_make(struct corpus *c)
{
    struct rng r;
    rng_init(&r, 3, RNG_SAMPLE, 0);
    c->cu_len[0] = 0;
    for (int s = 0; s < TEXTS; s++)
        c->cu_len[s + 1] = c->cu_len[s] + 1 + (int32_t)rng_below(&r, 19);
    for (int32_t t = 0; t < c->cu_len[TEXTS]; t++) c->ids[t] = (int32_t)rng_below(&r, 50);
}

static struct encoder *lowp_encoder(const struct model *m, struct pool *pool, enum isa isa,
                                    enum precision precision)
{
    const struct encoder_options o = {
        .tokens_max = TOKENS_MAX, .sequences_max = TEXTS, .isa = isa, .precision = precision};
    struct encoder *e = NULL;
    struct err err = {0};
    cr_assert_eq(encoder_new(m, &o, pool, &e, &err), ERR_OK, "%s", err.message);
    return e;
}

/* Logits of the texts [first, first + count) of `order`, as one batch, each into its own place. */
static void run_some(struct encoder *e, const struct corpus *c, const int32_t *order, int count,
                     float *logits)
{
    int32_t ids[TOKENS_MAX], cu_len[TEXTS + 1] = {0};
    for (int s = 0; s < count; s++) {
        const int32_t from = c->cu_len[order[s]], n = c->cu_len[order[s] + 1] - from;
        memcpy(ids + cu_len[s], c->ids + from, (size_t)n * sizeof *ids);
        cu_len[s + 1] = cu_len[s] + n;
    }
    const struct packed_batch b = {count, cu_len[count], ids, NULL, cu_len, NULL};
    struct err err = {0};
    cr_assert_eq(encoder_forward(e, &b, &err), ERR_OK, "%s", err.message);
    for (int s = 0; s < count; s++)
        memcpy(logits + (ptrdiff_t)c->cu_len[order[s]] * FIXTURE_LABELS,
               encoder_logits(e) + (ptrdiff_t)cu_len[s] * FIXTURE_LABELS,
               (size_t)(cu_len[s + 1] - cu_len[s]) * FIXTURE_LABELS * sizeof *logits);
}

static void in_order(int32_t *order)
{
    for (int32_t i = 0; i < TEXTS; i++) order[i] = i;
}

/* Shuffled, and cut into batches of 1 to 40 texts: with heads of whole panels of columns both ways
 * of cutting a layer are met. */
static void run_shuffled(struct encoder *e, const struct corpus *c, uint64_t seed, float *logits)
{
    struct rng r;
    int32_t order[TEXTS];
    rng_init(&r, seed, RNG_SAMPLE, 1);
    in_order(order);
    for (int32_t i = TEXTS - 1; i > 0; i--) {
        const int32_t j = (int32_t)rng_below(&r, (uint32_t)i + 1), other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
    for (int first = 0, count; first < TEXTS; first += count) {
        count = 1 + (int)rng_below(&r, rng_below(&r, 2) ? 4 : 40);
        if (count > TEXTS - first) count = TEXTS - first;
        run_some(e, c, order + first, count, logits);
    }
}

static void expect_same_bits(const struct model *m, const struct corpus *c, enum precision p)
{
    static const enum isa levels[] = {ISA_REF, ISA_AVX2, ISA_AVX512, ISA_AMX, ISA_NEON};
    static float expected[NUMBERS_MAX], got[NUMBERS_MAX];
    const size_t bytes = (size_t)c->cu_len[TEXTS] * FIXTURE_LABELS * sizeof(float);
    int32_t order[TEXTS];
    in_order(order);
    for (size_t l = 0; l < sizeof levels / sizeof levels[0]; l++)
        for (int threads = 1; threads <= 3 && isa_available(levels[l]); threads++) {
            struct pool *pool = fixture_pool(threads);
            struct encoder *e = lowp_encoder(m, pool, levels[l], p);
            if (l == 0 && threads == 1) run_some(e, c, order, TEXTS, expected);
            memset(got, 0, bytes);
            run_shuffled(e, c, (uint64_t)threads, got);
            cr_expect_eq(memcmp(got, expected, bytes), 0, "%s, %s, %d threads", PRECISION_NAMES[p],
                         isa_name(levels[l]), threads);
            encoder_free(e);
            pool_free(pool);
        }
}

static void expect_same_bits_of(struct model *m)
{
    (void)tile_trap_start();
    static struct corpus c;
    corpus_make(&c);
    for (int i = 0; i < PRECISION_COUNT; i++)
        if (lowp_get(PRECISIONS[i], ISA_REF)) expect_same_bits(m, &c, PRECISIONS[i]);
    model_free(m);
}

/* Rows of 24 columns, which are no panels: never by columns. */
Test(encoder_lowp, bits_do_not_depend_on_level_threads_or_batch_mates)
{
    expect_same_bits_of(fixture_model(0.0f));
}

/* Heads of 16 columns, two a panel, for up to three threads: of two pairs, so that one has none. */
Test(encoder_lowp, bits_are_the_same_by_columns)
{
    expect_same_bits_of(fixture_model_sized(64, 4, 40, 0.0f));
}

/* Heads of 24 columns: four are three panels, and one thread has them all. */
Test(encoder_lowp, bits_are_the_same_by_columns_where_a_head_is_no_panel)
{
    expect_same_bits_of(fixture_model_sized(96, 4, 72, 0.0f));
}

/* Mean distance of logits from fp32's, over their spread. Rounding an operand to b bits leaves an
 * error of 2^-b a product, and two layers have eight of them: bf16 (8 bits) 0.01, fp16 (11 bits)
 * 0.002. int8 rounds to 1/254 of a row's largest number, about 0.01 of a typical one, and the
 * errors of a sum partly cancel: 0.007 measured. A scale or bias at the wrong place gives 0.1 and
 * more. */
static double tolerance(enum precision p)
{
    return p == PRECISION_INT8 ? 0.015 : p == PRECISION_BF16 ? 0.01 : 0.002;
}

Test(encoder_lowp, logits_are_near_those_of_fp32)
{
    static struct corpus c;
    static float exact[NUMBERS_MAX], got[NUMBERS_MAX];
    int32_t order[TEXTS];
    corpus_make(&c);
    in_order(order);
    struct model *m = fixture_model(0.0f);
    struct pool *pool = fixture_pool(2);
    struct encoder *e = lowp_encoder(m, pool, ISA_BEST, PRECISION_FP32);
    run_some(e, &c, order, TEXTS, exact);
    encoder_free(e);
    for (int i = 0; i < PRECISION_COUNT; i++) {
        if (!lowp_get(PRECISIONS[i], ISA_BEST)) continue;
        e = lowp_encoder(m, pool, ISA_BEST, PRECISIONS[i]);
        run_some(e, &c, order, TEXTS, got);
        double distance = 0.0, spread = 0.0;
        for (int32_t j = 0; j < c.cu_len[TEXTS] * FIXTURE_LABELS; j++) {
            distance += fabs((double)got[j] - (double)exact[j]);
            spread += fabs((double)exact[j]);
        }
        cr_expect_lt(distance / spread, tolerance(PRECISIONS[i]), "%s: %g",
                     PRECISION_NAMES[PRECISIONS[i]], distance / spread);
        cr_expect_gt(distance, 0.0, "%s did not round", PRECISION_NAMES[PRECISIONS[i]]);
        encoder_free(e);
    }
    pool_free(pool);
    model_free(m);
}

/* A weight that is not a number must show: never a plausible answer. */
Test(encoder_lowp, what_is_not_finite_stays_so)
{
    static struct corpus c;
    static float got[NUMBERS_MAX];
    int32_t order[TEXTS];
    corpus_make(&c);
    in_order(order);
    struct model *m = fixture_model(0.0f);
    m->params[m->layer[1].up_weight + 5] = NAN;
    struct pool *pool = fixture_pool(1);
    for (int i = 0; i < PRECISION_COUNT; i++) {
        if (!lowp_get(PRECISIONS[i], ISA_BEST)) continue;
        struct encoder *e = lowp_encoder(m, pool, ISA_BEST, PRECISIONS[i]);
        run_some(e, &c, order, 1, got);
        cr_expect_not_null(encoder_first_bad(e), "%s", PRECISION_NAMES[PRECISIONS[i]]);
        cr_expect(isnan(got[c.cu_len[0]]), "%s", PRECISION_NAMES[PRECISIONS[i]]);
        encoder_free(e);
    }
    pool_free(pool);
    model_free(m);
}

Test(encoder_lowp, training_below_fp32_is_an_error)
{
    struct model *m = fixture_model(0.0f);
    struct pool *pool = fixture_pool(1);
    const struct encoder_options o = {
        .tokens_max = 8, .sequences_max = 1, .training = true, .precision = PRECISION_INT8};
    struct encoder *e = NULL;
    struct err err = {0};
    cr_expect_eq(encoder_new(m, &o, pool, &e, &err), ERR_BAD_INPUT);
    cr_expect_not_null(strstr(err.message, "int8"));
    pool_free(pool);
    model_free(m);
}
