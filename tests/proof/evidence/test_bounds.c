/* Oracle: exact bounds equal scipy's (tools/oracle/seqeval_fixtures.py). And what bounds must be.
 */
#include "base/str.h"
#include "proof/evidence/binomial.h"
#include "proof/evidence/bounds.h"
#include "proof/evidence/evidence_internal.h"
#include "support/test_data.h"

#include <math.h>

static json_t *load(void)
{
    struct err err = {0};
    json_t *doc = NULL;
    cr_assert_eq(json_read_file(test_source("oracle/bounds/fixtures.json"), &doc, &err), ERR_OK,
                 "%s", err.message);
    return doc;
}

static double at(const json_t *row, size_t i)
{
    return json_number_value(json_array_get(row, i));
}

Test(bounds, proportions_equal_scipy)
{
    json_t *doc = load(), *row;
    size_t i;
    json_array_foreach(json_object_get(doc, "proportions"), i, row)
    {
        struct measurement m;
        struct err err = {0};
        cr_assert_eq(bound_proportion("acceptance_rate", (int64_t)at(row, 0), (int64_t)at(row, 1),
                                      at(row, 2), &m, &err),
                     ERR_OK);
        /* 1e-9: bisection ends at 1e-18, the incomplete beta is good to about 1e-11 */
        cr_assert(fabs(m.lower - at(row, 3)) < 1e-9, "%zu: %.15g, scipy %.15g", i, m.lower,
                  at(row, 3));
        cr_assert(fabs(m.upper - at(row, 4)) < 1e-9, "%zu: %.15g, scipy %.15g", i, m.upper,
                  at(row, 4));
        cr_assert(m.lower <= m.value && m.value <= m.upper);
    }
    cr_assert_gt(i, 100);
    json_decref(doc);
}

Test(bounds, binomial_equals_scipy)
{
    json_t *doc = load(), *row;
    size_t i;
    json_array_foreach(json_object_get(doc, "cdf"), i, row)
    {
        double got = binomial_cdf((int64_t)at(row, 0), (int64_t)at(row, 1), at(row, 2));
        /* absolute: scipy too loses relative digits in tails of 1e-300 */
        cr_assert(fabs(got - at(row, 3)) < 1e-10, "%zu: %.15g, scipy %.15g", i, got, at(row, 3));
    }
    cr_assert_gt(i, 30);
    json_decref(doc);
}

/* values 1..n: the bound is its own rank */
Test(bounds, ranks_of_quantiles_equal_scipy)
{
    json_t *doc = load(), *row;
    size_t i;
    static double values[5000];
    for (int k = 0; k < 5000; k++) values[k] = k + 1;
    json_array_foreach(json_object_get(doc, "ranks"), i, row)
    {
        struct measurement m;
        struct err err = {0};
        cr_assert_eq(bound_quantile("latency_p99_ms", values, (int64_t)at(row, 0), at(row, 1),
                                    at(row, 2), &m, &err),
                     ERR_OK);
        const json_t *upper = json_array_get(row, 3), *lower = json_array_get(row, 4);
        cr_assert(json_is_null(upper) ? isnan(m.upper) : m.upper == json_number_value(upper),
                  "%zu: upper %g", i, m.upper);
        cr_assert(json_is_null(lower) ? isnan(m.lower) : m.lower == json_number_value(lower),
                  "%zu: lower %g", i, m.lower);
    }
    cr_assert_gt(i, 40);
    json_decref(doc);
}

Test(bounds, quantiles_equal_numpy)
{
    json_t *doc = load(), *row;
    const json_t *list = json_object_get(doc, "values");
    double values[64];
    size_t i, n = json_array_size(list);
    for (i = 0; i < n; i++) values[i] = at(list, i);
    qsort(values, n, sizeof *values, double_order);
    json_array_foreach(json_object_get(doc, "quantiles"), i, row)
    {
        double got = quantile_sorted(values, (int32_t)n, at(row, 0));
        cr_assert(fabs(got - at(row, 1)) < 1e-12, "%zu: %.15g %.15g", i, got, at(row, 1));
    }
    json_decref(doc);
}

Test(bounds, a_mean_has_the_interval_that_theory_gives)
{
    static double values[400];
    for (int i = 0; i < 400; i++) values[i] = i % 2; /* mean 0.5, standard error 0.025 */
    struct measurement m, again;
    struct err err = {0};
    cr_assert_eq(bound_mean("benefit_per_month", values, 400, 0.95, 7, &m, &err), ERR_OK);
    cr_assert_eq(bound_mean("benefit_per_month", values, 400, 0.95, 7, &again, &err), ERR_OK);
    cr_assert(m.lower == again.lower && m.upper == again.upper, "the seed does not decide");
    cr_assert_eq(m.value, 0.5);
    /* 1.645 standard errors; 0.01 covers three standard errors of a quantile of 1000 draws */
    cr_assert(fabs(m.lower - (0.5 - 1.645 * 0.025)) < 0.01, "%g", m.lower);
    cr_assert(fabs(m.upper - (0.5 + 1.645 * 0.025)) < 0.01, "%g", m.upper);
}

Test(bounds, nothing_measured_is_said_and_nonsense_is_refused)
{
    struct measurement m;
    struct err err = {0};
    const double bad[] = {1, (double)NAN};
    cr_assert_eq(bound_proportion("acceptance_rate", 0, 0, 0.95, &m, &err), ERR_OK);
    cr_assert(isnan(m.value) && isnan(m.lower) && isnan(m.upper) && m.n == 0);
    cr_assert_eq(bound_quantile("latency_p50_ms", bad, 0, 0.5, 0.95, &m, &err), ERR_OK);
    cr_assert(isnan(m.value));
    cr_assert_eq(bound_proportion("acceptance_rate", 2, 1, 0.95, &m, &err), ERR_BAD_INPUT);
    cr_assert_eq(bound_proportion("acceptance_rate", -1, 1, 0.95, &m, &err), ERR_BAD_INPUT);
    cr_assert_eq(bound_proportion("acceptance_rate", 0, 1, 1.0, &m, &err), ERR_BAD_INPUT);
    cr_assert_eq(bound_quantile("latency_p50_ms", bad, 2, 0.5, 0.95, &m, &err), ERR_BAD_INPUT);
    cr_assert_eq(bound_quantile("latency_p50_ms", bad, 1, 1, 0.95, &m, &err), ERR_BAD_INPUT);
    cr_assert_eq(bound_mean("x", bad, -1, 0.95, 1, &m, &err), ERR_LIMIT);
}
