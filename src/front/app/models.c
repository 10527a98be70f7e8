/* front/app/models.c - models as things to look at, take out and bring in. */
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "front/app/app_internal.h"
#include "proof/evidence/card.h"

/* A model whose files are damaged has no precision, and is listed nevertheless. */
static json_t *model_json(struct app *app, const struct registry_model *m, const char *champion,
                          const char *candidate)
{
    char at[32];
    const char *precision = NULL;
    struct err damaged = {0};
    (void)!app_model_precision(app, m->digest, &precision, &damaged);
    os_time_text(m->at_us, at);
    const char *role = str_eq(m->digest, champion)    ? "champion"
                       : str_eq(m->digest, candidate) ? "candidate"
                                                      : NULL;
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s, s:I, s:s?}", "model", m->digest,
                     "origin", m->origin, "precision", precision, "run", m->run, "parent",
                     m->parent, "note", m->note, "at", at, "bytes", (json_int_t)m->bytes, "role",
                     role);
}

static enum err_code roles(struct app *app, char champion[HASH_HEX_BYTES],
                           char candidate[HASH_HEX_BYTES], struct err *err)
{
    struct err none = {0};
    candidate[0] = '\0';
    if (app_champion(app, champion, err)) return err->code;
    if (registry_candidate(app->registry, candidate, &none) && none.code != ERR_NOT_FOUND)
        return *err = none, err->code;
    return ERR_OK;
}

enum err_code app_model_list(struct app *app, json_t **ret, struct err *err)
{
    struct arena a;
    struct registry_model *list = NULL;
    size_t count = 0;
    char champion[HASH_HEX_BYTES], candidate[HASH_HEX_BYTES];
    if (roles(app, champion, candidate, err)) return err->code;
    arena_init(&a, 64u << 20);
    if (registry_model_list(app->registry, &a, &list, &count, err) == ERR_OK) {
        json_t *items = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(items, model_json(app, &list[i], champion, candidate));
        *ret = json_pack("{s:s, s:o}", "schema", "cairn.model-list/v1", "models", items);
    }
    arena_release(&a);
    return err->code;
}

/* Everything that the chain says of a model, oldest first. */
static enum err_code evidence_of(struct app *app, const char *digest, struct arena *a, json_t *out,
                                 struct err *err)
{
    struct evidence_row *rows = NULL;
    size_t count = 0;
    struct evidence_filter f = {.model = digest, .with_bytes = true};
    if (evidence_list(app->registry, &f, a, &rows, &count, err)) return err->code;
    for (size_t i = 0; i < count; i++) {
        json_t *doc = NULL;
        if (json_parse(rows[i].bytes, rows[i].len, &JSON_LIMITS_FILE, &doc, err)) return err->code;
        json_object_set_new(doc, "digest", json_string(rows[i].digest));
        json_array_append_new(out, doc);
    }
    return ERR_OK;
}

enum err_code app_model_show(struct app *app, const char *model, json_t **ret, struct err *err)
{
    struct arena a;
    struct registry_model found;
    struct model *m = NULL;
    char digest[HASH_HEX_BYTES], champion[HASH_HEX_BYTES], candidate[HASH_HEX_BYTES];
    json_t *evidence = json_array(), *labels = json_array();
    arena_init(&a, ARENA_STEP_BYTES_MAX);
    if (app_model_digest(app, model, digest, err) || roles(app, champion, candidate, err)) goto out;
    if (registry_model_find(app->registry, digest, &a, &found, err)) goto out;
    if (evidence_of(app, digest, &a, evidence, err)) goto out;
    if (app_model_open(app, digest, &m, digest, err)) goto out;
    for (int32_t i = 0; i < m->config.labels; i++)
        json_array_append_new(labels, json_string(m->label_names[i]));
    json_t *doc = model_json(app, &found, champion, candidate);
    json_t *recipe = m->recipe ? json_loads(m->recipe, 0, NULL) : NULL;
    json_t *shape =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:I}", "hidden", m->config.hidden, "layers",
                  m->config.layers, "heads", m->config.heads, "vocabulary", m->config.vocab_count,
                  "positions", m->config.positions, "parameters", (json_int_t)m->param_count);
    *ret = json_pack("{s:s, s:o, s:O, s:o, s:o?, s:O}", "schema", "cairn.model-show/v1", "model",
                     doc, "labels", labels, "shape", shape, "recipe", recipe, "evidence", evidence);
out:
    model_free(m);
    json_decref(evidence);
    json_decref(labels);
    arena_release(&a);
    return err->code;
}

static enum err_code write_beside(const char *dir, const char *name, const struct buf *text,
                                  struct err *err)
{
    char path[PATH_BYTES_MAX];
    if (buf_check(text, err) || os_join(path, dir, name, err)) return err->code;
    return os_write_atomic(path, text->data, text->len, err);
}

/* The newest evaluation of the model on the test part, as the chain has it; NULL: none. */
static const json_t *newest_evaluation(const json_t *evidence)
{
    const json_t *found = NULL, *body;
    for (size_t i = 0; i < json_array_size(evidence); i++) {
        const json_t *record = json_array_get(evidence, i);
        const char *kind = json_string_value(json_object_get(record, "kind"));
        body = json_object_get(record, "body");
        const char *part = json_string_value(json_object_get(body, "part"));
        if (kind && part && str_eq(kind, "evaluation") && str_eq(part, "test"))
            found = json_object_get(body, "evaluations");
    }
    return found;
}

static enum err_code write_card(struct app *app, const struct model *m, const char *digest,
                                const json_t *evidence, struct arena *a, struct buf *out,
                                struct err *err)
{
    struct card_fingerprint prints[PART_COUNT];
    struct split *list = NULL;
    size_t count = 0, print_count = 0;
    char split[REGISTRY_NAME_MAX], head[HASH_HEX_BYTES];
    int64_t records = 0;
    const json_t *all = newest_evaluation(evidence);
    if (split_list(app->registry, a, &list, &count, err)) return err->code;
    if (app_newest_split(app, split, err)) return err->code;
    if (evidence_head(app->registry, head, &records, err)) return err->code;
    for (size_t i = 0; i < count && print_count < PART_COUNT; i++) {
        if (!str_eq(list[i].name, split)) continue;
        prints[print_count++] = (struct card_fingerprint){
            .part = list[i].part, .digest = list[i].fingerprint, .examples = list[i].examples};
    }
    struct card_baseline baselines[] = {{"dictionary", json_object_get(all, "dictionary")},
                                        {"all-O", json_object_get(all, "all_o")}};
    struct card_input card = {.name = app->project->name,
                              .goal = app->project->goal,
                              .owner = app->project->owner,
                              .digest = digest,
                              .base_model = app->project->model,
                              .precision = app_precision(m),
                              .evaluation = json_object_get(all, "model"),
                              .recipe = m->recipe,
                              .baselines = baselines,
                              .baseline_count = all ? ARRAY_COUNT(baselines) : 0,
                              .fingerprints = prints,
                              .fingerprint_count = print_count,
                              .evidence_head = records ? head : NULL,
                              .how = "measured"};
    return card_write(&card, out, err);
}

enum err_code app_model_export(struct app *app, const char *model, const char *dir, json_t **ret,
                               struct err *err)
{
    struct model *m = NULL;
    struct arena a;
    struct buf text;
    char digest[HASH_HEX_BYTES];
    json_t *evidence = json_array();
    arena_init(&a, ARENA_STEP_BYTES_MAX);
    buf_init(&text, JSON_FILE_BYTES_MAX);
    if (app_model_open(app, model, &m, digest, err)) goto out;
    if (os_exists(dir)) {
        err_set(err, ERR_CONFLICT, "%s is there already", dir);
        err_hint(err, "name a folder that does not exist yet");
        goto out;
    }
    if (model_save(m, dir, err) || evidence_of(app, digest, &a, evidence, err)) goto out;
    json_write(evidence, true, &text);
    if (write_beside(dir, "evidence.json", &text, err)) goto out;
    buf_clear(&text);
    if (write_card(app, m, digest, evidence, &a, &text, err)) goto out;
    if (write_beside(dir, "README.md", &text, err)) goto out;
    *ret = json_pack("{s:s, s:s, s:s, s:I}", "schema", "cairn.model-export/v1", "model", digest,
                     "dir", dir, "records", (json_int_t)json_array_size(evidence));
out:
    model_free(m);
    json_decref(evidence);
    buf_release(&text);
    arena_release(&a);
    return err->code;
}

enum err_code app_model_import(struct app *app, const char *dir, json_t **ret, struct err *err)
{
    struct model *m = NULL;
    char digest[HASH_HEX_BYTES], saved[PATH_BYTES_MAX], runs[PATH_BYTES_MAX],
        record[HASH_HEX_BYTES];
    char id[REGISTRY_ID_BYTES];
    if (model_open(dir, &m, err)) return err->code;
    if (m->config.head != HEAD_TOKEN) {
        err_set(err, ERR_BAD_INPUT, "%s has no token classification head", dir);
        err_hint(err, "a pretrained model is named in cairn.yaml (model:), not imported");
        goto out;
    }
    /* Written anew in canonical form: folders and files that are no part of a model stay outside.
     */
    registry_id_make(id);
    model_digest(m, digest);
    if (os_join(runs, app->project->state, "runs", err) || os_join(saved, runs, id, err)) goto out;
    if (model_save(m, saved, err)) goto out;
    struct registry_model_new n = {
        .digest = digest, .dir = saved, .origin = "imported", .note = dir};
    json_t *body = json_pack("{s:s, s:s}", "model", digest, "from", dir);
    if (registry_model_add(app->registry, &n, err))
        json_decref(body);
    else if (app_record(app, "import", "measured", NULL, digest, body, record, err) == ERR_OK &&
             registry_candidate_set(app->registry, digest, err) == ERR_OK)
        *ret = json_pack("{s:s, s:s, s:s}", "schema", "cairn.model-import/v1", "model", digest,
                         "evidence", record);
    struct err ignored = {0};
    if (os_remove_tree(saved, &ignored)) log_warn("%s stays: %s", saved, ignored.message);
out:
    model_free(m);
    return err->code;
}
