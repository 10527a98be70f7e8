/* Ids, spans and words equal to tokenizers', over the fixtures of tools/oracle/tokenizer.py. */
#include "base/arena.h"
#include "base/json.h"
#include "base/os.h"
#include "base/str.h"
#include "engine/text/tokenizer.h"
#include "support/test_data.h"
#include <string.h>

#define WORDS_MAX 200

static const char *fixture(const char *file)
{
    static char relative[2][200];
    static int next;
    next = !next;
    cr_assert(str_format(relative[next], sizeof relative[next], "oracle/wordpiece/%s", file));
    return test_source(relative[next]);
}

static size_t text_of(const json_t *row, char *out, size_t cap)
{
    const char *hex = json_string_value(json_object_get(row, "hex"));
    if (!hex) {
        const json_t *text = json_object_get(row, "text");
        size_t len = json_string_length(text);
        cr_assert_lt(len, cap);
        memcpy(out, json_string_value(text), len);
        return len;
    }
    size_t len = strlen(hex) / 2;
    cr_assert_lt(len, cap);
    for (size_t i = 0; i < len; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        out[i] = (char)strtol(pair, NULL, 16);
    }
    return len;
}

static int32_t at(const json_t *pairs, size_t i, size_t k)
{
    return (int32_t)json_integer_value(json_array_get(json_array_get(pairs, i), k));
}

static int32_t words_of(const json_t *row, struct word_span *out)
{
    const json_t *words = json_object_get(row, "words");
    size_t count = json_array_size(words);
    cr_assert_leq(count, WORDS_MAX);
    for (size_t i = 0; i < count; i++)
        out[i] = (struct word_span){at(words, i, 0), at(words, i, 1)};
    return (int32_t)count;
}

static void check(const struct tokenizer *tok, const json_t *row, struct encoding *e)
{
    static char text[1 << 16];
    struct word_span words[WORDS_MAX];
    struct err err = {0};
    size_t len = text_of(row, text, sizeof text);
    int32_t word_count = words_of(row, words);
    bool split = json_object_get(row, "words") != NULL;
    enum err_code code =
        tokenizer_encode(tok, text, len, split ? words : NULL, word_count, e, &err);
    char *shown = json_dumps(row, JSON_COMPACT);
    cr_assert_eq(code, ERR_OK, "%s: %s", err.message, shown);
    const json_t *pieces = json_object_get(row, "pieces");
    cr_assert_eq((size_t)e->count, json_array_size(pieces), "%d pieces: %s", e->count, shown);
    int32_t last_word = -1, unknown = 0;
    for (size_t i = 0; i < json_array_size(pieces); i++) {
        cr_assert(e->id[i] == at(pieces, i, 0) && e->start[i] == at(pieces, i, 1) &&
                      e->end[i] == at(pieces, i, 2) && e->word[i] == at(pieces, i, 3),
                  "piece %zu is [%d,%d,%d,%d]: %s", i, e->id[i], e->start[i], e->end[i], e->word[i],
                  shown);
        cr_assert_eq(e->first[i], e->word[i] != last_word, "piece %zu: %s", i, shown);
        last_word = e->word[i];
        unknown += e->id[i] == tokenizer_unk(tok);
    }
    cr_assert_eq(e->unknown_count, unknown);
    cr_assert_eq(e->word_count, split ? word_count : last_word + 1);
    free(shown);
}

static void check_group(const struct buf *vocab, const json_t *group, struct encoding *e)
{
    struct err err = {0};
    const json_t *o = json_object_get(group, "options");
    const struct tokenizer_options options = {json_is_true(json_object_get(o, "lower_case")),
                                              json_is_true(json_object_get(o, "strip_accents")),
                                              json_is_true(json_object_get(o, "split_cjk")),
                                              json_is_true(json_object_get(o, "clean"))};
    struct tokenizer *tok = NULL;
    cr_assert_eq(tokenizer_parse_vocab(vocab->data, vocab->len, "fixture", &options, &tok, &err), 0,
                 "%s", err.message);
    const json_t *cases = json_object_get(group, "cases");
    cr_assert_gt(json_array_size(cases), 100);
    for (size_t i = 0; i < json_array_size(cases); i++) check(tok, json_array_get(cases, i), e);
    tokenizer_free(tok);
}

static void check_file(const char *vocab_file, const char *cases_file, size_t groups)
{
    struct err err = {0};
    struct buf vocab;
    buf_init(&vocab, 1 << 20);
    json_t *doc = NULL;
    cr_assert_eq(os_read_file(fixture(vocab_file), 1 << 20, &vocab, &err), ERR_OK);
    cr_assert_eq(json_read_file(fixture(cases_file), &doc, &err), ERR_OK, "%s", err.message);
    const json_t *list = json_object_get(doc, "groups");
    cr_assert_eq(json_array_size(list), groups);
    struct encoding e; /* one for all, so that nothing may be left over from a text before */
    encoding_init(&e);
    for (size_t i = 0; i < groups; i++) check_group(&vocab, json_array_get(list, i), &e);
    encoding_release(&e);
    json_decref(doc);
    buf_release(&vocab);
}

Test(oracle, uncased_and_all_options)
{
    check_file("uncased.txt", "uncased.json", 8);
}
Test(oracle, cased)
{
    check_file("cased.txt", "cased.json", 2);
}
