/* front/app/predict.c - cairn predict: the service's own code without HTTP; and the champion's
 * answers on held-out texts, which drift compares with. */
#include "front/app/answer.h"
#include <string.h>

static enum err_code write_answers(struct app *app, const struct predict_request *r,
                                   const struct prediction *p, int32_t count,
                                   const struct aggregate_options *o, json_t *out, struct err *err)
{
    struct arena a;
    arena_init(&a, ARENA_STEP_BYTES_MAX);
    struct prediction_row *rows = arena_alloc(&a, (size_t)count * sizeof *rows);
    bool keep = app->project->feedback.capture == CAPTURE_ON;
    for (int32_t i = 0; i < count; i++) {
        json_t *entities = NULL;
        if (answer_entities(&p[i], o, &entities, err)) break;
        json_array_append_new(out,
                              json_pack("{s:s, s:o, s:I}", "prediction_id", p[i].id, "entities",
                                        entities, "latency_us", (json_int_t)p[i].latency_us));
        if (!r->record) continue;
        if (answer_row(app->registry, &p[i], PREDICTION_LIVE, keep, &a, &rows[i], err)) break;
    }
    if (!err->code && r->record) (void)!prediction_put(app->registry, rows, (size_t)count, err);
    arena_release(&a);
    return err->code;
}

/* At most HTTP_INPUTS_MAX texts at a time, as over HTTP. */
static enum err_code predict_slices(struct app *app, struct serving *s,
                                    const struct predict_request *r,
                                    const struct aggregate_options *o, json_t *out, struct err *err)
{
    size_t bytes[HTTP_INPUTS_MAX];
    for (size_t at = 0; at < r->text_count; at += HTTP_INPUTS_MAX) {
        size_t n = r->text_count - at < HTTP_INPUTS_MAX ? r->text_count - at : HTTP_INPUTS_MAX;
        for (size_t i = 0; i < n; i++) bytes[i] = strlen(r->texts[at + i]);
        struct serving_request q = {
            .texts = r->texts + at, .text_bytes = bytes, .count = (int32_t)n, .stride = -1};
        struct prediction *p = NULL;
        if (app_should_stop(app)) return err_set(err, ERR_INTERRUPTED, "stopped");
        if (serving_predict(s, &q, &p, err)) return err->code;
        enum err_code code = write_answers(app, r, p, (int32_t)n, o, out, err);
        predictions_free(p, (int32_t)n);
        if (code) return code;
        if (r->text_count > n)
            app_step(app, "predicting", (int64_t)(at + n), (int64_t)r->text_count);
    }
    return ERR_OK;
}

enum err_code app_predict(struct app *app, const struct predict_request *r, json_t **ret,
                          struct err *err)
{
    struct aggregate_options o = aggregate_options_default();
    struct serving *s = NULL;
    char digest[HASH_HEX_BYTES];
    enum precision precision;
    if (r->strategy && aggregate_strategy_parse(r->strategy, &o.strategy, err)) return err->code;
    if (answer_serving(app, r->model, digest, &precision, &s, err)) return err->code;
    json_t *list = json_array();
    if (predict_slices(app, s, r, &o, list, err) == ERR_OK) {
        *ret = json_pack("{s:s, s:s, s:s, s:b, s:s, s:O}", "schema", "cairn.predict/v1", "model",
                         digest, "precision", PRECISION_NAMES[precision], "fast",
                         precision_is_fast(precision, ISA_BEST), "strategy",
                         aggregate_strategy_name(o.strategy), "predictions", list);
    }
    json_decref(list);
    serving_free(s);
    return err->code;
}

enum err_code app_write_reference(struct app *app, const char *digest, struct err *err)
{
    struct frozen test = {0};
    struct serving *s = NULL;
    struct arena a;
    char own[HASH_HEX_BYTES];
    arena_init(&a, ARENA_STEP_BYTES_MAX);
    if (app_frozen(app, PART_TEST, &test, err)) goto out;
    if (answer_serving(app, digest, own, NULL, &s, err)) goto out;
    struct prediction_row *rows = arena_alloc(&a, (size_t)test.data->count * sizeof *rows);
    for (int32_t i = 0; i < test.data->count; i++) {
        const struct example *e = &test.data->examples[i];
        size_t bytes = (size_t)e->text_bytes;
        struct serving_request q = {
            .texts = &e->text, .text_bytes = &bytes, .count = 1, .stride = -1};
        struct prediction *p = NULL;
        if (serving_predict(s, &q, &p, err)) goto out;
        enum err_code code =
            answer_row(app->registry, p, PREDICTION_REFERENCE, false, &a, &rows[i], err);
        predictions_free(p, 1);
        if (code) goto out;
    }
    if (prediction_clear_reference(app->registry, own, err)) goto out;
    (void)!prediction_put(app->registry, rows, (size_t)test.data->count, err);
out:
    if (s) serving_free(s);
    frozen_release(&test);
    arena_release(&a);
    return err->code;
}
