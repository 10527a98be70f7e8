/* A training step in bf16: the same bits for every level and thread count, forward as when serving,
 * gradients near those of fp32. */
#include "encoder_fixture.h"
#include "gradient_block.h"
#include "support/tile_trap.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOGIT_BYTES = FIXTURE_TOKENS * FIXTURE_LABELS * sizeof(float) };

static struct encoder *encoder_of(const struct model *m, struct pool *pool, enum isa isa,
                                  enum precision precision, bool training, bool dropout)
{
    const struct encoder_options o = {.tokens_max = FIXTURE_TOKENS + 3,
                                      .sequences_max = FIXTURE_SEQUENCES,
                                      .training = training,
                                      .dropout = dropout,
                                      .isa = isa,
                                      .precision = precision};
    struct encoder *e = NULL;
    struct err err = {0};
    cr_assert_eq(encoder_new(m, &o, pool, &e, &err), ERR_OK, "%s", err.message);
    return e;
}

struct outcome {
    float loss;
    float *logits, *grads;
};

/* Two steps, so that what the first one left behind would show. */
static struct outcome train(const struct model *m, enum isa isa, int threads, enum precision p,
                            bool dropout)
{
    struct pool *pool = fixture_pool(threads);
    struct encoder *e = encoder_of(m, pool, isa, p, true, dropout);
    const struct packed_batch b = fixture_batch();
    const struct packed_batch part = {2, b.cu_len[2], b.ids, b.types, b.cu_len, b.targets};
    struct outcome o = {0};
    struct err err = {0};
    cr_assert_eq(encoder_train_step(e, &part, (struct dropout_key){5, 1}, &o.loss, &err), ERR_OK);
    cr_assert_eq(encoder_train_step(e, &b, (struct dropout_key){5, 2}, &o.loss, &err), ERR_OK);
    o.logits = memcpy(malloc(LOGIT_BYTES), encoder_logits(e), LOGIT_BYTES);
    o.grads = gradient_block(e, m);
    encoder_free(e);
    pool_free(pool);
    return o;
}

static void outcome_free(struct outcome *o)
{
    free(o->logits);
    free(o->grads);
}

static void check_levels_and_threads(struct model *m)
{
    static const enum isa levels[] = {ISA_REF, ISA_AVX2, ISA_AVX512, ISA_AMX, ISA_NEON};
    (void)tile_trap_start();
    const size_t bytes = m->param_count * sizeof(float);
    struct outcome first = train(m, ISA_REF, 1, PRECISION_BF16, true);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        for (int threads = 1; threads <= 3 && isa_available(levels[i]); threads++) {
            struct outcome o = train(m, levels[i], threads, PRECISION_BF16, true);
            const char *level = isa_name(levels[i]);
            cr_expect_eq(memcmp(&o.loss, &first.loss, sizeof o.loss), 0, "%s, %d", level, threads);
            cr_expect_eq(memcmp(o.logits, first.logits, LOGIT_BYTES), 0, "%s, %d", level, threads);
            cr_expect_eq(memcmp(o.grads, first.grads, bytes), 0, "%s, %d", level, threads);
            outcome_free(&o);
        }
    outcome_free(&first);
    model_free(m);
}

Test(encoder_bf16, a_training_step_is_the_same_for_levels_and_threads)
{
    check_levels_and_threads(fixture_model(0.1f));
}

/* Heads of 32 and more write their columns of an operand themselves. */
Test(encoder_bf16, and_where_heads_write_operands)
{
    check_levels_and_threads(fixture_model_sized(64, 2, 72, 0.1f));
}

/* So what a run scores on the dev split is what its model answers when it is served. */
Test(encoder_bf16, training_computes_what_serving_answers)
{
    struct model *m = fixture_model(0.1f);
    struct pool *pool = fixture_pool(2);
    struct encoder *all = encoder_of(m, pool, ISA_BEST, PRECISION_BF16, true, true);
    struct encoder *one = encoder_of(m, pool, ISA_BEST, PRECISION_BF16, false, false);
    const struct packed_batch b = fixture_batch();
    struct err err = {0};
    cr_assert_eq(encoder_forward(all, &b, &err), ERR_OK, "%s", err.message);
    for (int32_t s = 0; s < b.sequences; s++) {
        const int32_t first = b.cu_len[s], n = b.cu_len[s + 1] - first, cu_len[2] = {0, n};
        const struct packed_batch alone = {1, n, b.ids + first, b.types + first, cu_len, NULL};
        cr_assert_eq(encoder_forward(one, &alone, &err), ERR_OK, "%s", err.message);
        cr_expect_eq(memcmp(encoder_logits(one), encoder_logits(all) + first * FIXTURE_LABELS,
                            (size_t)n * FIXTURE_LABELS * sizeof(float)),
                     0, "sequence %d", (int)s);
    }
    encoder_free(one);
    encoder_free(all);
    pool_free(pool);
    model_free(m);
}

/* As an optimiser tells them: some rows of a matrix at a time, or what lies between matrices. */
static void change_by_pieces(struct encoder *e, const struct model *m)
{
    for (int32_t i = 0; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        size_t count = t->count;
        if (strstr(t->name, "query.weight")) count *= 3; /* key and value follow without a gap */
        if (strstr(t->name, "key.weight") || strstr(t->name, "value.weight")) continue;
        const size_t piece = t->decay ? (size_t)(ENCODER_ROWS_TOGETHER * t->cols) : count;
        for (size_t at = 0; at < count; at += piece)
            encoder_params_changed(e, m->params + t->offset + at,
                                   count - at < piece ? count - at : piece);
    }
}

static void check_changed_weights(bool by_pieces)
{
    struct model *m = fixture_model(0.0f);
    struct pool *pool = fixture_pool(1);
    struct encoder *e = encoder_of(m, pool, ISA_BEST, PRECISION_BF16, true, false);
    const struct packed_batch b = fixture_batch();
    const size_t bytes = m->param_count * sizeof(float);
    float loss[2];
    struct err err = {0};
    for (size_t i = 0; i < m->param_count; i++) m->params[i] *= 1.25f;
    if (by_pieces)
        change_by_pieces(e, m);
    else
        encoder_weights_changed(e);
    struct encoder *fresh = encoder_of(m, pool, ISA_BEST, PRECISION_BF16, true, false);
    cr_assert_eq(encoder_train_step(e, &b, (struct dropout_key){0}, &loss[0], &err), ERR_OK);
    cr_assert_eq(encoder_train_step(fresh, &b, (struct dropout_key){0}, &loss[1], &err), ERR_OK);
    cr_expect_eq(memcmp(&loss[0], &loss[1], sizeof loss[0]), 0);
    float *grads = gradient_block(e, m), *want = gradient_block(fresh, m);
    cr_expect_eq(memcmp(grads, want, bytes), 0);
    free(grads);
    free(want);
    encoder_free(e);
    encoder_free(fresh);
    pool_free(pool);
    model_free(m);
}

Test(encoder_bf16, changed_weights_are_packed_in_both_directions)
{
    check_changed_weights(false);
}

Test(encoder_bf16, changed_weights_are_packed_piece_by_piece)
{
    check_changed_weights(true);
}

/* Distance of two gradients of a tensor, relative to its length. */
static double distance(const float *a, const float *b, size_t count)
{
    double apart = 0.0, length = 0.0;
    for (size_t i = 0; i < count; i++) {
        apart += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        length += (double)b[i] * (double)b[i];
    }
    return length > 0.0 ? sqrt(apart / length) : sqrt(apart);
}

/* Rounding to 8 bits of mantissa is off by 2^-9 = 0.2 % of a value, 0.11 % in the mean of squares;
 * errors of a product's terms are independent, so a product is off by about 0.16 %, and a gradient
 * at the bottom of two layers stands behind some twenty of them: 0.16 % sqrt(20) = 0.7 %. 3 % is
 * room for tensors whose gradient is a small difference of large terms. */
static void check_gradients(struct model *m)
{
    struct outcome exact = train(m, ISA_BEST, 1, PRECISION_FP32, false);
    struct outcome low = train(m, ISA_BEST, 1, PRECISION_BF16, false);
    cr_expect(fabsf(exact.loss - low.loss) < 0.01f * exact.loss, "%g, fp32 %g", (double)low.loss,
              (double)exact.loss);
    for (int32_t i = 0; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        if (strstr(t->name, "key.bias")) continue; /* 0 but for rounding: softmax takes no notice */
        const double d = distance(low.grads + t->offset, exact.grads + t->offset, t->count);
        cr_expect_lt(d, 0.03, "%s: %g", t->name, d);
    }
    cr_expect(memcmp(exact.grads, low.grads, m->param_count * sizeof(float)) != 0);
    outcome_free(&exact);
    outcome_free(&low);
    model_free(m);
}

Test(encoder_bf16, gradients_are_near_those_of_fp32)
{
    check_gradients(fixture_model(0.0f));
}

Test(encoder_bf16, so_they_are_where_heads_write_operands)
{
    check_gradients(fixture_model_sized(64, 2, 72, 0.0f));
}
