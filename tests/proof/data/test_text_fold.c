/* tests/proof/data/test_text_fold.c - folding, positions in folded text, borders of words. */
#include "proof/data/json_place.h"
#include "proof/data/text_fold.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_fold(const char *text, const char *folded)
{
    char out[128];
    size_t n = text_fold(text, strlen(text), out);
    cr_expect(n == strlen(folded) && memcmp(out, folded, n) == 0, "of \"%s\": %.*s", text, (int)n,
              out);
}

Test(text_fold, folds_white_space_only)
{
    expect_fold("", "");
    expect_fold(" \t\r\n ", "");
    expect_fold("  a  b\n\nc ", "a b c");
    expect_fold("a\xC2\xA0\xE3\x80\x80"
                "b",
                "a b");
    expect_fold("A. b", "A. b");
}

Test(text_fold, follows_positions)
{
    const char *text = "  ab \n\xC3\xA9 c ";
    size_t len = strlen(text);
    cr_expect_eq(text_fold_position(text, len, 2), 0);
    cr_expect_eq(text_fold_position(text, len, 3), 1);
    cr_expect_eq(text_fold_position(text, len, 4), 2);
    cr_expect_eq(text_fold_position(text, len, 6), 3, "the start of the second word");
    cr_expect_eq(text_fold_position(text, len, 7), 4);
    cr_expect_eq(text_fold_position(text, len, 8), 5);
}

Test(text_fold, knows_where_words_end)
{
    cr_expect(char_pair_is_inside_word('a', 'b'));
    cr_expect(char_pair_is_inside_word('2', 'D'));
    cr_expect(char_pair_is_inside_word(0xE9, 0x301), "a combining mark belongs to its letter");
    cr_expect_not(char_pair_is_inside_word('a', '-'));
    cr_expect_not(char_pair_is_inside_word('$', 'a'), "BERT counts ASCII symbols as punctuation");
    cr_expect_not(char_pair_is_inside_word(0x201C, 'a'));
    cr_expect_not(char_pair_is_inside_word(0x7CD6, 0x5C3F), "each ideograph is a word");
    cr_expect_not(char_pair_is_inside_word('a', 0x3000));
}

Test(json_place, finds_values_by_jansson)
{
    const char *doc = " { \"a\\\"\" : {\"k\": [1,2]} ,\"k\" :[ 12.5e3 ,\"x,]\", [[]] , true] }";
    size_t len = strlen(doc), items[8], at = json_place_of_key(doc, len, "k");
    cr_assert_eq(at, (size_t)(strstr(doc, ":[ 12") + 1 - doc));
    cr_assert_eq(json_place_of_items(doc, len, at, items, 8), 4);
    cr_expect_eq(items[0], (size_t)(strstr(doc, "12.5") - doc));
    cr_expect_eq(items[1], (size_t)(strstr(doc, "\"x,") - doc));
    cr_expect_eq(items[2], (size_t)(strstr(doc, "[[]]") - doc));
    cr_expect_eq(items[3], (size_t)(strstr(doc, "true") - doc));
    cr_expect_eq(json_place_of_items(doc, len, at, items, 2), 2);
    cr_expect_eq(json_place_of_key(doc, len, "no"), SIZE_MAX);
    cr_expect_eq(json_place_of_key(doc, len, "a\""), (size_t)(strchr(doc + 3, '{') - doc));
    cr_expect_eq(json_place_of_key("[]", 2, "a"), SIZE_MAX);
    cr_expect_eq(json_place_of_key("{}", 2, "a"), SIZE_MAX);
    cr_expect_eq(json_place_of_items("[]", 2, 0, items, 8), 0);
}
