/* base/yaml_internal.h - the node that yaml.c builds and yaml_read.c reads. */
#ifndef BASE_YAML_INTERNAL_H
#define BASE_YAML_INTERNAL_H

#include "base/yaml.h"

struct yaml_node {
    enum yaml_kind kind;
    const char *file;
    int line, column; /* from 1 */
    bool plain;       /* a scalar without quotes: may be a number, a truth value, null */
    const char *text; /* of a scalar */
    const struct yaml_node **items; /* of a list or map */
    const struct yaml_node **keys;  /* of a map, beside its items: scalars */
    size_t count, cap;
    size_t weight; /* nodes below and with this one, aliases written out */
    int height;    /* levels below this one */
};

#endif
