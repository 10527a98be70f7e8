/* live/success/value.h - what it is worth: benefit a month and payback, with every input's origin.
 *
 *     accepted = items a month x acceptance rate
 *     errors   = items a month x (1 - acceptance rate)
 *     benefit  = accepted x (manual - review minutes) / 60 x wage - errors x cost - run cost
 *     payback  = one-off cost / benefit, in months
 *
 *     struct value_inputs in = value_inputs_from(&config, &acceptance);
 *     struct value_result v;
 *     value_compute(&in, &v);
 *     if (v.verdict == VALUE_OK) printf("%.0f %s a month\n", v.benefit.value, in.currency);
 *     else puts(v.sentence);
 *
 * Every input says whether it was measured, assumed (the customer's figure) or simulated (a
 * reviewer that knows the gold); a result is as weak as its weakest input. Where an input has an
 * interval, the result has one: benefit is monotone in each input, so its bounds are at the ends.
 * Without traffic and feedback the result is *insufficient*, not zero.
 * Pure: no registry, no clock.
 */
#ifndef LIVE_SUCCESS_VALUE_H
#define LIVE_SUCCESS_VALUE_H

#include "base/json.h"
#include "live/feedback/feedback.h"
#include "live/success/config.h"

enum input_origin { INPUT_ABSENT, INPUT_MEASURED, INPUT_ASSUMED, INPUT_SIMULATED };
const char *input_origin_name(enum input_origin o); /* "absent", "measured", ... */

struct value_number {
    double value;
    double low, high; /* two-sided 95 %; equal to value when it has no interval */
    enum input_origin origin;
};
struct value_inputs {
    const char *currency;
    struct value_number items_per_month, acceptance, manual_minutes, review_minutes, hourly_wage,
        cost_per_error, run_cost, one_off_cost;
    int64_t verdicts; /* that acceptance rests on */
};
/* The customer's figures as assumed, the acceptance as measured or simulated. */
struct value_inputs value_inputs_from(const struct value_config *c, const struct acceptance *a);

enum value_verdict { VALUE_OK, VALUE_INSUFFICIENT };
#define VALUE_TERM_COUNT 11
struct value_term {      /* a line of the sum, in the order of the formula */
    const char *name;    /* "accepted" */
    const char *formula; /* "items per month x acceptance rate" */
    const char *unit;    /* "per month", "hours per month", "months", "" */
    bool money;          /* in the currency */
    struct value_number n;
};
struct value_result {
    enum value_verdict verdict;
    struct value_number benefit; /* NaN when insufficient */
    struct value_number
        payback_months; /* NaN: never (benefit <= 0) or insufficient; high may be infinite */
    struct value_term terms[VALUE_TERM_COUNT];
    int32_t term_count;
    int64_t verdicts;
    const char *currency;
    char sentence[300]; /* plain: what it is worth, or what is missing */
};
void value_compute(const struct value_inputs *in, struct value_result *ret);
/* As metric benefit_per_month for a gate: one-sided bounds at `confidence` from the acceptance's
 * exact bounds. */
enum err_code value_measurement(const struct value_inputs *in, const struct acceptance *a,
                                double confidence, struct measurement *ret,
                                struct err *err) MUST_CHECK;
json_t *value_json(const struct value_inputs *in, const struct value_result *v);

#endif
