/* front/app/status.c - where the path stands, what is proven, and what to do next: read from the
 * registry alone, so that it answers at once. */
#include "base/str.h"
#include "front/app/app_internal.h"
#include "live/feedback/feedback.h"
#include "live/registry/predictions.h"

struct standing { /* what the next step is decided from */
    bool split;
    char champion[HASH_HEX_BYTES], candidate[HASH_HEX_BYTES];
    bool candidate_passed, candidate_judged;
    int64_t pending, accepted;
};

static enum err_code stand(struct app *app, struct standing *s, struct err *err)
{
    struct arena a;
    struct feedback_counts n;
    struct feedback_filter f = {.state = -1};
    struct gate_row gate;
    struct err none = {0};
    char name[REGISTRY_NAME_MAX];
    if (app_newest_split(app, name, err) || app_champion(app, s->champion, err)) return err->code;
    s->split = name[0] != '\0';
    if (registry_candidate(app->registry, s->candidate, &none)) s->candidate[0] = '\0';
    if (feedback_row_count(app->registry, &f, false, &n, err)) return err->code;
    s->pending = n.pending;
    s->accepted = n.accepted;
    if (!s->candidate[0] || !s->split) return ERR_OK;
    arena_init(&a, 16u << 20);
    none = (struct err){0};
    s->candidate_passed = app_find_pass(app, s->candidate, s->champion, &a, &gate,
                                        &s->candidate_judged, &none) == ERR_OK;
    arena_release(&a);
    return ERR_OK;
}

static const char *next_step(const struct standing *s, const char **ret_why)
{
    *ret_why = "data is not split yet";
    if (!s->split) return "cairn data split";
    *ret_why = "the candidate passed its gate";
    if (s->candidate_passed) return "cairn promote";
    *ret_why = "the candidate has met no gate";
    if (s->candidate[0] && !s->candidate_judged)
        return s->champion[0] ? "cairn gate production @candidate" : "cairn gate poc";
    *ret_why = "no model was trained yet, or none passed";
    if (!s->champion[0]) return "cairn train";
    *ret_why = "feedback waits for a person's review";
    if (s->pending) return "cairn feedback review";
    *ret_why = "reviewed feedback can teach the champion";
    if (s->accepted) return "cairn improve";
    *ret_why = "the champion can answer";
    return "cairn serve";
}

static enum err_code stages_json(struct app *app, json_t *out, struct err *err)
{
    struct arena a;
    arena_init(&a, 64u << 20);
    for (int s = 0; s < STAGE_COUNT; s++) {
        const struct stage_config *c = &app->project->stages[s];
        struct gate_row *rows = NULL;
        struct stage_version *versions = NULL;
        size_t count = 0, version_count = 0;
        struct gate_filter f = {.stage = STAGE_NAMES[s], .limit = 1};
        if (gate_list(app->registry, &f, &a, &rows, &count, err)) break;
        if (stage_list(app->registry, STAGE_NAMES[s], &a, &versions, &version_count, err)) break;
        json_t *o = json_pack(
            "{s:s, s:b, s:I, s:s?, s:s?, s:s?}", "stage", STAGE_NAMES[s], "configured", c->present,
            "criteria", (json_int_t)c->criterion_count, "deadline", c->deadline_text, "verdict",
            count ? rows[0].verdict : NULL, "model", count ? rows[0].model : NULL);
        char at[32] = "", digest[HASH_HEX_BYTES];
        if (count) os_time_text(rows[0].at_us, at);
        json_object_set_new(o, "at", count ? json_string(at) : json_null());
        app_stage_digest(app, (enum stage)s, digest);
        bool changed = version_count && !str_eq(versions[0].digest, digest);
        json_object_set_new(o, "criteria_changed", json_boolean(changed));
        json_array_append_new(out, o);
    }
    arena_release(&a);
    return err->code;
}

enum err_code app_status(struct app *app, json_t **ret, struct err *err)
{
    struct standing s = {0};
    char head[HASH_HEX_BYTES];
    int64_t records = 0;
    const char *why = NULL;
    json_t *stages = json_array();
    if (stand(app, &s, err) || stages_json(app, stages, err) ||
        evidence_head(app->registry, head, &records, err)) {
        json_decref(stages);
        return err->code;
    }
    const char *next = next_step(&s, &why);
    *ret = json_pack("{s:s, s:s, s:s?, s:s?, s:o, s:s?, s:s?, s:b, s:I, s:I, s:I, s:s?, s:s, s:s}",
                     "schema", "cairn.status/v1", "name", app->project->name, "goal",
                     app->project->goal, "owner", app->project->owner, "stages", stages, "champion",
                     s.champion[0] ? s.champion : NULL, "candidate",
                     s.candidate[0] ? s.candidate : NULL, "split", s.split, "feedback_pending",
                     (json_int_t)s.pending, "feedback_accepted", (json_int_t)s.accepted, "records",
                     (json_int_t)records, "head", head[0] ? head : NULL, "next", next, "why", why);
    return ERR_OK;
}
