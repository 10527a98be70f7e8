/* proof/evidence/bounds.h - how sure a number of live traffic is: proportions, quantiles, means.
 *
 *     struct measurement m;
 *     if (bound_proportion("acceptance_rate", accepted, reviewed, 0.95, &m, err)) return err->code;
 *     m.how = "simulated";                         // "measured" unless the caller says otherwise
 *     ... m.value, m.lower, m.upper, m.n: what gate_decide takes
 *
 * Three kinds, each with the method that assumes least:
 *  - a proportion (acceptance_rate): Clopper & Pearson 1934, exact: the bound holds
 *    at least at its confidence for any n, also at 0 and n of n, where the normal interval fails.
 *    It is wider than Wilson's by design: a gate must not pass on an approximation.
 *  - a quantile (latency_p99_ms): order statistics. The number of values below the true quantile
 *    is binomial, so the j-th smallest value is a bound for the right j, whatever the
 *    distribution. Too few values (under 299 for p99 at 95 %): there is no bound (NaN), hence
 *    INSUFFICIENT.
 *  - a mean (any values): percentile bootstrap, seeded.
 * Bounds are one-sided at `confidence` [0.5, 1). n == 0 is not measured: value and bounds NaN.
 * Strings of *ret are borrowed from the caller. `how` is "measured", `against` NULL.
 * Threads: pure.
 * Source:  Clopper & Pearson 1934; Hahn & Meeker 1991, chapter 5; scipy 1.17
 *          (tests/oracle/bounds).
 */
#ifndef PROOF_EVIDENCE_BOUNDS_H
#define PROOF_EVIDENCE_BOUNDS_H

#include "proof/evidence/gate.h"

#define BOUND_VALUES_MAX 10000000 /* values of one quantile or mean */

/* ERR_BAD_INPUT unless 0 <= successes <= n and confidence is in range. */
enum err_code bound_proportion(const char *metric, int64_t successes, int64_t n, double confidence,
                               struct measurement *ret, struct err *err) MUST_CHECK;
/* p in (0, 1), as 0.99. The value is the smallest sample with at least p of all at or below it.
 * ERR_BAD_INPUT for values that are not finite; ERR_LIMIT past BOUND_VALUES_MAX. */
enum err_code bound_quantile(const char *metric, const double *values, int64_t n, double p,
                             double confidence, struct measurement *ret,
                             struct err *err) MUST_CHECK;
/* RESAMPLES_DEFAULT resamples, fewer (at least 200) past 100,000 values. Errors as
 * bound_quantile. */
enum err_code bound_mean(const char *metric, const double *values, int64_t n, double confidence,
                         uint64_t seed, struct measurement *ret, struct err *err) MUST_CHECK;

/* The plain numbers: one-sided bounds of a proportion, 0 <= k <= n, n >= 1. Two-sided 95 % is
 * both at confidence 0.975. */
double proportion_lower(int64_t k, int64_t n, double confidence);
double proportion_upper(int64_t k, int64_t n, double confidence);

#endif
