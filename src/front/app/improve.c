/* front/app/improve.c - champion + reviewed feedback + replay -> a candidate, judged on the old
 * test part and on the held-out feedback. It proposes; `cairn promote` decides.
 *
 * The gate "improve" has two built-in criteria: on the old test part the candidate is not worse
 * than the champion by more than the margin of the production stage (IMPROVE_MARGIN without one),
 * and on the new test data it is better, both by paired bootstrap. What varies is the rival, so the
 * gate's row carries the champion's digest where other gates carry that of their criteria. */
#include "base/limits.h"
#include "base/str.h"
#include "front/app/fit.h"
#include "live/feedback/training.h"
#include <math.h>

#define IMPROVE_MARGIN 0.01
#define CONFIDENCE     0.95

struct improving {
    struct app *app;
    char champion[HASH_HEX_BYTES], split[REGISTRY_NAME_MAX], old_split[REGISTRY_NAME_MAX];
    struct frozen train, dev, test;
    struct feedback_data fresh;
    struct dataset *mixed;
    int32_t replayed;
    char mixed_fingerprint[HASH_HEX_BYTES];
    struct model *model; /* starts as the champion, becomes the candidate */
    struct fit_result fit;
    struct arena arena;
};

static void release(struct improving *s)
{
    frozen_release(&s->train);
    frozen_release(&s->dev);
    frozen_release(&s->test);
    feedback_data_close(&s->fresh);
    dataset_free(s->mixed);
    model_free(s->model);
    json_decref(s->fit.summary);
    arena_release(&s->arena);
}

static enum err_code collect(struct improving *s, struct err *err)
{
    struct app *app = s->app;
    const struct feedback_config *c = &app->project->feedback;
    if (app_champion(app, s->champion, err)) return err->code;
    if (!s->champion[0]) {
        err_set(err, ERR_CONFLICT, "there is no champion to improve");
        return err_hint(err, "cairn gate poc, then cairn promote");
    }
    if (app_frozen(app, PART_TRAIN, &s->train, err) || app_frozen(app, PART_DEV, &s->dev, err) ||
        app_frozen(app, PART_TEST, &s->test, err))
        return err->code;
    (void)str_format(s->old_split, sizeof s->old_split, "%s", s->test.split);
    const struct dataset *judges[] = {s->dev.data, s->test.data};
    struct feedback_split_options o = {
        .holdout = c->hold_out,
        .seed = app->project->train.seed > 0 ? (uint64_t)app->project->train.seed : 1,
        .old_train = s->train.data,
        .old_test = judges,
        .old_test_count = 2};
    if (feedback_data_open(app->registry, &o, &s->fresh, err)) return err->code;
    if (s->fresh.train && s->fresh.test) return ERR_OK;
    err_set(err, ERR_CONFLICT, "too little reviewed feedback: %d to train on, %d held out",
            s->fresh.train ? s->fresh.train->count : 0, s->fresh.test ? s->fresh.test->count : 0);
    return err_hint(err, "cairn feedback list --state pending shows what waits for review");
}

/* "feedback-N": the parts that this improvement trained on and is judged by, frozen like any other.
 */
static enum err_code freeze(struct improving *s, struct err *err)
{
    struct split *list = NULL;
    size_t count = 0;
    int64_t last = 0;
    char fingerprint[HASH_HEX_BYTES];
    if (split_list(s->app->registry, &s->arena, &list, &count, err)) return err->code;
    dataset_fingerprint(s->mixed, s->mixed_fingerprint);
    for (size_t i = 0; i < count; i++) {
        struct err ignored = {0};
        int64_t n = 0;
        if (!str_starts(list[i].name, "feedback-")) continue;
        if (str_to_i64(list[i].name + 9, &n, &ignored) == ERR_OK && n > last) last = n;
    }
    /* The same feedback again (a resumed run, another seed) is the same split. */
    (void)str_format(s->split, sizeof s->split, "feedback-%lld", (long long)last);
    struct split row;
    struct err none = {0};
    dataset_fingerprint(s->fresh.test, fingerprint);
    bool same = last > 0 &&
                split_get(s->app->registry, s->split, "train", &s->arena, &row, &none) == ERR_OK &&
                str_eq(row.fingerprint, s->mixed_fingerprint) &&
                split_get(s->app->registry, s->split, "test", &s->arena, &row, &none) == ERR_OK &&
                str_eq(row.fingerprint, fingerprint);
    if (!same) (void)str_format(s->split, sizeof s->split, "feedback-%lld", (long long)last + 1);
    if (app_freeze(s->app, s->split, "train", s->mixed, NULL, err)) return err->code;
    return app_freeze(s->app, s->split, "test", s->fresh.test, NULL, err);
}

static enum err_code fit(struct improving *s, const struct improve_request *r, struct err *err)
{
    struct app *app = s->app;
    char digest[HASH_HEX_BYTES];
    struct train_config c = app->project->train;
    if (r->seed >= 0) c.seed = r->seed;
    if (replay_mix(s->fresh.train, s->train.data, app->project->feedback.replay, (uint64_t)c.seed,
                   &s->mixed, &s->replayed, err))
        return err->code;
    if (freeze(s, err)) return err->code;
    if (app_model_open(app, s->champion, &s->model, digest, err)) return err->code;
    json_t *extra = json_pack("{s:{s:s, s:i, s:i, s:i, s:I, s:f}}", "feedback", "split", s->split,
                              "new", s->fresh.train->count, "replayed", s->replayed, "held_out",
                              s->fresh.test->count, "simulated", (json_int_t)s->fresh.simulated,
                              "replay_ratio", app->project->feedback.replay);
    struct fit_request q = {.kind = "improve",
                            .model = s->model,
                            .base = s->champion,
                            .train = s->mixed,
                            .dev = s->dev.data,
                            .train_fingerprint = s->mixed_fingerprint,
                            .dev_fingerprint = s->dev.fingerprint,
                            .config = c,
                            .origin = "improved",
                            .parent = s->champion,
                            .extra = extra,
                            .resume = r->resume,
                            .checkpoint_seconds = 30};
    (void)!app_fit(app, &q, &s->fit, err);
    json_decref(extra);
    return err->code;
}

struct comparison { /* candidate and champion on one part */
    struct measurement difference;
    double candidate, champion;
};

static enum err_code compare(struct improving *s, const struct model *champion, const char *split,
                             struct comparison *ret, struct err *err)
{
    struct judge j = {0};
    struct evaluation *a = NULL, *b = NULL;
    if (judge_open(s->app, s->model, split, "test", &j, err)) return err->code;
    if (judge_model(s->app, &j, s->model, &a, err) == ERR_OK &&
        judge_model(s->app, &j, champion, &b, err) == ERR_OK &&
        evaluation_difference(a, b, "entity_f1", NULL, CONFIDENCE, &ret->difference, err) ==
            ERR_OK) {
        ret->candidate = a->overall.prf.f1;
        ret->champion = b->overall.prf.f1;
        ret->difference.metric = "entity_f1";
        ret->difference.difference = true;
        ret->difference.confidence = CONFIDENCE;
        ret->difference.against = s->champion;
    }
    evaluation_free(a);
    evaluation_free(b);
    judge_close(&j);
    return err->code;
}

static double margin_of(const struct project *p)
{
    const struct stage_config *c = &p->stages[STAGE_PRODUCTION];
    for (size_t i = 0; i < c->criterion_count; i++) {
        const struct criterion *k = &c->criteria[i];
        if (k->kind == CRITERION_NOT_WORSE && str_eq(k->metric, "entity_f1") && !k->label)
            return k->margin;
    }
    return IMPROVE_MARGIN;
}

static json_t *comparison_json(const char *data, const struct comparison *c, const char *rule,
                               bool pass)
{
    return json_pack("{s:s, s:s, s:b, s:f, s:f, s:o}", "data", data, "rule", rule, "pass", pass,
                     "candidate_f1", c->candidate, "champion_f1", c->champion, "difference",
                     measurement_json(&c->difference));
}

static enum err_code decide(struct improving *s, const struct comparison *old,
                            const struct comparison *fresh, json_t **ret, struct err *err)
{
    double margin = margin_of(s->app->project);
    bool not_worse = old->difference.lower >= -margin; /* NaN: false */
    bool better = fresh->difference.lower > 0;
    const char *verdict = not_worse && better ? "PASS" : "FAIL";
    const char *how = s->fresh.simulated ? "simulated" : "measured";
    char rule[96], evidence[HASH_HEX_BYTES], data[HASH_HEX_BYTES];
    (void)str_format(rule, sizeof rule, "lower bound of the difference >= -%g", margin);
    struct hash h;
    char new_test[HASH_HEX_BYTES];
    dataset_fingerprint(s->fresh.test, new_test);
    hash_init(&h);
    hash_add_str(&h, s->test.fingerprint);
    hash_add_str(&h, new_test);
    hash_finish(&h, data);
    json_t *lines = json_array();
    json_array_append_new(lines, comparison_json("old test", old, rule, not_worse));
    json_array_append_new(
        lines, comparison_json("new test", fresh, "lower bound of the difference > 0", better));
    struct gate_row row = {.stage = GATE_IMPROVE,
                           .model = s->fit.model,
                           .precision = app_precision(s->model),
                           .data = data,
                           .criteria = s->champion,
                           .verdict = verdict};
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:s}", "stage", GATE_IMPROVE, "model",
                             s->fit.model, "against", s->champion, "precision", row.precision,
                             "verdict", verdict, "comparisons", lines, "split", s->split);
    struct evidence_new n = {.kind = "improvement",
                             .how = how,
                             .stage = GATE_IMPROVE,
                             .model = s->fit.model,
                             .body = body};
    if (gate_record(s->app->registry, &row, &n, evidence, err) == ERR_OK) {
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:s, s:i, s:i, s:i, s:I, s:O}", "schema",
                         "cairn.improve/v1", "verdict", verdict, "model", s->fit.model, "champion",
                         s->champion, "how", how, "comparisons", lines, "evidence", evidence, "new",
                         s->fresh.train->count, "replayed", s->replayed, "held_out",
                         s->fresh.test->count, "simulated", (json_int_t)s->fresh.simulated,
                         "result", s->fit.summary);
    }
    json_decref(body);
    json_decref(lines);
    return err->code;
}

static enum err_code judge(struct improving *s, json_t **ret, struct err *err)
{
    struct comparison old = {0}, fresh = {0};
    struct model *champion = NULL;
    char digest[HASH_HEX_BYTES];
    if (app_model_open(s->app, s->champion, &champion, digest, err)) return err->code;
    if (compare(s, champion, s->old_split, &old, err) == ERR_OK &&
        compare(s, champion, s->split, &fresh, err) == ERR_OK)
        (void)!decide(s, &old, &fresh, ret, err);
    model_free(champion);
    return err->code;
}

enum err_code app_improve(struct app *app, const struct improve_request *r, json_t **ret,
                          struct err *err)
{
    struct os_lock lock;
    struct improving s = {.app = app};
    bool changed = false;
    if (registry_lock(app->registry, "train", 0, &lock, err)) return err->code;
    arena_init(&s.arena, ARENA_JOB_BYTES_MAX);
    if (app_freeze_criteria(app, &changed, err)) goto out;
    if (collect(&s, err) || fit(&s, r, err)) goto out;
    (void)!judge(&s, ret, err);
out:
    release(&s);
    os_lock_drop(&lock);
    return err->code;
}
