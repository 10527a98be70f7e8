/* Aggregation against transformers: aggregate.json holds logits and answers
 * (tools/oracle/aggregate.py). */
#include "proof/task/aggregate.h"

#include "base/json.h"
#include "base/str.h"
#include "proof/task/softmax.h"
#include "support/test_data.h"
#include "support/test_folder.h"

#include <math.h>
#include <string.h>

struct oracle {
    json_t *doc;
    struct tokenizer *tokenizer;
    const char *labels[16];
    int32_t label_count, positions;
    struct test_folder folder;
};

static void oracle_open(struct oracle *o)
{
    struct err err = {0};
    cr_assert_eq(json_read_file(test_source("proof/task/aggregate.json"), &o->doc, &err), ERR_OK,
                 "%s", err.message);
    struct buf vocab;
    buf_init(&vocab, 1u << 20);
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(o->doc, "vocabulary"), i, item)
        buf_addf(&vocab, "%s\n", json_string_value(item));
    json_array_foreach(json_object_get(o->doc, "labels"), i, item) o->labels[o->label_count++] =
        json_string_value(item);
    o->positions = (int32_t)json_integer_value(json_object_get(o->doc, "positions"));
    test_folder_make(&o->folder);
    const struct tokenizer_options options = {true, true, true, true};
    const char *path = test_folder_write(&o->folder, "vocab.txt", vocab.data);
    cr_assert_eq(tokenizer_open_vocab(path, &options, &o->tokenizer, &err), ERR_OK, "%s",
                 err.message);
    buf_release(&vocab);
}

static void oracle_close(struct oracle *o)
{
    tokenizer_free(o->tokenizer);
    json_decref(o->doc);
    test_folder_remove(&o->folder);
}

/* Windows as the pipeline cut them, and probabilities of its logits; in the arena. */
static struct token_scores read_case(const struct oracle *o, const json_t *c, struct encoding *e,
                                     struct arena *a)
{
    struct err err = {0};
    const char *text = json_string_value(json_object_get(c, "text"));
    const json_t *ids = json_object_get(c, "ids"), *windows = json_object_get(c, "windows");
    const json_t *stride = json_object_get(c, "stride");
    const int32_t n = o->label_count, room = o->positions - 2;
    const int32_t step = json_is_null(stride) ? room : room - (int32_t)json_integer_value(stride);
    cr_assert_eq(tokenizer_encode(o->tokenizer, text, strlen(text), NULL, 0, e, &err), ERR_OK);
    cr_assert_eq((size_t)e->count, json_array_size(ids), "tokens of \"%s\"", text);
    for (int32_t i = 0; i < e->count; i++)
        cr_assert_eq(e->id[i], json_integer_value(json_array_get(ids, (size_t)i)));
    const size_t count = json_array_size(windows);
    struct score_window *w = arena_alloc(a, (count + 1) * sizeof *w);
    float *probs = arena_alloc(a, ((size_t)room * count + 1) * (size_t)n * sizeof *probs);
    int32_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *logits = json_array_get(windows, i);
        const int32_t tokens = (int32_t)json_array_size(logits) / n;
        w[i] = (struct score_window){(int32_t)i * step, tokens, rows};
        for (int32_t k = 0; k < tokens * n; k++)
            probs[rows * n + k] = (float)json_number_value(json_array_get(logits, (size_t)k));
        for (int32_t k = 0; k < tokens; k++, rows++)
            softmax_row(probs + rows * n, n, probs + rows * n);
    }
    return (struct token_scores){.text = text,
                                 .text_bytes = strlen(text),
                                 .tokenizer = o->tokenizer,
                                 .encoding = e,
                                 .labels = o->labels,
                                 .label_count = n,
                                 .probs = probs,
                                 .windows = w,
                                 .window_count = (int32_t)count};
}

static void check_entity(const struct wire_entity *got, const json_t *want, const char *where)
{
    const bool none = json_object_get(want, "entity") != NULL;
    cr_expect_str_eq(got->label,
                     json_string_value(json_object_get(want, none ? "entity" : "entity_group")),
                     "label in %s", where);
    cr_expect_str_eq(got->word, json_string_value(json_object_get(want, "word")), "word in %s",
                     where);
    cr_expect_eq(got->start, json_integer_value(json_object_get(want, "start")), "start in %s",
                 where);
    cr_expect_eq(got->end, json_integer_value(json_object_get(want, "end")), "end in %s", where);
    cr_expect_eq(got->index, none ? json_integer_value(json_object_get(want, "index")) : -1,
                 "index in %s", where);
    /* the oracle's softmax and means are fp32, and its scores are rounded to seven digits */
    cr_expect_float_eq((double)got->score, json_number_value(json_object_get(want, "score")), 1e-6,
                       "score in %s", where);
}

static void check_answer(const struct token_scores *s, const json_t *answer, struct arena *a)
{
    struct err err = {0};
    struct aggregate_options o = aggregate_options_default();
    const char *strategy = json_string_value(json_object_get(answer, "strategy"));
    const json_t *ignore = json_object_get(answer, "ignore"),
                 *want = json_object_get(answer, "entities");
    const char *ignored[8];
    struct wire_entity *got = NULL;
    int32_t count = 0;
    cr_assert_eq(aggregate_strategy_parse(strategy, &o.strategy, &err), ERR_OK);
    if (json_is_array(ignore)) {
        o.ignore_labels = ignored;
        o.ignore_count = (int32_t)json_array_size(ignore);
        for (int32_t i = 0; i < o.ignore_count; i++)
            ignored[i] = json_string_value(json_array_get(ignore, (size_t)i));
    }
    char *where = arena_printf(a, "%s of \"%s\"", strategy, s->text);
    cr_assert_eq(aggregate(s, &o, a, &got, &count, &err), ERR_OK, "%s", err.message);
    cr_assert_eq((size_t)count, json_array_size(want), "%d entities, %zu wanted, in %s", count,
                 json_array_size(want), where);
    for (int32_t i = 0; i < count; i++)
        check_entity(&got[i], json_array_get(want, (size_t)i), where);
}

Test(aggregate, equals_the_pipeline_of_transformers)
{
    struct oracle o = {0};
    struct encoding e;
    oracle_open(&o);
    encoding_init(&e);
    size_t i, k, checked = 0;
    json_t *c, *answer;
    json_array_foreach(json_object_get(o.doc, "cases"), i, c)
    {
        struct arena a;
        arena_init(&a, 1u << 28);
        const struct token_scores s = read_case(&o, c, &e, &a);
        json_array_foreach(json_object_get(c, "answers"), k, answer)
        {
            check_answer(&s, answer, &a);
            checked++;
        }
        arena_release(&a);
    }
    cr_assert_gt(checked, 200, "the fixture holds only %zu answers", checked);
    encoding_release(&e);
    oracle_close(&o);
}

Test(aggregate, writes_json_that_reads_back)
{
    const struct wire_entity entities[] = {
        {.label = "B-\"x\\",
         .score = 0.25f,
         .index = 3,
         .word = "a\x01\n\"b\"\\ \xe7\x82\x8e",
         .start = 1,
         .end = 4},
        {.label = "O", .score = 1.0f, .index = 4, .word = "", .start = 4, .end = 5}};
    for (int none = 0; none < 2; none++) {
        struct buf out;
        struct err err = {0};
        json_t *doc = NULL;
        buf_init(&out, 10000);
        aggregate_write(entities, 2, none ? AGGREGATE_NONE : AGGREGATE_FIRST, &out);
        cr_assert_eq(json_parse(out.data, out.len, &JSON_LIMITS_BODY, &doc, &err), ERR_OK, "%s",
                     err.message);
        const json_t *first = json_array_get(doc, 0);
        cr_expect_str_eq(
            json_string_value(json_object_get(first, none ? "entity" : "entity_group")),
            entities[0].label);
        cr_expect_str_eq(json_string_value(json_object_get(first, "word")), entities[0].word);
        cr_expect_float_eq(json_real_value(json_object_get(first, "score")), 0.25, 0);
        cr_expect_eq(json_object_get(first, "index") != NULL, none == 1);
        json_decref(doc);
        buf_release(&out);
    }
}

Test(aggregate, refuses_unknown_strategies_by_name)
{
    struct err err = {0};
    enum aggregate_strategy s = AGGREGATE_MAX;
    cr_expect_eq(aggregate_strategy_parse("Average", &s, &err), ERR_OK);
    cr_expect_eq(s, AGGREGATE_AVERAGE);
    cr_expect_eq(aggregate_strategy_parse("mean", &s, &err), ERR_BAD_INPUT);
    cr_expect_eq(s, AGGREGATE_AVERAGE);
    cr_expect(strstr(err.message, "mean") && strstr(err.hint, "average"));
}
