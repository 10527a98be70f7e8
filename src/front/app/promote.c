/* front/app/promote.c - the one way to a new champion, and the way back.
 *
 * Which gate admits a model: the first champion needs PASS in poc. After that a model needs PASS in
 * the gate of `cairn improve` against the present champion, or in production. The newest verdict
 * for this very model, precision, data and criteria is the one that counts. */
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "front/app/app_internal.h"
#include "live/registry/predictions.h"

static enum err_code newest_gate(struct app *app, const struct gate_filter *f, struct arena *a,
                                 struct gate_row *ret, bool *ret_found, struct err *err)
{
    struct gate_row *rows = NULL;
    size_t count = 0;
    if (gate_list(app->registry, f, a, &rows, &count, err)) return err->code;
    *ret_found = count > 0;
    if (count) *ret = rows[0];
    return ERR_OK;
}

/* The fingerprint that gates were measured on: of the newest split's test part. */
static enum err_code test_fingerprint(struct app *app, struct arena *a, const char **ret,
                                      struct err *err)
{
    char split[REGISTRY_NAME_MAX];
    struct split row;
    if (app_newest_split(app, split, err)) return err->code;
    if (split_get(app->registry, split, "test", a, &row, err)) return err->code;
    *ret = row.fingerprint;
    return ERR_OK;
}

static enum err_code refuse(const char *model, const char *why, const char *hint, struct err *err)
{
    err_set(err, ERR_CONFLICT, "model %.12s may not be promoted: %s", model, why);
    return err_hint(err, "%s; or --override --why \"...\", which every report shows", hint);
}

static enum err_code stage_pass(struct app *app, enum stage s, const char *model, struct arena *a,
                                struct gate_row *ret, bool *ret_found, struct err *err)
{
    char criteria[HASH_HEX_BYTES];
    const char *data = NULL;
    const char *precision = NULL;
    if (test_fingerprint(app, a, &data, err)) return err->code;
    if (app_model_precision(app, model, &precision, err)) return err->code;
    app_stage_digest(app, s, criteria);
    struct gate_filter f = {.stage = STAGE_NAMES[s],
                            .model = model,
                            .precision = precision,
                            .criteria = criteria,
                            .limit = 1};
    if (newest_gate(app, &f, a, ret, ret_found, err)) return err->code;
    /* A gate of live criteria only has no data of its own. */
    if (*ret_found && ret->data && !str_eq(ret->data, data)) *ret_found = false;
    return ERR_OK;
}

enum err_code app_find_pass(struct app *app, const char *model, const char *champion,
                            struct arena *a, struct gate_row *ret, bool *ret_judged,
                            struct err *err)
{
    bool found = false;
    *ret_judged = false;
    if (!champion[0]) {
        if (stage_pass(app, STAGE_POC, model, a, ret, &found, err)) return err->code;
        *ret_judged = found;
        if (!found)
            return refuse(model, "no gate was run for it on this data with these criteria",
                          "cairn gate poc", err);
        if (str_eq(ret->verdict, "PASS")) return ERR_OK;
        return refuse(model, "its newest poc gate did not pass", "cairn gate poc shows why", err);
    }
    const char *precision = NULL;
    if (app_model_precision(app, model, &precision, err)) return err->code;
    struct gate_filter f = {.stage = GATE_IMPROVE,
                            .model = model,
                            .precision = precision,
                            .criteria = champion,
                            .limit = 1};
    if (newest_gate(app, &f, a, ret, &found, err)) return err->code;
    if (found && str_eq(ret->verdict, "PASS")) return ERR_OK;
    bool improved = found;
    if (stage_pass(app, STAGE_PRODUCTION, model, a, ret, &found, err)) return err->code;
    *ret_judged = improved || found;
    if (found && str_eq(ret->verdict, "PASS")) return ERR_OK;
    if (improved)
        return refuse(model, "its gate against the champion did not pass", "cairn log shows it",
                      err);
    return refuse(model, "no gate compares it with the champion",
                  "cairn improve, or cairn gate production MODEL", err);
}

static enum err_code promote(struct app *app, const struct promote_request *r, const char *model,
                             const char *champion, struct arena *a, json_t **ret, struct err *err)
{
    struct gate_row gate = {0};
    struct promotion done;
    bool override_gate = r->override_why != NULL, judged = false;
    struct err why_not = {0};
    const char *precision = NULL;
    if (app_model_precision(app, model, &precision, err)) return err->code;
    enum err_code code = app_find_pass(app, model, champion, a, &gate, &judged, &why_not);
    if (code == ERR_OK) override_gate = false;
    if (code && (code != ERR_CONFLICT || !override_gate)) return *err = why_not, code;
    struct promotion_new p = {.model = model,
                              .precision = precision,
                              .stage = override_gate ? NULL : gate.stage,
                              .gate = override_gate ? NULL : gate.evidence,
                              .why = r->override_why,
                              .by = app->user,
                              .override_gate = override_gate};
    json_t *body =
        json_pack("{s:s, s:s?, s:s, s:s?, s:s?, s:s, s:b, s:s?}", "model", model, "previous",
                  champion[0] ? champion : NULL, "precision", p.precision, "stage", p.stage, "gate",
                  p.gate, "by", p.by, "override", override_gate, "why", p.why);
    if (override_gate) json_object_set_new(body, "refused", json_string(why_not.message));
    struct evidence_new n = {.kind = override_gate ? "override" : "promotion",
                             .how = "measured",
                             .stage = p.stage,
                             .model = model,
                             .body = body};
    if (registry_promote(app->registry, &p, &n, &done, a, err) == ERR_OK) {
        *ret = json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:b, s:s?, s:s}", "schema",
                         "cairn.promote/v1", "model", done.model, "previous", done.previous,
                         "stage", done.stage, "gate", done.gate, "override", done.override_gate,
                         "why", done.why, "evidence", done.evidence);
    }
    json_decref(body);
    return err->code;
}

enum err_code app_promote(struct app *app, const struct promote_request *r, json_t **ret,
                          struct err *err)
{
    struct os_lock lock;
    struct arena a;
    char model[HASH_HEX_BYTES], champion[HASH_HEX_BYTES];
    if (registry_lock(app->registry, "promote", REGISTRY_WAIT_MS, &lock, err)) return err->code;
    arena_init(&a, 64u << 20);
    if (app_model_digest(app, r->model ? r->model : "@candidate", model, err)) goto out;
    if (app_champion(app, champion, err)) goto out;
    if (promote(app, r, model, champion, &a, ret, err)) goto out;
    if (app_write_reference(app, model, err) || app_ensure_evaluated(app, model, err)) {
        log_warn("model %.12s is champion, but lacks numbers: %s", model, err->message);
        *err = (struct err){0};
    }
out:
    arena_release(&a);
    os_lock_drop(&lock);
    return err->code;
}

enum err_code app_rollback(struct app *app, const char *why, json_t **ret, struct err *err)
{
    struct os_lock lock;
    struct arena a;
    struct promotion done;
    if (!why || str_is_blank(why)) {
        err_set(err, ERR_BAD_INPUT, "a rollback needs a reason");
        return err_hint(err, "cairn rollback --why \"accuracy alarm\"");
    }
    if (registry_lock(app->registry, "promote", REGISTRY_WAIT_MS, &lock, err)) return err->code;
    arena_init(&a, 64u << 20);
    if (registry_rollback_champion(app->registry, why, app->user, NULL, &done, &a, err) == ERR_OK) {
        *ret =
            json_pack("{s:s, s:s, s:s?, s:s, s:s}", "schema", "cairn.rollback/v1", "model",
                      done.model, "previous", done.previous, "why", why, "evidence", done.evidence);
    }
    arena_release(&a);
    os_lock_drop(&lock);
    return err->code;
}
