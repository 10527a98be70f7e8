/* engine/tensor/int8_internal.h - the bytes of int8's operands and weights, and its tables.
 *
 * A line is a row of activations (a token) or a column of weights (an output channel): numbers
 * x[0..depth) become whole numbers q in [-127, 127] and one scale s, x[k] ~ s q[k] (int8_body.h).
 * Depth is padded with zeros to a multiple of DEPTH_STEP.
 *
 *     operand   blocks of ROW_BLOCK rows, each      weights   panels of PANEL_COLUMNS, each
 *       [depth / 64][16][64] numbers                  [depth / 4][32][4] numbers, int8
 *       [16] scales                                   [32] scales
 *                                                     [32] sums of the column's numbers
 *
 * A step of 64 of a block of bytes is an AMX tile, and so are 16 columns of a panel; a kernel for
 * vectors reads 4 numbers of a row and 4 of each of 16 columns at a time. A level stores an
 * operand's numbers as its instruction reads them: int8, int16, or uint8 with 128 added, whose
 * kernel then takes off 128 times the column's sum. Every level reads the same weights.
 *
 * No sum overflows: 255 * 127 * depth < 2^31 for depth <= INT8_DEPTH_MAX.
 */
#ifndef ENGINE_TENSOR_INT8_INTERNAL_H
#define ENGINE_TENSOR_INT8_INTERNAL_H

#include "engine/tensor/lowp.h"

enum { QUAD = 4, DEPTH_STEP = 64, ROW_BLOCK = 16, INT8_DEPTH_MAX = 66304 };
#define INT8_LAYOUT "int8-quads.1"

static inline size_t int8_depth(int32_t depth)
{
    return ((size_t)depth + DEPTH_STEP - 1) / DEPTH_STEP * DEPTH_STEP;
}
static inline size_t int8_panel_bytes(int32_t depth)
{
    return PANEL_COLUMNS * (int8_depth(depth) + sizeof(float) + sizeof(int32_t));
}
/* Scales and sums of the panel that holds column j. */
static inline const float *int8_column_scales(const void *weights, int32_t j, int32_t depth)
{
    const char *panel =
        (const char *)weights + (size_t)(j / PANEL_COLUMNS) * int8_panel_bytes(depth);
    return (const float *)(const void *)(panel + PANEL_COLUMNS * int8_depth(depth));
}
static inline const int32_t *int8_column_sums(const void *weights, int32_t j, int32_t depth)
{
    return (const int32_t *)(const void *)(int8_column_scales(weights, j, depth) + PANEL_COLUMNS);
}

size_t int8_weights_bytes(int32_t depth, int32_t cols);
size_t int8_scratch_bytes(int32_t depth); /* none */

extern const struct lowp lowp_int8_ref;
#if defined(__x86_64__)
extern const struct lowp lowp_int8_avx2;
extern const struct lowp lowp_int8_avxvnni;
extern const struct lowp lowp_int8_avx512; /* VNNI */
extern const struct lowp lowp_int8_amx;
#endif
#if defined(__aarch64__)
extern const struct lowp lowp_int8_neon; /* SDOT */
#endif

#endif
