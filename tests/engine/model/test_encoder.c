/* The encoder's door: bad batches are errors that say what is wrong; bad numbers are found. */
#include "encoder_fixture.h"
#include <criterion/criterion.h>
#include <string.h>

struct door {
    struct model *m;
    struct pool *pool;
    struct encoder *e;
};

static struct door door_open(bool training)
{
    struct door d = {fixture_model(0.0f), fixture_pool(1), NULL};
    d.e = fixture_encoder(d.m, d.pool, ISA_BEST, training, false);
    return d;
}

static void door_close(struct door *d)
{
    encoder_free(d->e);
    pool_free(d->pool);
    model_free(d->m);
}

static void expect_refused(struct encoder *e, const struct packed_batch *b, const char *message)
{
    struct err err = {0};
    cr_expect_eq(encoder_forward(e, b, &err), ERR_BAD_INPUT, "%s", message);
    cr_expect_not_null(strstr(err.message, message), "\"%s\" in \"%s\"", message, err.message);
}

Test(encoder, refuses_batches_that_break_the_rules)
{
    struct door d = door_open(false);
    const struct packed_batch good = fixture_batch();
    struct packed_batch b = good;
    int32_t ids[FIXTURE_TOKENS], cu_len[FIXTURE_SEQUENCES + 1];
    memcpy(ids, good.ids, sizeof ids);
    memcpy(cu_len, good.cu_len, sizeof cu_len);
    b.ids = ids;
    b.cu_len = cu_len;
    ids[40] = 50;
    expect_refused(d.e, &b, "token 40 has id 50");
    ids[40] = -1;
    expect_refused(d.e, &b, "token 40 has id -1");
    ids[40] = 0;
    int32_t types[FIXTURE_TOKENS] = {[3] = 2};
    b.types = types;
    expect_refused(d.e, &b, "token 3 has type 2");
    b.types = NULL;
    cu_len[2] = 17; /* sequence 1 is empty */
    expect_refused(d.e, &b, "sequence 1 has 0 tokens");
    cu_len[2] = 16;
    expect_refused(d.e, &b, "sequence 1 has -1 tokens");
    cu_len[2] = 18;
    cu_len[3] = 20; /* sequence 3 has 20 > 19 positions */
    expect_refused(d.e, &b, "sequence 3 has 20 tokens");
    cu_len[3] = 21;
    b.tokens = 40;
    expect_refused(d.e, &b, "do not add up");
    b.tokens = 45;
    expect_refused(d.e, &b, "takes 1 to 44");
    b.tokens = 41;
    b.sequences = 6;
    expect_refused(d.e, &b, "takes 1 to 5");
    b.sequences = 0;
    expect_refused(d.e, &b, "batch of 0 sequences");
    b.sequences = 5;
    struct err err = {0};
    cr_expect_eq(encoder_forward(d.e, &b, &err), ERR_OK, "%s", err.message);
    door_close(&d);
}

Test(encoder, refuses_targets_outside_the_head_and_batches_without_any)
{
    struct door d = door_open(true);
    struct packed_batch b = fixture_batch();
    int32_t targets[FIXTURE_TOKENS];
    for (int t = 0; t < FIXTURE_TOKENS; t++) targets[t] = -1;
    b.targets = targets;
    struct err err = {0};
    float loss = 4.0f;
    const struct dropout_key key = {0};
    cr_expect_eq(encoder_train_step(d.e, &b, key, &loss, &err), ERR_BAD_INPUT);
    targets[5] = FIXTURE_LABELS;
    cr_expect_eq(encoder_train_step(d.e, &b, key, &loss, &err), ERR_BAD_INPUT);
    cr_expect_not_null(strstr(err.message, "token 5 has target 5"), "%s", err.message);
    cr_expect_eq((double)loss, 4.0, "an output is untouched on failure");
    door_close(&d);
}

Test(encoder, refuses_heads_that_it_does_not_run)
{
    struct model *m = fixture_model(0.0f);
    struct pool *pool = fixture_pool(1);
    const struct encoder_options o = {.tokens_max = 8, .sequences_max = 1};
    struct encoder *e = NULL;
    struct err err = {0};
    m->config.head = HEAD_SEQUENCE;
    cr_expect_eq(encoder_new(m, &o, pool, &e, &err), ERR_BAD_INPUT);
    cr_expect_null(e);
    m->config.head = HEAD_TOKEN;
    pool_free(pool);
    model_free(m);
}

Test(encoder, names_the_first_layer_that_is_not_finite)
{
    struct door d = door_open(true);
    const struct packed_batch b = fixture_batch();
    const struct dropout_key key = {0};
    struct err err = {0};
    float loss = 0.0f;
    d.m->params[d.m->layer[1].out_bias + 3] = __builtin_nanf("");
    cr_assert_eq(encoder_train_step(d.e, &b, key, &loss, &err), ERR_OK);
    cr_expect(loss != loss);
    cr_expect_str_eq(encoder_first_bad(d.e), "encoder.layer.1.attention");
    d.m->params[d.m->layer[1].out_bias + 3] = 0.0f;
    d.m->params[d.m->layer[0].down_weight + 1] = __builtin_inff();
    cr_assert_eq(encoder_train_step(d.e, &b, key, &loss, &err), ERR_OK);
    cr_expect_str_eq(encoder_first_bad(d.e), "encoder.layer.0.output");
    d.m->params[d.m->layer[0].down_weight + 1] = 0.0f;
    cr_assert_eq(encoder_train_step(d.e, &b, key, &loss, &err), ERR_OK);
    cr_expect_null(encoder_first_bad(d.e));
    door_close(&d);
}
