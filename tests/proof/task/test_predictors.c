/* The dictionary, the all-O tagger, and the encoder, whose answers may not depend on their
 * company. */
#include "letters.h"

#include "base/rng.h"
#include "base/str.h"
#include "proof/task/fold.h"
#include "proof/task/predictor.h"
#include "proof/task/softmax.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct letters l;
static struct arena arena;
static void set_up(void)
{
    letters_open(&l);
    arena_init(&arena, 64 << 20);
}
static void tear_down(void)
{
    letters_close(&l);
    arena_release(&arena);
}
TestSuite(predictors, .init = set_up, .fini = tear_down);

static struct tag_prediction *predict(const struct predictor *p, const struct token_data *t)
{
    struct err err = {0};
    struct tag_prediction *out = arena_alloc(&arena, (size_t)t->count * sizeof *out);
    cr_assert_eq(p->predict(p->self, t, &arena, out, &err), ERR_OK, "%s", err.message);
    return out;
}

static void check_tags(const struct token_data *t, const struct tag_prediction *p, const char *want)
{
    char got[400];
    int at = 0;
    for (int32_t w = 0; w < t->examples[0].word_count; w++)
        at += snprintf(got + at, sizeof got - (size_t)at, "%s%s", w ? " " : "",
                       t->tags.tags[p->tags[w]]);
    cr_assert_str_eq(got, want);
}

Test(predictors, all_o_says_nothing)
{
    struct dataset *d = letters_dataset("{\"text\":\"ab cd\"}\n");
    struct token_data *t = letters_prepare(&l, d, 16, 0);
    struct predictor p;
    predictor_all_o(&p);
    struct tag_prediction *out = predict(&p, t);
    check_tags(t, out, "O O");
    cr_assert_eq(out[0].scores[1], 1);
    predictor_release(&p);
    token_data_free(t);
    dataset_free(d);
}

Test(predictors, the_dictionary_takes_the_longest_match_and_the_majority_label)
{
    /* "chest" once TEST; "chest xray" TEST; "iron" twice DRUG, once TEST */
    struct dataset *train = letters_dataset(
        "{\"text\":\"chest iron\",\"spans\":[{\"start\":0,\"end\":5,\"label\":\"TEST\"},"
        "{\"start\":6,\"end\":10,\"label\":\"DRUG\"}]}\n"
        "{\"text\":\"Chest XRay iron\",\"spans\":[{\"start\":0,\"end\":10,\"label\":\"TEST\"},"
        "{\"start\":11,\"end\":15,\"label\":\"DRUG\"}]}\n"
        "{\"text\":\"iron\",\"spans\":[{\"start\":0,\"end\":4,\"label\":\"TEST\"}]}\n");
    struct dataset *d = letters_dataset("{\"text\":\"IRON a chest  xray chest b xray iron\"}\n");
    struct token_data *tt = letters_prepare(&l, train, 32, 0), *t = letters_prepare(&l, d, 64, 0);
    struct predictor p;
    struct err err = {0};
    cr_assert_eq(predictor_dictionary(tt, &p, &err), ERR_OK);
    token_data_free(tt); /* it borrows nothing */
    dataset_free(train);
    struct tag_prediction *out = predict(&p, t);
    check_tags(t, out, "B-DRUG O B-TEST I-TEST B-TEST O O B-DRUG");
    cr_assert_float_eq(out[0].scores[0], 2.0 / 3, 1e-6);
    cr_assert_eq(out[0].scores[2], 1);
    predictor_release(&p);
    token_data_free(t);
    dataset_free(d);
}

/* A small model with random weights; its labels in another order than the tag set's. */
static struct model *random_model(const struct letters *with)
{
    static const char *const labels[] = {"I-TEST", "B-DRUG", "O", "I-DRUG", "B-TEST"};
    struct model_config c = {.vocab_count = tokenizer_vocab_count(with->tok),
                             .hidden = 32,
                             .layers = 2,
                             .heads = 2,
                             .intermediate = 48,
                             .positions = 24,
                             .types = 2,
                             .layer_norm_eps = 1e-12f,
                             .initializer_range = 0.5f,
                             .head = HEAD_NONE};
    struct model *m = NULL;
    struct err err = {0};
    struct rng rng;
    cr_assert_eq(model_new(&c, &m, &err), ERR_OK, "%s", err.message);
    cr_assert_eq(model_set_head(m, HEAD_TOKEN, labels, 5, 7, &err), ERR_OK, "%s", err.message);
    rng_init(&rng, 3, RNG_INIT, 0);
    for (int32_t t = 0; t < m->tensor_count; t++) {
        struct tensor *x = &m->tensors[t];
        bool gamma = strstr(x->name, "LayerNorm.weight") != NULL;
        for (size_t i = 0; i < x->count; i++)
            m->params[x->offset + i] = (gamma ? 1.0f : 0.0f) + (float)(rng_unit(&rng) - 0.5) * 0.6f;
    }
    return m;
}

Test(predictors, the_encoder_answers_alike_alone_and_in_company)
{
    char *text = letters_random(5, 60, 40, 3); /* several windows each, of all lengths */
    struct dataset *d = letters_dataset(text);
    struct token_data *all = letters_prepare(&l, d, 24, 5);
    struct model *m = random_model(&l);
    struct pool *one = NULL, *two = NULL;
    struct predictor p, q, learner;
    struct err err = {0};
    cr_assert(pool_new(1, &one, &err) == ERR_OK && pool_new(2, &two, &err) == ERR_OK);
    cr_assert_eq(predictor_encoder(m, one, ISA_REF, &p, &err), ERR_OK, "%s", err.message);
    cr_assert_eq(predictor_encoder(m, two, ISA_BEST, &q, &err), ERR_OK, "%s", err.message);
    cr_assert_eq(predictor_learner(m, two, ISA_BEST, &learner, &err), ERR_OK, "%s", err.message);
    struct tag_prediction *whole = predict(&p, all);
    int32_t seen[5] = {0};
    for (int32_t i = 0; i < d->count; i++) {
        struct dataset *single = NULL;
        cr_assert_eq(dataset_pick(d, &i, 1, &single, &err), ERR_OK);
        struct token_data *t = letters_prepare(&l, single, 24, 5);
        struct tag_prediction *alone = predict(i % 2 ? &q : &learner, t);
        size_t words = (size_t)t->examples[0].word_count;
        cr_assert_arr_eq(alone[0].tags, whole[i].tags, words * sizeof(int32_t));
        cr_assert_arr_eq(alone[0].scores, whole[i].scores, words * sizeof(float), "text %d", i);
        for (size_t w = 0; w < words; w++) {
            seen[alone[0].tags[w]]++;
            cr_assert(alone[0].scores[w] >= 0.2f && alone[0].scores[w] <= 1);
        }
        token_data_free(t);
        dataset_free(single);
    }
    cr_assert_gt((seen[0] > 0) + (seen[1] > 0) + (seen[2] > 0) + (seen[3] > 0) + (seen[4] > 0), 1,
                 "a model that says one tag tests nothing");
    predictor_release(&p), predictor_release(&q), predictor_release(&learner);
    pool_free(one), pool_free(two);
    model_free(m);
    token_data_free(all);
    dataset_free(d);
    mem_free(text);
}

Test(predictors, the_encoder_follows_the_model_and_refuses_other_labels_and_lengths)
{
    struct dataset *d = letters_dataset("{\"text\":\"abc def ghi jkl mno pqr stu vwx yz\"}\n");
    struct token_data *t = letters_prepare(&l, d, 24, 0), *wide = letters_prepare(&l, d, 40, 0);
    struct model *m = random_model(&l);
    struct pool *pool = NULL;
    struct predictor p;
    struct err err = {0};
    cr_assert_eq(pool_new(1, &pool, &err), ERR_OK);
    cr_assert_eq(predictor_encoder(m, pool, ISA_BEST, &p, &err), ERR_OK, "%s", err.message);
    cr_assert(str_starts(p.name, "model "));
    predict(&p, t);
    memset(m->params + m->head_weight, 0, 5 * 32 * sizeof(float));
    static const float bias[] = {0, 0, 0, 3, 0}; /* all I-DRUG */
    memcpy(m->params + m->head_bias, bias, sizeof bias);
    struct tag_prediction *out = predict(&p, t);
    for (int32_t w = 0; w < t->examples[0].word_count; w++)
        cr_assert_str_eq(t->tags.tags[out[0].tags[w]], "I-DRUG");
    out = arena_alloc(&arena, sizeof *out);
    cr_assert_eq(p.predict(p.self, wide, &arena, out, &err), ERR_BAD_INPUT,
                 "longer than positions");
    t->tags.label_count = 1;
    cr_assert_eq(p.predict(p.self, t, &arena, out, &err), ERR_BAD_INPUT, "other labels");
    predictor_release(&p);
    pool_free(pool);
    model_free(m);
    token_data_free(t), token_data_free(wide);
    dataset_free(d);
}

Test(predictors, softmax_is_the_exponential_of_libm)
{
    struct rng rng;
    rng_init(&rng, 1, RNG_SAMPLE, 0);
    for (int k = 0; k < 2000; k++) {
        float x[9], p[9], score;
        double sum = 0;
        int32_t best = 0;
        for (int i = 0; i < 9; i++) {
            x[i] = (float)((rng_unit(&rng) - 0.5) * (k % 2 ? 10 : 300));
            if (x[i] > x[best]) best = i;
        }
        for (int i = 0; i < 9; i++) sum += exp((double)x[i] - (double)x[best]);
        softmax_row(x, 9, p);
        cr_assert_eq(softmax_top(x, 9, &score), best);
        cr_assert_eq(score, p[best]);
        for (int i = 0; i < 9; i++) { /* half a bit of float, and what double loses on the way */
            double want = exp((double)x[i] - (double)x[best]) / sum;
            cr_assert(fabs((double)p[i] - want) <= want * 6e-8 + 1e-45, "%g %g", (double)p[i],
                      want);
        }
    }
    const float bad[] = {1, NAN, 2}, huge[] = {-3e38f, 3e38f, INFINITY};
    float score;
    cr_assert_eq(softmax_top(bad, 3, &score), 0);
    cr_assert_eq(score, 0);
    cr_assert_eq(softmax_top(huge, 3, &score), 0);
    cr_assert_eq(softmax_top(huge, 2, &score), 1);
    cr_assert_eq(score, 1);
}

Test(predictors, folding_forgets_case_and_spaces_only)
{
    static const char *const cases[][2] = {
        {"  Aspirin\t 100 ", "aspirin 100"},
        {"STRASSE stra\u00dfe", "strasse strasse"},
        {"\u0130", "i\u0307"},
        {"e\u0301\u00a0x", "\u00e9 x"},
        {"", ""},
        {" \u3000 ", ""},
    };
    struct buf b;
    buf_init(&b, 1024);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        buf_clear(&b);
        case_fold(cases[i][0], strlen(cases[i][0]), &b);
        cr_assert_str_eq(b.data, cases[i][1], "case %zu: %s", i, b.data);
    }
    buf_release(&b);
}
