/* front/app/evidence.c - the chain as people meet it: add what is attested, read it as a log, walk
 * it to find a broken stone, a file that changed, or a row that says more than its evidence. */
#include "base/limits.h"
#include "base/str.h"
#include "front/app/app_internal.h"
#include "live/registry/blobs.h"
#include "proof/evidence/record.h"

enum err_code app_evidence_add(struct app *app, const struct evidence_add_request *r, json_t **ret,
                               struct err *err)
{
    char blob[HASH_HEX_BYTES] = "", digest[HASH_HEX_BYTES];
    if (!r->kind || !r->by) {
        err_set(err, ERR_BAD_INPUT, "attested evidence needs --kind and --by");
        return err_hint(err, "cairn evidence add --kind user-study --by Jane --file notes.md");
    }
    if (!r->file && !r->note)
        return err_set(err, ERR_BAD_INPUT, "attested evidence needs --file or --note");
    if (r->file && blob_put_file(app->registry, r->file, blob, err)) return err->code;
    json_t *body = json_pack("{s:s, s:s, s:s?, s:s?, s:s?}", "kind", r->kind, "by", r->by, "file",
                             r->file, "sha256", blob[0] ? blob : NULL, "note", r->note);
    if (app_record(app, "attested", "attested", NULL, NULL, body, digest, err)) return err->code;
    *ret = json_pack("{s:s, s:s, s:s?}", "schema", "cairn.evidence-add/v1", "evidence", digest,
                     "sha256", blob[0] ? blob : NULL);
    return ERR_OK;
}

enum err_code app_log(struct app *app, int limit, json_t **ret, struct err *err)
{
    struct arena a;
    struct evidence_row *rows = NULL;
    size_t count = 0;
    struct evidence_filter f = {
        .newest_first = true, .with_bytes = true, .limit = limit > 0 ? (size_t)limit : 0};
    arena_init(&a, ARENA_JOB_BYTES_MAX);
    if (evidence_list(app->registry, &f, &a, &rows, &count, err)) goto out;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *doc = NULL;
        char at[32];
        os_time_text(rows[i].at_us, at);
        if (record_check(rows[i].bytes, rows[i].len, rows[i].digest, &doc, err)) {
            json_decref(list);
            goto out;
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:O?}", "digest",
                                              rows[i].digest, "at", at, "kind", rows[i].kind, "how",
                                              rows[i].how, "stage", rows[i].stage, "model",
                                              rows[i].model, "body", json_object_get(doc, "body")));
        json_decref(doc);
    }
    *ret = json_pack("{s:s, s:o}", "schema", "cairn.log/v1", "records", list);
out:
    arena_release(&a);
    return err->code;
}

struct verify { /* one walk */
    struct app *app;
    struct arena arena;
    struct evidence_row *rows; /* the chain, oldest first */
    size_t count;
    struct chain_walk walk;
    json_t *broken; /* the first stone that does not hold, or NULL */
    json_t *files;  /* stored files and rows that are not what the chain says */
    int64_t models, splits;
};

static void say_broken(struct verify *v, const char *what, const char *name, const char *part,
                       const char *why)
{
    json_array_append_new(v->files,
                          json_pack("{s:s, s:s?, s:s}", what, name, "part", part, "why", why));
}

/* What stands beside a record must say what the record says: columns, and the file it attests. */
static void check_beside(struct verify *v, const struct evidence_row *row, const json_t *doc)
{
    const char *kind = json_string_value(json_object_get(doc, "kind"));
    const char *how = json_string_value(json_object_get(doc, "how"));
    const json_t *body = json_object_get(doc, "body");
    const char *file = json_string_value(json_object_get(body, "sha256"));
    struct err why = {0};
    if (!kind || !how || !str_eq(kind, row->kind) || !str_eq(how, row->how))
        say_broken(v, "evidence", row->digest, NULL, "its row names another kind or origin");
    if (kind && str_eq(kind, "attested") && file && blob_check(v->app->registry, file, &why))
        say_broken(v, "evidence", row->digest, file, why.message);
}

static enum err_code walk_chain(struct verify *v, struct err *err)
{
    struct evidence_filter f = {.with_bytes = true};
    chain_begin(&v->walk);
    if (evidence_list(v->app->registry, &f, &v->arena, &v->rows, &v->count, err)) return err->code;
    for (size_t i = 0; i < v->count && !v->broken; i++) {
        const struct evidence_row *row = &v->rows[i];
        struct err why = {0};
        json_t *doc = NULL;
        if (chain_next(&v->walk, row->bytes, row->len, row->digest, &why) ||
            record_check(row->bytes, row->len, row->digest, &doc, &why)) {
            v->broken =
                json_pack("{s:I, s:s, s:s, s:s, s:s}", "index", (json_int_t)i, "digest",
                          row->digest, "kind", row->kind, "why", why.message, "detail", why.detail);
            continue;
        }
        check_beside(v, row, doc);
        json_decref(doc);
    }
    return ERR_OK;
}

static bool supports(const struct evidence_row *row, const struct gate_row *gate)
{
    json_t *doc = NULL;
    struct err why = {0};
    if (record_check(row->bytes, row->len, row->digest, &doc, &why)) return false;
    const json_t *body = json_object_get(doc, "body");
    const char *verdict = json_string_value(json_object_get(body, "verdict"));
    const char *model = json_string_value(json_object_get(body, "model"));
    bool same = verdict && model && str_eq(verdict, gate->verdict) && str_eq(model, gate->model);
    json_decref(doc);
    return same;
}

/* A promotion asks the gates' rows: each must say what its evidence says. */
static enum err_code check_gates(struct verify *v, struct err *err)
{
    struct gate_row *gates = NULL;
    size_t count = 0;
    struct gate_filter f = {.limit = 1000000};
    if (gate_list(v->app->registry, &f, &v->arena, &gates, &count, err)) return err->code;
    for (size_t i = 0; i < count; i++) {
        const struct evidence_row *found = NULL;
        for (size_t k = 0; k < v->count && !found; k++)
            if (str_eq(v->rows[k].digest, gates[i].evidence)) found = &v->rows[k];
        if (!found || !supports(found, &gates[i]))
            say_broken(v, "gate", gates[i].evidence, gates[i].stage,
                       "the verdict of this gate is not that of its evidence");
    }
    return ERR_OK;
}

static enum err_code check_models(struct verify *v, struct err *err)
{
    struct registry_model *list = NULL;
    size_t count = 0;
    if (registry_model_list(v->app->registry, &v->arena, &list, &count, err)) return err->code;
    for (size_t i = 0; i < count; i++) {
        struct err why = {0};
        app_step(v->app, "hashing models", (int64_t)i, (int64_t)count);
        if (registry_model_check(v->app->registry, list[i].digest, &why))
            say_broken(v, "model", list[i].digest, NULL, why.message);
    }
    v->models = (int64_t)count;
    return ERR_OK;
}

static enum err_code check_splits(struct verify *v, struct err *err)
{
    struct split *list = NULL;
    size_t count = 0;
    if (split_list(v->app->registry, &v->arena, &list, &count, err)) return err->code;
    for (size_t i = 0; i < count; i++) {
        struct err why = {0};
        if (blob_check(v->app->registry, list[i].blob, &why))
            say_broken(v, "split", list[i].name, list[i].part, why.message);
    }
    v->splits = (int64_t)count;
    return ERR_OK;
}

enum err_code app_verify(struct app *app, json_t **ret, struct err *err)
{
    struct verify v = {.app = app, .files = json_array()};
    arena_init(&v.arena, ARENA_JOB_BYTES_MAX);
    if (walk_chain(&v, err) || check_gates(&v, err) || check_models(&v, err) ||
        check_splits(&v, err))
        goto out;
    bool ok = !v.broken && json_array_size(v.files) == 0;
    *ret = json_pack("{s:s, s:b, s:I, s:s, s:O?, s:I, s:I, s:O}", "schema", "cairn.verify/v1", "ok",
                     ok, "records", (json_int_t)v.walk.count, "head", v.walk.head, "broken",
                     v.broken, "models", (json_int_t)v.models, "split_parts", (json_int_t)v.splits,
                     "broken_files", v.files);
out:
    json_decref(v.broken);
    json_decref(v.files);
    arena_release(&v.arena);
    return err->code;
}
