/* engine/tensor/fp16_internal.h - what a product in half precision is, and what its levels share.
 *
 * The definition (docs/internals/fp16.md). h(x) rounds to IEEE binary16: nearest, ties to even,
 * subnormals kept, past 65,504 infinity.
 *
 *     operands    a' = h(a), b' = h(b), once each
 *     chains      s_q = fma_h(a'[k], b'[k], s_q) over k = q F .. min(q F + F, K) - 1, from +0,
 *                 F = FP16_FLUSH, fma_h(a, b, c) = h(a b + c) with one rounding
 *     sum         +0 + s_0 + s_1 + ... in fp32, in order
 *     GEMM_STORE  y = sum                GEMM_BIAS  y = sum + bias, in fp32
 *     GELU        y = gelu_h(h(sum + bias)), below
 *     out         h(y)
 *
 * gelu_h(x) = max(x, 0) - y q(y) with y = min(|x|, 31 / 6.25) and q(y) = Phi(-y): every step is one
 * operation on halves. q is 32 parabolas: n = round(6.25 y), t = 6.25 y - n,
 * q = (c2[n] t + c1[n]) t + c0[n]. gelu_h is within 2.2 units of a half's last place, or 4.5e-6
 * (all halves: tests/engine/tensor/test_fp16.c). A NaN stays one.
 *
 * Memory. Operand: rows of halves, fp16_row_halves(depth) apart: an odd number of 64-byte lines, so
 * that the rows of a tile do not fall on the same sets of a cache. Weights: panels of
 * PANEL_COLUMNS columns, [panel][depth][32] halves, zero past the last column.
 */
#ifndef ENGINE_TENSOR_FP16_INTERNAL_H
#define ENGINE_TENSOR_FP16_INTERNAL_H

#include "engine/tensor/lowp.h"
#include <string.h>

enum { FP16_FLUSH = 128 };

/* GELU's parabolas, as bits of halves, and the numbers beside them. */
enum { GELU_PIECES = 32 };
extern const uint16_t FP16_GELU_C0[GELU_PIECES], FP16_GELU_C1[GELU_PIECES],
    FP16_GELU_C2[GELU_PIECES];
enum {
    HALF_INFINITY = 0x7c00,
    HALF_6_25 = 0x4640, /* pieces a unit of |x| */
    HALF_4_96 = 0x44f6, /* 31 / 6.25, where the last piece, which is 0, begins */
    HALF_1024 = 0x6400, /* added and taken away, rounds to an integer and leaves it in the bits */
};

static inline double half_to_double(uint16_t h)
{
    const uint32_t exponent = h >> 10 & 31u, fraction = h & 1023u;
    const uint64_t unit_bits = (uint64_t)((exponent ? exponent : 1) + 1023 - 25) << 52;
    double unit; /* of the last place */
    memcpy(&unit, &unit_bits, sizeof unit);
    double x = (double)(fraction + (exponent ? 1024u : 0u)) * unit;
    if (exponent == 31) x = fraction ? __builtin_nan("") : __builtin_inf();
    return h & 0x8000u ? -x : x;
}

/* h(x); exact for a float, too, since every float is a double. */
static inline uint16_t half_from_double(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t sign = (uint32_t)(bits >> 48) & 0x8000u;
    bits &= ~(1ull << 63);
    double magnitude;
    memcpy(&magnitude, &bits, sizeof magnitude);
    if (magnitude != magnitude) return (uint16_t)(sign | 0x7e00u);
    if (magnitude >= 65520.0) return (uint16_t)(sign | HALF_INFINITY);
    if (magnitude < 0x1p-14) { /* units of 2^-24; 1024 of them is the smallest normal number */
        const double units = (magnitude * 0x1p24 + 0x1p52) - 0x1p52;
        return (uint16_t)(sign | (uint32_t)units);
    }
    bits += (1ull << 41) - 1 + (bits >> 42 & 1); /* a carry moves on into the exponent */
    return (uint16_t)(sign | (uint32_t)((bits >> 42) - (1008ull << 10)));
}

/* fma_h. One rounding in double before the one to half changes nothing: a product has 22 bits and c
 * has 11, so a sum that 53 bits do not hold is either past 65,520 or c but for 2^-30 of it, and no
 * such number is near the middle of two halves. */
static inline uint16_t half_fma(uint16_t a, uint16_t b, uint16_t c)
{
    return half_from_double(half_to_double(a) * half_to_double(b) + half_to_double(c));
}

static inline ptrdiff_t fp16_row_halves(int32_t depth)
{
    return (ptrdiff_t)((depth + 31) / 32 | 1) * 32;
}

uint16_t half_gelu(uint16_t x); /* gelu_h, step by step */

/* The functions of a table that are the same for all levels (fp16.c). */
size_t fp16_operand_bytes(int32_t rows, int32_t depth);
void fp16_operand_rows(const float *x, ptrdiff_t x_row, int32_t row0, int32_t row1, int32_t depth,
                       void *operand);
size_t fp16_weights_bytes(int32_t depth, int32_t cols);
void fp16_weights_pack(const float *w, ptrdiff_t w_col, ptrdiff_t w_step, int32_t depth,
                       int32_t cols, int32_t panel0, int32_t panel1, void *out);

/* One body in plain C (fp16_body.h) for three levels, and the kernels of AVX512-FP16. */
extern const struct lowp fp16_ref;
#if defined(__x86_64__)
extern const struct lowp fp16_avx2, fp16_avx512, fp16_native;
#endif

#endif
