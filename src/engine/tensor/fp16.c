/* What all levels of half precision share: sizes, rounding of operands and weights one by one, and
 * GELU by its definition.
 *
 * The parabolas are least-squares fits of Phi(-y) over Chebyshev points of each piece, in double,
 * rounded to halves; the first has its value at 0 fixed to 1/2, the last is 0
 * (tools/fit_gelu_half prints them). */
#include "engine/tensor/fp16_internal.h"

const uint16_t FP16_GELU_C0[GELU_PIECES] = {
    0x3800, 0x36fc, 0x35fe, 0x350d, 0x342d, 0x32c8, 0x3165, 0x3034, 0x2e6b, 0x2ccc, 0x2b04,
    0x2905, 0x2706, 0x24ce, 0x226c, 0x2032, 0x1d5c, 0x1aaf, 0x1812, 0x14d8, 0x11a1, 0x0e63,
    0x0b12, 0x07a4, 0x0408, 0x0213, 0x010b, 0x0083, 0x003f, 0x001d, 0x000d, 0x0000,
};
const uint16_t FP16_GELU_C1[GELU_PIECES] = {
    0xac16, 0xac08, 0xabc2, 0xab47, 0xaaa7, 0xa9ee, 0xa927, 0xa85d, 0xa735, 0xa5cd, 0xa48d,
    0xa2f5, 0xa12f, 0x9f89, 0x9d56, 0x9b5e, 0x98f5, 0x9681, 0x9428, 0x912f, 0x8e4c, 0x8b75,
    0x884e, 0x84d8, 0x82a8, 0x816c, 0x80bd, 0x8060, 0x8030, 0x8017, 0x800b, 0x0000,
};
const uint16_t FP16_GELU_C2[GELU_PIECES] = {
    0x0a3d, 0x1299, 0x1659, 0x1878, 0x1972, 0x1a11, 0x1a53, 0x1a40, 0x19e5, 0x1956, 0x18a7,
    0x17d3, 0x165c, 0x1501, 0x13a2, 0x11a5, 0x100d, 0x0da5, 0x0ba4, 0x0906, 0x066d, 0x03fe,
    0x026a, 0x016b, 0x00d0, 0x0074, 0x003f, 0x0021, 0x0011, 0x0008, 0x0004, 0x0000,
};

uint16_t half_gelu(uint16_t x)
{
    const uint16_t size = x & 0x7fffu, minus_1024 = HALF_1024 | 0x8000u, one = 0x3c00;
    if (size > HALF_INFINITY) return x;
    const uint16_t y = size < HALF_4_96 ? size : HALF_4_96;
    const uint16_t biased = half_fma(y, HALF_6_25, HALF_1024);
    const uint16_t n = half_fma(biased, one, minus_1024);
    const uint16_t t = half_fma(y, HALF_6_25, n ^ 0x8000u);
    const int piece = biased % GELU_PIECES;
    uint16_t q = half_fma(FP16_GELU_C2[piece], t, FP16_GELU_C1[piece]);
    q = half_fma(q, t, FP16_GELU_C0[piece]);
    return half_fma(y ^ 0x8000u, q, x & 0x8000u ? 0 : x);
}

size_t fp16_operand_bytes(int32_t rows, int32_t depth)
{
    return (size_t)rows * (size_t)fp16_row_halves(depth) * sizeof(uint16_t);
}

void fp16_operand_rows(const float *x, ptrdiff_t x_row, int32_t row0, int32_t row1, int32_t depth,
                       void *operand)
{
    for (int32_t i = row0; i < row1; i++) {
        uint16_t *out = (uint16_t *)operand + i * fp16_row_halves(depth);
        for (int32_t k = 0; k < depth; k++) out[k] = half_from_double((double)x[i * x_row + k]);
    }
}

size_t fp16_weights_bytes(int32_t depth, int32_t cols)
{
    const size_t panels = ((size_t)cols + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
    return panels * (size_t)depth * PANEL_COLUMNS * sizeof(uint16_t);
}

void fp16_weights_pack(const float *w, ptrdiff_t w_col, ptrdiff_t w_step, int32_t depth,
                       int32_t cols, int32_t panel0, int32_t panel1, void *out)
{
    for (int32_t p = panel0; p < panel1; p++) {
        uint16_t *panel = (uint16_t *)out + (ptrdiff_t)p * depth * PANEL_COLUMNS;
        for (int32_t k = 0; k < depth; k++)
            for (int32_t l = 0; l < PANEL_COLUMNS; l++) {
                const int32_t j = p * PANEL_COLUMNS + l;
                *panel++ = j < cols ? half_from_double((double)w[j * w_col + k * w_step]) : 0;
            }
    }
}
