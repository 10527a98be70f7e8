/* engine/tensor/bf16_pack_body.h - what every bf16 level does around its products: operands and
 * weights from fp32, and the end of a block.
 *
 * bf16_<level>.c defines LEVEL and
 *     row_words(x, words)            16 words of 32 values that lie together
 *     transpose_words(from, to)      16 x 16 words
 *     lace_words(even, odd, left, right)   words (e0 e1)(e2 e3).., (o0 o1).. of two rows become
 *                                          (e0 o0)(e1 o1)..(e15 o15) and (e16 o16)..(e31 o31)
 *     stream_words(n, from, to)      copies n words, lines of them, past the caches where it can
 *     stream_end()                   before another thread may read what was streamed
 * and includes this file. A float is rounded once, to words of a row; every other tile is made from
 * words, in L1:
 *
 *     words of rows               operand: x of y = x W^T, dy of dx = dy W
 *     transposed                  weights: W of y = x W^T
 *     neighbouring rows laced     weights: W of dx = dy W, x of dW = dy^T x
 *     laced, then transposed      operand: dy of dW
 */
#include "engine/tensor/bf16_layout.h"
#include "engine/tensor/kernels_internal.h"
#include <string.h>

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* `n` values that lie together; what is missing of 32 is 0. */
static void row_words_n(const float *x, int32_t n, uint32_t *words)
{
    if (n >= BF16_DEPTH) {
        row_words(x, words);
        return;
    }
    float whole[BF16_DEPTH] = {0};
    memcpy(whole, x, (size_t)n * sizeof *x);
    row_words(whole, words);
}

/* Tile by tile: 1 KB is written in one go; rows one by one would write lines 1 KB apart, which
 * share few sets of L1. */
static void operand_part(const float *x, ptrdiff_t x_row, int32_t row0, int32_t row1, int32_t col0,
                         int32_t col1, int32_t depth, void *operand)
{
    const int32_t tiles = bf16_depth_tiles(depth);
    for (int32_t i = row0, end; i < row1; i = end) {
        end = least(row1, i / BF16_TILE * BF16_TILE + BF16_TILE);
        for (int32_t col = col0; col < col1; col += BF16_DEPTH)
            for (int32_t r = i; r < end; r++)
                row_words_n(x + r * x_row + col, least(BF16_DEPTH, col1 - col),
                            (uint32_t *)operand + bf16_operand_at(tiles, r, col / BF16_DEPTH));
    }
}

static void operand_rows(const float *x, ptrdiff_t x_row, int32_t row0, int32_t row1, int32_t depth,
                         void *operand)
{
    operand_part(x, x_row, row0, row1, 0, depth, depth, operand);
}

/* 32 rows (fewer at the end of `depth`, then zeros) x 32 columns of the operand x, whose tiles of
 * columns are `tiles`: neighbouring rows laced, 16 columns in `left` and 16 in `right`. */
static void laced_tiles(const uint32_t *x, int32_t tiles, int32_t depth, int32_t t, int32_t c,
                        uint32_t *left, uint32_t *right)
{
    static const _Alignas(64) uint32_t zeros[BF16_TILE];
    for (int32_t p = 0; p < BF16_TILE; p++) {
        const int32_t row = t * BF16_DEPTH + 2 * p;
        lace_words(row < depth ? x + bf16_operand_at(tiles, row, c) : zeros,
                   row + 1 < depth ? x + bf16_operand_at(tiles, row + 1, c) : zeros,
                   left + p * BF16_TILE, right + p * BF16_TILE);
    }
}

static void operand_weights(const void *x, int32_t depth, int32_t cols, int32_t step0,
                            int32_t step1, void *weights)
{
    const int32_t tiles = bf16_depth_tiles(cols), steps = bf16_depth_tiles(depth);
    for (int32_t t = step0 / BF16_DEPTH; t < bf16_depth_tiles(step1); t++)
        for (int32_t c = 0; c < tiles; c++) {
            uint32_t *to = (uint32_t *)weights + bf16_weights_at(steps, 2 * c, t);
            laced_tiles(x, tiles, depth, t, c, to, to + BF16_TILE_WORDS);
        }
}

/* What operand_weights makes, transposed. Depth outside, so that x is read along its rows. */
static void operand_turn(const void *x, int32_t depth, int32_t cols, int32_t row0, int32_t row1,
                         void *turned)
{
    const int32_t tiles = bf16_depth_tiles(cols), steps = bf16_depth_tiles(depth);
    _Alignas(64) uint32_t left[BF16_TILE_WORDS], right[BF16_TILE_WORDS];
    for (int32_t t = 0; t < steps; t++)
        for (int32_t row = row0; row < row1; row += BF16_DEPTH) {
            uint32_t *to = (uint32_t *)turned + bf16_operand_at(steps, row - row0, t);
            laced_tiles(x, tiles, depth, t, row / BF16_DEPTH, left, right);
            transpose_words(left, to);
            if (row + BF16_TILE >= row1) continue;
            to = (uint32_t *)turned + bf16_operand_at(steps, row - row0 + BF16_TILE, t);
            transpose_words(right, to);
        }
}

/* 16 columns at most of w, whose depth lies together, over a tile of depth. */
static void weights_tile(const float *w, ptrdiff_t w_col, int32_t depth, int32_t cols,
                         uint32_t *tile)
{
    _Alignas(64) uint32_t rows[BF16_TILE_WORDS];
    for (int32_t j = 0; j < cols; j++) row_words_n(w + j * w_col, depth, rows + j * BF16_TILE);
    memset(rows + cols * BF16_TILE, 0, (size_t)(BF16_TILE - cols) * BF16_TILE * sizeof *rows);
    transpose_words(rows, tile);
}

/* Depth innermost: what lies together in w is read along. */
static void weights_pack(const float *w, ptrdiff_t w_col, ptrdiff_t w_step, int32_t depth,
                         int32_t cols, int32_t panel0, int32_t panel1, void *out)
{
    const int32_t tiles = bf16_depth_tiles(depth);
    (void)w_step;
    for (int32_t h = 2 * panel0; h < 2 * panel1; h++)
        for (int32_t t = 0; t < tiles; t++) {
            const int32_t col = h * BF16_TILE, step = t * BF16_DEPTH;
            uint32_t *tile = (uint32_t *)out + bf16_weights_at(tiles, h, t);
            if (cols <= col)
                memset(tile, 0, BF16_TILE_WORDS * sizeof *tile);
            else
                weights_tile(w + col * w_col + step, w_col, least(BF16_DEPTH, depth - step),
                             least(BF16_TILE, cols - col), tile);
        }
}

/* 32 x 32 of w at most: read and rounded once, in L1 the words of 32 rows. Their two halves
 * transposed are the tiles of y = x w^T; neighbouring rows laced are those of dx. Tiles go to
 * memory past the caches: an optimiser passes through more than fits before a product reads them,
 * and a line that is written whole need not be read first. */
static void weights_square(const float *w, int32_t in, int32_t rows, int32_t deep,
                           uint32_t *forward, uint32_t *turned)
{
    _Alignas(64) uint32_t words[2 * BF16_TILE_WORDS], tiles[2 * BF16_TILE_WORDS];
    for (int32_t r = 0; r < rows; r++)
        row_words_n(w + (ptrdiff_t)r * in, deep, words + r * BF16_TILE);
    memset(words + rows * BF16_TILE, 0, (size_t)(BF16_DEPTH - rows) * BF16_TILE * sizeof *words);
    transpose_words(words, tiles);
    transpose_words(words + BF16_TILE_WORDS, tiles + BF16_TILE_WORDS);
    stream_words(2 * BF16_TILE_WORDS, tiles, forward);
    for (int32_t p = 0; p < BF16_TILE; p++)
        lace_words(words + 2 * p * BF16_TILE, words + (2 * p + 1) * BF16_TILE,
                   tiles + p * BF16_TILE, tiles + BF16_TILE_WORDS + p * BF16_TILE);
    stream_words(2 * BF16_TILE_WORDS, tiles, turned);
}

/* A panel of `weights` is written from end to end; of each panel of `turned` one tile of depth. */
static void weights_both(const float *w, int32_t out, int32_t in, int32_t row0, int32_t row1,
                         void *weights, void *turned)
{
    const int32_t tiles = bf16_depth_tiles(in), turned_tiles = bf16_depth_tiles(out);
    for (int32_t row = row0; row < row1; row += PANEL_COLUMNS)
        for (int32_t t = 0; t < tiles; t++)
            weights_square(w + (ptrdiff_t)row * in + t * BF16_DEPTH, in,
                           least(PANEL_COLUMNS, row1 - row), least(BF16_DEPTH, in - t * BF16_DEPTH),
                           (uint32_t *)weights + bf16_weights_at(tiles, row / BF16_TILE, t),
                           (uint32_t *)turned +
                               bf16_weights_at(turned_tiles, 2 * t, row / BF16_DEPTH));
    stream_end();
}

/* Rows [row, row + rows), at most 32, of columns [col, col + cols), cols <= 32, whose sums lie in
 * `sums` with row stride 32: epilogue, c, and the operand of the next product. The epilogue has one
 * row stride, so that without c a slope goes through a block of its own. */
static void finish_rows(const struct lowp_gemm *g, int32_t row, int32_t rows, int32_t col,
                        int32_t cols, float *sums)
{
    const ptrdiff_t at = row * g->c_row + col;
    const size_t bytes = (size_t)cols * sizeof *sums;
    const bool slope_apart = g->slope && !g->c;
    _Alignas(64) float slope[BF16_DEPTH * PANEL_COLUMNS];
    struct gemm e = {.epilogue = g->epilogue,
                     .bias = g->bias ? g->bias + col : NULL,
                     .c = g->c ? g->c + at : sums,
                     .c_row = g->c ? g->c_row : PANEL_COLUMNS,
                     .slope = slope_apart ? slope
                              : g->slope  ? g->slope + at
                                          : NULL,
                     .other = g->other ? g->other + at : NULL};
    for (int32_t i = 0; g->c && i < rows; i++)
        memcpy(e.c + i * e.c_row, sums + i * PANEL_COLUMNS, bytes);
    KERNEL_NAME(epilogue, EPILOGUE_LEVEL)(&e, 0, rows, 0, cols);
    for (int32_t i = 0; slope_apart && i < rows; i++)
        memcpy(g->slope + at + i * g->c_row, slope + i * PANEL_COLUMNS, bytes);
    if (!g->out) return;
    const int32_t tiles = bf16_depth_tiles(g->cols);
    for (int32_t i = 0; i < rows; i++)
        row_words_n(e.c + i * e.c_row, cols,
                    (uint32_t *)g->out + bf16_operand_at(tiles, row + i, col / BF16_DEPTH));
}

#define BF16_TABLE(level, isa_of_level, has_instructions)                                          \
    const struct lowp KERNEL_NAME(lowp_bf16, level) = {                                            \
        .precision = PRECISION_BF16,                                                               \
        .isa = isa_of_level,                                                                       \
        .layout = "bf16-pairs.1",                                                                  \
        .fast = has_instructions,                                                                  \
        .row_step = BF16_TILE,                                                                     \
        .operand_bytes = bf16_operand_bytes,                                                       \
        .operand_rows = operand_rows,                                                              \
        .operand_part = operand_part,                                                              \
        .operand_turn = operand_turn,                                                              \
        .operand_weights = operand_weights,                                                        \
        .weights_bytes = bf16_weights_bytes,                                                       \
        .weights_pack = weights_pack,                                                              \
        .weights_both = weights_both,                                                              \
        .scratch_bytes = scratch_bytes,                                                            \
        .gemm = gemm,                                                                              \
    }
