/* base/config.c - walks the map once; the table says where each value goes. Names are checked
 * first, so that a misspelt key is reported as such and not as a missing one. */
#include "base/config.h"
#include "base/str.h"

#define CONFIG_KEYS_MAX 64

static enum err_code read_choice(const struct yaml_node *n, const struct config_key *key, int *ret,
                                 struct err *err)
{
    const char *text = NULL;
    if (yaml_string(n, &text, err)) return err->code;
    size_t count = 0;
    for (; key->choices[count]; count++) {
        if (!str_eq(key->choices[count], text)) continue;
        *ret = (int)count;
        return ERR_OK;
    }
    yaml_error(n, err, "%s: \"%s\" is not one of its values", key->name, text);
    const char *near = str_nearest(text, key->choices, count);
    if (near) return err_hint(err, "did you mean \"%s\"?", near);
    return err_hint(err, "the first of its values is \"%s\"", key->choices[0]);
}

static enum err_code read_value(const struct yaml_node *n, const struct config_key *key, char *at,
                                struct err *err)
{
    switch (key->type) {
    case CONFIG_STRING:
        return yaml_string(n, (const char **)(void *)at, err);
    case CONFIG_INT:
        return yaml_int(n, (int64_t)key->least, (int64_t)key->most, (int64_t *)(void *)at, err);
    case CONFIG_REAL:
        return yaml_real(n, key->least, key->most, (double *)(void *)at, err);
    case CONFIG_BOOL:
        return yaml_bool(n, (bool *)(void *)at, err);
    case CONFIG_CHOICE:
        return read_choice(n, key, (int *)(void *)at, err);
    case CONFIG_NODE:
        *(const struct yaml_node **)(void *)at = n;
        return ERR_OK;
    }
    BUG_IF(true);
    return ERR_OK;
}

enum err_code config_read(const struct yaml_node *map, const struct config_key *keys, size_t count,
                          void *ret, struct err *err)
{
    BUG_IF(count > CONFIG_KEYS_MAX);
    const char *names[CONFIG_KEYS_MAX];
    for (size_t i = 0; i < count; i++) names[i] = keys[i].name;
    if (yaml_kind(map) != YAML_MAP)
        return yaml_error(map, err, "expected a map of keys (\"%s: ...\")", names[0]);
    if (yaml_only(map, names, count, err)) return err->code;
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *n = yaml_get(map, keys[i].name);
        if (n && read_value(n, &keys[i], (char *)ret + keys[i].offset, err)) return err->code;
    }
    return ERR_OK;
}
