#include "base/str.h"
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(str, small_questions)
{
    cr_assert(str_starts("abc", "ab") && !str_starts("ab", "abc") && str_starts("x", ""));
    cr_assert(str_ends("abc", "bc") && !str_ends("bc", "abc") && str_ends("x", ""));
    cr_assert(str_is_blank("") && str_is_blank(" \t\r\n") && !str_is_blank(" x "));
    char out[4];
    cr_assert(str_format(out, sizeof out, "%d", 123));
    cr_assert_not(str_format(out, sizeof out, "%d", 1234));
    cr_assert_str_eq(out, "");
}

/* The whole of table 3-7 of the Unicode standard by its edges, and the classic attacks. */
Test(utf8, valid_prefix)
{
    static const struct {
        const char *bytes;
        size_t len, valid;
    } CASES[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"a\0b", 3, 3},
        {"\xC2\x80\xDF\xBF", 4, 4},
        {"\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF", 12, 12},
        {"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8, 8},
        {"ab\x80", 3, 2},               /* lone continuation */
        {"ab\xC0\x80", 4, 2},           /* overlong NUL */
        {"\xC1\xBF", 2, 0},             /* overlong */
        {"\xE0\x9F\xBF", 3, 0},         /* overlong */
        {"\xF0\x8F\xBF\xBF", 4, 0},     /* overlong */
        {"x\xED\xA0\x80", 4, 1},        /* surrogate */
        {"x\xF4\x90\x80\x80", 5, 1},    /* past U+10FFFF */
        {"\xF5\x80\x80\x80", 4, 0},     /* past U+10FFFF */
        {"ok\xE2\x82", 4, 2},           /* cut off */
        {"ok\xF0\x9F\x98", 5, 2},       /* cut off */
        {"\xE2\x28\xA1", 3, 0},         /* broken inside */
        {"\xFE\xFF", 2, 0},             /* UTF-16 mark */
        {"\xF8\x88\x80\x80\x80", 5, 0}, /* five bytes */
    };
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++)
        cr_assert_eq(utf8_valid_prefix(CASES[i].bytes, CASES[i].len), CASES[i].valid, "case %zu",
                     i);
}

/* ASCII is read eight bytes at once: a bad byte must be found wherever it stands among them. */
Test(utf8, valid_prefix_behind_ascii)
{
    char text[40];
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t bad = 0; bad < len; bad++) {
            memset(text, 'a', sizeof text);
            text[bad] = '\x80';
            cr_assert_eq(utf8_valid_prefix(text, len), bad);
            if (bad + 1 == len) continue;
            memcpy(text + bad, "\xC3\xA9", 2);
            cr_assert_eq(utf8_valid_prefix(text, len), len);
        }
}

Test(utf8, every_code_point_goes_there_and_back)
{
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        if (cp >= 0xD800 && cp <= 0xDFFF) continue;
        char bytes[4];
        size_t len = (size_t)utf8_put(cp, bytes), at = 0;
        cr_assert_eq(utf8_valid_prefix(bytes, len), len);
        cr_assert_eq(utf8_next(bytes, len, &at), cp);
        cr_assert_eq(at, len);
    }
}

Test(utf8, counts_and_offsets)
{
    const char *s = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z"; /* a, a-umlaut, euro, smile, z */
    size_t len = strlen(s);
    static const size_t AT[] = {0, 1, 3, 6, 10, 11, 11};
    cr_assert_eq(utf8_count(s, len), 5);
    for (size_t i = 0; i < ARRAY_COUNT(AT); i++) cr_assert_eq(utf8_byte_of(s, len, i), AT[i]);
    cr_assert_eq(utf8_byte_of("", 0, 0), 0);
}

Test(utf8, columns)
{
    cr_assert_eq(utf8_columns("abc", 3), 3);
    cr_assert_eq(utf8_columns("\xE4\xB8\xAD\xE6\x96\x87", 6), 4); /* two wide characters */
    cr_assert_eq(utf8_columns("e\xCC\x81", 3), 1);                /* combining accent */
}

Test(str, integers)
{
    static const char *const BAD[] = {"",
                                      "-",
                                      "+",
                                      "1x",
                                      " 1",
                                      "1 ",
                                      "0x10",
                                      "1.0",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809"};
    int64_t v = 42;
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_COUNT(BAD); i++) {
        cr_assert_eq(str_to_i64(BAD[i], &v, &err), ERR_BAD_INPUT, "\"%s\"", BAD[i]);
        cr_assert_eq(v, 42);
    }
    cr_assert(str_to_i64("-9223372036854775808", &v, &err) == ERR_OK && v == INT64_MIN);
    cr_assert(str_to_i64("+007", &v, &err) == ERR_OK && v == 7);
}

Test(str, reals)
{
    static const char *const BAD[] = {"",    "-",   ".",   "e5",   "1e",   "1e+",  "nan",
                                      "inf", "0x1", "1,5", " 1.0", "1.0 ", "1..2", "1e999"};
    double v = 42;
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_COUNT(BAD); i++) {
        cr_assert_eq(str_to_f64(BAD[i], &v, &err), ERR_BAD_INPUT, "\"%s\"", BAD[i]);
        cr_assert_eq(v, 42);
    }
    cr_assert(str_to_f64("1.0e-4", &v, &err) == ERR_OK && v == 1.0e-4);
    cr_assert(str_to_f64("-.5", &v, &err) == ERR_OK && v == -0.5);
    cr_assert(str_to_f64("2.", &v, &err) == ERR_OK && v == 2);
    cr_assert(str_to_f64("+3E2", &v, &err) == ERR_OK && v == 300);
}

Test(str, plain)
{
    char text[] = "a\033[2Jb\r\n\tc\177 \xc2\x9b\xc2\xa0\xe2\x82\xac";
    str_plain(text);
    cr_assert_str_eq(text, "a [2Jb   c    \xc2\xa0\xe2\x82\xac");
}

Test(str, nearest)
{
    static const char *const KEYS[] = {"epochs", "batch_size", "learning_rate", "seed"};
    size_t n = ARRAY_COUNT(KEYS);
    cr_assert_str_eq(str_nearest("epoch", KEYS, n), "epochs");
    cr_assert_str_eq(str_nearest("learning-rate", KEYS, n), "learning_rate");
    cr_assert_str_eq(str_nearest("sede", KEYS, n), "seed"); /* swapped neighbours are one edit */
    cr_assert_null(str_nearest("zzzzzz", KEYS, n));
    cr_assert_null(str_nearest("x", KEYS, 0));
    char word[200];
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    cr_assert_null(str_nearest(word, KEYS, n));
}
