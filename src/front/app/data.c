/* front/app/data.c - cairn data check and cairn data split. Both read the user's files through the
 * same door, so that what is split is what was checked. */
#include "base/str.h"
#include "front/app/app_internal.h"
#include "proof/data/check.h"
#include <stdlib.h>
#include <string.h>

struct source {                       /* the user's files, read */
    struct dataset *part[PART_COUNT]; /* files of one's own */
    struct dataset *whole;            /* or one source */
    struct findings findings;
};

static void source_release(struct source *s)
{
    for (int p = 0; p < PART_COUNT; p++) dataset_free(s->part[p]);
    dataset_free(s->whole);
    findings_release(&s->findings);
}

static enum err_code read_one(struct app *app, const char *file, struct findings *f,
                              struct dataset **ret, struct err *err)
{
    char path[PATH_BYTES_MAX];
    const struct data_config *c = &app->project->data;
    if (project_path(app->project, file, path, err)) return err->code;
    if (dataset_read(path, (enum data_format)c->format, c->group_by, f, ret, err) == ERR_OK)
        return ERR_OK;
    /* No usable line is a finding too: the findings say why. */
    if (err->code != ERR_BAD_INPUT || !f->errors) return err->code;
    *err = (struct err){0};
    return ERR_OK;
}

/* Leakage is an error that stops a split, unless cairn.yaml allows it: then it is a warning, and
 * the split's evidence says that it was allowed. */
static void check_leakage(struct app *app, const struct dataset *train, const struct dataset *other,
                          enum split_part part, struct findings *f)
{
    int32_t first = f->count, errors = f->errors;
    data_check_leakage(train, other, split_part_name(part), f);
    if (app->project->data.leakage != LEAKAGE_ALLOW) return;
    for (int32_t i = first; i < f->count; i++) f->items[i].level = FINDING_WARNING;
    f->warnings += f->errors - errors;
    f->errors = errors;
}

static enum err_code read_source(struct app *app, struct source *s, struct err *err)
{
    const struct data_config *c = &app->project->data;
    if (c->source) {
        if (read_one(app, c->source, &s->findings, &s->whole, err)) return err->code;
        if (s->whole) data_check(s->whole, NULL, &s->findings);
        return ERR_OK;
    }
    for (int p = 0; p < PART_COUNT; p++) {
        if (read_one(app, c->file[p], &s->findings, &s->part[p], err)) return err->code;
    }
    const struct dataset *train = s->part[PART_TRAIN];
    if (!train) return ERR_OK;
    data_check(train, NULL, &s->findings);
    struct data_check_options known = {.known_labels = (const char *const *)train->labels,
                                       .known_label_count = train->label_count,
                                       .rare_min = 1};
    for (int p = PART_DEV; p < PART_COUNT; p++) {
        if (!s->part[p]) continue;
        data_check(s->part[p], &known, &s->findings);
        check_leakage(app, train, s->part[p], (enum split_part)p, &s->findings);
    }
    return ERR_OK;
}

static json_t *findings_json(const struct findings *f)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < f->count; i++) {
        const struct finding *x = &f->items[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s}", "level",
                                        finding_level_name(x->level), "check", x->check, "file",
                                        x->file, "line", x->line, "column", x->column, "message",
                                        x->message, "hint", x->hint ? x->hint : ""));
    }
    return list;
}

static json_t *dataset_summary(const char *name, const struct dataset *d)
{
    json_t *labels = json_object();
    int64_t spans = 0;
    for (int32_t l = 0; l < d->label_count; l++) {
        int64_t n = 0;
        for (int32_t i = 0; i < d->count; i++)
            for (int32_t k = 0; k < d->examples[i].span_count; k++)
                n += d->examples[i].spans[k].label == l;
        json_object_set_new(labels, d->labels[l], json_integer(n));
        spans += n;
    }
    char fingerprint[HASH_HEX_BYTES];
    dataset_fingerprint(d, fingerprint);
    return json_pack("{s:s, s:i, s:I, s:o, s:s}", "part", name, "examples", d->count, "spans",
                     (json_int_t)spans, "labels", labels, "fingerprint", fingerprint);
}

static enum err_code check_named(struct app *app, const struct data_check_request *r,
                                 struct findings *f, json_t *parts, struct err *err)
{
    for (size_t i = 0; i < r->file_count; i++) {
        struct dataset *d = NULL;
        if (dataset_read(r->files[i], DATA_FORMAT_AUTO, app ? app->project->data.group_by : NULL, f,
                         &d, err)) {
            if (err->code != ERR_BAD_INPUT || !f->errors) return err->code;
            *err = (struct err){0};
            continue;
        }
        data_check(d, NULL, f);
        json_array_append_new(parts, dataset_summary(r->files[i], d));
        dataset_free(d);
    }
    return ERR_OK;
}

enum err_code app_data_check(struct app *app, const struct data_check_request *r, json_t **ret,
                             struct err *err)
{
    struct source s = {0};
    json_t *parts = json_array();
    findings_init(&s.findings, FINDINGS_MAX);
    enum err_code code =
        r->file_count ? check_named(app, r, &s.findings, parts, err) : read_source(app, &s, err);
    if (code) goto out;
    if (s.whole) json_array_append_new(parts, dataset_summary("source", s.whole));
    for (int p = 0; p < PART_COUNT; p++) {
        if (!s.part[p]) continue;
        json_array_append_new(parts,
                              dataset_summary(split_part_name((enum split_part)p), s.part[p]));
    }
    *ret = json_pack("{s:s, s:b, s:i, s:i, s:o, s:O}", "schema", "cairn.data-check/v1", "ok",
                     s.findings.errors == 0, "errors", s.findings.errors, "warnings",
                     s.findings.warnings, "findings", findings_json(&s.findings), "parts", parts);
out:
    json_decref(parts);
    source_release(&s);
    return code;
}

/* What a split was made from, for its row and its evidence. */
static json_t *origin_json(const struct data_config *c)
{
    if (!c->source) {
        return json_pack("{s:s, s:s, s:s}", "train", c->file[PART_TRAIN], "dev", c->file[PART_DEV],
                         "test", c->file[PART_TEST]);
    }
    return json_pack("{s:s, s:[f,f,f], s:I, s:s?}", "source", c->source, "shares",
                     c->split.share[PART_TRAIN], c->split.share[PART_DEV],
                     c->split.share[PART_TEST], "seed", (json_int_t)c->split.seed, "group_by",
                     c->group_by);
}

static enum err_code refuse_errors(const struct findings *f, struct err *err)
{
    if (!f->errors) return ERR_OK;
    err_set(err, ERR_BAD_INPUT, "the data has %d error%s", f->errors, f->errors == 1 ? "" : "s");
    for (int32_t i = 0; i < f->count; i++) {
        const struct finding *x = &f->items[i];
        if (x->level != FINDING_ERROR) continue;
        err_detail(err, "the first: %s:%d:%d: %s", x->file, x->line, x->column, x->message);
        break;
    }
    return err_hint(err, "cairn data check lists them all");
}

/* Whether the newest split holds just these parts. */
static enum err_code same_as_frozen(struct app *app, const char *split,
                                    struct dataset *const part[PART_COUNT], bool *ret,
                                    struct err *err)
{
    struct arena a;
    enum err_code code = ERR_OK;
    arena_init(&a, 1u << 20);
    *ret = true;
    for (int p = 0; p < PART_COUNT && code == ERR_OK; p++) {
        struct split row;
        char fingerprint[HASH_HEX_BYTES];
        code = split_get(app->registry, split, split_part_name((enum split_part)p), &a, &row, err);
        if (code) break;
        dataset_fingerprint(part[p], fingerprint);
        if (!str_eq(fingerprint, row.fingerprint)) *ret = false;
    }
    arena_release(&a);
    return code;
}

static enum err_code freeze_parts(struct app *app, const char *split,
                                  struct dataset *const part[PART_COUNT], json_t *parts,
                                  struct err *err)
{
    json_t *origin = origin_json(&app->project->data);
    char *text = json_dumps(origin, JSON_COMPACT | JSON_SORT_KEYS), digest[HASH_HEX_BYTES];
    if (registry_begin(app->registry, err)) goto out;
    for (int p = 0; p < PART_COUNT; p++) {
        if (app_freeze(app, split, split_part_name((enum split_part)p), part[p], text, err))
            goto undo;
    }
    json_t *body = json_pack("{s:s, s:O, s:O}", "split", split, "origin", origin, "parts", parts);
    if (app_record(app, "data-split", "measured", NULL, NULL, body, digest, err)) goto undo;
    (void)!registry_commit(app->registry, err);
    goto out;
undo:
    registry_rollback(app->registry);
out:
    free(text);
    json_decref(origin);
    return err->code;
}

static enum err_code next_split_name(const char *newest, char out[REGISTRY_NAME_MAX],
                                     struct err *err)
{
    int64_t n = 1;
    const char *dash = newest[0] ? strrchr(newest, '-') : NULL;
    if (!newest[0]) return (void)str_format(out, REGISTRY_NAME_MAX, "source"), ERR_OK;
    if (dash && str_to_i64(dash + 1, &n, err)) return err->code;
    (void)str_format(out, REGISTRY_NAME_MAX, "source-%lld", (long long)n + 1);
    return ERR_OK;
}

static enum err_code split_parts(struct app *app, struct source *s, struct err *err)
{
    if (refuse_errors(&s->findings, err)) return err->code;
    if (!s->whole) return ERR_OK;
    return data_split(s->whole, &app->project->data.split, s->part, err);
}

enum err_code app_data_split(struct app *app, bool renew, json_t **ret, struct err *err)
{
    struct source s = {0};
    char newest[REGISTRY_NAME_MAX], name[REGISTRY_NAME_MAX];
    bool same = false;
    json_t *parts = json_array();
    findings_init(&s.findings, FINDINGS_MAX);
    if (read_source(app, &s, err) || split_parts(app, &s, err)) goto out;
    for (int p = 0; p < PART_COUNT; p++)
        json_array_append_new(parts,
                              dataset_summary(split_part_name((enum split_part)p), s.part[p]));
    if (app_newest_split(app, newest, err)) goto out;
    if (newest[0] && same_as_frozen(app, newest, s.part, &same, err)) goto out;
    if (newest[0] && !same && !renew) {
        err_set(err, ERR_CONFLICT, "the data is not what split \"%s\" froze", newest);
        err_hint(err, "cairn data split --renew begins a new split; gates must be passed anew");
        goto out;
    }
    if (!same) {
        if (next_split_name(newest, name, err)) goto out;
        if (freeze_parts(app, name, s.part, parts, err)) goto out;
    }
    *ret = json_pack("{s:s, s:s, s:b, s:O, s:i}", "schema", "cairn.data-split/v1", "split",
                     same ? newest : name, "changed", !same, "parts", parts, "warnings",
                     s.findings.warnings);
out:
    json_decref(parts);
    source_release(&s);
    return err->code;
}
