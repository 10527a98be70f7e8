/* live/success/value.c - one formula, evaluated at the point and at the corners of what is
 * uncertain.
 *
 * Benefit is multilinear: with all inputs but one held, it is a straight line in that one. So over
 * a box of intervals its least and greatest values stand at corners, and there are few enough to
 * try them all. The interval is then at least as wide as it should be, never narrower.
 */
#include "live/success/value.h"
#include "proof/evidence/bounds.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define INPUT_COUNT 7 /* of the benefit; one_off_cost is only in the payback */

const char *input_origin_name(enum input_origin o)
{
    static const char *const names[] = {"absent", "measured", "assumed", "simulated"};
    return names[o];
}

static struct value_number exactly(double v, enum input_origin origin)
{
    return (struct value_number){.value = v, .low = v, .high = v, .origin = origin};
}

static struct value_number absent(void)
{
    return exactly((double)NAN, INPUT_ABSENT);
}

/* A figure of the customer's; 0 means that none was given, where 0 makes no sense. */
static struct value_number needed(double v)
{
    return v > 0 ? exactly(v, INPUT_ASSUMED) : absent();
}

struct value_inputs value_inputs_from(const struct value_config *c, const struct acceptance *a)
{
    enum input_origin seen = a->simulated > 0 ? INPUT_SIMULATED : INPUT_MEASURED;
    struct value_inputs in = {.currency = c->currency,
                              .items_per_month = needed(c->items_per_month),
                              .manual_minutes = needed(c->manual_minutes_per_item),
                              .hourly_wage = needed(c->hourly_wage),
                              .review_minutes = exactly(c->review_minutes_per_item, INPUT_ASSUMED),
                              .cost_per_error = exactly(c->cost_per_error, INPUT_ASSUMED),
                              .run_cost = exactly(c->run_cost_per_month, INPUT_ASSUMED),
                              .one_off_cost = exactly(c->one_off_cost, INPUT_ASSUMED),
                              .acceptance = absent(),
                              .verdicts = a->total};
    if (a->total > 0) {
        in.acceptance =
            (struct value_number){.value = a->rate, .low = a->low, .high = a->high, .origin = seen};
    }
    return in;
}

struct sums { /* every term of the formula for one set of inputs */
    double accepted, hours, labour, errors, error_cost, benefit;
};

static struct sums sums_of(const double x[INPUT_COUNT])
{
    double items = x[0], acceptance = x[1], manual = x[2], review = x[3], wage = x[4], cost = x[5];
    struct sums s = {.accepted = items * acceptance, .errors = items * (1 - acceptance)};
    s.hours = s.accepted * (manual - review) / 60;
    s.labour = s.hours * wage;
    s.error_cost = s.errors * cost;
    s.benefit = s.labour - s.error_cost - x[6];
    return s;
}

static void list_inputs(const struct value_inputs *in, const struct value_number *list[INPUT_COUNT])
{
    const struct value_number *all[INPUT_COUNT] = {
        &in->items_per_month, &in->acceptance,     &in->manual_minutes, &in->review_minutes,
        &in->hourly_wage,     &in->cost_per_error, &in->run_cost};
    memcpy(list, all, sizeof all);
}

/* The origin of what is computed from the inputs named by `mask`: the weakest of them. */
static enum input_origin weakest(const struct value_number *list[INPUT_COUNT], unsigned mask)
{
    enum input_origin worst = INPUT_MEASURED;
    for (unsigned i = 0; i < INPUT_COUNT; i++) {
        if (!(mask & 1u << i)) continue;
        if (list[i]->origin == INPUT_ABSENT) return INPUT_ABSENT;
        if (list[i]->origin > worst) worst = list[i]->origin;
    }
    return worst;
}

static void widen(struct value_number *n, double v)
{
    n->low = fmin(n->low, v);
    n->high = fmax(n->high, v);
}

struct results {
    struct value_number accepted, hours, labour, errors, error_cost, benefit;
};

static void compute(const struct value_number *list[INPUT_COUNT], struct results *ret)
{
    double x[INPUT_COUNT];
    for (int i = 0; i < INPUT_COUNT; i++) x[i] = list[i]->value;
    struct sums s = sums_of(x);
    ret->accepted = exactly(s.accepted, weakest(list, 0x03));
    ret->hours = exactly(s.hours, weakest(list, 0x0f));
    ret->labour = exactly(s.labour, weakest(list, 0x1f));
    ret->errors = exactly(s.errors, weakest(list, 0x03));
    ret->error_cost = exactly(s.error_cost, weakest(list, 0x23));
    ret->benefit = exactly(s.benefit, weakest(list, 0x7f));
    for (unsigned corner = 0; corner < 1u << INPUT_COUNT; corner++) {
        for (unsigned i = 0; i < INPUT_COUNT; i++)
            x[i] = corner & 1u << i ? list[i]->high : list[i]->low;
        s = sums_of(x);
        widen(&ret->accepted, s.accepted);
        widen(&ret->hours, s.hours);
        widen(&ret->labour, s.labour);
        widen(&ret->errors, s.errors);
        widen(&ret->error_cost, s.error_cost);
        widen(&ret->benefit, s.benefit);
    }
}

static struct value_number payback(const struct value_number *cost,
                                   const struct value_number *benefit)
{
    struct value_number p = absent();
    p.origin = cost->origin > benefit->origin ? cost->origin : benefit->origin;
    if (cost->origin == INPUT_ABSENT || benefit->origin == INPUT_ABSENT || !(benefit->value > 0))
        return p;
    p.value = cost->value / benefit->value;
    p.low = cost->low / benefit->high;
    p.high = benefit->low > 0 ? cost->high / benefit->low : (double)INFINITY;
    return p;
}

static const char *missing(const struct value_inputs *in)
{
    if (in->acceptance.origin == INPUT_ABSENT)
        return "no feedback on live answers yet, so nothing is known to be accepted";
    if (in->items_per_month.origin == INPUT_ABSENT) return "value.items_per_month is not given";
    if (in->manual_minutes.origin == INPUT_ABSENT)
        return "value.manual_minutes_per_item is not given";
    if (in->hourly_wage.origin == INPUT_ABSENT) return "value.hourly_wage is not given";
    return NULL;
}

static void write_sentence(const struct value_inputs *in, struct value_result *v)
{
    const struct value_number *b = &v->benefit;
    const char *why = missing(in), *how = input_origin_name(b->origin);
    if (why) {
        (void)snprintf(v->sentence, sizeof v->sentence, "insufficient: %s", why);
    } else if (b->value > 0) {
        (void)snprintf(
            v->sentence, sizeof v->sentence,
            "worth %.0f %s a month (between %.0f and %.0f; %s), paid back in %.1f months", b->value,
            in->currency, b->low, b->high, how, v->payback_months.value);
    } else {
        (void)snprintf(v->sentence, sizeof v->sentence,
                       "costs more than it saves: %.0f %s a month (between %.0f and %.0f; %s),"
                       " never paid back",
                       b->value, in->currency, b->low, b->high, how);
    }
}

static void add(struct value_result *v, const char *name, const char *formula, const char *unit,
                bool money, const struct value_number *n)
{
    struct value_term *t = &v->terms[v->term_count++];
    *t = (struct value_term){
        .name = name, .formula = formula, .unit = unit, .money = money, .n = *n};
}

static void add_terms(const struct value_inputs *in, const struct results *s,
                      struct value_result *v)
{
    add(v, "items", "value.items_per_month", "per month", false, &in->items_per_month);
    add(v, "acceptance rate", "accepted verdicts / verdicts", "", false, &in->acceptance);
    add(v, "accepted", "items x acceptance rate", "per month", false, &s->accepted);
    add(v, "hours saved", "accepted x (manual - review minutes) / 60", "hours per month", false,
        &s->hours);
    add(v, "labour saved", "hours saved x hourly wage", "per month", true, &s->labour);
    add(v, "errors", "items x (1 - acceptance rate)", "per month", false, &s->errors);
    add(v, "cost of errors", "errors x cost per error", "per month", true, &s->error_cost);
    add(v, "run cost", "value.run_cost_per_month", "per month", true, &in->run_cost);
    add(v, "benefit", "labour saved - cost of errors - run cost", "per month", true, &v->benefit);
    add(v, "one-off cost", "value.one_off_cost", "", true, &in->one_off_cost);
    add(v, "payback", "one-off cost / benefit", "months", false, &v->payback_months);
}

void value_compute(const struct value_inputs *in, struct value_result *ret)
{
    const struct value_number *list[INPUT_COUNT];
    struct results s;
    struct value_result v = {.currency = in->currency, .verdicts = in->verdicts};
    list_inputs(in, list);
    compute(list, &s);
    v.verdict = missing(in) ? VALUE_INSUFFICIENT : VALUE_OK;
    v.benefit = s.benefit;
    v.payback_months = payback(&in->one_off_cost, &v.benefit);
    add_terms(in, &s, &v);
    write_sentence(in, &v);
    *ret = v;
}

/* The benefit with the acceptance rate at `rate`, all else as it is. */
static double benefit_at(const struct value_inputs *in, double rate)
{
    const struct value_number *list[INPUT_COUNT];
    double x[INPUT_COUNT];
    list_inputs(in, list);
    for (int i = 0; i < INPUT_COUNT; i++) x[i] = list[i]->value;
    x[1] = rate;
    return sums_of(x).benefit;
}

enum err_code value_measurement(const struct value_inputs *in, const struct acceptance *a,
                                double confidence, struct measurement *ret, struct err *err)
{
    struct measurement m;
    const struct value_number *list[INPUT_COUNT];
    if (bound_proportion("benefit_per_month", a->accepted, a->total, confidence, &m, err))
        return err->code;
    if (missing(in)) {
        m.value = m.lower = m.upper = (double)NAN;
        m.n = 0;
    } else {
        double low = benefit_at(in, m.lower), high = benefit_at(in, m.upper);
        m.value = benefit_at(in, m.value);
        m.lower = fmin(low, high);
        m.upper = fmax(low, high);
    }
    list_inputs(in, list);
    enum input_origin origin = weakest(list, 0x7f);
    m.how = input_origin_name(origin == INPUT_ABSENT ? INPUT_ASSUMED : origin);
    *ret = m;
    return ERR_OK;
}
