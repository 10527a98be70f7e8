/* front/app/report_data.c - the numbers behind the report, all read from the chain and the
 * registry: nothing is computed for the page alone. */
#include "base/limits.h"
#include "base/str.h"
#include "front/app/app_internal.h"
#include "live/success/usage.h"
#include "live/success/value.h"
#include "proof/evidence/record.h"

#define REPORT_DAYS 30

struct gathering {
    struct app *app;
    struct arena arena;
    json_t *doc;
    json_t *milestones, *gates, *attested, *overrides, *improvements;
    const json_t *evaluation; /* newest of the champion on test; borrowed from `records` */
    json_t *records;          /* parsed bodies, kept alive */
    char champion[HASH_HEX_BYTES], first[HASH_HEX_BYTES];
    int64_t last_us;
    int64_t stage_since_us; /* when the stage that has not passed yet began */
    json_t *took;           /* {stage: seconds from its begin to its first PASS} */
    bool simulated;
};

static void milestone(struct gathering *g, const struct evidence_row *row, const char *what)
{
    char at[32];
    os_time_text(row->at_us, at);
    int64_t took = g->last_us ? (row->at_us - g->last_us) / 1000000 : 0;
    g->last_us = row->at_us;
    json_array_append_new(g->milestones,
                          json_pack("{s:s, s:s, s:I, s:s?, s:s, s:s}", "what", what, "at", at,
                                    "seconds_since_previous", (json_int_t)took, "model", row->model,
                                    "evidence", row->digest, "how", row->how));
}

static void take_gate(struct gathering *g, const struct evidence_row *row, json_t *body)
{
    char what[64];
    const char *stage = json_string_value(json_object_get(body, "stage"));
    const char *verdict = json_string_value(json_object_get(body, "verdict"));
    if (!stage || !verdict) return;
    (void)str_format(what, sizeof what, "gate:%s:%s", stage, verdict);
    milestone(g, row, what);
    if (str_eq(row->kind, "gate") && str_eq(verdict, "PASS") && !json_object_get(g->took, stage)) {
        int64_t seconds = (row->at_us - g->stage_since_us) / 1000000;
        json_object_set_new(g->took, stage, json_integer((json_int_t)seconds));
        g->stage_since_us = row->at_us;
    }
    json_t *o = json_deep_copy(body);
    char at[32];
    os_time_text(row->at_us, at);
    json_object_set_new(o, "at", json_string(at));
    json_object_set_new(o, "evidence", json_string(row->digest));
    json_object_set_new(o, "how", json_string(row->how));
    json_array_append_new(str_eq(row->kind, "gate") ? g->gates : g->improvements, o);
}

static void take_record(struct gathering *g, const struct evidence_row *row, json_t *body)
{
    const char *kind = row->kind;
    if (str_eq(row->how, "simulated")) g->simulated = true;
    if (str_eq(kind, "gate") || str_eq(kind, "improvement")) {
        take_gate(g, row, body);
    } else if (str_eq(kind, "data-split") || str_eq(kind, "training") || str_eq(kind, "review")) {
        milestone(g, row, kind);
    } else if (str_eq(kind, "promotion") || str_eq(kind, "override")) {
        milestone(g, row, kind);
        if (!g->first[0] && row->model)
            (void)str_format(g->first, sizeof g->first, "%s", row->model);
        if (str_eq(kind, "override")) json_array_append(g->overrides, body);
    } else if (str_eq(kind, "rollback")) {
        milestone(g, row, kind);
    } else if (str_eq(kind, "attested")) {
        json_array_append(g->attested, body);
    } else if (str_eq(kind, "evaluation") && row->model && str_eq(row->model, g->champion)) {
        const char *part = json_string_value(json_object_get(body, "part"));
        if (part && str_eq(part, "test")) g->evaluation = json_object_get(body, "evaluations");
    }
}

static enum err_code walk(struct gathering *g, struct err *err)
{
    struct evidence_row *rows = NULL;
    size_t count = 0;
    struct evidence_filter f = {.with_bytes = true};
    if (evidence_list(g->app->registry, &f, &g->arena, &rows, &count, err)) return err->code;
    for (size_t i = 0; i < count; i++) {
        json_t *record = NULL;
        if (i == 0) g->stage_since_us = rows[i].at_us;
        if (record_check(rows[i].bytes, rows[i].len, rows[i].digest, &record, err))
            return err->code;
        json_array_append_new(g->records, record);
        take_record(g, &rows[i], json_object_get(record, "body"));
    }
    json_object_set_new(g->doc, "records", json_integer((json_int_t)count));
    json_object_set_new(g->doc, "head", count ? json_string(rows[count - 1].digest) : json_null());
    return ERR_OK;
}

static enum err_code add_value(struct gathering *g, struct err *err)
{
    struct acceptance acceptance;
    struct usage usage;
    struct value_result value;
    struct acceptance_filter f = {.model = g->champion[0] ? g->champion : NULL};
    if (feedback_acceptance(g->app->registry, &f, &acceptance, err)) return err->code;
    if (usage_measure(g->app->registry, NULL, os_now_us(), REPORT_DAYS, &usage, err))
        return err->code;
    struct value_inputs in = value_inputs_from(&g->app->project->value, &acceptance);
    value_compute(&in, &value);
    if (acceptance.simulated) g->simulated = true;
    json_object_set_new(g->doc, "acceptance", acceptance_json(&acceptance));
    json_object_set_new(g->doc, "usage", usage_json(&usage));
    json_object_set_new(g->doc, "value", value_json(&in, &value));
    return ERR_OK;
}

static enum err_code gather(struct gathering *g, struct err *err)
{
    json_t *status = NULL;
    char now[32];
    const struct project *p = g->app->project;
    if (app_champion(g->app, g->champion, err) || walk(g, err) || add_value(g, err))
        return err->code;
    if (app_status(g->app, &status, err)) return err->code;
    os_time_text(os_now_us(), now);
    json_t *o = g->doc;
    json_object_set_new(o, "schema", json_string("cairn.report/v1"));
    json_object_set_new(o, "name", json_string(p->name));
    json_object_set_new(o, "goal", json_string(p->goal ? p->goal : ""));
    json_object_set_new(o, "owner", json_string(p->owner ? p->owner : ""));
    json_object_set_new(o, "at", json_string(now));
    json_object_set_new(o, "champion", g->champion[0] ? json_string(g->champion) : json_null());
    json_object_set_new(o, "first_champion", g->first[0] ? json_string(g->first) : json_null());
    json_object_set(o, "stages", json_object_get(status, "stages"));
    json_object_set(o, "next", json_object_get(status, "next"));
    json_object_set(o, "why", json_object_get(status, "why"));
    json_object_set(o, "stage_seconds", g->took);
    json_object_set(o, "milestones", g->milestones);
    json_object_set(o, "gates", g->gates);
    json_object_set(o, "improvements", g->improvements);
    json_object_set(o, "attested", g->attested);
    json_object_set(o, "overrides", g->overrides);
    json_object_set_new(o, "simulated", json_boolean(g->simulated));
    json_object_set_new(o, "evaluations",
                        g->evaluation ? json_deep_copy(g->evaluation) : json_null());
    json_decref(status);
    return ERR_OK;
}

enum err_code app_report_data(struct app *app, json_t **ret, struct err *err)
{
    struct gathering g = {.app = app,
                          .doc = json_object(),
                          .milestones = json_array(),
                          .gates = json_array(),
                          .attested = json_array(),
                          .overrides = json_array(),
                          .improvements = json_array(),
                          .took = json_object(),
                          .records = json_array()};
    arena_init(&g.arena, ARENA_JOB_BYTES_MAX);
    if (gather(&g, err) == ERR_OK) *ret = json_incref(g.doc);
    json_decref(g.doc);
    json_decref(g.milestones);
    json_decref(g.gates);
    json_decref(g.attested);
    json_decref(g.overrides);
    json_decref(g.improvements);
    json_decref(g.took);
    json_decref(g.records);
    arena_release(&g.arena);
    return err->code;
}
