/* live/registry/rows.c - columns read with distrust, and arguments checked before they become
 * columns.
 *
 * SQLite types values, not columns: any row may hold anything, and the file may have been written
 * by anybody. Every column passes through here, so that a wrong type is an error with a name and
 * not a NULL pointer three rooms away.
 */
#include "base/str.h"
#include "live/registry/registry_internal.h"
#include <math.h>
#include <string.h>

static const char *type_name(enum store_type t)
{
    static const char *const names[] = {"NULL", "an integer", "a real", "text", "bytes"};
    return names[t];
}

static enum err_code wrong(const char *what, const char *expected, const struct store_value *v,
                           struct err *err)
{
    err_set(err, ERR_CORRUPT, "the registry holds a bad value in %s", what);
    err_detail(err, "expected %s, found %s", expected, type_name(v->type));
    return err_hint(err, "check the file with `cairn doctor`, or restore a copy of it");
}

enum err_code row_text(const struct store_value *v, const char *what, size_t bytes_max,
                       struct arena *a, const char **ret, struct err *err)
{
    if (v->type != STORE_TEXT) return wrong(what, "text", v, err);
    if (v->len > bytes_max) return wrong(what, "shorter text", v, err);
    if (memchr(v->bytes, 0, v->len) || utf8_valid_prefix(v->bytes, v->len) != v->len)
        return wrong(what, "valid UTF-8", v, err);
    char *copy = arena_try(a, v->len + 1, 1, err);
    if (!copy) return err->code;
    memcpy(copy, v->bytes, v->len);
    *ret = copy;
    return ERR_OK;
}

enum err_code row_text_or_null(const struct store_value *v, const char *what, size_t bytes_max,
                               struct arena *a, const char **ret, struct err *err)
{
    if (v->type != STORE_NULL) return row_text(v, what, bytes_max, a, ret, err);
    *ret = NULL;
    return ERR_OK;
}

enum err_code row_hex(const struct store_value *v, const char *what, struct arena *a,
                      const char **ret, struct err *err)
{
    const char *text = NULL;
    if (row_text(v, what, HASH_HEX_BYTES - 1, a, &text, err)) return err->code;
    if (!hash_hex_valid(text)) return wrong(what, "64 hex digits", v, err);
    *ret = text;
    return ERR_OK;
}

enum err_code row_int(const struct store_value *v, const char *what, int64_t least, int64_t most,
                      int64_t *ret, struct err *err)
{
    if (v->type != STORE_INT) return wrong(what, "an integer", v, err);
    if (v->i < least || v->i > most) return wrong(what, "an integer in range", v, err);
    *ret = v->i;
    return ERR_OK;
}

enum err_code row_time_or_null(const struct store_value *v, const char *what, int64_t *ret,
                               struct err *err)
{
    if (v->type != STORE_NULL) return row_int(v, what, 0, INT64_MAX, ret, err);
    *ret = 0;
    return ERR_OK;
}

enum err_code row_real_or_nan(const struct store_value *v, const char *what, double *ret,
                              struct err *err)
{
    if (v->type == STORE_NULL) {
        *ret = (double)NAN;
        return ERR_OK;
    }
    if (v->type != STORE_REAL || !isfinite(v->f)) return wrong(what, "a finite real", v, err);
    *ret = v->f;
    return ERR_OK;
}

enum err_code row_bool(const struct store_value *v, const char *what, bool *ret, struct err *err)
{
    int64_t i = 0;
    if (row_int(v, what, 0, 1, &i, err)) return err->code;
    *ret = i == 1;
    return ERR_OK;
}

enum err_code row_choice(const struct store_value *v, const char *what, const char *const *names,
                         int count, int *ret, struct err *err)
{
    if (v->type != STORE_TEXT) return wrong(what, "text", v, err);
    for (int i = 0; i < count; i++) {
        if (strlen(names[i]) == v->len && memcmp(names[i], v->bytes, v->len) == 0) {
            *ret = i;
            return ERR_OK;
        }
    }
    return wrong(what, "one of its names", v, err);
}

void *row_list_add(struct row_list *l, struct err *err)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        char *more = arena_try(l->a, cap, l->size, err);
        if (!more) return NULL;
        if (l->count) memcpy(more, l->rows, l->count * l->size);
        l->rows = more;
        l->cap = cap;
    }
    return (char *)l->rows + l->count++ * l->size;
}

enum err_code prefix_check(const char *what, const char *prefix, size_t full,
                           char out[HASH_HEX_BYTES], struct err *err)
{
    size_t len = prefix ? strlen(prefix) : 0;
    if (len < PREFIX_MIN || len > full) {
        err_set(err, ERR_BAD_INPUT, "\"%.80s\" does not name a %s", prefix ? prefix : "", what);
        return err_detail(err, "expected %d to %zu hex digits", PREFIX_MIN, full);
    }
    for (size_t i = 0; i < len; i++) {
        char c = prefix[i];
        if (c >= 'A' && c <= 'F') c = (char)(c - 'A' + 'a');
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            err_set(err, ERR_BAD_INPUT, "\"%.80s\" does not name a %s", prefix, what);
            return err_detail(err, "character %zu is no hex digit", i + 1);
        }
        out[i] = c;
    }
    out[len] = 0;
    return ERR_OK;
}

enum err_code prefix_row(void *ctx, const struct store_value *v, int count, struct err *err)
{
    struct prefix_match *m = ctx;
    (void)count;
    if (v->type != STORE_TEXT || v->len >= HASH_HEX_BYTES || m->count == PREFIX_CANDIDATES)
        return wrong("an id", "hex digits", v, err);
    memcpy(m->found[m->count], v->bytes, v->len);
    m->found[m->count++][v->len] = 0;
    return ERR_OK;
}

enum err_code prefix_resolve(struct registry *r, const char *sql, const char *what,
                             const char *prefix, size_t full, char out[HASH_HEX_BYTES],
                             struct err *err)
{
    char low[HASH_HEX_BYTES], high[HASH_HEX_BYTES + 1];
    struct prefix_match m = {.count = 0};
    if (prefix_check(what, prefix, full, low, err)) return err->code;
    BUG_IF(!str_format(high, sizeof high, "%sg", low)); /* 'g' sorts after every hex digit */
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(low), STORE_TEXT_OF(high)};
    if (registry_run(r, sql, p, 3, prefix_row, &m, NULL, err)) return err->code;
    if (m.count == 0) return err_set(err, ERR_NOT_FOUND, "there is no %s %s", what, low);
    if (m.count > 1) {
        char list[400] = "";
        size_t at = 0;
        for (int i = 0; i < m.count && at + 20 < sizeof list; i++) {
            str_format(list + at, sizeof list - at, "%s%.16s", i ? ", " : "", m.found[i]);
            at = strlen(list);
        }
        err_set(err, ERR_BAD_INPUT, "\"%s\" is more than one %s", low, what);
        err_detail(err, "%s%s", list, m.count == PREFIX_CANDIDATES ? ", ..." : "");
        return err_hint(err, "type more of its digits");
    }
    memcpy(out, m.found[0], HASH_HEX_BYTES);
    return ERR_OK;
}

enum err_code need_hex(const char *s, const char *what, struct err *err)
{
    if (s && hash_hex_valid(s)) return ERR_OK;
    return err_set(err, ERR_BAD_INPUT, "%s is not a digest of 64 hex digits", what);
}

enum err_code may_text(const char *s, const char *what, size_t bytes_max, struct err *err)
{
    if (!s) return ERR_OK;
    size_t len = strlen(s);
    if (len > bytes_max)
        return err_set(err, ERR_LIMIT, "%s has %zu bytes; the limit is %zu", what, len, bytes_max);
    if (utf8_valid_prefix(s, len) != len)
        return err_set(err, ERR_BAD_INPUT, "%s is not valid UTF-8", what);
    return ERR_OK;
}

enum err_code need_text(const char *s, const char *what, size_t bytes_max, struct err *err)
{
    if (!s || !*s) return err_set(err, ERR_BAD_INPUT, "%s is missing", what);
    return may_text(s, what, bytes_max, err);
}
