/* base/json_write.c - writing JSON.
 *
 * Reals are written with the fewest of 15, 16 or 17 digits that read back as the same number, so
 * that people see 0.1 and not 0.10000000000000001; the canonical form always takes 17, so that a
 * digest never depends on a search. jansson's own writer has one fixed precision, hence this one;
 * it is shared by both forms.
 */
#include "base/json.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum form { ONE_LINE, INDENTED, CANONICAL };

json_t *json_real_or_null(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static void write_string(const char *s, size_t len, struct buf *out)
{
    static const char NAMED[] = "\"\\\b\f\n\r\t", LETTERS[] = "\"\\bfnrt";
    buf_addc(out, '"');
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) continue;
        buf_add(out, s + done, i - done);
        done = i + 1;
        const char *named = c ? strchr(NAMED, c) : NULL;
        if (named)
            buf_addf(out, "\\%c", LETTERS[named - NAMED]);
        else
            buf_addf(out, "\\u%04x", c);
    }
    buf_add(out, s + done, len - done);
    buf_addc(out, '"');
}

static void write_real(double v, enum form form, struct buf *out)
{
    char text[40];
    BUG_IF(!isfinite(v));
    int digits = form == CANONICAL ? 17 : 15;
    do snprintf(text, sizeof text, "%.*g", digits, v);
    while (digits++ < 17 && strtod(text, NULL) != v);
    buf_adds(out, text);
    if (!strpbrk(text, ".e")) buf_adds(out, ".0"); /* stays a real when read again */
}

static void new_line(enum form form, int depth, struct buf *out)
{
    if (form == INDENTED) buf_addf(out, "\n%*s", 2 * depth, "");
}

static void write_value(const json_t *v, enum form form, int depth, struct buf *out);

static void write_array(const json_t *v, enum form form, int depth, struct buf *out)
{
    size_t count = json_array_size(v);
    buf_addc(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) buf_adds(out, form == ONE_LINE ? ", " : ",");
        new_line(form, depth + 1, out);
        write_value(json_array_get(v, i), form, depth + 1, out);
    }
    if (count > 0) new_line(form, depth, out);
    buf_addc(out, ']');
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys in the order of the form; NULL when memory is refused (the buffer is then marked). */
static const char **keys_of(const json_t *v, enum form form, size_t count, struct buf *out)
{
    const char **keys = calloc(count, sizeof *keys);
    if (!keys) {
        out->failed = out->refused = true;
        return NULL;
    }
    size_t n = 0;
    for (void *at = json_object_iter((json_t *)(uintptr_t)v); at && n < count;
         at = json_object_iter_next((json_t *)(uintptr_t)v, at))
        keys[n++] = json_object_iter_key(at);
    if (form == CANONICAL) qsort(keys, n, sizeof *keys, by_bytes);
    return keys;
}

static void write_object(const json_t *v, enum form form, int depth, struct buf *out)
{
    size_t count = json_object_size(v);
    if (count == 0) {
        buf_adds(out, "{}");
        return;
    }
    const char **keys = keys_of(v, form, count, out);
    if (!keys) return;
    buf_addc(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) buf_adds(out, form == ONE_LINE ? ", " : ",");
        new_line(form, depth + 1, out);
        write_string(keys[i], strlen(keys[i]), out);
        buf_adds(out, form == CANONICAL ? ":" : ": ");
        write_value(json_object_get(v, keys[i]), form, depth + 1, out);
    }
    new_line(form, depth, out);
    buf_addc(out, '}');
    free(keys);
}

static void write_value(const json_t *v, enum form form, int depth, struct buf *out)
{
    BUG_IF(!v);
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        write_object(v, form, depth, out);
        break;
    case JSON_ARRAY:
        write_array(v, form, depth, out);
        break;
    case JSON_STRING:
        write_string(json_string_value(v), json_string_length(v), out);
        break;
    case JSON_INTEGER:
        buf_addf(out, "%lld", (long long)json_integer_value(v));
        break;
    case JSON_REAL:
        write_real(json_real_value(v), form, out);
        break;
    case JSON_TRUE:
        buf_adds(out, "true");
        break;
    case JSON_FALSE:
        buf_adds(out, "false");
        break;
    case JSON_NULL:
        buf_adds(out, "null");
        break;
    }
}

void json_write(const json_t *doc, bool indent, struct buf *out)
{
    write_value(doc, indent ? INDENTED : ONE_LINE, 0, out);
}

void json_canonical(const json_t *doc, struct buf *out)
{
    write_value(doc, CANONICAL, 0, out);
}
