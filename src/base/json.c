/* base/json.c - reading JSON on jansson.
 *
 * jansson allocates as it goes, recurses to a depth of 2048 and reports bad UTF-8 without a place,
 * so a scan goes first: it knows strings from structure and nothing else of JSON, and refuses too
 * many bytes, too much depth and bad UTF-8. What jansson then sees is bounded by the limits.
 *
 * Hugging Face writes "model_max_length": 1000000000000000019884624838656, which is JSON but no
 * 64-bit integer, and jansson refuses it. The scan notes such a number, and only then the text is
 * copied with ".0" behind it: it becomes the real that it means.
 */
#include "base/json.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/str.h"
#include <math.h>
#include <string.h>

const struct json_limits JSON_LIMITS_BODY = {JSON_BODY_BYTES_MAX, JSON_DEPTH_MAX};
const struct json_limits JSON_LIMITS_FILE = {JSON_FILE_BYTES_MAX, JSON_DEPTH_MAX};

struct place {
    size_t line, column; /* from 1, columns in code points */
};

static struct place place_of(const char *bytes, size_t at)
{
    struct place p = {1, 1};
    for (size_t i = 0; i < at; i++) {
        if (bytes[i] == '\n')
            p = (struct place){p.line + 1, 1};
        else
            p.column += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    }
    return p;
}

/* "file:line:column: what", or "line L, column C: what" for bytes without a name. */
static enum err_code at_place(struct err *err, enum err_code code, const char *name, struct place p,
                              const char *what)
{
    if (name) return err_set(err, code, "%s:%zu:%zu: %s", name, p.line, p.column, what);
    return err_set(err, code, "line %zu, column %zu: %s", p.line, p.column, what);
}

/* Does the number at `at` have more digits than any 64-bit integer, and neither point nor exponent?
 * *ret_end is behind the whole number: the digits of a fraction are no number of their own. */
static bool is_wide_integer(const char *bytes, size_t len, size_t at, size_t *ret_end)
{
    size_t digits = 0;
    if (bytes[at] == '-') at++;
    for (; at < len && bytes[at] >= '0' && bytes[at] <= '9'; at++) digits++;
    size_t whole = at;
    while (at < len && bytes[at] && strchr("0123456789.eE+-", bytes[at])) at++;
    *ret_end = at;
    return digits > 18 && at == whole;
}

/* Where a string ends (behind its closing quote, or len). */
static size_t string_end(const char *bytes, size_t len, size_t at)
{
    for (at++; at < len && bytes[at] != '"'; at++)
        if (bytes[at] == '\\') at++;
    return at < len ? at + 1 : len;
}

struct scan {
    const char *name;
    const struct json_limits *limits;
    size_t wide_count; /* integers past 64 bits */
};

static enum err_code scan(const char *bytes, size_t len, struct scan *s, struct err *err)
{
    if (len > s->limits->bytes_max)
        return err_set(err, ERR_LIMIT, "%s%s%zu bytes of JSON are more than %zu",
                       s->name ? s->name : "", s->name ? ": " : "", len, s->limits->bytes_max);
    size_t valid = utf8_valid_prefix(bytes, len), end;
    if (valid < len)
        return at_place(err, ERR_BAD_INPUT, s->name, place_of(bytes, valid), "not UTF-8");
    int depth = 0;
    for (size_t i = 0; i < len;) {
        char c = bytes[i];
        if (c == '"') {
            i = string_end(bytes, len, i);
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            s->wide_count += is_wide_integer(bytes, len, i, &end);
            i = end > i ? end : i + 1;
        } else {
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
            if (depth > s->limits->depth_max) {
                at_place(err, ERR_LIMIT, s->name, place_of(bytes, i), "nested too deeply");
                return err_detail(err, "the limit is %d levels", s->limits->depth_max);
            }
            i++;
        }
    }
    return ERR_OK;
}

/* The text with ".0" behind every integer past 64 bits. */
static void widen(const char *bytes, size_t len, struct buf *out)
{
    size_t done = 0, end;
    for (size_t i = 0; i < len;) {
        if (bytes[i] == '"') {
            i = string_end(bytes, len, i);
        } else if (bytes[i] == '-' || (bytes[i] >= '0' && bytes[i] <= '9')) {
            bool wide = is_wide_integer(bytes, len, i, &end);
            i = end > i ? end : i + 1;
            if (!wide) continue;
            buf_add(out, bytes + done, i - done);
            buf_adds(out, ".0");
            done = i;
        } else {
            i++;
        }
    }
    buf_add(out, bytes + done, len - done);
}

static enum err_code refuse(const json_error_t *e, const char *name, struct err *err)
{
    struct place p = {e->line > 0 ? (size_t)e->line : 1, e->column > 0 ? (size_t)e->column : 1};
    switch (json_error_code(e)) {
    case json_error_out_of_memory:
        return err_set(err, ERR_NO_MEMORY, "no memory for the JSON document");
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return at_place(err, ERR_BAD_INPUT, name, p, "a text with \\u0000 is not accepted");
    default:
        at_place(err, ERR_BAD_INPUT, name, p, "not JSON");
        return err_detail(err, "%s", e->text);
    }
}

static enum err_code parse(const char *name, const char *bytes, size_t len,
                           const struct json_limits *limits, json_t **ret, struct err *err)
{
    struct scan s = {.name = name, .limits = limits};
    enum err_code code = scan(bytes, len, &s, err);
    if (code) return code;
    struct buf wide;
    buf_init(&wide, limits->bytes_max + 2 * s.wide_count);
    if (s.wide_count > 0) {
        widen(bytes, len, &wide);
        code = buf_check(&wide, err);
        bytes = wide.data;
        len = wide.len;
    }
    if (!code) {
        json_error_t e;
        json_t *doc = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
        if (doc)
            *ret = doc;
        else
            code = refuse(&e, name, err);
    }
    buf_release(&wide);
    return code;
}

enum err_code json_parse(const char *bytes, size_t len, const struct json_limits *limits,
                         json_t **ret, struct err *err)
{
    return parse(NULL, bytes, len, limits, ret, err);
}

enum err_code json_read_file(const char *path, json_t **ret, struct err *err)
{
    struct buf text;
    buf_init(&text, JSON_LIMITS_FILE.bytes_max);
    enum err_code code = os_read_file(path, JSON_LIMITS_FILE.bytes_max, &text, err);
    if (!code) code = parse(path, text.data, text.len, &JSON_LIMITS_FILE, ret, err);
    buf_release(&text);
    return code;
}

static const char *type_name(const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    default:
        return "null";
    }
}

/* The value, or NULL when it is absent or null; ERR_BAD_INPUT when `o` is no object or the value is
 * needed. */
static enum err_code find(const json_t *o, const char *key, bool needed, json_t **ret,
                          struct err *err)
{
    *ret = NULL;
    if (!json_is_object(o)) {
        err_set(err, ERR_BAD_INPUT, "an object with \"%s\" is needed", key);
        return o ? err_detail(err, "found %s", type_name(o)) : ERR_BAD_INPUT;
    }
    json_t *v = json_object_get(o, key);
    if (v && !json_is_null(v)) *ret = v;
    if (*ret || !needed) return ERR_OK;
    err_set(err, ERR_BAD_INPUT, "\"%s\" is missing", key);
    return v ? err_detail(err, "it is null") : ERR_BAD_INPUT;
}

static enum err_code wrong_type(const char *key, const char *wanted, const json_t *v,
                                struct err *err)
{
    err_set(err, ERR_BAD_INPUT, "\"%s\" must be %s", key, wanted);
    return err_detail(err, "found %s", type_name(v));
}

static enum err_code get_string(const json_t *o, const char *key, bool needed, const char **ret,
                                struct err *err)
{
    json_t *v;
    enum err_code code = find(o, key, needed, &v, err);
    if (code || !v) return code;
    if (!json_is_string(v)) return wrong_type(key, "a string", v, err);
    *ret = json_string_value(v);
    return ERR_OK;
}

static enum err_code get_int(const json_t *o, const char *key, bool needed, int64_t *ret,
                             struct err *err)
{
    json_t *v;
    enum err_code code = find(o, key, needed, &v, err);
    if (code || !v) return code;
    double real = json_real_value(v);
    if (json_is_integer(v))
        *ret = json_integer_value(v);
    else if (json_is_real(v) && real >= -0x1p63 && real < 0x1p63 && floor(real) == real)
        *ret = (int64_t)real;
    else
        return wrong_type(key, "a whole number", v, err);
    return ERR_OK;
}

static enum err_code get_real(const json_t *o, const char *key, bool needed, double *ret,
                              struct err *err)
{
    json_t *v;
    enum err_code code = find(o, key, needed, &v, err);
    if (code || !v) return code;
    if (!json_is_number(v)) return wrong_type(key, "a number", v, err);
    *ret = json_number_value(v);
    return ERR_OK;
}

enum err_code json_need_string(const json_t *o, const char *key, const char **ret, struct err *err)
{
    return get_string(o, key, true, ret, err);
}

enum err_code json_opt_string(const json_t *o, const char *key, const char **ret, struct err *err)
{
    return get_string(o, key, false, ret, err);
}

enum err_code json_need_int(const json_t *o, const char *key, int64_t *ret, struct err *err)
{
    return get_int(o, key, true, ret, err);
}

enum err_code json_opt_int(const json_t *o, const char *key, int64_t *ret, struct err *err)
{
    return get_int(o, key, false, ret, err);
}

enum err_code json_need_real(const json_t *o, const char *key, double *ret, struct err *err)
{
    return get_real(o, key, true, ret, err);
}

enum err_code json_opt_real(const json_t *o, const char *key, double *ret, struct err *err)
{
    return get_real(o, key, false, ret, err);
}

enum err_code json_opt_bool(const json_t *o, const char *key, bool *ret, struct err *err)
{
    json_t *v;
    enum err_code code = find(o, key, false, &v, err);
    if (code || !v) return code;
    if (!json_is_boolean(v)) return wrong_type(key, "true or false", v, err);
    *ret = json_is_true(v);
    return ERR_OK;
}

enum err_code json_need_array(const json_t *o, const char *key, json_t **ret, struct err *err)
{
    json_t *v;
    enum err_code code = find(o, key, true, &v, err);
    if (code) return code;
    if (!json_is_array(v)) return wrong_type(key, "an array", v, err);
    *ret = v;
    return ERR_OK;
}

enum err_code json_need_object(const json_t *o, const char *key, json_t **ret, struct err *err)
{
    json_t *v;
    enum err_code code = find(o, key, true, &v, err);
    if (code) return code;
    if (!json_is_object(v)) return wrong_type(key, "an object", v, err);
    *ret = v;
    return ERR_OK;
}
