/* base/yaml_read.c - typed reads of a YAML tree.
 *
 * Types follow what the user wrote: "0.5" in quotes is a text and no number, and of the truth
 * values only true and false are taken (YAML 1.2), so that nobody's country code NO becomes false.
 */
#include "base/str.h"
#include "base/yaml_internal.h"
#include <stdio.h>
#include <string.h>

enum yaml_kind yaml_kind(const struct yaml_node *n)
{
    return n->kind;
}

void yaml_place(const struct yaml_node *n, const char **ret_file, int *ret_line, int *ret_column)
{
    if (ret_file) *ret_file = n->file;
    if (ret_line) *ret_line = n->line;
    if (ret_column) *ret_column = n->column;
}

size_t yaml_count(const struct yaml_node *n)
{
    return n->count;
}

const struct yaml_node *yaml_item(const struct yaml_node *n, size_t i)
{
    BUG_IF(i >= n->count);
    return n->items[i];
}

const char *yaml_key(const struct yaml_node *n, size_t i)
{
    BUG_IF(i >= n->count || n->kind != YAML_MAP);
    return n->keys[i]->text;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_MAP) return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->keys[i]->text, key)) return map->items[i];
    return NULL;
}

enum err_code yaml_error(const struct yaml_node *n, struct err *err, const char *fmt, ...)
{
    char what[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return err_set(err, ERR_BAD_INPUT, "%s:%d:%d: %s", n->file, n->line, n->column, what);
}

static bool is_null(const struct yaml_node *n)
{
    return n->plain && (n->text[0] == '\0' || str_eq(n->text, "~") || str_eq(n->text, "null"));
}

static enum err_code expected(const struct yaml_node *n, const char *wanted, struct err *err)
{
    yaml_error(n, err, "expected %s", wanted);
    if (n->kind == YAML_LIST) return err_detail(err, "found a list");
    if (n->kind == YAML_MAP) return err_detail(err, "found a map");
    if (is_null(n)) return err_detail(err, "found nothing");
    return err_detail(err, "found %s%.100s%s", n->plain ? "" : "the text \"", n->text,
                      n->plain ? "" : "\"");
}

enum err_code yaml_string(const struct yaml_node *n, const char **ret, struct err *err)
{
    if (n->kind != YAML_SCALAR || is_null(n)) return expected(n, "a text", err);
    *ret = n->text;
    return ERR_OK;
}

enum err_code yaml_int(const struct yaml_node *n, int64_t least, int64_t most, int64_t *ret,
                       struct err *err)
{
    struct err ignored = {0};
    int64_t v = 0;
    bool read = n->kind == YAML_SCALAR && n->plain && str_to_i64(n->text, &v, &ignored) == ERR_OK;
    if (!read || v < least || v > most) {
        char wanted[80];
        snprintf(wanted, sizeof wanted, "a whole number from %lld to %lld", (long long)least,
                 (long long)most);
        return expected(n, wanted, err);
    }
    *ret = v;
    return ERR_OK;
}

enum err_code yaml_real(const struct yaml_node *n, double least, double most, double *ret,
                        struct err *err)
{
    struct err ignored = {0};
    double v = 0;
    bool read = n->kind == YAML_SCALAR && n->plain && str_to_f64(n->text, &v, &ignored) == ERR_OK;
    if (!read || v < least || v > most) {
        char wanted[80];
        snprintf(wanted, sizeof wanted, "a number from %g to %g", least, most);
        return expected(n, wanted, err);
    }
    *ret = v;
    return ERR_OK;
}

enum err_code yaml_bool(const struct yaml_node *n, bool *ret, struct err *err)
{
    bool yes = n->kind == YAML_SCALAR && n->plain && str_eq(n->text, "true");
    bool no = n->kind == YAML_SCALAR && n->plain && str_eq(n->text, "false");
    if (!yes && !no) return expected(n, "true or false", err);
    *ret = yes;
    return ERR_OK;
}

enum err_code yaml_only(const struct yaml_node *map, const char *const *known, size_t count,
                        struct err *err)
{
    if (map->kind != YAML_MAP) return expected(map, "a map of keys", err);
    for (size_t i = 0; i < map->count; i++) {
        size_t k = 0;
        while (k < count && !str_eq(map->keys[i]->text, known[k])) k++;
        if (k < count) continue;
        yaml_error(map->keys[i], err, "unknown key \"%.60s\"", map->keys[i]->text);
        const char *near = str_nearest(map->keys[i]->text, known, count);
        return near ? err_hint(err, "did you mean \"%s\"?", near) : err->code;
    }
    return ERR_OK;
}
