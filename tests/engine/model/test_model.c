/* The block of parameters: layout, heads, copies, digest. */
#include "base/arena.h"
#include "base/str.h"
#include "engine/model/model.h"
#include "support/test_data.h"
#include <math.h>
#include <string.h>

static const struct model_config SMALL = {
    .vocab_count = 11,
    .hidden = 6, /* 36 and 6 are no multiples of 16: gaps, and K and V off the grid */
    .layers = 2,
    .heads = 2,
    .intermediate = 10,
    .positions = 9,
    .types = 2,
    .layer_norm_eps = 1e-12f,
    .dropout_hidden = 0.1f,
    .dropout_attention = 0.1f,
    .dropout_head = 0.1f,
    .initializer_range = 0.02f,
};
static const char *const LABELS[] = {"O", "B-DRUG", "I-DRUG"};

static struct model *make(enum model_head head)
{
    struct model *m = NULL;
    struct err err = {0};
    cr_assert(!model_new(&SMALL, &m, &err), "%s", err.message);
    if (head != HEAD_NONE)
        cr_assert(!model_set_head(m, head, LABELS, head == HEAD_REGRESSION ? 1 : 3, 7, &err), "%s",
                  err.message);
    return m;
}

Test(model, tensors_do_not_overlap_and_are_aligned)
{
    struct model *m = make(HEAD_TOKEN);
    size_t end = 0;
    for (int32_t i = 0; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        bool follows = strstr(t->name, "self.key.") || strstr(t->name, "self.value.");
        cr_expect_geq(t->offset, end, "%s", t->name);
        cr_expect(follows ? t->offset == end : t->offset % 16 == 0, "%s at %zu", t->name,
                  t->offset);
        cr_expect_eq(t->decay, t->dims == 2, "%s", t->name);
        end = t->offset + t->count;
    }
    cr_expect_leq(end, m->param_count);
    cr_expect_eq(m->tensor_count, 5 + 16 * 2 + 2);
    cr_expect_eq(model_find(m, "bert.encoder.layer.1.attention.self.key.weight")->offset,
                 m->layer[1].qkv_weight + 36);
    cr_expect_eq(model_find(m, "classifier.bias")->offset, m->head_bias);
    cr_expect_null(model_find(m, "bert.pooler.dense.weight"));
    model_free(m);
}

Test(model, heads_over_texts_have_a_pooler)
{
    struct model *m = make(HEAD_SEQUENCE);
    cr_expect(m->config.pooler);
    cr_expect_eq(model_find(m, "bert.pooler.dense.weight")->offset, m->pooler_weight);
    cr_expect_neq(m->params[m->pooler_weight], 0.0f);
    model_free(m);
    m = make(HEAD_REGRESSION);
    cr_expect_eq(m->config.labels, 1);
    model_free(m);
}

#define WITH(field, value)                                                                         \
    do {                                                                                           \
        struct model_config c = SMALL;                                                             \
        struct model *m = NULL;                                                                    \
        struct err err = {0};                                                                      \
        c.field = (value);                                                                         \
        enum err_code code = model_new(&c, &m, &err);                                              \
        cr_expect(code == ERR_BAD_INPUT || code == ERR_LIMIT, #field " = " #value);                \
        cr_expect_null(m);                                                                         \
    } while (0)

Test(model, refuses_impossible_sizes)
{
    WITH(vocab_count, 0);
    WITH(vocab_count, VOCAB_COUNT_MAX + 1);
    WITH(hidden, 0);
    WITH(hidden, -6);
    WITH(hidden, MODEL_HIDDEN_MAX + 2);
    WITH(heads, 4); /* 6 is no multiple */
    WITH(heads, 0);
    WITH(layers, MODEL_LAYERS_MAX + 1);
    WITH(positions, 0);
    WITH(intermediate, MODEL_INTERMEDIATE_MAX + 1);
    WITH(types, 0);
    WITH(layer_norm_eps, 0.0f);
    WITH(layer_norm_eps, NAN);
    WITH(dropout_hidden, 1.0f);
    WITH(dropout_head, -0.1f);
    WITH(labels, 3);        /* no head */
    WITH(head, HEAD_TOKEN); /* no labels */
}

Test(model, a_block_over_the_limit_is_refused_before_it_is_asked_for)
{
    struct model_config c = SMALL;
    struct model *m = NULL;
    struct err err = {0};
    c.vocab_count = VOCAB_COUNT_MAX;
    c.hidden = MODEL_HIDDEN_MAX;
    c.heads = 2;
    cr_assert_eq(model_new(&c, &m, &err), ERR_LIMIT);
}

Test(model, head_starts_the_same_for_the_same_seed_only)
{
    struct model *a = make(HEAD_TOKEN), *b = make(HEAD_TOKEN);
    struct err err = {0};
    char x[65], y[65];
    model_digest(a, x);
    model_digest(b, y);
    cr_expect_str_eq(x, y);
    cr_assert(!model_set_head(b, HEAD_NONE, NULL, 0, 0, &err));
    cr_assert(!model_set_head(b, HEAD_TOKEN, LABELS, 3, 8, &err));
    model_digest(b, y);
    cr_expect_str_neq(x, y);
    model_free(a);
    model_free(b);
}

Test(model, head_numbers_are_normal)
{
    struct model_config c = SMALL;
    struct model *m = NULL;
    struct err err = {0};
    static const char *names[1000];
    static char text[1000][8];
    double sum = 0, square = 0, count = 0, beyond = 0;
    for (int i = 0; i < 1000; i++) {
        cr_assert(str_format(text[i], sizeof text[i], "L%d", i));
        names[i] = text[i];
    }
    c.hidden = 96;
    cr_assert(!model_new(&c, &m, &err));
    cr_assert(!model_set_head(m, HEAD_TOKEN, names, 1000, 3, &err));
    for (size_t i = 0; i < 96000; i++, count++) {
        double z = (double)m->params[m->head_weight + i] / 0.02;
        sum += z;
        square += z * z;
        beyond += fabs(z) > 1.959964;
    }
    /* five standard errors of each statistic over 96000 numbers */
    cr_expect_float_eq(sum / count, 0, 5 / sqrt(count));
    cr_expect_float_eq(square / count, 1, 5 * sqrt(2 / count));
    cr_expect_float_eq(beyond / count, 0.05, 5 * sqrt(0.05 * 0.95 / count));
    model_free(m);
}

Test(model, a_new_head_keeps_the_rows_of_known_labels)
{
    static const char *const next[] = {"I-DRUG", "B-TEST", "O"};
    struct model *m = make(HEAD_TOKEN);
    struct err err = {0};
    float o[6], drug[6];
    m->params[m->head_bias + 2] = 0.5f;
    m->params[m->word_embeddings + 3] = 4.0f;
    memcpy(o, m->params + m->head_weight, sizeof o);
    memcpy(drug, m->params + m->head_weight + 12, sizeof drug);
    cr_assert(!model_set_head(m, HEAD_TOKEN, next, 3, 9, &err));
    cr_expect(memcmp(m->params + m->head_weight, drug, sizeof drug) == 0);
    cr_expect(memcmp(m->params + m->head_weight + 12, o, sizeof o) == 0);
    cr_expect_float_eq((double)m->params[m->head_bias], 0.5, 0);
    cr_expect_float_eq((double)m->params[m->word_embeddings + 3], 4, 0);
    cr_expect_str_eq(m->label_names[1], "B-TEST");
    model_free(m);
}

Test(model, refuses_bad_labels_and_stays_as_it_was)
{
    static const char *const twice[] = {"O", "X", "O"}, *const empty[] = {"O", "", "X"},
                             *const bytes[] = {"O", "\xff", "X"};
    const char *const *lists[] = {twice, empty, bytes};
    struct model *m = make(HEAD_TOKEN);
    for (size_t i = 0; i < 3; i++) {
        struct err err = {0};
        cr_expect_eq(model_set_head(m, HEAD_TOKEN, lists[i], 3, 1, &err), ERR_BAD_INPUT);
        cr_expect_str_eq(m->label_names[1], "B-DRUG");
    }
    model_free(m);
}

Test(model, digest_covers_every_part)
{
    struct model *m = make(HEAD_TOKEN), *copy = NULL;
    struct err err = {0};
    char base[65], changed[65];
    model_digest(m, base);
    cr_assert(!model_copy(m, &copy, &err));
    model_digest(copy, changed);
    cr_expect_str_eq(changed, base);
    for (int32_t i = 0; i < m->tensor_count; i++) {
        size_t last = m->tensors[i].offset + m->tensors[i].count - 1;
        float was = copy->params[last];
        copy->params[last] = was + 1;
        model_digest(copy, changed);
        cr_expect_str_neq(changed, base, "%s", m->tensors[i].name);
        copy->params[last] = was;
    }
    static const char *const other[] = {"O", "B-DRUG", "I-TEST"};
    cr_assert(!model_set_labels(copy, other, &err));
    model_digest(copy, changed);
    cr_expect_str_neq(changed, base);
    cr_assert(!model_set_labels(copy, LABELS, &err));
    copy->config.dropout_head = 0.2f;
    model_digest(copy, changed);
    cr_expect_str_neq(changed, base);
    copy->config.dropout_head = 0.1f;
    cr_assert(!model_set_recipe(copy, "{\"b\": 1, \"a\": 2}", &err));
    model_digest(copy, changed);
    cr_expect_str_neq(changed, base);
    model_free(m);
    model_free(copy);
}

Test(model, recipe_is_canonical_and_an_object)
{
    struct model *m = make(HEAD_TOKEN);
    struct err err = {0};
    cr_assert(!model_set_recipe(m, " {\"b\": 1,\n \"a\": [2 ]}", &err));
    cr_expect_str_eq(m->recipe, "{\"a\":[2],\"b\":1}");
    cr_expect_eq(model_set_recipe(m, "[1]", &err), ERR_BAD_INPUT);
    cr_expect_eq(model_set_recipe(m, "{", &err), ERR_BAD_INPUT);
    cr_expect_str_eq(m->recipe, "{\"a\":[2],\"b\":1}");
    model_free(m);
}

Test(model, the_recipe_names_the_precision)
{
    struct model *m = make(HEAD_TOKEN), *copy = NULL;
    struct err err = {0};
    char plain[65], digest[65];
    cr_expect_eq(m->precision, PRECISION_FP32);
    cr_assert(!model_set_recipe(m, "{\"seed\":1}", &err));
    model_digest(m, plain);
    cr_assert(!model_set_precision(m, PRECISION_INT8, &err));
    cr_expect_str_eq(m->recipe, "{\"precision\":\"int8\",\"seed\":1}");
    model_digest(m, digest);
    cr_expect_str_neq(digest, plain);
    cr_assert(!model_set_head(m, HEAD_TOKEN, LABELS, 3, 7, &err));
    cr_expect_eq(m->precision, PRECISION_INT8, "a new head keeps it, as it keeps the recipe");
    cr_assert(!model_copy(m, &copy, &err));
    cr_expect_eq(copy->precision, PRECISION_INT8);
    cr_assert(!model_set_precision(copy, PRECISION_FP32, &err));
    cr_expect_str_eq(copy->recipe, "{\"seed\":1}");
    static const char *const bad[] = {"{\"precision\":8}", "{\"precision\":\"int4\"}",
                                      "{\"precision\":\"auto\"}", "{\"precision\":null}"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        err = (struct err){0};
        cr_expect_eq(model_set_recipe(copy, bad[i], &err), ERR_BAD_INPUT, "%s", bad[i]);
    }
    cr_expect_str_eq(copy->recipe, "{\"seed\":1}");
    model_free(copy);
    model_free(m);
}

Test(model, without_a_recipe_quantising_writes_one)
{
    struct model *m = make(HEAD_TOKEN);
    struct err err = {0};
    cr_assert(!model_set_precision(m, PRECISION_FP16, &err));
    cr_expect_str_eq(m->recipe, "{\"precision\":\"fp16\",\"schema\":\"cairn.recipe/v1\"}");
    model_free(m);
}
