/* The formula by hand, its bounds, its origins, and silence where nothing was measured. */
#include "live/success/usage.h"
#include "live/success/value.h"
#include "base/str.h"
#include "live/registry/models.h"
#include "support/expect.h"
#include "support/test_folder.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static struct value_config customer(void)
{
    struct value_config c = value_config_default();
    c.present = true;
    c.currency = "EUR";
    c.items_per_month = 40000;
    c.manual_minutes_per_item = 2.5;
    c.review_minutes_per_item = 0.5;
    c.hourly_wage = 30;
    c.cost_per_error = 1.2;
    c.run_cost_per_month = 90;
    c.one_off_cost = 20000;
    return c;
}

static struct acceptance accepted(int64_t yes, int64_t total)
{
    return (struct acceptance){.accepted = yes,
                               .rejected = total - yes,
                               .total = total,
                               .rate = total ? (double)yes / (double)total : (double)NAN,
                               .low = total ? 0.8 : (double)NAN,
                               .high = total ? 0.95 : (double)NAN};
}

static struct value_result result_of(const struct value_config *c, const struct acceptance *a)
{
    struct value_inputs in = value_inputs_from(c, a);
    struct value_result v;
    value_compute(&in, &v);
    return v;
}

Test(value, the_formula_by_hand)
{
    struct value_config c = customer();
    struct acceptance a = accepted(180, 200);
    struct value_result v = result_of(&c, &a);
    /* 36,000 accepted x 2 minutes / 60 x 30 = 36,000; 4,000 errors x 1.2 = 4,800; run cost 90 */
    cr_assert_eq(v.verdict, VALUE_OK);
    cr_assert_float_eq(v.benefit.value, 36000 - 4800 - 90, 1e-6);
    /* at 0.8: 32,000 - 9,600 - 90; at 0.95: 38,000 - 2,400 - 90 */
    cr_assert_float_eq(v.benefit.low, 22310, 1e-6);
    cr_assert_float_eq(v.benefit.high, 35510, 1e-6);
    cr_assert_float_eq(v.payback_months.value, 20000 / 31110.0, 1e-9);
    cr_assert_float_eq(v.payback_months.low, 20000 / 35510.0, 1e-9);
    cr_assert_float_eq(v.payback_months.high, 20000 / 22310.0, 1e-9);
    cr_assert_eq(v.benefit.origin, INPUT_ASSUMED, "the customer's figures are in it");
    cr_assert_eq(v.term_count, VALUE_TERM_COUNT);
    cr_assert_eq(v.terms[1].n.origin, INPUT_MEASURED);
    cr_assert_float_eq(v.terms[3].n.value, 1200, 1e-9, "hours saved");
    cr_assert_str_eq(v.terms[8].name, "benefit");
    cr_assert(strstr(v.sentence, "worth 31110 EUR a month"), "%s", v.sentence);
}

Test(value, without_feedback_it_is_insufficient_and_not_zero)
{
    struct value_config c = customer();
    struct acceptance none = accepted(0, 0), some = accepted(180, 200);
    struct measurement m;
    struct value_result v = result_of(&c, &none);
    cr_assert_eq(v.verdict, VALUE_INSUFFICIENT);
    cr_assert(isnan(v.benefit.value) && isnan(v.payback_months.value));
    cr_assert(strstr(v.sentence, "insufficient"), "%s", v.sentence);
    struct value_inputs in = value_inputs_from(&c, &none);
    OK(value_measurement(&in, &none, 0.95, &m, &err));
    cr_assert(isnan(m.value) && isnan(m.lower) && m.n == 0);
    json_t *o = value_json(&in, &v);
    json_t *benefit = json_object_get(o, "benefit_per_month");
    cr_assert(json_is_null(json_object_get(benefit, "value")));
    cr_assert_str_eq(json_string_value(json_object_get(benefit, "origin")), "absent");
    json_decref(o);
    c.items_per_month = 0;
    v = result_of(&c, &some);
    cr_assert_eq(v.verdict, VALUE_INSUFFICIENT);
    cr_assert(strstr(v.sentence, "items_per_month"), "%s", v.sentence);
    struct value_config blank = value_config_default();
    cr_assert_eq(result_of(&blank, &some).verdict, VALUE_INSUFFICIENT);
}

Test(value, simulated_reviewers_mark_the_result)
{
    struct value_config c = customer();
    struct acceptance a = accepted(180, 200);
    struct measurement m;
    a.simulated = 200;
    struct value_inputs in = value_inputs_from(&c, &a);
    struct value_result v;
    value_compute(&in, &v);
    cr_assert_eq(v.benefit.origin, INPUT_SIMULATED);
    cr_assert(strstr(v.sentence, "simulated"), "%s", v.sentence);
    cr_assert_eq(v.terms[7].n.origin, INPUT_ASSUMED, "the run cost is not simulated");
    OK(value_measurement(&in, &a, 0.95, &m, &err));
    cr_assert_str_eq(m.how, "simulated");
    cr_assert_str_eq(m.metric, "benefit_per_month");
    cr_assert_eq(m.n, 200);
    cr_assert(m.lower < m.value && m.value < m.upper);
}

Test(value, a_loss_is_never_paid_back)
{
    struct value_config c = customer();
    struct acceptance a = accepted(180, 200);
    c.run_cost_per_month = 30000;
    struct value_result v = result_of(&c, &a);
    cr_assert_gt(v.benefit.value, 0);
    cr_assert_lt(v.benefit.low, 0);
    cr_assert(isinf(v.payback_months.high));
    c.run_cost_per_month = 99999;
    v = result_of(&c, &a);
    cr_assert_eq(v.verdict, VALUE_OK);
    cr_assert(isnan(v.payback_months.value));
    cr_assert(strstr(v.sentence, "costs more than it saves"), "%s", v.sentence);
}

Test(value, bounds_hold_when_review_takes_longer_than_work)
{
    struct value_config c = customer();
    struct acceptance a = accepted(180, 200);
    c.review_minutes_per_item = 10; /* accepting more is worse then */
    c.cost_per_error = 0;
    struct value_inputs in = value_inputs_from(&c, &a);
    struct value_result v;
    struct measurement m;
    value_compute(&in, &v);
    cr_assert(v.benefit.low <= v.benefit.value && v.benefit.value <= v.benefit.high);
    OK(value_measurement(&in, &a, 0.95, &m, &err));
    cr_assert(m.lower < m.value && m.value < m.upper);
}

#define MODEL "00000000000000000000000000000000000000000000000000000000000000aa"
#define DAY   86400000000ll

static void predict(struct registry *r, int64_t at_us, char id[REGISTRY_ID_BYTES])
{
    registry_id_make(id);
    struct prediction_row p = {.id = id,
                               .at_us = at_us,
                               .model = MODEL,
                               .text_hash = MODEL,
                               .entities = "[]",
                               .label_counts = "{}"};
    OK(prediction_put(r, &p, 1, &err));
}

static void answer(struct registry *r, const char *prediction, enum feedback_verdict v,
                   int64_t at_us)
{
    char id[REGISTRY_ID_BYTES];
    bool is_new = false;
    struct feedback_row row = {
        .prediction = prediction, .verdict = v, .by = "", .group = "g", .at_us = at_us};
    OK(feedback_row_put(r, &row, id, &is_new, &err));
}

Test(usage, two_windows)
{
    struct test_folder t;
    struct registry *r = NULL;
    struct usage u;
    char dir[PATH_BYTES_MAX], id[REGISTRY_ID_BYTES];
    int64_t now = 1000 * DAY;
    test_folder_make(&t);
    struct registry_options o = {.dir = t.path, .use_case = "x", .code = "0", .create = true};
    OK(registry_open(&o, &r, &err));
    OK(usage_measure(r, NULL, now, 0, &u, &err));
    cr_assert(strstr(u.sentence, "no traffic"), "%s", u.sentence);
    cr_assert(isnan(u.feedback_share) && isnan(u.now.rate));
    OK(os_join(dir, t.path, "m", &err));
    OK(os_mkdirs(dir, &err));
    OK(os_join(dir, t.path, "m/config.json", &err));
    OK(os_write_atomic(dir, "{}", 2, &err));
    OK(os_join(dir, t.path, "m", &err));
    struct registry_model_new m = {.digest = MODEL, .dir = dir, .origin = "imported"};
    OK(registry_model_add(r, &m, &err));
    for (int i = 0; i < 8; i++) { /* four days in each window of ten; of each, half with feedback */
        predict(r, now - DAY * (i < 4 ? i : i + 8), id);
        predict(r, now - DAY * (i < 4 ? i : i + 8), id);
        answer(r, id, i == 5 ? FEEDBACK_REJECT : FEEDBACK_ACCEPT, now - DAY * (i < 4 ? i : i + 8));
    }
    OK(usage_measure(r, MODEL, now, 10, &u, &err));
    cr_assert_eq(u.predictions, 8);
    cr_assert_eq(u.active_days, 4);
    cr_assert_float_eq(u.active_share, 0.4, 1e-12);
    cr_assert_float_eq(u.feedback_share, 0.5, 1e-12);
    cr_assert_eq(u.predictions_per_active_day, 2);
    cr_assert_eq(u.now.rate, 1);
    cr_assert_eq(u.before.rate, 0.75);
    cr_assert_eq(u.acceptance_change, 0.25);
    cr_assert(strstr(u.sentence, "8 answers on 4 of 10 days"), "%s", u.sentence);
    struct err why = {0};
    cr_assert_eq(usage_measure(r, MODEL, now, -1, &u, &why), ERR_BAD_INPUT);
    json_t *json = usage_json(&u);
    cr_assert(json_is_real(json_object_get(json, "feedback_share")));
    json_decref(json);
    registry_close(r);
    test_folder_remove(&t);
}
