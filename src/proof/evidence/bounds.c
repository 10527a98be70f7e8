/* proof/evidence/bounds.c - exact bounds by bisection and search, the mean by resampling.
 *
 * The lower bound of a proportion is the p at which k or more successes would still have the
 * chance 1 - confidence; it is found by halving [0, 1], on which the chance rises with p. The
 * upper bound mirrors it.
 */
#include "proof/evidence/bounds.h"

#include "base/arena.h"
#include "base/rng.h"
#include "proof/evidence/binomial.h"
#include "proof/evidence/evidence_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RESAMPLE_DRAWS 100000000 /* resamples x values, for a mean */
#define CHANCE_EPS     1e-12     /* how exact a chance is computed: 0.9 must reach 0.9 */
#define RESAMPLES_MIN  200

double proportion_lower(int64_t k, int64_t n, double confidence)
{
    if (k == 0) return 0;
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        double p = (low + high) / 2;
        /* P(X >= k) = I_p(k, n - k + 1) */
        if (beta_share(p, (double)k, (double)(n - k) + 1) > 1 - confidence)
            high = p;
        else
            low = p;
    }
    return low;
}

double proportion_upper(int64_t k, int64_t n, double confidence)
{
    return 1 - proportion_lower(n - k, n, confidence);
}

static struct measurement blank(const char *metric, int64_t n, double confidence)
{
    return (struct measurement){.metric = metric,
                                .value = (double)NAN,
                                .lower = (double)NAN,
                                .upper = (double)NAN,
                                .confidence = confidence,
                                .n = n,
                                .how = "measured"};
}

static enum err_code check_confidence(double confidence, struct err *err)
{
    if (confidence >= 0.5 && confidence < 1) return ERR_OK;
    return err_set(err, ERR_BAD_INPUT, "confidence %g must be 0.5 or more and below 1", confidence);
}

enum err_code bound_proportion(const char *metric, int64_t successes, int64_t n, double confidence,
                               struct measurement *ret, struct err *err)
{
    if (check_confidence(confidence, err)) return err->code;
    if (n < 0 || successes < 0 || successes > n)
        return err_set(err, ERR_BAD_INPUT, "%s: %lld of %lld is no proportion", metric,
                       (long long)successes, (long long)n);
    struct measurement m = blank(metric, n, confidence);
    if (n > 0) {
        m.value = (double)successes / (double)n;
        m.lower = proportion_lower(successes, n, confidence);
        m.upper = proportion_upper(successes, n, confidence);
    }
    *ret = m;
    return ERR_OK;
}

static enum err_code check_values(const char *metric, const double *values, int64_t n,
                                  struct err *err)
{
    if (n < 0 || n > BOUND_VALUES_MAX)
        return err_set(err, ERR_LIMIT, "%s: %lld values, at most %d are taken", metric,
                       (long long)n, BOUND_VALUES_MAX);
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return err_set(err, ERR_BAD_INPUT, "%s: value %lld is not a finite number", metric,
                           (long long)i);
    return ERR_OK;
}

/* The smallest j in 1..n+1 with P(X < j) >= chance, X ~ Binomial(n, p); n + 1 when there is none.
 */
static int64_t rank_for(int64_t n, double p, double chance)
{
    int64_t low = 1, high = n + 1;
    while (low < high) {
        int64_t j = low + (high - low) / 2;
        if (binomial_cdf(j - 1, n, p) >= chance - CHANCE_EPS)
            high = j;
        else
            low = j + 1;
    }
    return low;
}

enum err_code bound_quantile(const char *metric, const double *values, int64_t n, double p,
                             double confidence, struct measurement *ret, struct err *err)
{
    if (check_confidence(confidence, err) || check_values(metric, values, n, err)) return err->code;
    if (!(p > 0 && p < 1))
        return err_set(err, ERR_BAD_INPUT, "%s: quantile %g must be between 0 and 1", metric, p);
    struct measurement m = blank(metric, n, confidence);
    if (n > 0) {
        double *sorted = mem_try((size_t)n, sizeof *sorted, err);
        if (!sorted) return err->code;
        memcpy(sorted, values, (size_t)n * sizeof *sorted);
        qsort(sorted, (size_t)n, sizeof *sorted, double_order);
        int64_t at = (int64_t)ceil(p * (double)n);
        m.value = sorted[at < 1 ? 0 : at - 1];
        int64_t upper = rank_for(n, p, confidence);
        if (upper <= n) m.upper = sorted[upper - 1];
        /* mirrored: the lower bound of the p quantile is the upper bound of 1 - p from the other
         * end */
        int64_t lower = n + 1 - rank_for(n, 1 - p, confidence);
        if (lower >= 1) m.lower = sorted[lower - 1];
        mem_free(sorted);
    }
    *ret = m;
    return ERR_OK;
}

enum err_code bound_mean(const char *metric, const double *values, int64_t n, double confidence,
                         uint64_t seed, struct measurement *ret, struct err *err)
{
    if (check_confidence(confidence, err) || check_values(metric, values, n, err)) return err->code;
    struct measurement m = blank(metric, n, confidence);
    if (n > 0) {
        int64_t most = RESAMPLE_DRAWS / n;
        int32_t count = most >= RESAMPLES_DEFAULT ? RESAMPLES_DEFAULT
                        : most > RESAMPLES_MIN    ? (int32_t)most
                                                  : RESAMPLES_MIN;
        double *means = mem_try((size_t)count, sizeof *means, err);
        if (!means) return err->code;
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += values[i];
        m.value = sum / (double)n;
        for (int32_t r = 0; r < count; r++) {
            struct rng rng;
            rng_init(&rng, seed, RNG_BOOTSTRAP, (uint32_t)r);
            double drawn = 0;
            for (int64_t i = 0; i < n; i++) drawn += values[rng_below(&rng, (uint32_t)n)];
            means[r] = drawn / (double)n;
        }
        qsort(means, (size_t)count, sizeof *means, double_order);
        m.lower = quantile_sorted(means, count, 1 - confidence);
        m.upper = quantile_sorted(means, count, confidence);
        mem_free(means);
    }
    *ret = m;
    return ERR_OK;
}
