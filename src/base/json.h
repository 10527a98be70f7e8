/* base/json.h - JSON in and out, on jansson, with limits first.
 *
 *     json_t *doc = NULL;
 *     if (json_parse(bytes, len, &JSON_LIMITS_BODY, &doc, err)) return err->code;
 *     const char *text;
 *     if (json_need_string(doc, "text", &text, err)) ...   // "text" must be a string
 *     json_decref(doc);
 *
 * Rules: depth, bytes and bad UTF-8 are refused before jansson allocates; duplicate keys are
 * errors; errors carry line and column. Canonical form (for digests): keys sorted by bytes, no
 * white space, reals with 17 significant digits, UTF-8 as it is, no NaN or infinity.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include <jansson.h>
#include <stdint.h>

struct json_limits {
    size_t bytes_max;
    int depth_max;
};
extern const struct json_limits JSON_LIMITS_BODY; /* HTTP bodies and data lines */
extern const struct json_limits JSON_LIMITS_FILE; /* configurations, tokenizer.json, evidence */

enum err_code json_parse(const char *bytes, size_t len, const struct json_limits *limits,
                         json_t **ret, struct err *err) MUST_CHECK;
enum err_code json_read_file(const char *path, json_t **ret,
                             struct err *err) MUST_CHECK; /* file:line:column in errors */

/* need_: the key must be there with this type. opt_: when absent (or null) *ret keeps its value; a
 * wrong type is an error. Strings are borrowed from the document. A real with a whole value counts
 * as an integer and the reverse. */
enum err_code json_need_string(const json_t *o, const char *key, const char **ret,
                               struct err *err) MUST_CHECK;
enum err_code json_need_int(const json_t *o, const char *key, int64_t *ret,
                            struct err *err) MUST_CHECK;
enum err_code json_need_real(const json_t *o, const char *key, double *ret,
                             struct err *err) MUST_CHECK;
enum err_code json_need_array(const json_t *o, const char *key, json_t **ret,
                              struct err *err) MUST_CHECK;
enum err_code json_need_object(const json_t *o, const char *key, json_t **ret,
                               struct err *err) MUST_CHECK;
enum err_code json_opt_string(const json_t *o, const char *key, const char **ret,
                              struct err *err) MUST_CHECK;
enum err_code json_opt_int(const json_t *o, const char *key, int64_t *ret,
                           struct err *err) MUST_CHECK;
enum err_code json_opt_real(const json_t *o, const char *key, double *ret,
                            struct err *err) MUST_CHECK;
enum err_code json_opt_bool(const json_t *o, const char *key, bool *ret,
                            struct err *err) MUST_CHECK;

/* A real, or null when it is not finite: metrics that could not be measured are null, never NaN. */
json_t *json_real_or_null(double v);
/* One line (sorted = false keeps insertion order) or indented. */
void json_write(const json_t *doc, bool indent, struct buf *out);
void json_canonical(const json_t *doc, struct buf *out);

#endif
