/* The whole way on real weights: text, encoder, windows, batcher, aggregation, against
 * transformers.
 *
 * minilm.json holds answers only (tools/oracle/aggregate.py --model); the head is a formula.
 */
#include "live/serving/serving.h"

#include "base/json.h"
#include "base/os.h"
#include "base/str.h"
#include "support/test_data.h"

#include <string.h>

#define PATIENCE_NS INT64_C(600000000000) /* a sanitizer on a busy machine */

static const char *const labels[] = {"O",      "B-DRUG", "I-DRUG", "B-TEST",
                                     "I-TEST", "GENE-X", "I-SITE"};

/* head_weights of tools/oracle/aggregate.py. */
static void set_head(struct model *m)
{
    struct err err = {0};
    cr_assert_eq(model_set_head(m, HEAD_TOKEN, labels, ARRAY_COUNT(labels), 0, &err), ERR_OK, "%s",
                 err.message);
    for (uint64_t i = 0; i < ARRAY_COUNT(labels) * (uint64_t)m->config.hidden; i++) {
        const uint32_t h = (uint32_t)((i + 1) * UINT64_C(2654435761));
        m->params[m->head_weight + i] = (float)(h >> 16) / 65536 - 0.5f;
    }
}

static void check_case(struct serving *s, const json_t *c)
{
    struct err err = {0};
    struct arena a;
    struct prediction *p = NULL;
    struct wire_entity *got = NULL;
    int32_t count = 0;
    struct aggregate_options o = aggregate_options_default();
    const char *text = json_string_value(json_object_get(c, "text"));
    const json_t *stride = json_object_get(c, "stride"), *want = json_object_get(c, "entities"), *w;
    const char *strategy = json_string_value(json_object_get(c, "strategy"));
    const size_t bytes = strlen(text);
    const struct serving_request q = {
        .texts = &text,
        .text_bytes = &bytes,
        .count = 1,
        .deadline_ns = os_monotonic_ns() + PATIENCE_NS,
        .stride = json_is_null(stride) ? -1 : (int32_t)json_integer_value(stride)};
    arena_init(&a, 1u << 28);
    cr_assert_eq(aggregate_strategy_parse(strategy, &o.strategy, &err), ERR_OK);
    cr_assert_eq(serving_predict(s, &q, &p, &err), ERR_OK, "%s", err.message);
    cr_assert_eq(aggregate(&p->scores, &o, &a, &got, &count, &err), ERR_OK);
    cr_assert_eq((size_t)count, json_array_size(want), "%d, not %zu entities, %s of \"%s\"", count,
                 json_array_size(want), strategy, text);
    for (int32_t i = 0; i < count; i++) {
        w = json_array_get(want, (size_t)i);
        const json_t *label = json_object_get(w, "entity_group");
        if (!label) label = json_object_get(w, "entity");
        cr_expect_str_eq(got[i].label, json_string_value(label));
        cr_expect_str_eq(got[i].word, json_string_value(json_object_get(w, "word")));
        cr_expect_eq(got[i].start, json_integer_value(json_object_get(w, "start")));
        cr_expect_eq(got[i].end, json_integer_value(json_object_get(w, "end")));
        /* logits agree within 1e-4; a probability moves by less than twice that */
        cr_expect_float_eq((double)got[i].score, json_number_value(json_object_get(w, "score")),
                           2e-4);
    }
    arena_release(&a);
    predictions_free(p, 1);
}

Test(minilm, answers_as_transformers_does)
{
    struct err err = {0};
    struct model *m = NULL;
    struct serving *s = NULL;
    json_t *doc = NULL, *c;
    size_t i;
    const struct serving_options o = serving_options_default();
    cr_assert_eq(model_open(test_model(), &m, &err), ERR_OK, "%s", err.message);
    set_head(m);
    cr_assert_eq(serving_new(&o, &s, &err), ERR_OK);
    cr_assert_eq(serving_swap(s, m, "minilm", &err), ERR_OK, "%s", err.message);
    cr_assert_eq(json_read_file(test_source("live/serving/minilm.json"), &doc, &err), ERR_OK);
    json_array_foreach(json_object_get(doc, "cases"), i, c) check_case(s, c);
    json_decref(doc);
    serving_free(s);
}
