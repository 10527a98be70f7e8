/* front/app/gate.c - cairn gate: measure, decide, record. The decision itself is proof/evidence's
 * pure function; here is only what it is fed. */
#include "base/str.h"
#include "front/app/measure.h"
#include <stdlib.h>

void app_stage_digest(const struct app *app, enum stage s, char hex[HASH_HEX_BYTES])
{
    const struct stage_config *c = &app->project->stages[s];
    criteria_digest(c->criteria, c->criterion_count, c->stops, c->stop_count, c->deadline_us, hex);
}

static json_t *criteria_json(const struct stage_config *c)
{
    char text[160];
    json_t *list = json_array(), *stops = json_array();
    for (size_t i = 0; i < c->criterion_count; i++) {
        criterion_text(&c->criteria[i], text, sizeof text);
        json_array_append_new(list, json_string(text));
    }
    for (size_t i = 0; i < c->stop_count; i++) {
        criterion_text(&c->stops[i], text, sizeof text);
        json_array_append_new(stops, json_string(text));
    }
    return json_pack("{s:o, s:o, s:s?}", "criteria", list, "stop_if", stops, "deadline",
                     c->deadline_text);
}

static enum err_code freeze_stage(struct app *app, enum stage s, bool *ret_changed, struct err *err)
{
    const struct stage_config *c = &app->project->stages[s];
    char digest[HASH_HEX_BYTES];
    if (!c->present) return ERR_OK;
    app_stage_digest(app, s, digest);
    json_t *doc = criteria_json(c);
    char *text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
    struct stage_version v = {
        .stage = STAGE_NAMES[s], .digest = digest, .criteria = text, .deadline_us = c->deadline_us};
    bool changed = false;
    enum err_code code = stage_freeze(app->registry, &v, &changed, err);
    free(text);
    json_decref(doc);
    if (code == ERR_OK && changed) *ret_changed = true;
    return code;
}

enum err_code app_freeze_criteria(struct app *app, bool *ret_changed, struct err *err)
{
    bool changed = false;
    for (int s = 0; s < STAGE_COUNT; s++)
        if (freeze_stage(app, (enum stage)s, &changed, err)) return err->code;
    *ret_changed = changed;
    return ERR_OK;
}

/* Whether this stage's criteria are not the ones first frozen. */
static enum err_code stage_changed(struct app *app, enum stage s, const char *digest, bool *ret,
                                   struct err *err)
{
    struct arena a;
    struct stage_version *list = NULL;
    size_t count = 0;
    arena_init(&a, 16u << 20);
    enum err_code code = stage_list(app->registry, STAGE_NAMES[s], &a, &list, &count, err);
    *ret = code == ERR_OK && count > 0 && !str_eq(list[0].digest, digest);
    arena_release(&a);
    return code;
}

struct deciding { /* one gate */
    const char *stage_name, *model, *precision, *criteria;
    bool changed;
};

static enum err_code record_gate(struct app *app, const struct deciding *d,
                                 const struct measures *m, const struct gate_result *r,
                                 json_t **ret, struct err *err)
{
    char evidence[HASH_HEX_BYTES];
    json_t *gate = gate_json(r);
    json_t *body = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:b, s:s, s:O}", "stage", d->stage_name,
                             "model", d->model, "precision", d->precision, "data",
                             m->fingerprint[0] ? m->fingerprint : NULL, "criteria_digest",
                             d->criteria, "criteria_changed", d->changed, "verdict",
                             gate_verdict_name(r->verdict), "gate", gate);
    struct gate_row row = {.stage = d->stage_name,
                           .model = d->model,
                           .precision = d->precision,
                           .data = m->fingerprint[0] ? m->fingerprint : NULL,
                           .criteria = d->criteria,
                           .verdict = gate_verdict_name(r->verdict)};
    struct evidence_new n = {
        .kind = "gate", .how = m->how, .stage = d->stage_name, .model = d->model, .body = body};
    if (gate_record(app->registry, &row, &n, evidence, err) == ERR_OK) {
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:O}", "schema",
                         "cairn.gate/v1", "stage", d->stage_name, "model", d->model, "precision",
                         d->precision, "verdict", gate_verdict_name(r->verdict), "why", r->why,
                         "criteria_digest", d->criteria, "criteria_changed", d->changed, "evidence",
                         evidence, "how", m->how, "gate", gate);
    }
    json_decref(gate);
    json_decref(body);
    return err->code;
}

static enum err_code decide(struct app *app, enum stage s, const char *digest,
                            const struct model *m, json_t **ret, struct err *err)
{
    const struct stage_config *c = &app->project->stages[s];
    struct measures measures;
    struct gate_result result;
    char criteria[HASH_HEX_BYTES];
    struct deciding d = {.stage_name = STAGE_NAMES[s],
                         .model = digest,
                         .precision = app_precision(m),
                         .criteria = criteria};
    app_stage_digest(app, s, criteria);
    if (stage_changed(app, s, criteria, &d.changed, err)) return err->code;
    if (measure_stage(app, c, digest, m, &measures, err)) return err->code;
    struct gate_input in = {.criteria = c->criteria,
                            .stops = c->stops,
                            .criterion_count = c->criterion_count,
                            .stop_count = c->stop_count,
                            .measurements = measures.items,
                            .measurement_count = measures.count,
                            .now_us = os_now_us(),
                            .deadline_us = c->deadline_us};
    struct gate_line *lines =
        arena_alloc(&measures.arena, (c->criterion_count + c->stop_count + 1) * sizeof *lines);
    gate_decide(&in, lines, &result);
    (void)!record_gate(app, &d, &measures, &result, ret, err);
    measures_release(&measures);
    return err->code;
}

enum err_code app_gate(struct app *app, const struct gate_request *r, json_t **ret, struct err *err)
{
    enum stage s;
    struct model *m = NULL;
    bool changed = false;
    char digest[HASH_HEX_BYTES];
    if (stage_parse(r->stage, &s, err)) return err->code;
    const char *model = r->model ? r->model : s == STAGE_POC ? "@candidate" : NULL;
    struct err none = {0};
    if (!r->model && s == STAGE_POC && app_model_digest(app, model, digest, &none)) model = NULL;
    if (app_freeze_criteria(app, &changed, err)) return err->code;
    if (app_model_digest(app, model, digest, err)) return err->code;
    if (app_model_open(app, digest, &m, digest, err)) return err->code;
    (void)!decide(app, s, digest, m, ret, err);
    model_free(m);
    return err->code;
}
