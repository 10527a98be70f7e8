/* engine/tensor/bf16_layout.h - how bf16 operands and weights lie in memory, on every level.
 *
 * Both are tiles of 1 KB: 16 rows of 16 words, a word two neighbours in depth (even in the low
 * half), which is what AMX loads with one instruction. K is depth, rounded up to 32 with zeros.
 *
 *     operand a [rows, K]                        weights b [K, cols]
 *     tile = 16 rows x 32 of depth               tile = 32 of depth x 16 columns
 *
 *       word   0      1           15               word    0         1              15
 *     row 0  [k0 k1][k2 k3] ... [k30 k31]        k0, k1   [col 0]  [col 1]  ...  [col 15]
 *     row 1  [     ][     ]                      k2, k3   [     ]
 *     ...                                        ...
 *     row 15                                     k30, k31
 *
 *     rows  0-15: tile k 0-31, 32-63, ...        columns 0-31: k 0-31: left 16, right 16 columns
 *     rows 16-31: tile k 0-31, ...                             k 32-63: left, right
 *                                                columns 32-63: ...
 *
 * So 32 columns of a result are one tile of depth of the operand that the next product reads.
 * Columns past the last are zero in weights. Rows of an operand past the last are as they were:
 * nothing of them reaches another row.
 */
#ifndef ENGINE_TENSOR_BF16_LAYOUT_H
#define ENGINE_TENSOR_BF16_LAYOUT_H

#include "engine/tensor/lowp.h"

enum {
    BF16_TILE = 16,                          /* rows of a tile, and words of a row */
    BF16_DEPTH = 32,                         /* values of depth in a tile */
    BF16_TILE_WORDS = BF16_TILE * BF16_TILE, /* 1 KB */
};

static inline int32_t bf16_depth_tiles(int32_t depth)
{
    return (depth + BF16_DEPTH - 1) / BF16_DEPTH;
}

/* The word of row i, values 2 w and 2 w + 1 of depth tile t. */
static inline size_t bf16_operand_at(int32_t depth_tiles, int32_t i, int32_t t)
{
    const size_t tile = (size_t)(i / BF16_TILE) * (size_t)depth_tiles + (size_t)t;
    return tile * BF16_TILE_WORDS + (size_t)(i % BF16_TILE) * BF16_TILE;
}

/* The tile of columns 16 h .. 16 h + 15 and depth tile t. */
static inline size_t bf16_weights_at(int32_t depth_tiles, int32_t h, int32_t t)
{
    const size_t pair = (size_t)(h / 2) * (size_t)depth_tiles + (size_t)t;
    return (pair * 2 + (size_t)(h % 2)) * BF16_TILE_WORDS;
}

static inline size_t bf16_operand_bytes(int32_t rows, int32_t depth)
{
    const size_t tiles = (size_t)((rows + BF16_TILE - 1) / BF16_TILE);
    return tiles * (size_t)bf16_depth_tiles(depth) * BF16_TILE_WORDS * sizeof(uint32_t);
}

static inline size_t bf16_weights_bytes(int32_t depth, int32_t cols)
{
    const size_t panels = (size_t)((cols + PANEL_COLUMNS - 1) / PANEL_COLUMNS);
    return panels * 2 * (size_t)bf16_depth_tiles(depth) * BF16_TILE_WORDS * sizeof(uint32_t);
}

extern const struct lowp lowp_bf16_ref;
#if defined(__x86_64__)
extern const struct lowp lowp_bf16_avx2, lowp_bf16_avx512, lowp_bf16_amx;
#endif

#endif
