#include "sample.h"

#include "base/rng.h"
#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

static void begin(struct sample *s, const char *const *labels, int32_t count, int32_t examples)
{
    struct err err = {0};
    *s = (struct sample){0};
    struct arena *a = &s->data.arena;
    arena_init(a, 1u << 30);
    cr_assert_eq(tag_set_from_labels(a, labels, count, &s->data.tags, &err), ERR_OK);
    s->data.count = examples;
    s->data.examples = arena_alloc(a, ((size_t)examples + 1) * sizeof *s->data.examples);
    s->said = arena_alloc(a, ((size_t)examples + 1) * sizeof *s->said);
}

/* Sets example i: words of `text` (or w0 w1 ...), all O. */
static void set_example(struct sample *s, int32_t i, int32_t words, const char *text,
                        const char *group)
{
    struct arena *a = &s->data.arena;
    struct token_example *te = &s->data.examples[i];
    struct example *ex = arena_alloc(a, sizeof *ex);
    char *made = arena_alloc(a, (size_t)words * 8 + 1);
    for (int32_t w = 0, at = 0; w < words && !text; w++)
        at += snprintf(made + at, 8, "%sw%d", w ? " " : "", w);
    ex->text = text ? text : made;
    ex->id = arena_printf(a, "example-%d", i);
    ex->group = group;
    ex->text_bytes = (int32_t)strlen(ex->text);
    ex->chars = (int32_t)utf8_count(ex->text, (size_t)ex->text_bytes);
    te->example = ex;
    te->word_count = words;
    te->words = arena_alloc(a, ((size_t)words + 1) * sizeof *te->words);
    te->gold = arena_alloc(a, ((size_t)words + 1) * sizeof *te->gold);
    s->said[i].tags = arena_alloc(a, ((size_t)words + 1) * sizeof *s->said[i].tags);
    s->said[i].scores = arena_alloc(a, ((size_t)words + 1) * sizeof *s->said[i].scores);
    int32_t at = 0, w = 0;
    for (size_t pos = 0; pos < (size_t)ex->text_bytes && w < words; at++) {
        bool space = utf8_next(ex->text, (size_t)ex->text_bytes, &pos) == ' ';
        if (space) w++;
        if (space) te->words[w].start = at + 1;
        if (!space) te->words[w].end = at + 1;
    }
    for (w = 0; w < words; w++) s->said[i].scores[w] = 0.9f;
}

/* Stands for the dataset's fingerprint: texts and gold. */
static void fingerprint(struct sample *s)
{
    struct hash h;
    hash_init(&h);
    for (int32_t i = 0; i < s->data.count; i++) {
        const struct token_example *te = &s->data.examples[i];
        hash_add_str(&h, te->example->text);
        hash_add(&h, te->gold, (size_t)te->word_count * sizeof *te->gold);
    }
    hash_finish(&h, s->data.fingerprint);
}

static int32_t tag_of(const struct tag_set *t, const char *name)
{
    for (int32_t i = 0; i < t->tag_count; i++)
        if (str_eq(t->tags[i], name)) return i;
    cr_assert_fail("no tag %s", name);
    return -1;
}

static void fill(struct sample *s, const json_t *gold, const json_t *said, const json_t *texts)
{
    for (int32_t i = 0; i < s->data.count; i++) {
        const json_t *g = json_array_get(gold, (size_t)i), *p = json_array_get(said, (size_t)i);
        const char *text = json_string_value(json_array_get(texts, (size_t)i));
        int32_t words = (int32_t)json_array_size(g);
        char *copy = text ? arena_strdup(&s->data.arena, text) : NULL;
        set_example(s, i, words, copy, arena_printf(&s->data.arena, "group-%d", i));
        for (int32_t w = 0; w < words; w++) {
            const char *gold_tag = json_string_value(json_array_get(g, (size_t)w));
            const char *said_tag = json_string_value(json_array_get(p, (size_t)w));
            s->data.examples[i].gold[w] = tag_of(&s->data.tags, gold_tag);
            s->said[i].tags[w] = tag_of(&s->data.tags, said_tag);
        }
    }
    fingerprint(s);
}

static void begin_json(struct sample *s, const json_t *labels, size_t examples)
{
    const char *names[16];
    size_t count = json_array_size(labels);
    for (size_t l = 0; l < count; l++) names[l] = json_string_value(json_array_get(labels, l));
    begin(s, names, (int32_t)count, (int32_t)examples);
}

void sample_from_tags(struct sample *s, const json_t *labels, const json_t *gold,
                      const json_t *said)
{
    begin_json(s, labels, json_array_size(gold));
    fill(s, gold, said, NULL);
}

void sample_from_json(struct sample *s, const char *json)
{
    json_error_t error;
    json_t *doc = json_loads(json, 0, &error);
    cr_assert(doc, "%s", error.text);
    const json_t *gold = json_object_get(doc, "gold");
    begin_json(s, json_object_get(doc, "labels"), json_array_size(gold));
    fill(s, gold, json_object_get(doc, "said"), json_object_get(doc, "texts"));
    json_decref(doc);
}

void sample_random(struct sample *s, uint64_t seed, int32_t count, int32_t group)
{
    static const char *const labels[] = {"A", "B"};
    struct rng rng;
    rng_init(&rng, seed, RNG_SAMPLE, 0);
    begin(s, labels, 2, count);
    for (int32_t i = 0; i < count; i++) {
        set_example(s, i, 12, NULL, arena_printf(&s->data.arena, "g%d", i / group));
        bool bad = rng_below(&rng, 4) == 0; /* errors come in clusters, as in life */
        for (int32_t w = 0; w < 12; w++) {
            int32_t tag = rng_below(&rng, 4) ? TAG_O : 1 + 2 * (int32_t)rng_below(&rng, 2);
            s->data.examples[i].gold[w] = tag;
            bool wrong = rng_below(&rng, 100) < (bad ? 30u : 3u);
            s->said[i].tags[w] = wrong ? (int32_t)rng_below(&rng, 5) : tag;
        }
    }
    fingerprint(s);
}

void sample_release(struct sample *s)
{
    arena_release(&s->data.arena);
}

struct evaluation *sample_evaluate(const struct sample *s, struct evaluate_options o)
{
    struct err err = {0};
    struct evaluation *e = NULL;
    cr_assert_eq(evaluate(&s->data, s->said, &o, &e, &err), ERR_OK, "%s", err.message);
    return e;
}
