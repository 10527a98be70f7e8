/* engine/tensor/int8_internal.h - the bytes of int8's operands and weights, and its tables.
 *
 * A line is a row of activations (a token) or a column of weights (an output channel): numbers
 * x[0..depth) become int8 numbers q and one scale s, x[k] ~ s q[k] (int8_body.h). Depth is padded
 * with zeros to whole lines of DEPTH_STEP bytes.
 *
 *     operand   blocks of ROW_BLOCK rows, each      weights   panels of PANEL_COLUMNS, each
 *       [depth / 64][16][64] numbers                  [depth / 4][32][4] numbers (s8)
 *       [16] scales                                   [32] scales
 *                                                     [32] sums of the column's numbers
 *
 * A 1 KB step of a block and half a KB step of a panel are an AMX tile each; a kernel for vectors
 * reads 4 numbers of a row and 4 of each of 16 columns at a time. Numbers of an operand are s8, or
 * u8 with 128 added where the instruction wants one unsigned side: the kernel then takes off 128
 * times the column's sum. Every level reads the same weights.
 *
 * Why no sum overflows: 255 * 127 * depth < 2^31 for depth <= INT8_DEPTH_MAX.
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
static inline size_t int8_block_bytes(int32_t depth)
{
    return ROW_BLOCK * (int8_depth(depth) + sizeof(float));
}
static inline size_t int8_panel_bytes(int32_t depth)
{
    return PANEL_COLUMNS * (int8_depth(depth) + sizeof(float) + sizeof(int32_t));
}
/* Where number k of row i of an operand lies; the numbers up to the next multiple of DEPTH_STEP
 * follow it. */
static inline size_t int8_place(int32_t i, int32_t k, int32_t depth)
{
    return (size_t)(i / ROW_BLOCK) * int8_block_bytes(depth) +
           (size_t)(k / DEPTH_STEP) * (ROW_BLOCK * DEPTH_STEP) +
           (size_t)(i % ROW_BLOCK) * DEPTH_STEP + (size_t)(k % DEPTH_STEP);
}
static inline float *int8_row_scale(void *operand, int32_t i, int32_t depth)
{
    char *block = (char *)operand + (size_t)(i / ROW_BLOCK) * int8_block_bytes(depth);
    return (float *)(void *)(block + ROW_BLOCK * int8_depth(depth)) + i % ROW_BLOCK;
}

size_t int8_operand_bytes(int32_t rows, int32_t depth);
size_t int8_weights_bytes(int32_t depth, int32_t cols);
size_t int8_scratch_bytes(int32_t depth);

extern const struct lowp int8_ref;

#endif
