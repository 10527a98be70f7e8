/* engine/text/unicode_internal.h - what tokenizers believes about each code point.
 *
 * utf8proc knows Unicode; tokenizers uses older and newer tables. unicode_delta.c (generated)
 * holds the differences, found over all code points; these functions apply it. Pure; any thread.
 */
#ifndef ENGINE_TEXT_UNICODE_INTERNAL_H
#define ENGINE_TEXT_UNICODE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unicode_flags {
    UNICODE_DROP = 1,  /* clean-up removes it: control, format, private use, U+FFFD */
    UNICODE_SPACE = 2, /* ends a word */
    UNICODE_PUNCT = 4, /* a word by itself */
    UNICODE_MARK = 8,  /* an accent: removed after decomposition */
    UNICODE_CJK = 16,  /* a word by itself where Chinese is split */
};

#define UNICODE_PARTS_MAX 4 /* the longest canonical decomposition */

unsigned unicode_flags(uint32_t cp);
/* A letter or sign with no flags in either case, of class 0, which does not decompose; its lower
 * case is one code point. */
bool unicode_is_plain(uint32_t cp, uint32_t *ret_lower);
/* Canonical combining class; 0 for what starts a cluster. */
int unicode_class(uint32_t cp);
/* Full canonical decomposition, not reordered; 1..UNICODE_PARTS_MAX parts. */
int unicode_decompose(uint32_t cp, uint32_t out[UNICODE_PARTS_MAX]);
/* 1 or 2 code points. No context: a capital sigma is never final. */
int unicode_lower(uint32_t cp, uint32_t out[2]);

struct unicode_flags_delta {
    uint32_t first, last;
    unsigned flags; /* instead of the rules of unicode.c */
};
struct unicode_value_delta {
    uint32_t first, last;
    int32_t value;
};
extern const char *const unicode_delta_utf8proc; /* Unicode version of the utf8proc compared */
extern const char *const unicode_delta_tokenizers;
extern const struct unicode_flags_delta unicode_flags_delta[];
extern const size_t unicode_flags_delta_count;
extern const struct unicode_value_delta unicode_class_delta[];
extern const size_t unicode_class_delta_count;
extern const struct unicode_value_delta unicode_whole_delta[];
extern const size_t unicode_whole_delta_count;
extern const struct unicode_value_delta unicode_lower_delta[];
extern const size_t unicode_lower_delta_count;

#endif
