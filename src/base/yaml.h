/* base/yaml.h - YAML, read only, on libfyaml, keeping the place of every value.
 *
 *     struct yaml *y = NULL;
 *     if (yaml_load("cairn.yaml", &y, err)) return err->code; // file:line:column in errors
 *     const struct yaml_node *data = yaml_get(yaml_root(y), "data");
 *     yaml_free(y);
 *
 * Rules: aliases are refused past a limit (no billion laughs); duplicate keys are errors; a node
 * lives as long as its document. Every typed read that fails says file:line:column and what was
 * expected.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/err.h"
#include <stdint.h>

struct yaml;
struct yaml_node;
enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

enum err_code yaml_load(const char *path, struct yaml **ret, struct err *err) MUST_CHECK;
enum err_code yaml_parse(const char *name, const char *bytes, size_t len, struct yaml **ret,
                         struct err *err) MUST_CHECK;
void yaml_free(struct yaml *y);
const struct yaml_node *yaml_root(const struct yaml *y);

enum yaml_kind yaml_kind(const struct yaml_node *n);
void yaml_place(const struct yaml_node *n, const char **ret_file, int *ret_line,
                int *ret_column);             /* from 1 */
size_t yaml_count(const struct yaml_node *n); /* items of a list or keys of a map */
const struct yaml_node *yaml_item(const struct yaml_node *n, size_t i); /* list item or map value */
const char *yaml_key(const struct yaml_node *n, size_t i);              /* map key */
const struct yaml_node *yaml_get(const struct yaml_node *map,
                                 const char *key); /* NULL when absent */

enum err_code yaml_string(const struct yaml_node *n, const char **ret, struct err *err) MUST_CHECK;
enum err_code yaml_int(const struct yaml_node *n, int64_t least, int64_t most, int64_t *ret,
                       struct err *err) MUST_CHECK;
enum err_code yaml_real(const struct yaml_node *n, double least, double most, double *ret,
                        struct err *err) MUST_CHECK;
enum err_code yaml_bool(const struct yaml_node *n, bool *ret, struct err *err) MUST_CHECK;
/* Every key of the map must be in `known`; else ERR_BAD_INPUT with its place and "did you mean". */
enum err_code yaml_only(const struct yaml_node *map, const char *const *known, size_t count,
                        struct err *err) MUST_CHECK;
/* An error at a node: "cairn.yaml:12:5: message". Returns code. */
enum err_code yaml_error(const struct yaml_node *n, struct err *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
