/* proof/data/json_place.c - places of values, with jansson as the ruler.
 *
 * With JSON_DISABLE_EOF_CHECK jansson stops behind one value and leaves its end in error.position
 * even on success (jansson 2.14, load.c: parse_json). The document was accepted as a whole before,
 * so each piece is accepted again; should it ever not be, the answer is "not there", never a wrong
 * place.
 */
#include "proof/data/json_place.h"

#include <jansson.h>
#include <string.h>

#define NOT_THERE SIZE_MAX

static size_t skip_space(const char *bytes, size_t len, size_t at)
{
    while (at < len && memchr(" \t\r\n", bytes[at], 4)) at++;
    return at;
}

/* The offset behind the value at `at`; the value itself when ret is not NULL (json_decref). */
static size_t skip_value(const char *bytes, size_t len, size_t at, json_t **ret)
{
    json_error_t error;
    json_t *value =
        json_loadb(bytes + at, len - at, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);
    if (!value) return NOT_THERE;
    if (ret)
        *ret = value;
    else
        json_decref(value);
    return at + (size_t)error.position;
}

size_t json_place_of_key(const char *bytes, size_t len, const char *key)
{
    size_t at = skip_space(bytes, len, 0);
    if (at >= len || bytes[at] != '{') return NOT_THERE;
    for (;;) {
        at = skip_space(bytes, len, at + 1); /* behind { or , */
        json_t *name = NULL;
        if (at >= len || bytes[at] != '"') return NOT_THERE;
        at = skip_value(bytes, len, at, &name);
        bool found = at != NOT_THERE && strcmp(json_string_value(name), key) == 0;
        json_decref(name);
        if (at == NOT_THERE) return NOT_THERE;
        at = skip_space(bytes, len, at);
        if (at >= len || bytes[at] != ':') return NOT_THERE;
        at = skip_space(bytes, len, at + 1);
        if (at >= len) return NOT_THERE;
        if (found) return at;
        at = skip_value(bytes, len, at, NULL);
        if (at == NOT_THERE) return NOT_THERE;
        at = skip_space(bytes, len, at);
        if (at >= len || bytes[at] != ',') return NOT_THERE;
    }
}

size_t json_place_of_items(const char *bytes, size_t len, size_t at, size_t *ret, size_t max)
{
    size_t count = 0;
    if (at >= len || bytes[at] != '[') return 0;
    while (count < max) {
        at = skip_space(bytes, len, at + 1); /* behind [ or , */
        if (at >= len || bytes[at] == ']') return count;
        ret[count++] = at;
        at = skip_value(bytes, len, at, NULL);
        if (at == NOT_THERE) return count;
        at = skip_space(bytes, len, at);
        if (at >= len || bytes[at] != ',') return count;
    }
    return count;
}
