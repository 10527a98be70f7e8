/* base/str.h - small text: UTF-8 checks, code points, numbers, "did you mean".
 *
 * Everything here is pure. Positions in texts are code points in cairn's formats and bytes in
 * memory; these functions are the only place where the two meet.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/err.h"
#include <stdint.h>

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool str_eq(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_is_blank(const char *s);
/* Control characters (U+0000 to U+001F, U+007F to U+009F) become spaces, in place: a stranger's
 * text on a terminal neither breaks a line nor moves the cursor. */
void str_plain(char *s);
/* snprintf that must fit: returns false (and an empty string) when it does not. */
bool str_format(char *out, size_t cap, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Strict UTF-8 (no surrogates, no overlong forms, <= U+10FFFF). Returns len when valid, else the
 * offset of the first bad byte. */
size_t utf8_valid_prefix(const char *s, size_t len);
/* Decodes one code point of valid UTF-8 at *pos and advances it. */
uint32_t utf8_next(const char *s, size_t len, size_t *pos);
/* Encodes; returns the byte count 1..4. out has room for 4. */
int utf8_put(uint32_t cp, char *out);
size_t utf8_count(const char *s, size_t len); /* code points in valid UTF-8 */
/* Byte offset of the code point with this index; len when index >= count. */
size_t utf8_byte_of(const char *s, size_t len, size_t cp_index);
/* Columns on a terminal (East Asian wide = 2, combining = 0). */
size_t utf8_columns(const char *s, size_t len);

/* Whole-string number parsing: no leading space, no trailing junk, range checked; ERR_BAD_INPUT
 * otherwise. */
enum err_code str_to_i64(const char *s, int64_t *ret, struct err *err) MUST_CHECK;
enum err_code str_to_f64(const char *s, double *ret, struct err *err) MUST_CHECK;

/* The candidate nearest to `word` (Damerau-Levenshtein, at most 1 + len/3 edits), or NULL. */
const char *str_nearest(const char *word, const char *const *candidates, size_t count);

#endif
