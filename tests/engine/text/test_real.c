/* The published vocabularies: digests made by tools/oracle/tokenizer.py over generated texts, and
 * the expected tokens that come with swift-transformers. Skipped without CAIRN_TEST_DATA.
 */
#include "base/hash.h"
#include "base/json.h"
#include "base/os.h"
#include "base/str.h"
#include "engine/text/tokenizer.h"
#include "support/test_data.h"
#include "support/test_folder.h"
#include <string.h>

static struct tokenizer *open_real(const char *name, bool lower_case)
{
    char relative[100];
    cr_assert(str_format(relative, sizeof relative, "vocabs/%s/vocab.txt", name));
    const struct tokenizer_options options = {lower_case, lower_case, true, true};
    struct tokenizer *tok = NULL;
    struct err err = {0};
    cr_assert_eq(tokenizer_open_vocab(test_data(relative), &options, &tok, &err), ERR_OK, "%s",
                 err.message);
    return tok;
}

static json_t *read_vectors(const char *file)
{
    char relative[100];
    cr_assert(str_format(relative, sizeof relative, "tokenizer-vectors/%s", file));
    json_t *doc = NULL;
    struct err err = {0};
    cr_assert_eq(json_read_file(test_data(relative), &doc, &err), ERR_OK, "%s", err.message);
    return doc;
}

/* ---- the texts of hash_text() in tools/oracle/tokenizer.py ---- */

static uint64_t counter;

static uint32_t below(uint32_t n) /* splitmix64 */
{
    counter += 0x9E3779B97F4A7C15u;
    uint64_t z = counter;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ (z >> 31)) % n);
}

static void add_piece(const struct tokenizer *tok, struct buf *text)
{
    const char *p = tokenizer_piece(tok, (int32_t)below((uint32_t)tokenizer_vocab_count(tok)));
    buf_adds(text, str_starts(p, "##") ? p + 2 : p);
}

static void add_block(struct buf *text)
{
    static const uint32_t blocks[][2] = {
        {0x20, 0x7F},     {0x00, 0x20},      {0x7F, 0x250},      {0x300, 0x370},
        {0x370, 0x600},   {0x600, 0xE00},    {0xE00, 0x1E00},    {0x1E00, 0x2000},
        {0x2000, 0x2C00}, {0x2C00, 0x3400},  {0x3400, 0xA000},   {0xA000, 0xAC00},
        {0xAC00, 0xD7A4}, {0xF900, 0x10000}, {0x10000, 0x20000}, {0x20000, 0x110000}};
    const uint32_t *block = blocks[below((uint32_t)ARRAY_COUNT(blocks))];
    uint32_t count = 1 + below(4);
    for (uint32_t i = 0; i < count; i++) {
        char bytes[4];
        int n = utf8_put(block[0] + below(block[1] - block[0]), bytes);
        buf_add(text, bytes, (size_t)n);
    }
}

static void make_text(const struct tokenizer *tok, struct buf *text)
{
    static const char *const specials[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    buf_clear(text);
    uint32_t count = 1 + below(40);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t kind = below(8);
        if (kind < 3)
            add_piece(tok, text);
        else if (kind < 6)
            add_block(text);
        else if (kind == 6)
            buf_adds(text, specials[below(5)]);
        if (below(2)) buf_addc(text, ' ');
    }
}

static void digest_of(const struct tokenizer *tok, int64_t texts, char hex[HASH_HEX_BYTES])
{
    struct err err = {0};
    struct hash h;
    struct buf text;
    struct encoding e;
    hash_init(&h);
    buf_init(&text, 1 << 20);
    encoding_init(&e);
    counter = 7;
    for (int64_t i = 0; i < texts; i++) {
        make_text(tok, &text);
        cr_assert_eq(tokenizer_encode(tok, text.data, text.len, NULL, 0, &e, &err), ERR_OK);
        size_t bytes = (size_t)e.count * sizeof(int32_t); /* little-endian, as the script packs */
        hash_add(&h, &e.count, sizeof e.count);
        hash_add(&h, e.id, bytes);
        hash_add(&h, e.start, bytes);
        hash_add(&h, e.end, bytes);
        hash_add(&h, e.word, bytes);
    }
    hash_finish(&h, hex);
    encoding_release(&e);
    buf_release(&text);
}

Test(real, digests_over_generated_texts)
{
    struct err err = {0};
    json_t *doc = NULL;
    cr_assert_eq(json_read_file(test_source("oracle/wordpiece/real.json"), &doc, &err), ERR_OK);
    int64_t texts = 0;
    cr_assert_eq(json_need_int(doc, "texts", &texts, &err), ERR_OK);
    const json_t *rows = json_object_get(doc, "rows");
    cr_assert_eq(json_array_size(rows), 5);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *name = json_string_value(json_object_get(row, "vocab"));
        bool lower_case = json_is_true(json_object_get(row, "lower_case"));
        struct tokenizer *tok = open_real(name, lower_case);
        char hex[HASH_HEX_BYTES];
        digest_of(tok, texts, hex);
        cr_expect_str_eq(hex, json_string_value(json_object_get(row, "sha256")), "%s", name);
        tokenizer_free(tok);
    }
    json_decref(doc);
}

/* ---- swift-transformers' vectors ---- */

static void check_ids(const struct tokenizer *tok, const char *text, const json_t *ids, size_t skip)
{
    struct err err = {0};
    struct encoding e;
    encoding_init(&e);
    cr_assert_eq(tokenizer_encode(tok, text, strlen(text), NULL, 0, &e, &err), ERR_OK);
    cr_assert_eq((size_t)e.count + 2 * skip, json_array_size(ids), "%s", text);
    for (size_t i = 0; i < (size_t)e.count; i++)
        cr_assert_eq(e.id[i], json_integer_value(json_array_get(ids, i + skip)), "%s", text);
    encoding_release(&e);
}

Test(real, the_squad_questions)
{
    json_t *questions = read_vectors("question_tokens.json");
    json_t *ids = read_vectors("tokenized_questions.json");
    struct tokenizer *tok = open_real("bert-base-uncased", true);
    struct err err = {0};
    struct encoding e;
    encoding_init(&e);
    cr_assert_eq(json_array_size(questions), 10570);
    for (size_t i = 0; i < json_array_size(questions); i++) {
        const json_t *q = json_array_get(questions, i);
        const char *text = json_string_value(json_object_get(q, "original"));
        check_ids(tok, text, json_array_get(ids, i), 0);
        cr_assert_eq(tokenizer_encode(tok, text, strlen(text), NULL, 0, &e, &err), ERR_OK);
        const json_t *pieces = json_object_get(q, "wordpiece");
        cr_assert_eq((size_t)e.word_count, json_array_size(json_object_get(q, "basic")));
        for (size_t k = 0; k < (size_t)e.count; k++)
            cr_assert_str_eq(tokenizer_piece(tok, e.id[k]),
                             json_string_value(json_array_get(pieces, k)));
    }
    encoding_release(&e);
    tokenizer_free(tok);
    json_decref(questions);
    json_decref(ids);
}

static void check_tests(const json_t *doc, const char *key, const char *vocab, bool lower_case)
{
    struct tokenizer *tok = open_real(vocab, lower_case);
    const json_t *rows = json_object_get(doc, key);
    cr_assert_eq(json_array_size(rows), 18);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        check_ids(tok, json_string_value(json_object_get(row, "input")),
                  json_object_get(json_object_get(row, "encoded"), "input_ids"), 1);
    }
    tokenizer_free(tok);
}

Test(real, tokenizer_tests)
{
    json_t *doc = read_vectors("tokenizer_tests.json");
    check_tests(doc, "bert-base-uncased", "bert-base-uncased", true);
    check_tests(doc, "google-bert/bert-base-uncased", "bert-base-uncased", true);
    check_tests(doc, "distilbert/distilbert-base-multilingual-cased",
                "bert-base-multilingual-cased", false);
    json_decref(doc);
}

static void check_encoded(const char *file, const char *vocab, bool lower_case)
{
    json_t *doc = read_vectors(file);
    struct tokenizer *tok = open_real(vocab, lower_case);
    check_ids(tok, json_string_value(json_object_get(doc, "text")),
              json_object_get(doc, "token_ids"), 1);
    tokenizer_free(tok);
    json_decref(doc);
}

Test(real, long_french_text)
{
    check_encoded("bert_uncased_encoded.json", "bert-base-uncased", true);
    check_encoded("distilbert_cased_encoded.json", "bert-base-multilingual-cased", false);
}

/* ---- files ---- */

static struct tokenizer *open_json(const char *relative)
{
    struct err err = {0};
    struct buf file;
    struct tokenizer *tok = NULL;
    buf_init(&file, 8 << 20);
    cr_assert_eq(os_read_file(test_data(relative), 8 << 20, &file, &err), ERR_OK);
    cr_assert_eq(tokenizer_parse_json(file.data, file.len, relative, &tok, &err), ERR_OK, "%s",
                 err.message);
    buf_release(&file);
    return tok;
}

/* vocab.txt and every form of tokenizer.json give one digest; what is saved is the hub's file. */
static void check_files(const char *name, bool lower_case)
{
    static const char *const forms[] = {"tokenizer.json", "tokenizer.compact.json"};
    struct err err = {0};
    char wanted[65], seen[65], relative[120];
    struct tokenizer *tok = open_real(name, lower_case);
    tokenizer_digest(tok, wanted);
    for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
        cr_assert(str_format(relative, sizeof relative, "vocabs/%s/%s", name, forms[i]));
        struct tokenizer *other = open_json(relative);
        tokenizer_digest(other, seen);
        cr_expect_str_eq(seen, wanted, "%s", relative);
        tokenizer_free(other);
    }
    struct test_folder t;
    test_folder_make(&t);
    cr_assert_eq(tokenizer_save(tok, t.path, &err), ERR_OK, "%s", err.message);
    for (int i = 0; i < 2; i++) {
        const char *file = i ? "vocab.txt" : "tokenizer.json";
        cr_assert(str_format(relative, sizeof relative, "vocabs/%s/%s", name, file));
        cr_assert_eq(hash_file(test_data(relative), wanted, &err), ERR_OK);
        cr_assert_eq(hash_file(test_folder_path(&t, file), seen, &err), ERR_OK);
        cr_expect_str_eq(seen, wanted, "%s is not saved as it was", relative);
    }
    test_folder_remove(&t);
    tokenizer_free(tok);
}

Test(real, files_uncased)
{
    check_files("bert-base-uncased", true);
}
Test(real, files_cased)
{
    check_files("bert-base-cased", false);
}
Test(real, files_multilingual)
{
    check_files("bert-base-multilingual-cased", false);
}
Test(real, files_chinese)
{
    check_files("bert-base-chinese", false);
}

Test(real, files_of_third_parties)
{
    tokenizer_free(open_json("vocabs/bert-base-cased/tokenizer.trunc512.json"));
    tokenizer_free(open_json("vocabs/bert-base-uncased/tokenizer.thirdparty-PKGN.json"));
    tokenizer_free(
        open_json("vocabs/bert-base-chinese/tokenizer.thirdparty-easy_punctuation.json"));
}

Test(real, minilm_directory)
{
    struct err err = {0};
    struct tokenizer *tok = NULL;
    cr_assert_eq(tokenizer_open(test_model(), &tok, &err), ERR_OK, "%s", err.message);
    cr_expect_eq(tokenizer_vocab_count(tok), 30522);
    cr_expect_eq(tokenizer_cls(tok), 101);
    cr_expect_eq(tokenizer_sep(tok), 102);
    cr_expect(tokenizer_get_options(tok)->lower_case);
    tokenizer_free(tok);
}
