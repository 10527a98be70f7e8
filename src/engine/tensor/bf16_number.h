/* engine/tensor/bf16_number.h - the numbers of bf16 arithmetic, one at a time: the definition.
 *
 * bfloat16 is the upper half of a float: 8 bits of exponent, 7 of mantissa. What cairn computes in
 * it is what AMX's TDPBF16PS computes (Intel SDM volume 2), on every machine:
 *
 *     for each 32 of depth, the last ones filled up with zeros:
 *         even = odd = +0
 *         for k = 0, 2, ..., 30:  even = fma(a[k], b[k], even);  odd = fma(a[k+1], b[k+1], odd)
 *         c = c + (even + odd)
 *
 * in fp32, rounding to nearest even, subnormal inputs read as zero and subnormal results written
 * as zero, both with their sign. A result is subnormal when it still is after rounding as if the
 * exponent had no end, as x86 says it. Which NaN comes out is not defined.
 * Used by the reference, by tests, and where a vector would be too long; the fast kernels have
 * instructions for the same.
 */
#ifndef ENGINE_TENSOR_BF16_NUMBER_H
#define ENGINE_TENSOR_BF16_NUMBER_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { BF16_BLOCK = 32 }; /* depth that one product of tiles covers */

static inline uint32_t bf16_float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* To nearest even; subnormals to zero, large ones to infinity, a NaN to a quiet NaN: what
 * VCVTNEPS2BF16 does. */
static inline uint16_t bf16_of(float x)
{
    const uint32_t bits = bf16_float_bits(x), magnitude = bits & 0x7fffffffu;
    if (magnitude < 0x00800000u) return (uint16_t)(bits >> 16 & 0x8000u);
    if (magnitude > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/* Exact. */
static inline float bf16_float(uint16_t x)
{
    const uint32_t bits = (uint32_t)x << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline float bf16_flush(float x)
{
    return fabsf(x) < FLT_MIN ? copysignf(0.0f, x) : x;
}

/* a b + s of bf16 values a, b. Where fmaf rounds up to the least normal number the exact sum tells
 * whether it was subnormal; a double holds it: a product has 16 bits, the sum less than 53. */
static inline float bf16_fma(float a, float b, float s)
{
    a = bf16_flush(a);
    b = bf16_flush(b);
    s = bf16_flush(s);
    const float r = fmaf(a, b, s);
    if (fabsf(r) != FLT_MIN) return bf16_flush(r);
    const double least = (double)FLT_MIN - (double)FLT_EPSILON * (double)FLT_MIN / 4.0;
    return fabs((double)a * (double)b + (double)s) < least ? copysignf(0.0f, r) : r;
}

/* A sum of floats that is subnormal is exact. */
static inline float bf16_add(float x, float y)
{
    return bf16_flush(bf16_flush(x) + bf16_flush(y));
}

#endif
