#include "encoder_fixture.h"
#include "base/rng.h"
#include <criterion/criterion.h>
#include <string.h>

struct model *fixture_model_sized(int32_t hidden, int32_t heads, int32_t intermediate,
                                  float dropout)
{
    const struct model_config c = {.vocab_count = 50,
                                   .hidden = hidden,
                                   .layers = 2,
                                   .heads = heads,
                                   .intermediate = intermediate,
                                   .positions = 19,
                                   .types = 2,
                                   .layer_norm_eps = 1e-12f,
                                   .dropout_hidden = dropout,
                                   .dropout_attention = dropout,
                                   .dropout_head = dropout,
                                   .initializer_range = 0.02f,
                                   .head = HEAD_TOKEN,
                                   .labels = FIXTURE_LABELS};
    struct model *m = NULL;
    struct err err = {0};
    cr_assert_eq(model_new(&c, &m, &err), ERR_OK, "%s", err.message);
    struct rng r;
    rng_init(&r, 7, RNG_INIT, 0);
    for (int32_t i = 0; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        const bool gamma = strstr(t->name, "LayerNorm.weight") != NULL;
        for (size_t j = 0; j < t->count; j++)
            m->params[t->offset + j] = (float)(0.6 * rng_unit(&r) - 0.3) + (gamma ? 1.0f : 0.0f);
    }
    return m;
}

struct model *fixture_model(float dropout)
{
    return fixture_model_sized(24, 3, 40, dropout);
}

struct packed_batch fixture_batch(void)
{
    static const int32_t cu_len[FIXTURE_SEQUENCES + 1] = {0, 17, 18, 21, 40, 41};
    static int32_t ids[FIXTURE_TOKENS], types[FIXTURE_TOKENS], targets[FIXTURE_TOKENS];
    struct rng r;
    rng_init(&r, 11, RNG_SAMPLE, 0);
    for (int t = 0; t < FIXTURE_TOKENS; t++) {
        ids[t] = (int32_t)rng_below(&r, 50);
        types[t] = (int32_t)rng_below(&r, 2);
        targets[t] = (int32_t)rng_below(&r, FIXTURE_LABELS + 1) - 1;
    }
    return (struct packed_batch){FIXTURE_SEQUENCES, FIXTURE_TOKENS, ids, types, cu_len, targets};
}

struct pool *fixture_pool(int threads)
{
    struct pool *p = NULL;
    struct err err = {0};
    cr_assert_eq(pool_new(threads, &p, &err), ERR_OK, "%s", err.message);
    return p;
}

struct encoder *fixture_encoder(const struct model *m, struct pool *pool, enum isa isa,
                                bool training, bool dropout)
{
    const struct encoder_options o = {.tokens_max = FIXTURE_TOKENS + 3,
                                      .sequences_max = FIXTURE_SEQUENCES,
                                      .training = training,
                                      .dropout = dropout,
                                      .isa = isa};
    struct encoder *e = NULL;
    struct err err = {0};
    cr_assert_eq(encoder_new(m, &o, pool, &e, &err), ERR_OK, "%s", err.message);
    return e;
}
