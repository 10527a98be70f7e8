/* front/app/monitor.c - cairn monitor: is it used, is it quick, do people accept it, and does
 * today's traffic still look like what the model was proven on. */
#include "front/app/app_internal.h"
#include "live/feedback/drift.h"
#include "live/success/usage.h"

#define MONITOR_DAYS 30
#define DAY_US       (24 * 3600 * INT64_C(1000000))

static json_t *traffic_json(const struct prediction_stats *s)
{
    return json_pack("{s:I, s:I, s:I, s:f, s:f}", "predictions", (json_int_t)s->count,
                     "with_feedback", (json_int_t)s->with_feedback, "active_days",
                     (json_int_t)s->active_days, "latency_p50_ms", (double)s->latency_p50_us / 1000,
                     "latency_p99_ms", (double)s->latency_p99_us / 1000);
}

enum err_code app_monitor(struct app *app, json_t **ret, struct err *err)
{
    struct arena a;
    struct drift_set set;
    struct drift_report drift;
    struct usage usage;
    struct prediction_stats stats;
    char model[HASH_HEX_BYTES];
    int64_t now = os_now_us(), since = now - MONITOR_DAYS * DAY_US;
    if (app_model_digest(app, "@champion", model, err)) return err->code;
    arena_init(&a, ARENA_STEP_BYTES_MAX);
    struct prediction_filter f = {.role = PREDICTION_LIVE, .model = model, .since_us = since};
    struct drift_options o = {.seed = 1};
    if (prediction_measure(app->registry, &f, &stats, err)) goto out;
    if (usage_measure(app->registry, model, now, MONITOR_DAYS, &usage, err)) goto out;
    if (drift_load(app->registry, model, since, 0, &a, &set, err)) goto out;
    if (drift_measure(&set, &o, &drift, err)) goto out;
    *ret = json_pack("{s:s, s:s, s:i, s:o, s:o, s:o}", "schema", "cairn.monitor/v1", "model", model,
                     "days", MONITOR_DAYS, "traffic", traffic_json(&stats), "usage",
                     usage_json(&usage), "drift", drift_json(&drift));
out:
    arena_release(&a);
    return err->code;
}
