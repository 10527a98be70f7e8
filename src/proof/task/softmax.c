/* proof/task/softmax.c - one exponential, written out.
 *
 * exp(x) = 2^k exp(r) with k = round(x / ln 2) and |r| <= ln 2 / 2, where the Taylor series to
 * r^13 is exact to double: its first term left out is below 1e-17. ln 2 is split in two so that r
 * loses no bits. The compiler may not contract (-ffp-contract=off), so the operations, hence the
 * bits, are the same everywhere.
 */
#include "proof/task/softmax.h"

#include <math.h>

static double exp_of(double x) /* x <= 0 */
{
    if (x < -700) return 0;
    double k = floor(x * 1.4426950408889634 + 0.5);
    double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
    double sum = 1;
    for (int i = 13; i >= 1; i--) sum = 1 + sum * r / i;
    return ldexp(sum, (int)k);
}

/* The sum of exp(logit - largest), and where the largest stands; NaN or infinity in the row: sum
 * is NaN. */
static double exp_sum(const float *logits, int32_t n, int32_t *ret_top)
{
    int32_t top = 0;
    for (int32_t i = 0; i < n; i++) {
        if (!isfinite(logits[i])) {
            *ret_top = 0;
            return (double)NAN;
        }
        if (logits[i] > logits[top]) top = i;
    }
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += exp_of((double)logits[i] - (double)logits[top]);
    *ret_top = top;
    return sum;
}

void softmax_row(const float *logits, int32_t n, float *out)
{
    int32_t top;
    double sum = exp_sum(logits, n, &top);
    double largest = (double)logits[top];
    for (int32_t i = 0; i < n; i++)
        out[i] = isnan(sum) ? 0 : (float)(exp_of((double)logits[i] - largest) / sum);
}

int32_t softmax_top(const float *logits, int32_t n, float *ret_score)
{
    int32_t top;
    double sum = exp_sum(logits, n, &top);
    *ret_score = isnan(sum) ? 0 : (float)(1 / sum);
    return top;
}
