/* front/app/evidence.c - the chain as people meet it: add what is attested, read it as a log, walk
 * it to find a broken stone. */
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

/* The chain from its first stone. *ret_broken says which one does not hold, or NULL. */
static enum err_code walk(struct app *app, struct chain_walk *w, json_t **ret_broken,
                          struct err *err)
{
    struct arena a;
    struct evidence_row *rows = NULL;
    size_t count = 0;
    struct evidence_filter f = {.with_bytes = true};
    arena_init(&a, ARENA_JOB_BYTES_MAX);
    chain_begin(w);
    if (evidence_list(app->registry, &f, &a, &rows, &count, err) == ERR_OK) {
        for (size_t i = 0; i < count && !*ret_broken; i++) {
            struct err why = {0};
            if (chain_next(w, rows[i].bytes, rows[i].len, rows[i].digest, &why) == ERR_OK) continue;
            *ret_broken = json_pack("{s:I, s:s, s:s, s:s, s:s}", "index", (json_int_t)i, "digest",
                                    rows[i].digest, "kind", rows[i].kind, "why", why.message,
                                    "detail", why.detail);
        }
    }
    arena_release(&a);
    return err->code;
}

static enum err_code check_models(struct app *app, json_t *broken, int64_t *ret_count,
                                  struct err *err)
{
    struct arena a;
    struct registry_model *list = NULL;
    size_t count = 0;
    arena_init(&a, 64u << 20);
    if (registry_model_list(app->registry, &a, &list, &count, err) == ERR_OK) {
        for (size_t i = 0; i < count; i++) {
            struct err why = {0};
            app_step(app, "hashing models", (int64_t)i, (int64_t)count);
            if (registry_model_check(app->registry, list[i].digest, &why) == ERR_OK) continue;
            json_array_append_new(
                broken, json_pack("{s:s, s:s}", "model", list[i].digest, "why", why.message));
        }
        *ret_count = (int64_t)count;
    }
    arena_release(&a);
    return err->code;
}

static enum err_code check_splits(struct app *app, json_t *broken, int64_t *ret_count,
                                  struct err *err)
{
    struct arena a;
    struct split *list = NULL;
    size_t count = 0;
    arena_init(&a, 64u << 20);
    if (split_list(app->registry, &a, &list, &count, err) == ERR_OK) {
        for (size_t i = 0; i < count; i++) {
            struct err why = {0};
            if (blob_check(app->registry, list[i].blob, &why) == ERR_OK) continue;
            json_array_append_new(broken, json_pack("{s:s, s:s, s:s}", "split", list[i].name,
                                                    "part", list[i].part, "why", why.message));
        }
        *ret_count = (int64_t)count;
    }
    arena_release(&a);
    return err->code;
}

enum err_code app_verify(struct app *app, json_t **ret, struct err *err)
{
    struct chain_walk w;
    json_t *broken = NULL, *files = json_array();
    int64_t models = 0, splits = 0;
    if (walk(app, &w, &broken, err) || check_models(app, files, &models, err) ||
        check_splits(app, files, &splits, err)) {
        json_decref(broken);
        json_decref(files);
        return err->code;
    }
    bool ok = !broken && json_array_size(files) == 0;
    *ret = json_pack("{s:s, s:b, s:I, s:s, s:o?, s:I, s:I, s:o}", "schema", "cairn.verify/v1", "ok",
                     ok, "records", (json_int_t)w.count, "head", w.head, "broken", broken, "models",
                     (json_int_t)models, "split_parts", (json_int_t)splits, "broken_files", files);
    return ERR_OK;
}
