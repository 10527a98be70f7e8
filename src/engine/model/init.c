/* engine/model/init.c - normal numbers by counter.
 *
 * A model's digest covers its first head, so these numbers must be the same bits on every machine:
 * Marsaglia's polar method on Philox, with our own logarithm. It uses IEEE additions, products, one
 * division and one square root, which are exact everywhere; libm's log may differ between versions
 * by a bit.
 */
#include "engine/model/init_internal.h"
#include "base/rng.h"
#include <math.h>

/* Natural logarithm of 0 < x < 1: x = m 2^e with m in [1/sqrt2, sqrt2), ln m = 2 atanh(s) with s =
 * (m-1)/(m+1), of which 12 terms leave less than 1e-18 because |s| < 0.172. */
static double ln(double x)
{
    int e;
    double m = frexp(x, &e); /* exact */
    if (m < 0.70710678118654752) {
        m *= 2;
        e--;
    }
    double s = (m - 1) / (m + 1), s2 = s * s, sum = 0;
    for (int k = 23; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
    return 2 * s * sum + e * 0.69314718055994531;
}

static double unit_pair(uint32_t low, uint32_t high) /* (-1, 1), 53 bits */
{
    uint64_t bits = ((uint64_t)high << 32 | low) >> 11;
    return ((double)bits + 0.5) * 0x1p-52 - 1;
}

static double normal_at(uint64_t seed, uint32_t stream, uint64_t index)
{
    for (uint32_t attempt = 0;; attempt++) { /* one in 1.27 is taken */
        uint32_t r[4];
        uint64_t high = (uint64_t)RNG_INIT << 48 | (uint64_t)stream << 32 | attempt;
        rng_philox(seed, high, index, r);
        double u = unit_pair(r[0], r[1]), v = unit_pair(r[2], r[3]), q = u * u + v * v;
        if (q > 0 && q < 1) return u * sqrt(-2 * ln(q) / q);
    }
}

void init_normal(float *out, size_t count, float deviation, uint64_t seed, uint32_t stream)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(normal_at(seed, stream, i) * (double)deviation);
}
