/* The encoder against PyTorch: logits, loss and all gradients of one batch (tools/oracle/bert.py).
 */
#include "gradient_block.h"
#include "oracle/oracle_case.h"
#include "support/test_data.h"
#include <math.h>
#include <stdio.h>

#define LOGIT_TOLERANCE 1e-4 /* absolute; both sides compute in fp32, in another order */
#define GRAD_TOLERANCE  1e-4 /* of the tensor's largest entry */
/* Of the block's largest entry: a key's bias moves all scores of a query alike, so that its true
 * gradient is 0 and both sides have only rounding. */
#define ZERO_TOLERANCE 1e-6

static double largest(const float *x, size_t count)
{
    double max = 0;
    for (size_t i = 0; i < count; i++) max = fmax(max, fabs((double)x[i]));
    return max;
}

static double difference(const float *x, const float *y, size_t count)
{
    double max = 0;
    for (size_t i = 0; i < count; i++) max = fmax(max, fabs((double)x[i] - (double)y[i]));
    return max;
}

static void compare_gradients(struct oracle_case *c, const float *grads)
{
    double block = largest(grads, c->model->param_count);
    for (int32_t i = 0; i < c->model->tensor_count; i++) {
        const struct tensor *t = &c->model->tensors[i];
        char name[MODEL_NAME_BYTES_MAX + 8];
        size_t count = 0;
        snprintf(name, sizeof name, "grad.%s", t->name);
        const float *want = oracle_case_expect(c, name, &count);
        cr_assert_eq(count, t->count);
        double allowed = GRAD_TOLERANCE * largest(want, count) + ZERO_TOLERANCE * block;
        double found = difference(grads + t->offset, want, count);
        cr_expect_leq(found, allowed, "%s differs by %g, allowed %g", name, found, allowed);
    }
}

static void compare(struct oracle_case *c, enum isa isa)
{
    struct pool *pool = NULL;
    struct encoder *e = NULL;
    struct err err = {0};
    float loss = 0;
    size_t count = 0;
    struct encoder_options o = {.tokens_max = c->batch.tokens,
                                .sequences_max = c->batch.sequences,
                                .training = true,
                                .isa = isa};
    cr_assert(!pool_new(2, &pool, &err));
    cr_assert(!encoder_new(c->model, &o, pool, &e, &err), "%s", err.message);
    cr_assert(!encoder_forward(e, &c->batch, &err), "%s", err.message);
    const float *want = oracle_case_expect(c, "logits", &count);
    cr_assert_eq(count, (size_t)c->batch.tokens * (size_t)c->model->config.labels);
    cr_expect_leq(difference(encoder_logits(e), want, count), LOGIT_TOLERANCE);
    cr_assert(!encoder_train_step(e, &c->batch, (struct dropout_key){0}, &loss, &err), "%s",
              err.message);
    cr_expect_float_eq((double)loss, c->loss, LOGIT_TOLERANCE);
    float *grads = gradient_block(e, c->model);
    compare_gradients(c, grads);
    free(grads);
    encoder_free(e);
    pool_free(pool);
}

Test(encoder_oracle, tiny_equals_pytorch_at_every_level)
{
    const enum isa levels[] = {ISA_REF, ISA_AVX2, ISA_AVX512, ISA_NEON};
    struct oracle_case c;
    oracle_case_open(test_source("oracle/bert/tiny"), &c);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (isa_available(levels[i])) compare(&c, levels[i]);
    oracle_case_close(&c);
}

Test(encoder_oracle, minilm_equals_pytorch)
{
    struct oracle_case c;
    oracle_case_minilm(&c);
    compare(&c, ISA_BEST);
    oracle_case_close(&c);
}
