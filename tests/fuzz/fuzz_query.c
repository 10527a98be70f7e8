/* tests/fuzz/fuzz_query.c - the body of a request for predictions: any bytes are a query or an
 * error. */
#include "base/arena.h"
#include "front/http/query.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct query *q)
{
    if (q->count < 1 || q->count > HTTP_INPUTS_MAX || q->stride < -1) abort();
    for (int32_t i = 0; i < q->count; i++)
        if (strlen(q->texts[i]) > q->text_bytes[i]) abort();
    for (int32_t i = 0; i < q->options.ignore_count; i++)
        if (!q->options.ignore_labels[i]) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct err err = {0};
    json_t *body = NULL;
    struct query *q = mem_try(1, sizeof *q, &err);
    if (q && json_parse((const char *)data, len, &JSON_LIMITS_BODY, &body, &err) == ERR_OK) {
        if (query_read(body, AGGREGATE_SIMPLE, q, &err) == ERR_OK)
            check(q);
        else if (!err.message[0])
            abort();
    }
    json_decref(body);
    mem_free(q);
    return 0;
}
