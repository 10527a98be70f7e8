/* front/app/measure.c - each criterion gets its own measurement, because its confidence decides
 * which bound is meant. The expensive part, running models over the test part, is done once. */
#include "front/app/measure.h"
#include "base/str.h"
#include "live/feedback/feedback.h"
#include "live/registry/predictions.h"
#include "live/success/value.h"
#include "proof/evidence/bounds.h"
#include <math.h>

#define LIVE_DAYS 30 /* live criteria look at this many days back */
#define DAY_US    (24 * 3600 * INT64_C(1000000))

struct measuring {
    struct app *app;
    const char *digest;
    const struct model *model;
    struct measures *out;
    struct judge judge;
    bool judged;
    struct evaluation *own, *rival;
    char rival_name[HASH_HEX_BYTES];
    struct acceptance acceptance;
    bool acceptance_known;
    int64_t since_us;
};

static enum err_code judge_once(struct measuring *s, struct err *err)
{
    char split[REGISTRY_NAME_MAX];
    if (s->judged) return ERR_OK;
    if (app_newest_split(s->app, split, err)) return err->code;
    if (!split[0]) {
        err_set(err, ERR_NOT_FOUND, "the data is not split yet");
        return err_hint(err, "cairn data split");
    }
    if (judge_open(s->app, s->model, split, "test", &s->judge, err)) return err->code;
    s->judged = true;
    (void)str_format(s->out->fingerprint, HASH_HEX_BYTES, "%s", s->judge.part.fingerprint);
    return judge_model(s->app, &s->judge, s->model, &s->own, err);
}

/* The champion on the same part; without one, or when it is this very model, the dictionary. */
static enum err_code judge_rival(struct measuring *s, struct err *err)
{
    struct model *champion = NULL;
    char digest[HASH_HEX_BYTES];
    if (s->rival) return ERR_OK;
    if (app_champion(s->app, digest, err)) return err->code;
    if (!digest[0] || str_eq(digest, s->digest)) {
        (void)str_format(s->rival_name, HASH_HEX_BYTES, "dictionary");
        return judge_with_baseline(&s->judge, BASELINE_DICTIONARY, &s->rival, err);
    }
    (void)str_format(s->rival_name, HASH_HEX_BYTES, "%s", digest);
    if (app_model_open(s->app, digest, &champion, digest, err)) return err->code;
    struct judge j = {0};
    if (judge_open(s->app, champion, s->judge.part.split, "test", &j, err) == ERR_OK)
        (void)!judge_model(s->app, &j, champion, &s->rival, err);
    judge_close(&j);
    model_free(champion);
    return err->code;
}

static enum err_code measure_offline(struct measuring *s, const struct criterion *c,
                                     struct measurement *ret, struct err *err)
{
    if (judge_once(s, err)) return err->code;
    if (c->kind != CRITERION_NOT_WORSE)
        return evaluation_bound(s->own, c->metric, c->label, c->confidence, ret, err);
    if (judge_rival(s, err)) return err->code;
    if (evaluation_difference(s->own, s->rival, c->metric, c->label, c->confidence, ret, err))
        return err->code;
    ret->against = arena_strdup(&s->out->arena, s->rival_name);
    return ERR_OK;
}

static enum err_code know_acceptance(struct measuring *s, struct err *err)
{
    struct acceptance_filter f = {.model = s->digest, .since_us = s->since_us};
    if (s->acceptance_known) return ERR_OK;
    if (feedback_acceptance(s->app->registry, &f, &s->acceptance, err)) return err->code;
    s->acceptance_known = true;
    return ERR_OK;
}

static enum err_code measure_latency(struct measuring *s, const struct criterion *c, double q,
                                     struct measurement *ret, struct err *err)
{
    struct prediction_row *rows = NULL;
    size_t count = 0;
    struct prediction_filter f = {
        .role = PREDICTION_LIVE, .model = s->digest, .since_us = s->since_us};
    if (prediction_list(s->app->registry, &f, &s->out->arena, &rows, &count, err)) return err->code;
    double *ms = arena_try(&s->out->arena, count + 1, sizeof *ms, err);
    if (!ms) return err->code;
    for (size_t i = 0; i < count; i++) ms[i] = (double)rows[i].latency_us / 1000;
    return bound_quantile(c->metric, ms, (int64_t)count, q, c->confidence, ret, err);
}

static enum err_code measure_traffic(struct measuring *s, const struct criterion *c,
                                     struct measurement *ret, struct err *err)
{
    struct prediction_stats st;
    struct prediction_filter f = {
        .role = PREDICTION_LIVE, .model = s->digest, .since_us = s->since_us};
    if (prediction_measure(s->app->registry, &f, &st, err)) return err->code;
    double days = st.count ? (double)(st.last_us - st.first_us) / (double)DAY_US : 0;
    double v = st.count ? (double)st.count / fmax(days, 1) : (double)NAN;
    *ret = (struct measurement){.value = v,
                                .lower = v,
                                .upper = v,
                                .n = st.count,
                                .confidence = c->confidence,
                                .how = "measured"};
    return ERR_OK;
}

static enum err_code measure_value(struct measuring *s, const struct criterion *c,
                                   struct measurement *ret, struct err *err)
{
    if (know_acceptance(s, err)) return err->code;
    struct value_inputs in = value_inputs_from(&s->app->project->value, &s->acceptance);
    if (value_measurement(&in, &s->acceptance, c->confidence, ret, err)) return err->code;
    if (!str_eq(c->metric, "payback_months")) return ERR_OK;
    double cost = s->app->project->value.one_off_cost, low = ret->lower, high = ret->upper;
    ret->value = ret->value > 0 ? cost / ret->value : (double)NAN;
    ret->upper = low > 0 ? cost / low : (double)NAN;
    ret->lower = high > 0 ? cost / high : (double)NAN;
    return ERR_OK;
}

static enum err_code measure_live(struct measuring *s, const struct criterion *c,
                                  struct measurement *ret, struct err *err)
{
    if (str_eq(c->metric, "latency_p50_ms")) return measure_latency(s, c, 0.50, ret, err);
    if (str_eq(c->metric, "latency_p99_ms")) return measure_latency(s, c, 0.99, ret, err);
    if (str_eq(c->metric, "predictions_per_day")) return measure_traffic(s, c, ret, err);
    if (str_eq(c->metric, "benefit_per_month") || str_eq(c->metric, "payback_months"))
        return measure_value(s, c, ret, err);
    if (!str_eq(c->metric, "acceptance_rate"))
        return ERR_OK; /* nobody records it: no measurement */
    if (know_acceptance(s, err)) return err->code;
    return acceptance_measurement(&s->acceptance, c->confidence, ret, err);
}

static enum err_code measure_one(struct measuring *s, const struct criterion *c, struct err *err)
{
    struct measurement m = {
        .value = (double)NAN, .lower = (double)NAN, .upper = (double)NAN, .how = "measured"};
    const struct metric_info *info = metric_find(c->metric);
    BUG_IF(!info);
    enum err_code code = info->source == METRIC_OFFLINE ? measure_offline(s, c, &m, err)
                                                        : measure_live(s, c, &m, err);
    if (code) return code;
    m.metric = c->metric;
    m.label = c->label;
    m.confidence = c->confidence;
    m.difference = c->kind == CRITERION_NOT_WORSE;
    if (str_eq(m.how, "simulated")) s->out->how = "simulated";
    s->out->items[s->out->count++] = m;
    return ERR_OK;
}

enum err_code measure_stage(struct app *app, const struct stage_config *stage, const char *digest,
                            const struct model *m, struct measures *ret, struct err *err)
{
    struct measuring s = {.app = app,
                          .digest = digest,
                          .model = m,
                          .out = ret,
                          .since_us = os_now_us() - LIVE_DAYS * DAY_US};
    *ret = (struct measures){.how = "measured"};
    arena_init(&ret->arena, ARENA_JOB_BYTES_MAX);
    ret->items = arena_alloc(&ret->arena,
                             (stage->criterion_count + stage->stop_count + 1) * sizeof *ret->items);
    for (size_t i = 0; i < stage->criterion_count && !err->code; i++)
        if (measure_one(&s, &stage->criteria[i], err)) break;
    for (size_t i = 0; i < stage->stop_count && !err->code; i++)
        if (measure_one(&s, &stage->stops[i], err)) break;
    evaluation_free(s.own);
    evaluation_free(s.rival);
    if (s.judged) judge_close(&s.judge);
    if (err->code) measures_release(ret);
    return err->code;
}

void measures_release(struct measures *m)
{
    arena_release(&m->arena);
    *m = (struct measures){0};
}
