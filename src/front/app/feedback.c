/* front/app/feedback.c - what people said about answers: in, looked at, and let through by a
 * person. The checks are live/feedback's; here is who may say what is a simulation. */
#include "live/feedback/feedback.h"
#include "base/limits.h"
#include "base/str.h"
#include "front/app/answer.h"

#define COMMIT_ITEMS 250 /* of a list; a running service waits for the registry as long */

struct adding { /* one call of app_feedback_add */
    struct app *app;
    struct feedback_rules rules;
    struct arena arena;
    int64_t added, repeated;
    json_t *ids;
};

static enum err_code add_one(struct adding *s, const json_t *doc, struct err *err)
{
    struct feedback_item item;
    struct feedback_added done;
    if (feedback_item_parse(doc, &s->arena, &item, err)) return err->code;
    if (!item.by) item.by = s->app->user;
    if (feedback_add(s->app->registry, &item, &s->rules, &done, err)) return err->code;
    if (done.is_new)
        s->added++;
    else
        s->repeated++;
    json_array_append_new(s->ids, json_string(done.id));
    return ERR_OK;
}

/* Items from..to, committed together: a commit an item would cost a disk flush an item. */
static enum err_code add_slice(struct adding *s, const json_t *items, size_t from, size_t to,
                               struct err *err)
{
    const int64_t added = s->added, repeated = s->repeated;
    if (registry_begin(s->app->registry, err)) return err->code;
    for (size_t i = from; i < to; i++) {
        if (add_one(s, json_array_get(items, i), err) == ERR_OK) continue;
        registry_rollback(s->app->registry);
        s->added = added;
        s->repeated = repeated;
        char why[sizeof err->detail];
        (void)str_format(why, sizeof why, "%s", err->detail);
        return err_detail(err, "item %zu of %zu%s%.200s; the first %zu are stored, no other", i + 1,
                          json_array_size(items), why[0] ? ": " : "", why, from);
    }
    return registry_commit(s->app->registry, err);
}

static enum err_code add_all(struct adding *s, const json_t *items, struct err *err)
{
    size_t count = json_array_size(items);
    if (json_is_object(items)) return add_one(s, items, err);
    if (!json_is_array(items))
        return err_set(err, ERR_BAD_INPUT, "feedback is an object or an array of objects");
    for (size_t from = 0; from < count; from += COMMIT_ITEMS) {
        size_t to = count - from < COMMIT_ITEMS ? count : from + COMMIT_ITEMS;
        if (add_slice(s, items, from, to, err)) return err->code;
        app_step(s->app, "adding feedback", (int64_t)to, (int64_t)count);
    }
    return ERR_OK;
}

enum err_code app_feedback_add(struct app *app, const json_t *items, json_t **ret, struct err *err)
{
    struct adding s = {.app = app, .ids = json_array()};
    struct model *m = NULL;
    struct tag_set tags;
    char digest[HASH_HEX_BYTES];
    arena_init(&s.arena, ARENA_STEP_BYTES_MAX);
    if (app_model_open(app, NULL, &m, digest, err)) goto out;
    if (answer_labels(m, &s.arena, &tags, err)) goto out;
    s.rules = (struct feedback_rules){.labels = (const char *const *)tags.labels,
                                      .label_count = tags.label_count};
    if (add_all(&s, items, err)) goto out;
    *ret = json_pack("{s:s, s:I, s:I, s:O}", "schema", "cairn.feedback-add/v1", "added",
                     (json_int_t)s.added, "repeated", (json_int_t)s.repeated, "ids", s.ids);
out:
    json_decref(s.ids);
    model_free(m);
    arena_release(&s.arena);
    return err->code;
}

static enum err_code parse_state(const char *name, int *ret, struct err *err)
{
    *ret = -1;
    if (!name) return ERR_OK;
    for (int s = 0; s < FEEDBACK_STATE_COUNT; s++) {
        if (!str_eq(name, feedback_state_name((enum feedback_state)s))) continue;
        *ret = s;
        return ERR_OK;
    }
    err_set(err, ERR_BAD_INPUT, "\"%s\" is not a state of feedback", name);
    return err_hint(err, "pending, accepted, refused or superseded");
}

static json_t *row_json(const struct feedback_row *f)
{
    json_t *o = json_pack("{s:s, s:s, s:s?, s:s, s:s, s:b, s:b, s:s, s:s?, s:s?, s:s?}", "id",
                          f->id, "prediction_id", f->prediction, "model", f->model, "verdict",
                          feedback_verdict_name(f->verdict), "state", feedback_state_name(f->state),
                          "complete", f->complete, "simulated", f->simulated, "by", f->by, "text",
                          f->text, "reviewed_by", f->reviewed_by, "review_note", f->review_note);
    char at[32];
    os_time_text(f->at_us, at);
    json_object_set_new(o, "at", json_string(at));
    json_t *spans = f->spans ? json_loads(f->spans, 0, NULL) : NULL;
    if (spans) json_object_set_new(o, "spans", spans);
    return o;
}

enum err_code app_feedback_list(struct app *app, const char *state, json_t **ret, struct err *err)
{
    struct arena a;
    struct feedback_row *rows = NULL;
    size_t count = 0;
    struct feedback_filter f = {0};
    struct feedback_counts n;
    if (parse_state(state, &f.state, err)) return err->code;
    arena_init(&a, ARENA_STEP_BYTES_MAX);
    if (feedback_row_list(app->registry, &f, &a, &rows, &count, err)) goto out;
    if (feedback_row_count(app->registry, &f, false, &n, err)) goto out;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, row_json(&rows[i]));
    *ret =
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "schema", "cairn.feedback-list/v1", "pending",
                  (json_int_t)n.pending, "accepted", (json_int_t)n.accepted, "refused",
                  (json_int_t)n.refused, "simulated", (json_int_t)n.simulated, "items", list);
out:
    arena_release(&a);
    return err->code;
}

static enum err_code review_all(struct app *app, const struct review_request *r, const char *by,
                                int64_t *ret_count, struct err *err)
{
    struct arena a;
    struct feedback_row *rows = NULL;
    size_t count = 0;
    struct feedback_filter f = {.state = FEEDBACK_PENDING};
    arena_init(&a, ARENA_STEP_BYTES_MAX);
    if (feedback_row_list(app->registry, &f, &a, &rows, &count, err) == ERR_OK) {
        for (size_t i = 0; i < count; i++)
            if (feedback_review(app->registry, rows[i].id, r->accept, by, r->why, err)) break;
    }
    arena_release(&a);
    *ret_count = (int64_t)count;
    return err->code;
}

static enum err_code review(struct app *app, const struct review_request *r, const char *by,
                            int64_t *ret_count, char digest[HASH_HEX_BYTES], struct err *err)
{
    *ret_count = 1;
    if (r->all ? review_all(app, r, by, ret_count, err)
               : feedback_review(app->registry, r->id, r->accept, by, r->why, err))
        return err->code;
    if (!*ret_count) {
        err_set(err, ERR_NOT_FOUND, "no feedback waits for review");
        return err_hint(err, "cairn feedback list shows all of it");
    }
    json_t *body = json_pack("{s:b, s:I, s:s, s:s?, s:s?}", "accepted", r->accept, "items",
                             (json_int_t)*ret_count, "by", by, "why", r->why, "id", r->id);
    return app_record(app, "review", r->simulated ? "simulated" : "measured", NULL, NULL, body,
                      digest, err);
}

/* The decisions and the record that tells of them: all or none. */
enum err_code app_feedback_review(struct app *app, const struct review_request *r, json_t **ret,
                                  struct err *err)
{
    char by[160], digest[HASH_HEX_BYTES];
    int64_t count = 0;
    (void)str_format(by, sizeof by, "%s%s", app->user, r->simulated ? " (simulated)" : "");
    if (registry_begin(app->registry, err)) return err->code;
    if (review(app, r, by, &count, digest, err)) {
        registry_rollback(app->registry);
        return err->code;
    }
    if (registry_commit(app->registry, err)) return err->code;
    *ret = json_pack("{s:s, s:b, s:I, s:s, s:s}", "schema", "cairn.feedback-review/v1", "accepted",
                     r->accept, "items", (json_int_t)count, "by", by, "evidence", digest);
    return ERR_OK;
}
