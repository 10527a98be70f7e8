/* front/http/infer.c - texts in, entities out: the request and the two replies.
 *
 * The request is Hugging Face's: {"inputs": text or list of texts, "parameters":
 * {"aggregation_strategy", "ignore_labels", "stride"}, "options": {...}}. Options are for Hugging
 * Face's own machines and are ignored; a misspelt parameter would change the answer without a word,
 * so unknown ones are refused.
 *
 * handle_infer replies as Hugging Face does: a list of entities for one text, a list of lists for a
 * list; model and prediction ids stand in headers. handle_predict gives one document with
 * everything in it.
 */
#include "front/http/http_internal.h"

#include "base/os.h"
#include "base/str.h"

#include <string.h>
#include <sys/socket.h>

struct query {
    const char *texts[HTTP_INPUTS_MAX];
    size_t text_bytes[HTTP_INPUTS_MAX];
    int32_t count;
    bool is_list;
    struct aggregate_options options;
    const char *ignore[LABEL_COUNT_MAX];
    int32_t stride;
};

static enum err_code only_keys(const json_t *o, const char *what, const char *const *known,
                               size_t count, struct err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < count; i++) found = found || str_eq(key, known[i]);
        if (found) continue;
        err_set(err, ERR_BAD_INPUT, "%s has no \"%.60s\"", what, key);
        const char *near = str_nearest(key, known, count);
        return near ? err_hint(err, "did you mean \"%s\"?", near) : err->code;
    }
    return ERR_OK;
}

static enum err_code add_text(const json_t *text, struct query *q, struct err *err)
{
    if (!json_is_string(text)) {
        err_set(err, ERR_BAD_INPUT, "\"inputs\" must be a text or a list of texts");
        return err_detail(err, "item %d is something else", q->count);
    }
    if (q->count == HTTP_INPUTS_MAX) {
        err_set(err, ERR_LIMIT, "\"inputs\" has more than %d texts", HTTP_INPUTS_MAX);
        return err_hint(err, "send them in several requests");
    }
    q->texts[q->count] = json_string_value(text);
    q->text_bytes[q->count++] = json_string_length(text);
    return ERR_OK;
}

static enum err_code read_inputs(const json_t *body, struct query *q, struct err *err)
{
    const json_t *inputs = json_object_get(body, "inputs");
    q->is_list = json_is_array(inputs);
    if (!inputs) {
        err_set(err, ERR_BAD_INPUT, "\"inputs\" is missing");
        return err_hint(err, "send {\"inputs\": \"a text\"}");
    }
    if (!q->is_list) return add_text(inputs, q, err);
    if (json_array_size(inputs) == 0)
        return err_set(err, ERR_BAD_INPUT, "\"inputs\" is an empty list");
    size_t i;
    json_t *text;
    json_array_foreach(inputs, i, text) if (add_text(text, q, err)) return err->code;
    return ERR_OK;
}

static enum err_code read_ignored(const json_t *list, struct query *q, struct err *err)
{
    if (!list || json_is_null(list)) return ERR_OK;
    if (!json_is_array(list))
        return err_set(err, ERR_BAD_INPUT, "\"ignore_labels\" must be a list of labels");
    if (json_array_size(list) > LABEL_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "\"ignore_labels\" has more than %d labels",
                       LABEL_COUNT_MAX);
    size_t i;
    json_t *label;
    json_array_foreach(list, i, label)
    {
        if (!json_is_string(label))
            return err_set(err, ERR_BAD_INPUT, "\"ignore_labels\" must be a list of labels");
        q->ignore[i] = json_string_value(label);
    }
    q->options.ignore_labels = q->ignore;
    q->options.ignore_count = (int32_t)json_array_size(list);
    return ERR_OK;
}

static enum err_code read_parameters(const json_t *body, struct query *q, struct err *err)
{
    static const char *const known[] = {"aggregation_strategy", "ignore_labels", "stride"};
    const json_t *o = json_object_get(body, "parameters");
    if (!o || json_is_null(o)) return ERR_OK;
    if (!json_is_object(o)) return err_set(err, ERR_BAD_INPUT, "\"parameters\" must be an object");
    if (only_keys(o, "\"parameters\"", known, ARRAY_COUNT(known), err)) return err->code;
    const char *strategy = NULL;
    int64_t stride = -1;
    if (json_opt_string(o, "aggregation_strategy", &strategy, err)) return err->code;
    if (strategy && aggregate_strategy_parse(strategy, &q->options.strategy, err)) return err->code;
    if (json_opt_int(o, "stride", &stride, err)) return err->code;
    const json_t *given = json_object_get(o, "stride");
    if (given && !json_is_null(given) && (stride < 0 || stride > MODEL_POSITIONS_MAX))
        return err_set(err, ERR_BAD_INPUT,
                       "\"stride\" must be 0 or more, and less than the window");
    if (stride >= 0 && q->options.strategy == AGGREGATE_NONE) {
        err_set(err, ERR_BAD_INPUT, "\"stride\" does not go with aggregation_strategy none");
        return err_hint(err, "leave stride out: long texts are split and merged anyway");
    }
    q->stride = (int32_t)stride;
    return read_ignored(json_object_get(o, "ignore_labels"), q, err);
}

static enum err_code read_query(const json_t *body, struct query *q, struct err *err)
{
    static const char *const known[] = {"inputs", "parameters", "options"};
    q->options = aggregate_options_default();
    q->stride = -1;
    if (!json_is_object(body)) {
        err_set(err, ERR_BAD_INPUT, "the body must be an object");
        return err_hint(err, "send {\"inputs\": \"a text\"}");
    }
    if (only_keys(body, "the body", known, ARRAY_COUNT(known), err)) return err->code;
    if (read_inputs(body, q, err)) return err->code;
    return read_parameters(body, q, err);
}

/* A client that closed its side takes no answer; its texts make room for those of others. */
static bool client_gone(void *ctx)
{
    const struct exchange *x = ctx;
    char byte;
    return atomic_load(&x->server->cutting) ||
           recv(x->peer->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static enum err_code infer(struct exchange *x, const struct query *q, struct prediction **ret,
                           struct err *err)
{
    const int64_t deadline = x->start_ns + x->server->options.request_ms * INT64_C(1000000);
    const struct http_infer infer = {.model = x->model[0] ? x->model : NULL,
                                     .key = x->key,
                                     .request = {.texts = q->texts,
                                                 .text_bytes = q->text_bytes,
                                                 .count = q->count,
                                                 .stride = q->stride,
                                                 .deadline_ns = deadline,
                                                 .client_gone = client_gone,
                                                 .client_ctx = x}};
    return x->server->app.infer(x->server->app.ctx, &infer, ret, err);
}

static enum err_code write_entities(struct exchange *x, const struct query *q,
                                    const struct prediction *p, struct err *err)
{
    struct arena a;
    struct wire_entity *entities = NULL;
    int32_t count = 0;
    arena_init(&a, ARENA_JOB_BYTES_MAX);
    const enum err_code code = aggregate(&p->scores, &q->options, &a, &entities, &count, err);
    if (!code) aggregate_write(entities, count, q->options.strategy, &x->reply.body);
    arena_release(&a);
    return code;
}

typedef enum err_code reply_writer(struct exchange *x, const struct query *q,
                                   const struct prediction *predictions, struct err *err);

static enum err_code write_hugging_face(struct exchange *x, const struct query *q,
                                        const struct prediction *predictions, struct err *err)
{
    struct buf *out = &x->reply.body;
    if (q->is_list) buf_addc(out, '[');
    for (int32_t i = 0; i < q->count; i++) {
        if (i) buf_addc(out, ',');
        if (write_entities(x, q, &predictions[i], err)) return err->code;
    }
    if (q->is_list) buf_addc(out, ']');
    return ERR_OK;
}

static enum err_code write_document(struct exchange *x, const struct query *q,
                                    const struct prediction *predictions, struct err *err)
{
    struct buf *out = &x->reply.body;
    buf_addf(out, "{\"schema\":\"cairn.predict/v1\",\"model\":\"%s\",\"predictions\":[",
             predictions[0].model);
    for (int32_t i = 0; i < q->count; i++) {
        const struct prediction *p = &predictions[i];
        buf_addf(out, "%s{\"prediction_id\":\"%s\",\"entities\":", i ? "," : "", p->id);
        if (write_entities(x, q, p, err)) return err->code;
        buf_addf(out, ",\"tokens\":%d,\"unknown\":%d,\"latency_ms\":%.3f}", p->token_count,
                 p->unknown_count, (double)p->latency_us / 1000);
    }
    buf_adds(out, "]}");
    return ERR_OK;
}

/* The query is large (limits x pointers), so it lives on the heap, not on a connection's small
 * stack. */
static enum err_code answer(struct exchange *x, const json_t *body, reply_writer *write,
                            struct err *err)
{
    struct prediction *predictions = NULL;
    struct query *q = mem_try(1, sizeof *q, err);
    if (!q) return err->code;
    enum err_code code = read_query(body, q, err);
    if (!code) code = infer(x, q, &predictions, err);
    if (!code) code = write(x, q, predictions, err);
    if (!code) {
        x->reply.status = 200;
        (void)str_format(x->reply.model, sizeof x->reply.model, "%s", predictions[0].model);
        for (int32_t i = 0; i < q->count; i++)
            buf_addf(&x->reply.predictions, "%s%s", i ? "," : "", predictions[i].id);
    }
    predictions_free(predictions, q->count);
    mem_free(q);
    return code;
}

static void handle(struct exchange *x, reply_writer *write)
{
    struct err err = {0};
    json_t *body = NULL;
    enum err_code code = json_parse(x->body.data, x->body.len, &JSON_LIMITS_BODY, &body, &err);
    if (!code) code = answer(x, body, write, &err);
    json_decref(body);
    if (code) reply_error(x, 0, &err);
}

void handle_infer(struct exchange *x)
{
    handle(x, write_hugging_face);
}

void handle_predict(struct exchange *x)
{
    handle(x, write_document);
}
