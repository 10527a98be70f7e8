/* Gradients against central differences of a double-precision encoder.
 *
 * In double with a step of 1e-5 the difference is right to about 1e-10; what is left is float's
 * error in the fast encoder: some hundred roundings of 6e-8 on values up to the tensor's largest
 * gradient. Hence 2e-5 of the largest entry. (A wrong term shows as 1e-2 and more.)
 */
#include "encoder_double.h"
#include "encoder_fixture.h"
#include "gradient_block.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define STEP      1e-5
#define TOLERANCE 2e-5

static void check_tensor(const struct model *m, const struct tensor *t, double *params,
                         const struct packed_batch *b, const struct dropout_key *key,
                         const float *grads)
{
    const size_t stride = t->count > 200 ? 13 : 1; /* 13 is prime to every width */
    double largest = 0, worst = 0;
    for (size_t i = t->offset; i < t->offset + t->count; i++)
        largest = fmax(largest, fabs((double)grads[i]));
    for (size_t i = t->offset; i < t->offset + t->count; i += stride) {
        const double was = params[i];
        params[i] = was + STEP;
        const double up = encoder_double_loss(m, params, b, key, NULL);
        params[i] = was - STEP;
        const double down = encoder_double_loss(m, params, b, key, NULL);
        params[i] = was;
        worst = fmax(worst, fabs((up - down) / (2 * STEP) - (double)grads[i]));
    }
    /* the key's bias has no gradient (softmax is blind to it): only rounding is left of it */
    const double scale = fmax(largest, 1e-3);
    cr_expect_leq(worst, TOLERANCE * scale, "%s: off by %g, largest entry %g", t->name, worst,
                  largest);
}

static void check_all(float dropout)
{
    struct model *m = fixture_model(dropout);
    struct pool *pool = fixture_pool(2);
    struct encoder *e = fixture_encoder(m, pool, ISA_BEST, true, dropout > 0.0f);
    const struct packed_batch b = fixture_batch();
    const struct dropout_key key = {.seed = 3, .step = 17}, *drop = dropout > 0.0f ? &key : NULL;
    double *params = malloc(m->param_count * sizeof *params);
    for (size_t i = 0; i < m->param_count; i++) params[i] = (double)m->params[i];

    struct err err = {0};
    float loss = 0.0f;
    cr_assert_eq(encoder_train_step(e, &b, key, &loss, &err), ERR_OK, "%s", err.message);
    /* a second step must not keep anything of the first */
    cr_assert_eq(encoder_train_step(e, &b, key, &loss, &err), ERR_OK, "%s", err.message);
    cr_expect_float_eq((double)loss, encoder_double_loss(m, params, &b, drop, NULL), 1e-5);
    float *grads = gradient_block(e, m);
    for (int32_t i = 0; i < m->tensor_count; i++)
        check_tensor(m, &m->tensors[i], params, &b, drop, grads);
    cr_expect_null(encoder_first_bad(e));
    free(grads);
    free(params);
    encoder_free(e);
    pool_free(pool);
    model_free(m);
}

Test(encoder_gradient, every_tensor_without_dropout)
{
    check_all(0.0f);
}
Test(encoder_gradient, every_tensor_behind_the_same_dropout_masks)
{
    check_all(0.3f);
}

Test(encoder_gradient, serving_logits_equal_double)
{
    struct model *m = fixture_model(0.1f);
    struct pool *pool = fixture_pool(1);
    struct encoder *e = fixture_encoder(m, pool, ISA_BEST, false, false);
    const struct packed_batch b = fixture_batch();
    struct err err = {0};
    cr_assert_eq(encoder_forward(e, &b, &err), ERR_OK, "%s", err.message);
    double *params = malloc(m->param_count * sizeof *params);
    double logits[FIXTURE_TOKENS * FIXTURE_LABELS];
    for (size_t i = 0; i < m->param_count; i++) params[i] = (double)m->params[i];
    encoder_double_loss(m, params, &b, NULL, logits);
    for (int i = 0; i < FIXTURE_TOKENS * FIXTURE_LABELS; i++)
        cr_expect_float_eq((double)encoder_logits(e)[i], logits[i], 1e-5, "logit %d", i);
    free(params);
    encoder_free(e);
    pool_free(pool);
    model_free(m);
}
