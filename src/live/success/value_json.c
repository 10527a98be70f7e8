/* live/success/value_json.c - value and usage as JSON: what could not be measured is null, never 0.
 * */
#include "live/success/usage.h"
#include "live/success/value.h"
#include <math.h>

static json_t *number_json(const struct value_number *n)
{
    return json_pack("{s:o, s:o, s:o, s:s}", "value", json_real_or_null(n->value), "low",
                     json_real_or_null(n->low), "high", json_real_or_null(n->high), "origin",
                     input_origin_name(n->origin));
}

static json_t *terms_json(const struct value_result *v)
{
    json_t *terms = json_array();
    for (int32_t i = 0; i < v->term_count; i++) {
        const struct value_term *t = &v->terms[i];
        json_t *o = number_json(&t->n);
        json_object_set_new(o, "name", json_string(t->name));
        json_object_set_new(o, "formula", json_string(t->formula));
        json_object_set_new(o, "unit", json_string(t->unit));
        json_object_set_new(o, "money", json_boolean(t->money));
        json_array_append_new(terms, o);
    }
    return terms;
}

json_t *value_json(const struct value_inputs *in, const struct value_result *v)
{
    json_t *inputs = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "items_per_month",
        number_json(&in->items_per_month), "acceptance_rate", number_json(&in->acceptance),
        "manual_minutes_per_item", number_json(&in->manual_minutes), "review_minutes_per_item",
        number_json(&in->review_minutes), "hourly_wage", number_json(&in->hourly_wage),
        "cost_per_error", number_json(&in->cost_per_error), "run_cost_per_month",
        number_json(&in->run_cost), "one_off_cost", number_json(&in->one_off_cost));
    return json_pack("{s:s, s:s, s:s?, s:I, s:o, s:o, s:o, s:o}", "verdict",
                     v->verdict == VALUE_OK ? "ok" : "insufficient", "sentence", v->sentence,
                     "currency", v->currency, "verdicts", (json_int_t)v->verdicts, "inputs", inputs,
                     "terms", terms_json(v), "benefit_per_month", number_json(&v->benefit),
                     "payback_months", number_json(&v->payback_months));
}

json_t *usage_json(const struct usage *u)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "days",
                     (json_int_t)u->days, "predictions", (json_int_t)u->predictions, "active_days",
                     (json_int_t)u->active_days, "with_feedback", (json_int_t)u->with_feedback,
                     "predictions_per_active_day", json_real_or_null(u->predictions_per_active_day),
                     "active_share", json_real_or_null(u->active_share), "feedback_share",
                     json_real_or_null(u->feedback_share), "acceptance", acceptance_json(&u->now),
                     "acceptance_before", acceptance_json(&u->before), "acceptance_change",
                     json_real_or_null(u->acceptance_change), "sentence", u->sentence);
}
