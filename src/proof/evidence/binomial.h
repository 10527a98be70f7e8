/* proof/evidence/binomial.h - the binomial distribution, through the incomplete beta function. */
#ifndef PROOF_EVIDENCE_BINOMIAL_H
#define PROOF_EVIDENCE_BINOMIAL_H

#include <stdint.h>

/* The regularised incomplete beta function I_x(a, b); a, b > 0, 0 <= x <= 1. Relative error under
 * 1e-9 for a, b up to 1e7. */
double beta_share(double x, double a, double b);
/* P(X <= k) for X ~ Binomial(n, p). */
double binomial_cdf(int64_t k, int64_t n, double p);

#endif
