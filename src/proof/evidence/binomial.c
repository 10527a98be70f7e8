/* proof/evidence/binomial.c - incomplete beta by its continued fraction.
 *
 *     I_x(a, b) = x^a (1-x)^b / (a B(a, b)) * 1/(1+ d1/(1+ d2/(1+ ...)))      DLMF 8.17.22
 *
 * evaluated by the modified Lentz method. It converges fast for x < (a+1)/(a+b+2); beyond that
 * point the mirror I_x(a, b) = 1 - I_(1-x)(b, a) is used. The logarithm of gamma is Stirling's
 * series after shifting its argument to 15 and above (error under 1e-14); lgamma of libm writes a
 * global and is not used.
 */
#include "proof/evidence/binomial.h"

#include <math.h>

#define TERMS_MAX 100000 /* the fraction needs about sqrt(max(a, b)) of them */

static double log_gamma(double x)
{
    double shift = 0;
    for (; x < 15; x++) shift += log(x);
    double i = 1 / x, i2 = i * i;
    double series = i * (1.0 / 12 - i2 * (1.0 / 360 - i2 * (1.0 / 1260 - i2 / 1680)));
    return (x - 0.5) * log(x) - x + 0.91893853320467274178 + series - shift;
}

static double keep_away_from_zero(double v)
{
    return fabs(v) < 1e-300 ? 1e-300 : v;
}

static double fraction(double x, double a, double b)
{
    double c = 1, d = 1 / keep_away_from_zero(1 - (a + b) * x / (a + 1)), f = d;
    for (int m = 1; m < TERMS_MAX; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / keep_away_from_zero(1 + even * d);
        c = keep_away_from_zero(1 + even / c);
        f *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / keep_away_from_zero(1 + odd * d);
        c = keep_away_from_zero(1 + odd / c);
        f *= d * c;
        if (fabs(d * c - 1) < 1e-15) break;
    }
    return f;
}

double beta_share(double x, double a, double b)
{
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - beta_share(1 - x, b, a);
    double log_front =
        log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x) - log(a);
    return exp(log_front) * fraction(x, a, b);
}

double binomial_cdf(int64_t k, int64_t n, double p)
{
    if (k < 0) return 0;
    if (k >= n) return 1;
    return beta_share(1 - p, (double)(n - k), (double)k + 1);
}
