/* The promise of the canonical order: the same bits for every level, thread count and batch
 * mate. */
#include "encoder_fixture.h"
#include "engine/tensor/kernels.h"
#include "gradient_block.h"
#include "support/tile_trap.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct outcome {
    float loss;
    float *logits, *grads;
};

static struct outcome train_once(const struct model *m, enum isa isa, int threads)
{
    struct pool *pool = fixture_pool(threads);
    struct encoder *e = fixture_encoder(m, pool, isa, true, true);
    const struct packed_batch b = fixture_batch();
    const struct dropout_key key = {.seed = 5, .step = 2};
    struct outcome o = {0};
    struct err err = {0};
    cr_assert_eq(encoder_train_step(e, &b, key, &o.loss, &err), ERR_OK, "%s", err.message);
    const size_t logits = FIXTURE_TOKENS * FIXTURE_LABELS * sizeof(float);
    o.logits = memcpy(malloc(logits), encoder_logits(e), logits);
    o.grads = gradient_block(e, m);
    encoder_free(e);
    pool_free(pool);
    return o;
}

static void expect_same(const struct model *m, const struct outcome *a, const struct outcome *b,
                        const char *what)
{
    cr_expect_eq(memcmp(&a->loss, &b->loss, sizeof a->loss), 0, "%s: loss", what);
    cr_expect_eq(memcmp(a->logits, b->logits, FIXTURE_TOKENS * FIXTURE_LABELS * sizeof(float)), 0,
                 "%s: logits", what);
    cr_expect_eq(memcmp(a->grads, b->grads, m->param_count * sizeof(float)), 0, "%s: gradients",
                 what);
}

Test(encoder_bits, a_training_step_is_the_same_for_levels_and_threads)
{
    static const enum isa levels[] = {ISA_REF, ISA_AVX2, ISA_AVX512, ISA_AMX, ISA_NEON};
    (void)tile_trap_start();
    struct model *m = fixture_model(0.1f);
    struct outcome first = train_once(m, ISA_REF, 1);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        for (int threads = 1; threads <= 3 && isa_available(levels[i]); threads++) {
            struct outcome o = train_once(m, levels[i], threads);
            char what[64];
            snprintf(what, sizeof what, "%s, %d threads", isa_name(levels[i]), threads);
            expect_same(m, &first, &o, what);
            free(o.logits);
            free(o.grads);
        }
    free(first.logits);
    free(first.grads);
    model_free(m);
}

/* Gradients are written over activations, at places that depend on the batch: nothing of an earlier
 * step, shorter or longer, may be left in them. */
Test(encoder_bits, a_training_step_keeps_nothing_of_the_steps_before)
{
    static const int32_t sequences[] = {1, 5, 2, 5, 3, 1, 4};
    struct model *m = fixture_model(0.1f);
    struct pool *pool = fixture_pool(2);
    struct encoder *e = fixture_encoder(m, pool, ISA_BEST, true, true);
    const size_t bytes = m->param_count * sizeof(float);
    struct packed_batch b = fixture_batch();
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        struct encoder *fresh = fixture_encoder(m, pool, ISA_BEST, true, true);
        const struct dropout_key key = {.seed = 5, .step = i};
        struct err err = {0};
        float loss[2];
        b.sequences = sequences[i];
        b.tokens = b.cu_len[b.sequences];
        cr_assert_eq(encoder_train_step(e, &b, key, &loss[0], &err), ERR_OK, "%s", err.message);
        cr_assert_eq(encoder_train_step(fresh, &b, key, &loss[1], &err), ERR_OK);
        float *grads = gradient_block(e, m), *want = gradient_block(fresh, m);
        cr_expect_eq(memcmp(&loss[0], &loss[1], sizeof loss[0]), 0, "step %zu", i);
        cr_expect_eq(memcmp(grads, want, bytes), 0, "step %zu", i);
        free(grads);
        free(want);
        encoder_free(fresh);
    }
    encoder_free(e);
    pool_free(pool);
    model_free(m);
}

/* Blocks that the products squared, over the gradients of more than one step. */
Test(encoder_bits, squares_of_a_gradient_are_those_of_its_blocks)
{
    struct model *m = fixture_model_sized(96, 3, 200, 0.1f);
    struct pool *pool = fixture_pool(2);
    struct encoder *e = fixture_encoder(m, pool, ISA_BEST, true, true);
    const struct packed_batch b = fixture_batch();
    const size_t blocks = m->param_count / SQUARE_BLOCK;
    float *want = malloc(blocks * sizeof *want);
    for (uint64_t step = 1; step <= 2; step++) {
        const struct dropout_key key = {.seed = 5, .step = step};
        struct err err = {0};
        float loss;
        int known = 0;
        cr_assert_eq(encoder_train_step(e, &b, key, &loss, &err), ERR_OK, "%s", err.message);
        float *grads = gradient_block(e, m);
        const float *squares = encoder_gradients(e)->squares;
        optim_square_blocks(kernels_get(ISA_REF), grads, 0, m->param_count, want);
        for (size_t i = 0; i < blocks; i++) {
            if (squares[i] == SQUARE_UNKNOWN) continue;
            cr_expect_eq(memcmp(&squares[i], &want[i], sizeof *want), 0, "block %zu", i);
            known++;
        }
        cr_expect_geq(known, 10);
        free(grads);
    }
    free(want);
    encoder_free(e);
    pool_free(pool);
    model_free(m);
}

/* Each sequence alone, through a serving encoder, against its rows in the batch and against the
 * training encoder, which reads the weights unpacked. */
Test(encoder_bits, a_sequence_does_not_feel_its_batch_mates)
{
    struct model *m = fixture_model(0.1f);
    struct pool *pool = fixture_pool(2);
    struct encoder *all = fixture_encoder(m, pool, ISA_BEST, true, true);
    struct encoder *one = fixture_encoder(m, pool, ISA_BEST, false, false);
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

Test(encoder_bits, changed_weights_are_packed_again)
{
    struct model *m = fixture_model(0.0f);
    struct pool *pool = fixture_pool(1);
    struct encoder *e = fixture_encoder(m, pool, ISA_BEST, false, false);
    const struct packed_batch b = fixture_batch();
    struct err err = {0};
    const size_t bytes = FIXTURE_TOKENS * FIXTURE_LABELS * sizeof(float);
    for (size_t i = 0; i < 24 * 24; i++) m->params[m->layer[1].up_weight + i] *= 1.5f;
    encoder_weights_changed(e);
    struct encoder *fresh = fixture_encoder(m, pool, ISA_BEST, false, false);
    cr_assert_eq(encoder_forward(e, &b, &err), ERR_OK);
    cr_assert_eq(encoder_forward(fresh, &b, &err), ERR_OK);
    cr_expect_eq(memcmp(encoder_logits(e), encoder_logits(fresh), bytes), 0);
    encoder_free(e);
    encoder_free(fresh);
    pool_free(pool);
    model_free(m);
}
