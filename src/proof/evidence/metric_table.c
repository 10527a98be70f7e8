/* proof/evidence/metric_table.c - the metrics that a criterion may name.
 *
 * Only what a room really measures stands here. least_n is where a bound begins to mean
 * something: a percentile bootstrap over a handful of units is too narrow (ten is the floor, more
 * is better), while the bounds of proportions and quantiles are exact and widen by themselves.
 */
#include "proof/evidence/gate.h"

#include "base/str.h"

#define OFFLINE METRIC_OFFLINE
#define LIVE    METRIC_LIVE

static const struct metric_info table[] = {
    {"entity_f1", OFFLINE, "", true, true, true, 10,
     "harmonic mean of entity precision and recall; an entity counts when span and label are "
     "exact"},
    {"entity_precision", OFFLINE, "", true, true, true, 10,
     "share of the found entities that are right"},
    {"entity_recall", OFFLINE, "", true, true, true, 10,
     "share of the true entities that are found"},
    {"unseen_recall", OFFLINE, "", false, true, true, 10,
     "entity recall over entities that the training data never showed with that label"},
    {"token_accuracy", OFFLINE, "", false, true, true, 10,
     "share of the words with the right tag; flatters where most words are O"},
    {"latency_p50_ms", LIVE, "ms", false, false, false, 1,
     "median time from request to answer, in the service"},
    {"latency_p99_ms", LIVE, "ms", false, false, false, 1,
     "time within which 99 of 100 requests are answered, in the service"},
    {"acceptance_rate", LIVE, "", false, true, false, 1,
     "share of the reviewed predictions that people accepted unchanged"},
    {"predictions_per_day", LIVE, "per day", false, true, false, 1,
     "predictions served per day of the period"},
    {"benefit_per_month", LIVE, "per month", false, true, false, 1,
     "saved time and avoided errors, less the cost of running, in the use case's currency"},
    {"payback_months", LIVE, "months", false, false, false, 1,
     "one-off cost divided by the benefit per month"},
};

const struct metric_info *metric_at(size_t i)
{
    return i < ARRAY_COUNT(table) ? &table[i] : NULL;
}

const struct metric_info *metric_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        if (str_eq(table[i].name, name)) return &table[i];
    return NULL;
}
