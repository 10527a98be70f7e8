/* base/config.h - a section of a YAML file into a struct, by a table of keys.
 *
 * Each room declares the keys that it understands, beside the struct that holds them; front/project
 * composes the sections into cairn.yaml. An unknown key, a wrong type or a value out of range is an
 * error with file:line:column.
 *
 *     static const struct config_key keys[] = {
 *         {"epochs", CONFIG_INT, offsetof(struct train_config, epochs), 1, 1000, NULL},
 *         ...
 *     };
 *     if (config_read(node, keys, ARRAY_COUNT(keys), &config, err)) return err->code;
 *
 * Rules: absent keys leave the struct's value (its default) alone. Strings are borrowed from the
 * YAML document.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/yaml.h"

enum config_type {
    CONFIG_STRING, /* const char * */
    CONFIG_INT,    /* int64_t, least..most */
    CONFIG_REAL,   /* double, least..most */
    CONFIG_BOOL,   /* bool */
    CONFIG_CHOICE, /* int: index into choices, a NULL-terminated list */
    CONFIG_NODE,   /* const struct yaml_node *: the room reads it itself */
};
struct config_key {
    const char *name;
    enum config_type type;
    size_t offset;
    double least, most;
    const char *const *choices;
};
enum err_code config_read(const struct yaml_node *map, const struct config_key *keys, size_t count,
                          void *ret, struct err *err) MUST_CHECK;

#endif
