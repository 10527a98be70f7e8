/* proof/evidence/config.c - a criterion names one metric and exactly one comparison. What a
 * metric is, and whether it takes a label, comes from the metric table, so that a criterion that
 * can never be measured is refused when it is written and not when it is due. */
#include "proof/evidence/config.h"
#include "base/os.h"
#include "base/str.h"
#include <math.h>
#include <stddef.h>

#define CRITERIA_MAX 100
#define NAMES_MAX    64
#define DAY_US       (24 * 3600 * INT64_C(1000000))

struct raw_criterion {
    const char *metric, *label, *not_worse_than;
    double at_least, at_most, below, above, margin, confidence;
    int64_t over;
};
#define AT(field) offsetof(struct raw_criterion, field)
#define HUGE_REAL 1e15
static const struct config_key keys[] = {
    {"metric", CONFIG_STRING, AT(metric), 0, 0, NULL},
    {"label", CONFIG_STRING, AT(label), 0, 0, NULL},
    {"at_least", CONFIG_REAL, AT(at_least), -HUGE_REAL, HUGE_REAL, NULL},
    {"at_most", CONFIG_REAL, AT(at_most), -HUGE_REAL, HUGE_REAL, NULL},
    {"not_worse_than", CONFIG_STRING, AT(not_worse_than), 0, 0, NULL},
    {"margin", CONFIG_REAL, AT(margin), 0, HUGE_REAL, NULL},
    {"below", CONFIG_REAL, AT(below), -HUGE_REAL, HUGE_REAL, NULL},
    {"above", CONFIG_REAL, AT(above), -HUGE_REAL, HUGE_REAL, NULL},
    {"confidence", CONFIG_REAL, AT(confidence), 0.5, 0.9999, NULL},
    {"over", CONFIG_INT, AT(over), 1, 1e12, NULL},
};

static enum err_code check_metric(const struct yaml_node *n, const struct raw_criterion *r,
                                  struct err *err)
{
    if (!r->metric) return yaml_error(n, err, "a criterion needs metric:");
    const struct metric_info *info = metric_find(r->metric);
    if (!info) {
        const char *names[NAMES_MAX];
        size_t count = 0;
        for (; count < NAMES_MAX && metric_at(count); count++)
            names[count] = metric_at(count)->name;
        yaml_error(n, err, "metric \"%s\" is not one that cairn measures", r->metric);
        const char *near = str_nearest(r->metric, names, count);
        return near ? err_hint(err, "did you mean \"%s\"?", near)
                    : err_hint(err, "see cairn help metrics");
    }
    if (r->label && !info->takes_label)
        return yaml_error(n, err, "metric \"%s\" has no value for a label", r->metric);
    if (r->not_worse_than && !str_eq(r->not_worse_than, "champion"))
        return yaml_error(n, err, "not_worse_than: knows \"champion\", not \"%s\"",
                          r->not_worse_than);
    return ERR_OK;
}

static enum err_code read_criterion(const struct yaml_node *n, bool stop, struct criterion *ret,
                                    struct err *err)
{
    struct raw_criterion r = {.at_least = (double)NAN,
                              .at_most = (double)NAN,
                              .below = (double)NAN,
                              .above = (double)NAN,
                              .confidence = CONFIDENCE_DEFAULT};
    if (config_read(n, keys, ARRAY_COUNT(keys), &r, err)) return err->code;
    if (check_metric(n, &r, err)) return err->code;
    bool least = !isnan(r.at_least), most = !isnan(r.at_most), below = !isnan(r.below);
    bool above = !isnan(r.above);
    if (stop ? below + above != 1 || least || most || r.not_worse_than
             : least + most + !!r.not_worse_than != 1 || below || above) {
        yaml_error(n, err, "a %s needs exactly one comparison", stop ? "stop_if" : "criterion");
        return err_hint(err, stop ? "below: or above:" : "at_least:, at_most: or not_worse_than:");
    }
    *ret = (struct criterion){.metric = r.metric,
                              .label = r.label,
                              .margin = r.margin,
                              .confidence = r.confidence,
                              .over = r.over};
    if (least) ret->kind = CRITERION_AT_LEAST, ret->threshold = r.at_least;
    if (most) ret->kind = CRITERION_AT_MOST, ret->threshold = r.at_most;
    if (r.not_worse_than) ret->kind = CRITERION_NOT_WORSE;
    if (below) ret->kind = STOP_BELOW, ret->threshold = r.below;
    if (above) ret->kind = STOP_ABOVE, ret->threshold = r.above;
    return ERR_OK;
}

static enum err_code read_criteria(const struct yaml_node *n, bool stop, struct arena *a,
                                   struct criterion **ret, size_t *ret_count, struct err *err)
{
    if (!n) return ERR_OK;
    if (yaml_kind(n) != YAML_LIST) return yaml_error(n, err, "expected a list of criteria");
    size_t count = yaml_count(n);
    if (count > CRITERIA_MAX) return yaml_error(n, err, "more than %d criteria", CRITERIA_MAX);
    struct criterion *list = arena_alloc(a, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++)
        if (read_criterion(yaml_item(n, i), stop, &list[i], err)) return err->code;
    *ret = list;
    *ret_count = count;
    return ERR_OK;
}

struct raw_stage {
    const char *deadline;
    const struct yaml_node *criteria, *stop_if, *rollout;
};
#undef AT
#define AT(field) offsetof(struct raw_stage, field)
static const struct config_key stage_keys[] = {
    {"deadline", CONFIG_STRING, AT(deadline), 0, 0, NULL},
    {"criteria", CONFIG_NODE, AT(criteria), 0, 0, NULL},
    {"stop_if", CONFIG_NODE, AT(stop_if), 0, 0, NULL},
    {"rollout", CONFIG_NODE, AT(rollout), 0, 0, NULL},
};

enum err_code stage_config_read(const struct yaml_node *n, struct arena *a,
                                struct stage_config *ret, struct err *err)
{
    struct raw_stage raw = {0};
    struct stage_config c = {.present = true};
    if (config_read(n, stage_keys, ARRAY_COUNT(stage_keys), &raw, err)) return err->code;
    if (raw.deadline) {
        struct err why = {0};
        if (os_time_parse(raw.deadline, &c.deadline_us, &why))
            return yaml_error(yaml_get(n, "deadline"), err, "deadline: %s", why.message);
        c.deadline_us += DAY_US;
        c.deadline_text = raw.deadline;
    }
    if (read_criteria(raw.criteria, false, a, &c.criteria, &c.criterion_count, err))
        return err->code;
    if (read_criteria(raw.stop_if, true, a, &c.stops, &c.stop_count, err)) return err->code;
    c.rollout = raw.rollout;
    *ret = c;
    return ERR_OK;
}
