/* base/str.c - small text.
 *
 * UTF-8 is decoded by hand: it is forty lines, it is on the path of every text and every JSON body,
 * and it must say where the first bad byte is.
 */
#include "base/str.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool str_eq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t len = strlen(s), tail = strlen(suffix);
    return len >= tail && strcmp(s + len - tail, suffix) == 0;
}

void str_plain(char *text)
{
    for (unsigned char *s = (unsigned char *)text; *s; s++) {
        bool c1 = s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0; /* two bytes of UTF-8 */
        if (c1) *s++ = ' ';
        if (c1 || *s < 0x20 || *s == 0x7f) *s = ' ';
    }
}

bool str_is_blank(const char *s)
{
    return s[strspn(s, " \t\r\n\v\f")] == '\0';
}

bool str_format(char *out, size_t cap, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(out, cap, fmt, args);
    va_end(args);
    if (len >= 0 && (size_t)len < cap) return true;
    if (cap > 0) out[0] = '\0';
    return false;
}

/* Byte count of the well-formed character at s (Unicode 15, table 3-7), or 0. */
static size_t char_bytes(const unsigned char *s, size_t len)
{
    if (s[0] < 0x80) return 1;
    size_t n = s[0] >= 0xC2 && s[0] <= 0xDF ? 2 : s[0] >= 0xE0 && s[0] <= 0xEF ? 3 : 0;
    if (s[0] >= 0xF0 && s[0] <= 0xF4) n = 4;
    if (n == 0 || n > len) return 0;
    unsigned char least = 0x80, most = 0xBF; /* of the second byte */
    if (s[0] == 0xE0) least = 0xA0;          /* overlong */
    if (s[0] == 0xED) most = 0x9F;           /* surrogates */
    if (s[0] == 0xF0) least = 0x90;          /* overlong */
    if (s[0] == 0xF4) most = 0x8F;           /* past U+10FFFF */
    if (s[1] < least || s[1] > most) return 0;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    return n;
}

size_t utf8_valid_prefix(const char *s, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint64_t eight; /* mostly ASCII: eight bytes at once */
        while (len - at >= sizeof eight) {
            memcpy(&eight, s + at, sizeof eight);
            if (eight & 0x8080808080808080u) break;
            at += sizeof eight;
        }
        if (at == len) break;
        size_t n = char_bytes((const unsigned char *)s + at, len - at);
        if (n == 0) return at;
        at += n;
    }
    return len;
}

uint32_t utf8_next(const char *s, size_t len, size_t *pos)
{
    const unsigned char *p = (const unsigned char *)s + *pos;
    size_t n = char_bytes(p, len - *pos);
    BUG_IF(n == 0);
    *pos += n;
    if (n == 1) return p[0];
    uint32_t cp = n == 2 ? p[0] & 0x1Fu : n == 3 ? p[0] & 0x0Fu : p[0] & 0x07u;
    for (size_t i = 1; i < n; i++) cp = cp << 6 | (p[i] & 0x3Fu);
    return cp;
}

int utf8_put(uint32_t cp, char *out)
{
    BUG_IF(cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF));
    int n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    if (n == 1) {
        out[0] = (char)cp;
        return 1;
    }
    static const unsigned char LEAD[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (int i = n - 1; i > 0; i--, cp >>= 6) out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)(LEAD[n] | cp);
    return n;
}

static bool starts_char(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

size_t utf8_count(const char *s, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) count += starts_char(s[i]);
    return count;
}

size_t utf8_byte_of(const char *s, size_t len, size_t cp_index)
{
    size_t seen = 0;
    for (size_t i = 0; i < len; i++)
        if (starts_char(s[i]) && seen++ == cp_index) return i;
    return len;
}

enum err_code str_to_i64(const char *s, int64_t *ret, struct err *err)
{
    const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
    char *end = NULL;
    errno = 0;
    long long v = *digits >= '0' && *digits <= '9' ? strtoll(s, &end, 10) : 0;
    if (!end || *end != '\0')
        return err_set(err, ERR_BAD_INPUT, "\"%.60s\" is not a whole number", s);
    if (errno == ERANGE) return err_set(err, ERR_BAD_INPUT, "\"%.60s\" does not fit in 64 bits", s);
    *ret = v;
    return ERR_OK;
}

/* [+-] digits [. digits] [e [+-] digits], with at least one digit before or after the point: what
 * JSON, YAML and people write. strtod alone would also take hexadecimal, "inf" and "nan". */
static bool looks_decimal(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t whole = strspn(s, "0123456789"), part = 0;
    s += whole;
    if (*s == '.') {
        part = strspn(s + 1, "0123456789");
        s += 1 + part;
    }
    if (whole + part == 0) return false;
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        size_t digits = strspn(s, "0123456789");
        if (digits == 0) return false;
        s += digits;
    }
    return *s == '\0';
}

enum err_code str_to_f64(const char *s, double *ret, struct err *err)
{
    char *end = NULL;
    double v = looks_decimal(s) ? strtod(s, &end) : 0;
    if (!end || *end != '\0') return err_set(err, ERR_BAD_INPUT, "\"%.60s\" is not a number", s);
    if (!isfinite(v)) return err_set(err, ERR_BAD_INPUT, "\"%.60s\" is too large", s);
    *ret = v;
    return ERR_OK;
}

#define NEAREST_BYTES_MAX 64

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits between two short words: insert, delete, replace, swap neighbours (optimal string
 * alignment). */
static size_t edits(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAREST_BYTES_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++) above[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t replace = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least_of(replace, least_of(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least_of(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_len];
}

const char *str_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t len = strlen(word);
    if (len > NEAREST_BYTES_MAX) return NULL;
    size_t best = 1 + len / 3 + 1;
    const char *found = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        if (other > NEAREST_BYTES_MAX) continue;
        size_t d = edits(word, len, candidates[i], other);
        if (d < best) {
            best = d;
            found = candidates[i];
        }
    }
    return found;
}
