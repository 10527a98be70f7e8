/* proof/evidence/gate.c - the decision itself.
 *
 * Two steps. Each criterion alone becomes a line: find its measurement, see that it carries
 * enough, compare the bound that the rule names. Then the lines become one verdict, by this
 * table:
 *
 *     a stop criterion holds            STOP
 *     else no criterion in the stage    FAIL
 *     else every line passes            PASS   (also past the deadline)
 *     else the deadline has passed      STOP
 *     else                              FAIL
 *
 * No clock, file or random number is read: tests/proof/evidence/gate.table is the whole
 * specification.
 */
#include "proof/evidence/gate.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>

const char *gate_verdict_name(enum gate_verdict v)
{
    static const char *const names[] = {"PASS", "FAIL", "STOP"};
    return names[v];
}

const char *criterion_verdict_name(enum criterion_verdict v)
{
    static const char *const names[] = {"PASS", "FAIL", "INSUFFICIENT", "STOP", "CLEAR"};
    return names[v];
}

static bool same_label(const char *a, const char *b)
{
    return a == b || (a && b && str_eq(a, b));
}

/* The measurement for c; one whose bounds are at the asked confidence is taken before any other. */
static const struct measurement *find_measurement(const struct gate_input *in,
                                                  const struct criterion *c, double confidence)
{
    const struct measurement *found = NULL;
    for (size_t i = 0; i < in->measurement_count; i++) {
        const struct measurement *m = &in->measurements[i];
        if (!str_eq(m->metric, c->metric) || !same_label(m->label, c->label)) continue;
        if (m->difference != (c->kind == CRITERION_NOT_WORSE)) continue;
        if (!found || fabs(m->confidence - confidence) < fabs(found->confidence - confidence))
            found = m;
    }
    return found;
}

/* Says why the measurement cannot carry a decision; false when it can. */
static bool lacks_data(const struct gate_line *line, const struct metric_info *info,
                       double confidence, char *why, size_t cap)
{
    const struct measurement *m = line->measurement;
    const struct criterion *c = line->criterion;
    if (!m || isnan(m->value)) return snprintf(why, cap, "%s was not measured", c->metric), true;
    int64_t least = c->over > info->least_n ? c->over : info->least_n;
    if (m->n < least)
        return snprintf(why, cap, "rests on %lld, needs %lld", (long long)m->n, (long long)least),
               true;
    if (isnan(line->bound))
        return snprintf(why, cap, "too little data for a bound (n = %lld)", (long long)m->n), true;
    if (fabs(m->confidence - confidence) > 1e-9)
        return snprintf(why, cap, "bound is at %g %%, %g %% is asked", m->confidence * 100,
                        confidence * 100),
               true;
    return false;
}

/* Which bound decides: the one that is on the bad side for the claim to be proven. */
static double deciding_bound(const struct criterion *c, const struct metric_info *info,
                             const struct measurement *m)
{
    if (!m) return (double)NAN;
    switch (c->kind) {
    case CRITERION_AT_LEAST:
    case STOP_ABOVE:
        return m->lower;
    case CRITERION_AT_MOST:
    case STOP_BELOW:
        return m->upper;
    case CRITERION_NOT_WORSE:
        return info->higher_is_better ? m->lower : m->upper;
    }
    return (double)NAN;
}

static bool bound_holds(const struct criterion *c, const struct metric_info *info, double bound)
{
    switch (c->kind) {
    case CRITERION_AT_LEAST:
        return bound >= c->threshold;
    case CRITERION_AT_MOST:
        return bound <= c->threshold;
    case CRITERION_NOT_WORSE:
        return info->higher_is_better ? bound >= -c->margin : bound <= c->margin;
    case STOP_BELOW:
        return bound < c->threshold;
    case STOP_ABOVE:
        return bound > c->threshold;
    }
    return false;
}

static void say_comparison(struct gate_line *line, const struct metric_info *info, bool holds)
{
    const struct criterion *c = line->criterion;
    double margin = info->higher_is_better ? 0 - c->margin : c->margin; /* 0, not -0 */
    double limit = c->kind == CRITERION_NOT_WORSE ? margin : c->threshold;
    bool lower = c->kind == CRITERION_AT_LEAST || c->kind == STOP_ABOVE ||
                 (c->kind == CRITERION_NOT_WORSE && info->higher_is_better);
    const char *relation;
    switch (c->kind) {
    case STOP_BELOW:
        relation = holds ? "is below" : "is not below";
        break;
    case STOP_ABOVE:
        relation = holds ? "is above" : "is not above";
        break;
    default:
        if (lower)
            relation = holds ? "reaches" : "does not reach";
        else
            relation = holds ? "is within" : "is above";
        break;
    }
    snprintf(line->why, sizeof line->why, "%s bound %.4g%s %s %.4g", lower ? "lower" : "upper",
             line->bound, c->kind == CRITERION_NOT_WORSE ? " of the difference" : "", relation,
             limit);
}

static void judge(const struct gate_input *in, const struct criterion *c, bool stop,
                  struct gate_line *line)
{
    double confidence = c->confidence > 0 ? c->confidence : CONFIDENCE_DEFAULT;
    const struct metric_info *info = metric_find(c->metric);
    *line =
        (struct gate_line){.criterion = c, .bound = (double)NAN, .verdict = CRITERION_INSUFFICIENT};
    if (!info) {
        snprintf(line->why, sizeof line->why, "no metric is named \"%.80s\"", c->metric);
        return;
    }
    line->measurement = find_measurement(in, c, confidence);
    line->bound = deciding_bound(c, info, line->measurement);
    if (lacks_data(line, info, confidence, line->why, sizeof line->why)) return;
    bool holds = bound_holds(c, info, line->bound);
    if (stop)
        line->verdict = holds ? CRITERION_STOP : CRITERION_CLEAR;
    else
        line->verdict = holds ? CRITERION_PASS : CRITERION_FAIL;
    say_comparison(line, info, holds);
}

static bool in_step(const struct gate_input *in, const struct criterion *c)
{
    const struct metric_info *info = metric_find(c->metric);
    if (!info) return true;
    if (in->offline_only) return info->source == METRIC_OFFLINE;
    if (in->live_only) return info->source == METRIC_LIVE;
    return true;
}

struct tally {
    size_t judged, passed;
    const struct gate_line *first_bad, *first_stop;
};

static void conclude(const struct gate_input *in, const struct tally *t, struct gate_result *r)
{
    char text[120];
    const struct gate_line *named = t->first_stop ? t->first_stop : t->first_bad;
    if (named) criterion_text(named->criterion, text, sizeof text);
    bool all = t->passed == t->judged;
    if (t->first_stop) {
        r->verdict = GATE_STOP;
        snprintf(r->why, sizeof r->why, "%.110s: %.80s", text, t->first_stop->why);
    } else if (in->criterion_count > 0 && all) {
        r->verdict = GATE_PASS;
        if (t->judged == 0)
            snprintf(r->why, sizeof r->why, "this step has no %s criteria; the stage has others",
                     in->offline_only ? "offline" : "live");
        else
            snprintf(r->why, sizeof r->why, "all %zu criteria pass", t->judged);
    } else if (r->deadline_passed) {
        r->verdict = GATE_STOP;
        snprintf(r->why, sizeof r->why, "the deadline has passed without a PASS");
    } else if (in->criterion_count == 0) {
        r->verdict = GATE_FAIL;
        snprintf(r->why, sizeof r->why, "no criteria: nothing is proven");
    } else {
        r->verdict = GATE_FAIL;
        snprintf(r->why, sizeof r->why, "%zu of %zu pass; %.100s: %.70s", t->passed, t->judged,
                 text, t->first_bad->why);
    }
    size_t len = utf8_valid_prefix(r->why, sizeof r->why - 1);
    r->why[len] = '\0';
}

void gate_decide(const struct gate_input *in, struct gate_line *lines, struct gate_result *ret)
{
    struct gate_result r = {.lines = lines};
    struct tally t = {0};
    for (size_t i = 0; i < in->criterion_count; i++) {
        if (!in_step(in, &in->criteria[i])) continue;
        struct gate_line *line = &lines[r.line_count++];
        judge(in, &in->criteria[i], false, line);
        t.judged++;
        if (line->verdict == CRITERION_PASS)
            t.passed++;
        else if (!t.first_bad)
            t.first_bad = line;
    }
    for (size_t i = 0; i < in->stop_count; i++) {
        if (!in_step(in, &in->stops[i])) continue;
        struct gate_line *line = &lines[r.line_count++];
        judge(in, &in->stops[i], true, line);
        if (line->verdict == CRITERION_STOP && !t.first_stop) t.first_stop = line;
    }
    r.deadline_passed = in->deadline_us != 0 && in->now_us > in->deadline_us;
    conclude(in, &t, &r);
    *ret = r;
}

static json_t *string_or_null(const char *s)
{
    return s ? json_string(s) : json_null();
}

json_t *measurement_json(const struct measurement *m)
{
    json_t *o = json_pack("{s:s, s:o, s:b, s:o, s:f, s:I, s:o}", "metric", m->metric, "label",
                          string_or_null(m->label), "difference", m->difference, "against",
                          string_or_null(m->against), "confidence", m->confidence, "n",
                          (json_int_t)m->n, "how", string_or_null(m->how));
    BUG_IF(!o);
    json_object_set_new(o, "value", json_real_or_null(m->value));
    json_object_set_new(o, "lower", json_real_or_null(m->lower));
    json_object_set_new(o, "upper", json_real_or_null(m->upper));
    return o;
}

static json_t *line_json(const struct gate_line *line)
{
    const struct criterion *c = line->criterion;
    char text[160];
    criterion_text(c, text, sizeof text);
    json_t *o = json_pack(
        "{s:s, s:s, s:s, s:o, s:s, s:s, s:f, s:I}", "criterion", text, "kind",
        criterion_kind_name(c->kind), "metric", c->metric, "label", string_or_null(c->label),
        "verdict", criterion_verdict_name(line->verdict), "why", line->why, "confidence",
        c->confidence > 0 ? c->confidence : CONFIDENCE_DEFAULT, "over", (json_int_t)c->over);
    BUG_IF(!o);
    bool paired = c->kind == CRITERION_NOT_WORSE;
    json_object_set_new(o, paired ? "margin" : "threshold",
                        json_real_or_null(paired ? c->margin : c->threshold));
    json_object_set_new(o, "bound", json_real_or_null(line->bound));
    json_object_set_new(
        o, "value", json_real_or_null(line->measurement ? line->measurement->value : (double)NAN));
    json_object_set_new(o, "measurement",
                        line->measurement ? measurement_json(line->measurement) : json_null());
    return o;
}

json_t *gate_json(const struct gate_result *r)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < r->line_count; i++)
        json_array_append_new(lines, line_json(&r->lines[i]));
    json_t *o = json_pack("{s:s, s:s, s:b, s:o}", "verdict", gate_verdict_name(r->verdict), "why",
                          r->why, "deadline_passed", r->deadline_passed, "criteria", lines);
    BUG_IF(!o);
    return o;
}
