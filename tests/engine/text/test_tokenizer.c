/* Encoding by hand-made rules: spans, words, limits, errors, reuse of buffers. */
#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"
#include "engine/text/tokenizer.h"
#include "support/test_data.h"
#include <string.h>

static const char VOCAB[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
                            "no\nsign\n##s\n##ign\ns\nof\n.\nlung\ncafe\n中\na\n##a\n";
static const struct tokenizer_options UNCASED = {true, true, true, true};

static struct tokenizer *tok;
static struct encoding e;
static struct err err;

static void set_up(void)
{
    cr_assert_eq(tokenizer_parse_vocab(VOCAB, sizeof VOCAB - 1, "test", &UNCASED, &tok, &err), 0,
                 "%s", err.message);
    encoding_init(&e);
}

static void tear_down(void)
{
    encoding_release(&e);
    tokenizer_free(tok);
}

TestSuite(tokenizer, .init = set_up, .fini = tear_down);

static void encode(const char *text)
{
    cr_assert_eq(tokenizer_encode(tok, text, strlen(text), NULL, 0, &e, &err), ERR_OK, "%s",
                 err.message);
}

static void expect(int32_t i, const char *piece, int32_t start, int32_t end, int32_t word)
{
    cr_assert_lt(i, e.count);
    cr_expect_str_eq(tokenizer_piece(tok, e.id[i]), piece);
    cr_expect(e.start[i] == start && e.end[i] == end && e.word[i] == word,
              "piece %d: [%d, %d) word %d", i, e.start[i], e.end[i], e.word[i]);
}

Test(tokenizer, pieces_spans_words)
{
    encode("No signs  of CAFÉ.");
    cr_assert_eq(e.count, 6);
    expect(0, "no", 0, 2, 0);
    expect(1, "sign", 3, 7, 1);
    expect(2, "##s", 7, 8, 1);
    expect(3, "of", 10, 12, 2);
    expect(4, "cafe", 13, 17, 3);
    expect(5, ".", 17, 18, 4);
    cr_expect_eq(e.word_count, 5);
    cr_expect(e.first[1] && !e.first[2] && e.first[3]);
    cr_expect_eq(e.unknown_count, 0);
}

Test(tokenizer, a_word_is_known_as_a_whole_or_not_at_all)
{
    encode("signx lung");
    cr_assert_eq(e.count, 2);
    expect(0, "[UNK]", 0, 5, 0);
    expect(1, "lung", 6, 10, 1);
    cr_expect_eq(e.unknown_count, 1);
}

Test(tokenizer, longest_piece_first_without_going_back)
{
    /* "sign" is taken first; "s" + "##ign" would also fit */
    encode("sign");
    cr_assert_eq(e.count, 1);
    expect(0, "sign", 0, 4, 0);
}

Test(tokenizer, removed_characters_lie_inside_spans)
{
    const char text[] = "lu\0n\xE2\x80\x8Bg\0"; /* NUL, zero-width space, NUL behind */
    cr_assert_eq(tokenizer_encode(tok, text, sizeof text - 1, NULL, 0, &e, &err), ERR_OK);
    cr_assert_eq(e.count, 1);
    expect(0, "lung", 0, 6, 0);
}

Test(tokenizer, nothing_from_nothing)
{
    encode("");
    cr_expect_eq(e.count, 0);
    encode(" \t\n\xE2\x80\xA8");
    cr_expect_eq(e.count, 0);
    cr_expect_eq(e.word_count, 0);
    cr_assert_eq(tokenizer_encode(tok, "x", 1, (struct word_span[1]){{0, 0}}, 0, &e, &err), ERR_OK);
    cr_expect_eq(e.count, 0);
}

Test(tokenizer, special_tokens_in_the_text)
{
    encode("no[SEP]of [sep]");
    cr_assert_eq(e.count, 6);
    expect(1, "[SEP]", 2, 7, 1);
    expect(2, "of", 7, 9, 2);
    expect(3, "[UNK]", 10, 11, 3); /* the bracket: lower case is no special token */
    cr_expect_eq(e.word_count, 6);
}

Test(tokenizer, words_of_the_caller)
{
    const char *text = "no sign. of lung";
    const struct word_span words[] = {{0, 2}, {3, 8}, {8, 8}, {12, 16}};
    cr_assert_eq(tokenizer_encode(tok, text, strlen(text), words, 4, &e, &err), ERR_OK);
    cr_assert_eq(e.count, 4);
    expect(1, "sign", 3, 7, 1);
    expect(2, ".", 7, 8, 1);
    expect(3, "lung", 12, 16, 3);
    cr_expect(e.first[1] && !e.first[2] && e.first[3]);
    cr_expect_eq(e.word_count, 4);
}

Test(tokenizer, words_with_wide_characters)
{
    const char *text = "é中 中中x lung";
    const struct word_span words[] = {{1, 2}, {3, 5}, {7, 11}};
    cr_assert_eq(tokenizer_encode(tok, text, strlen(text), words, 3, &e, &err), ERR_OK);
    cr_assert_eq(e.count, 4);
    expect(0, "中", 1, 2, 0);
    expect(2, "中", 4, 5, 1);
    expect(3, "lung", 7, 11, 2);
}

Test(tokenizer, bad_words_are_refused)
{
    static const struct word_span bad[][2] = {
        {{0, 2}, {1, 3}}, {{3, 4}, {0, 1}}, {{2, 1}, {3, 4}}, {{-1, 1}, {2, 3}}, {{0, 1}, {2, 99}}};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        cr_expect_eq(tokenizer_encode(tok, "no sign", 7, bad[i], 2, &e, &err), ERR_BAD_INPUT,
                     "row %zu", i);
        cr_expect_eq(e.count, 0);
    }
    cr_expect_str_eq(err.message, "word 1 is [2, 99): the text ends before");
    encode("no");
    cr_expect_eq(e.count, 1);
}

Test(tokenizer, bad_utf8_is_refused_with_its_place)
{
    static const char *const bad[] = {"no\xFF", "no\xC3", "no\xC0\x80", "no\xED\xA0\x80",
                                      "no\xF4\x90\x80\x80"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        cr_expect_eq(tokenizer_encode(tok, bad[i], strlen(bad[i]), NULL, 0, &e, &err),
                     ERR_BAD_INPUT);
        cr_expect_str_eq(err.message, "the text is not UTF-8: bad byte at offset 2");
    }
}

static char *filled(const char *unit, size_t bytes)
{
    size_t n = strlen(unit);
    char *text = mem_try(1, bytes + 1, &err);
    cr_assert_not_null(text);
    for (size_t i = 0; i + n <= bytes; i += n) memcpy(text + i, unit, n);
    return text;
}

Test(tokenizer, limits)
{
    char *text = filled("a", TEXT_BYTES_MAX + 1);
    cr_expect_eq(tokenizer_encode(tok, text, TEXT_BYTES_MAX + 1, NULL, 0, &e, &err), ERR_LIMIT);
    cr_assert_eq(tokenizer_encode(tok, text, TEXT_BYTES_MAX, NULL, 0, &e, &err), ERR_OK);
    cr_assert_eq(e.count, 1);
    expect(0, "[UNK]", 0, TEXT_BYTES_MAX, 0);
    mem_free(text);
    text = filled(".", TEXT_BYTES_MAX);
    cr_expect_eq(tokenizer_encode(tok, text, TEXT_BYTES_MAX, NULL, 0, &e, &err), ERR_LIMIT);
    cr_expect_str_eq(err.message, "the text has more than 524288 sub-words");
    cr_assert_eq(tokenizer_encode(tok, text, TEXT_TOKENS_MAX, NULL, 0, &e, &err), ERR_OK);
    cr_expect_eq(e.count, TEXT_TOKENS_MAX);
    mem_free(text);
}

Test(tokenizer, a_cluster_of_half_a_million_accents)
{
    char *text = filled("\xCC\xA3\xCC\x81\xCC\xB4\xCD\x84", TEXT_BYTES_MAX); /* out of order */
    text[0] = 'a';
    text[1] = 'a';
    cr_assert_eq(tokenizer_encode(tok, text, TEXT_BYTES_MAX, NULL, 0, &e, &err), ERR_OK);
    cr_assert_eq(e.count, 2);
    expect(0, "a", 0, 1, 0);
    expect(1, "##a", 1, 2, 0);
    mem_free(text);
}

Test(tokenizer, a_word_of_the_longest_length)
{
    char text[102];
    memset(text, 'a', sizeof text);
    text[100] = 0;
    encode(text);
    cr_expect_eq(e.count, 100);
    text[100] = 'a';
    text[101] = 0;
    encode(text);
    cr_assert_eq(e.count, 1);
    expect(0, "[UNK]", 0, 101, 0);
}

Test(tokenizer, no_allocation_once_warm)
{
    encode("No signs of CAFE\xCC\x81. 中 [SEP]");
    const struct encoding warm = e;
    for (int i = 0; i < 10; i++) {
        encode("lung lung sign e\xCC\x81.");
        cr_expect(e.id == warm.id && e.start == warm.start && e.cap == warm.cap &&
                  e.scratch == warm.scratch);
    }
}

Test(tokenizer, one_encoding_for_tokenizers_of_different_word_length)
{
    struct tokenizer *longer = NULL;
    const char json[] =
        "{\"normalizer\":{\"type\":\"BertNormalizer\"},\"pre_tokenizer\":{\"type\":"
        "\"BertPreTokenizer\"},\"added_tokens\":[],\"model\":{\"type\":\"WordPiece\",\"unk_token\":"
        "\"[UNK]\",\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":300,\"vocab\":"
        "{\"[UNK]\":0,\"[CLS]\":1,\"[SEP]\":2,\"[PAD]\":3,\"a\":4,\"##a\":5}}}";
    cr_assert_eq(tokenizer_parse_json(json, sizeof json - 1, "test", &longer, &err), ERR_OK, "%s",
                 err.message);
    encode("a");
    char text[300];
    memset(text, 'a', sizeof text);
    cr_assert_eq(tokenizer_encode(longer, text, sizeof text, NULL, 0, &e, &err), ERR_OK);
    cr_expect_eq(e.count, 300);
    cr_assert_eq(tokenizer_encode(longer, "[SEP]", 5, NULL, 0, &e, &err), ERR_OK);
    cr_expect_eq(e.count, 3); /* not among its added tokens */
    tokenizer_free(longer);
}

Test(tokenizer, accessors)
{
    cr_expect_eq(tokenizer_vocab_count(tok), 17);
    cr_expect_eq(tokenizer_id(tok, "##ign"), 8);
    cr_expect_eq(tokenizer_id(tok, "absent"), -1);
    cr_expect_eq(tokenizer_id(tok, ""), -1);
    cr_expect_eq(tokenizer_piece(tok, -1), NULL);
    cr_expect_eq(tokenizer_piece(tok, 17), NULL);
    cr_expect(tokenizer_pad(tok) == 0 && tokenizer_unk(tok) == 1 && tokenizer_cls(tok) == 2 &&
              tokenizer_sep(tok) == 3);
}
