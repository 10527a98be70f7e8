/* front/http/query.h - what a request for predictions asks.
 *
 *     if (json_parse(bytes, len, &JSON_LIMITS_BODY, &body, err)) return err->code;
 *     if (query_read(body, AGGREGATE_FIRST, q, err)) ...   // ERR_BAD_INPUT, ERR_LIMIT
 *
 * Owner: texts and labels are the document's; q is large (some KiB): not for a small stack.
 */
#ifndef FRONT_HTTP_QUERY_H
#define FRONT_HTTP_QUERY_H

#include "base/json.h"
#include "base/limits.h"
#include "proof/task/aggregate.h"

struct query {
    const char *texts[HTTP_INPUTS_MAX];
    size_t text_bytes[HTTP_INPUTS_MAX];
    int32_t count;
    bool is_list;
    struct aggregate_options options;
    const char *ignore[LABEL_COUNT_MAX];
    int32_t stride;
};

/* `strategy` is taken when the request names none. */
enum err_code query_read(const json_t *body, enum aggregate_strategy strategy, struct query *q,
                         struct err *err) MUST_CHECK;

#endif
