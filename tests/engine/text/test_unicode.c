/* What the delta table changes, and that it was made for the utf8proc in use. */
#include "engine/text/unicode_internal.h"
#include "support/test_data.h"
#include <utf8proc.h>

Test(unicode, delta_is_for_this_utf8proc)
{
    cr_expect_str_eq(utf8proc_unicode_version(), unicode_delta_utf8proc,
                     "run tools/oracle/unicode_delta.py again: it was made for another utf8proc");
}

Test(unicode, flags)
{
    static const struct {
        uint32_t cp;
        unsigned flags;
    } rows[] = {
        {'a', 0},
        {' ', UNICODE_SPACE},
        {'\n', UNICODE_SPACE},
        {0x0B, UNICODE_DROP | UNICODE_SPACE},
        {0x85, UNICODE_DROP | UNICODE_SPACE},
        {0x1C, UNICODE_DROP},
        {0, UNICODE_DROP},
        {0xFFFD, UNICODE_DROP},
        {0x200D, UNICODE_DROP},  /* joiner */
        {0xE000, UNICODE_DROP},  /* private use */
        {0x378, 0},              /* unassigned is kept */
        {'$', UNICODE_PUNCT},    /* a symbol, but ASCII */
        {0x20AC, 0},             /* a symbol */
        {0x2014, UNICODE_PUNCT}, /* dash */
        {0x166D, UNICODE_PUNCT}, /* delta: was punctuation in older Unicode */
        {0x2E43, 0},             /* delta: newer than the crate's table */
        {0x301, UNICODE_MARK},
        {0x1734, UNICODE_MARK}, /* delta: was a non-spacing mark */
        {0xFE0F, UNICODE_MARK}, /* variation selector */
        {0x4E2D, UNICODE_CJK},
        {0xF900, UNICODE_CJK},
        {0x2B820, 0},  /* a hole in BERT's ranges */
        {0x3042, 0},   /* kana is not Chinese */
        {0x10FFFF, 0}, /* not a character */
        {0x10FFFD, UNICODE_DROP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(unicode_flags(rows[i].cp), rows[i].flags, "U+%04X: %u", rows[i].cp,
                     unicode_flags(rows[i].cp));
}

Test(unicode, decomposition)
{
    uint32_t out[UNICODE_PARTS_MAX];
    cr_expect_eq(unicode_decompose('a', out), 1);
    cr_assert_eq(unicode_decompose(0xAC01, out), 3); /* a Hangul syllable */
    cr_expect(out[0] == 0x1100 && out[1] == 0x1161 && out[2] == 0x11A8);
    cr_assert_eq(unicode_decompose(0x1F82, out), 4); /* the longest */
    cr_expect(out[0] == 0x3B1 && out[1] == 0x313 && out[2] == 0x300 && out[3] == 0x345);
    cr_assert_eq(unicode_decompose(0x212A, out), 1); /* Kelvin sign */
    cr_expect_eq(out[0], 'K');
    cr_assert_eq(unicode_decompose(0x11938, out), 1); /* delta */
    cr_expect_eq(out[0], 0x11938);
    cr_assert_eq(unicode_decompose(0xFB01, out), 1); /* a ligature is no canonical equivalent */
}

Test(unicode, hangul_is_taken_apart_as_utf8proc_does)
{
    for (uint32_t cp = 0xAC00; cp <= 0xD7A3; cp++) {
        uint32_t seen[UNICODE_PARTS_MAX];
        utf8proc_int32_t want[UNICODE_PARTS_MAX];
        int boundary = 0, count = unicode_decompose(cp, seen);
        cr_assert_eq(utf8proc_decompose_char((utf8proc_int32_t)cp, want, UNICODE_PARTS_MAX,
                                             UTF8PROC_DECOMPOSE, &boundary),
                     count, "U+%04X", cp);
        for (int i = 0; i < count; i++) cr_assert_eq(seen[i], (uint32_t)want[i], "U+%04X", cp);
    }
}

Test(unicode, class_and_lower_case)
{
    uint32_t out[2];
    cr_expect_eq(unicode_class('a'), 0);
    cr_expect_eq(unicode_class(0x301), 230);
    cr_expect_eq(unicode_class(0x7FD), 0); /* delta */
    cr_expect_eq(unicode_lower('A', out), 1);
    cr_expect_eq(out[0], 'a');
    cr_expect_eq(unicode_lower(0x3A3, out), 1);
    cr_expect_eq(out[0], 0x3C3); /* never the final sigma */
    cr_expect_eq(unicode_lower(0x130, out), 2);
    cr_expect(out[0] == 'i' && out[1] == 0x307);
    cr_expect_eq(unicode_lower(0x10D50, out), 1); /* delta */
    cr_expect_eq(out[0], 0x10D70);
}

/* What plain.c takes for granted of the Chinese characters that it reads from the text itself. */
Test(unicode, chinese_characters_of_the_first_plane_stay_as_they_are)
{
    for (uint32_t cp = 0x3400; cp <= 0x9FFF; cp++) {
        if (cp >= 0x4DC0 && cp <= 0x4DFF) continue; /* hexagrams */
        uint32_t part[UNICODE_PARTS_MAX], lower[2];
        cr_assert_eq(unicode_flags(cp), UNICODE_CJK, "U+%04X", cp);
        cr_assert_eq(unicode_class(cp), 0, "U+%04X", cp);
        cr_assert(unicode_decompose(cp, part) == 1 && part[0] == cp, "U+%04X", cp);
        cr_assert(unicode_lower(cp, lower) == 1 && lower[0] == cp, "U+%04X", cp);
    }
}

Test(unicode, a_plain_letter_passes_all_stages_as_one)
{
    int plain = 0;
    for (uint32_t cp = 0; cp < 0x110000; cp++) {
        uint32_t part[UNICODE_PARTS_MAX], lower[2], seen;
        if (!unicode_is_plain(cp, &seen)) continue;
        plain++;
        cr_assert_eq(unicode_flags(cp), 0, "U+%04X", cp);
        cr_assert_eq(unicode_class(cp), 0, "U+%04X", cp);
        cr_assert(unicode_decompose(cp, part) == 1 && part[0] == cp, "U+%04X", cp);
        cr_assert(unicode_lower(cp, lower) == 1 && lower[0] == seen, "U+%04X", cp);
        cr_assert_eq(unicode_flags(seen), 0, "U+%04X", cp);
    }
    cr_expect_gt(plain, 10000);
    uint32_t lower;
    cr_expect(unicode_is_plain(0x416, &lower) && lower == 0x436);
    cr_expect_not(unicode_is_plain(0x439, &lower)); /* decomposes */
    cr_expect_not(unicode_is_plain(0x130, &lower)); /* two in lower case */
    cr_expect_not(unicode_is_plain(0x301, &lower)); /* a mark */
}
