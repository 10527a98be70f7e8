/* front/app/evaluate.c - the model beside its trivial rivals, on a frozen part or on a file.
 * Reading the test part freezes the criteria first: nobody can choose the bar after seeing the
 * jump. */
#include "base/limits.h"
#include "base/str.h"
#include "front/app/app_internal.h"

/* The model and both baselines on one part, as one document. The errors stand apart: they quote
 * texts, which are for the person who asked and not for the evidence. */
static enum err_code judge_all(struct app *app, struct judge *j, const struct model *m, json_t *doc,
                               json_t **ret_errors, struct err *err)
{
    static const char *const names[] = {"model", "dictionary", "all_o"};
    for (int i = 0; i < 3; i++) {
        struct evaluation *e = NULL;
        enum err_code code =
            i == 0 ? judge_model(app, j, m, &e, err)
                   : judge_with_baseline(j, i == 1 ? BASELINE_DICTIONARY : BASELINE_ALL_O, &e, err);
        if (code) return code;
        json_object_set_new(doc, names[i], evaluation_json(e));
        if (i == 0) *ret_errors = evaluation_errors_json(e);
        evaluation_free(e);
    }
    return ERR_OK;
}

static enum err_code evaluate_part(struct app *app, const struct model *m, const char *digest,
                                   const char *part, json_t **ret, struct err *err)
{
    struct judge j = {0};
    char split[REGISTRY_NAME_MAX], record[HASH_HEX_BYTES];
    bool changed = false;
    json_t *doc = json_object(), *errors = NULL;
    if (app_newest_split(app, split, err)) goto out;
    if (!split[0]) {
        err_set(err, ERR_NOT_FOUND, "the data is not split yet");
        err_hint(err, "cairn data split");
        goto out;
    }
    if (str_eq(part, "test") && app_freeze_criteria(app, &changed, err)) goto out;
    if (judge_open(app, m, split, part, &j, err)) goto out;
    if (judge_all(app, &j, m, doc, &errors, err)) goto out;
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:O}", "model", digest, "precision",
                             app_precision(m), "split", split, "part", part, "fingerprint",
                             j.part.fingerprint, "machine", app_machine(), "evaluations", doc);
    if (app_record(app, "evaluation", "measured", NULL, digest, body, record, err)) goto out;
    *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:O, s:O}", "schema", "cairn.evaluate/v1",
                     "model", digest, "precision", app_precision(m), "data", part, "fingerprint",
                     j.part.fingerprint, "evidence", record, "criteria_changed", changed,
                     "evaluations", doc, "errors", errors);
out:
    if (j.part.data) judge_close(&j);
    json_decref(errors);
    json_decref(doc);
    return err->code;
}

/* A file of the user's: judged by the same code, but no evidence for a gate. */
static enum err_code evaluate_file(struct app *app, const struct model *m, const char *digest,
                                   const char *file, json_t **ret, struct err *err)
{
    struct judge j = {0};
    struct findings f;
    json_t *doc = json_object(), *errors = NULL;
    findings_init(&f, 100);
    arena_init(&j.arena, ARENA_JOB_BYTES_MAX);
    if (dataset_read(file, DATA_FORMAT_AUTO, app->project->data.group_by, &f, &j.part.data, err))
        goto out;
    dataset_fingerprint(j.part.data, j.part.fingerprint);
    if (app_frozen(app, PART_TRAIN, &j.train, err) || judge_prepare(app, m, &j, err)) goto out;
    if (judge_all(app, &j, m, doc, &errors, err)) goto out;
    *ret =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:O, s:O}", "schema", "cairn.evaluate/v1",
                  "model", digest, "precision", app_precision(m), "data", file, "fingerprint",
                  j.part.fingerprint, "left_out", f.errors, "evaluations", doc, "errors", errors);
out:
    judge_close(&j);
    json_decref(errors);
    findings_release(&f);
    json_decref(doc);
    return err->code;
}

enum err_code app_evaluate(struct app *app, const struct evaluate_request *r, json_t **ret,
                           struct err *err)
{
    struct model *m = NULL;
    char digest[HASH_HEX_BYTES];
    if (app_model_open(app, r->model, &m, digest, err)) return err->code;
    if (r->file)
        (void)!evaluate_file(app, m, digest, r->file, ret, err);
    else
        (void)!evaluate_part(app, m, digest, r->part ? r->part : "test", ret, err);
    model_free(m);
    return err->code;
}

/* Whether the chain holds an evaluation of this model on these very test data. */
static enum err_code is_evaluated(struct app *app, const char *digest, const char *fingerprint,
                                  bool *ret, struct err *err)
{
    struct arena a;
    struct evidence_row *rows = NULL;
    size_t count = 0;
    struct evidence_filter f = {.kind = "evaluation", .model = digest, .with_bytes = true};
    arena_init(&a, ARENA_JOB_BYTES_MAX);
    *ret = false;
    if (evidence_list(app->registry, &f, &a, &rows, &count, err) == ERR_OK) {
        for (size_t i = 0; i < count && !*ret; i++) {
            json_t *record = NULL;
            if (json_parse(rows[i].bytes, rows[i].len, &JSON_LIMITS_FILE, &record, err)) break;
            const json_t *body = json_object_get(record, "body");
            const char *data = json_string_value(json_object_get(body, "fingerprint"));
            *ret = data && str_eq(data, fingerprint);
            json_decref(record);
        }
    }
    arena_release(&a);
    return err->code;
}

enum err_code app_ensure_evaluated(struct app *app, const char *digest, struct err *err)
{
    struct frozen test = {0};
    struct evaluate_request r = {.model = digest};
    json_t *result = NULL;
    bool done = false;
    if (app_frozen(app, PART_TEST, &test, err)) return err->code;
    if (is_evaluated(app, digest, test.fingerprint, &done, err) == ERR_OK && !done)
        (void)!app_evaluate(app, &r, &result, err);
    json_decref(result);
    frozen_release(&test);
    return err->code;
}
