/* front/http/infer.c - texts in, entities out: the app is asked, the reply written.
 *
 * handle_infer replies as Hugging Face does: a list of entities for one text, a list of lists for a
 * list; model and prediction ids stand in headers. handle_predict gives one document with
 * everything in it. The request of both is read in query.c.
 */
#include "front/http/http_internal.h"
#include "front/http/query.h"

#include "base/os.h"
#include "base/str.h"

#include <string.h>
#include <sys/socket.h>

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
    /* Clients of Hugging Face's hosted API count on its default; ours is what training aims at. */
    const bool hosted = write == write_hugging_face;
    enum err_code code = query_read(body, hosted ? AGGREGATE_SIMPLE : AGGREGATE_FIRST, q, err);
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
