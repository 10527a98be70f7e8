/* engine/tensor/bf16_fma_body.h - bf16 products with fp32 FMAs: the same bits as tiles, at the
 * speed of fp32 or a little less, on CPUs without instructions for bf16.
 *
 * bf16_<level>.c defines LEVEL, EPILOGUE_LEVEL, GROUP_ROWS, GROUP_HALVES, the pieces that
 * bf16_pack_body.h wants, and includes both. The loops, outermost first:
 *
 *     groups of GROUP_ROWS rows     widened to fp32 once, evens and odds of 32 of depth apart
 *       panels of 32 columns        streamed from L2; a word widens with one shift or one mask
 *         tiles of depth            even chains for 16 steps, then odd ones; then c += even + odd
 *
 *     wide [tile of depth][GROUP_ROWS][16 evens, 16 odds]        sums, evens [GROUP_ROWS][32]
 *
 * A chain of evens and one of odds are 16 FMAs long; GROUP_ROWS x GROUP_HALVES vectors of them are
 * independent, which hides the latency. FMAs run with FTZ and DAZ set in MXCSR, which is what the
 * definition asks for; the setting does not leave this file (products_flushed), and the compiler
 * cannot move arithmetic across it, since `products` is a call.
 */
#define MXCSR_FLUSH 0x9fc0u /* FTZ, DAZ, to nearest, all exceptions masked */

static inline vi words_load(const uint32_t *p)
{
    return vi_load((const int32_t *)p);
}

#define ALWAYS static inline __attribute__((always_inline))

struct block { /* `rows` x 32 columns over all depth tiles */
    const float *wide;
    const uint32_t *b; /* the panel's first tile */
    int32_t tiles;
    float *sums, *evens; /* [rows][32] */
};

/* One parity of one tile: chains of `rows` x 16 GROUP_HALVES columns over 16 steps. */
ALWAYS void chains(const float *wide, const uint32_t *b, const int rows, const bool odd,
                   vf chain[GROUP_ROWS][GROUP_HALVES])
{
    const vi upper = vi_set(0xffff0000u);
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int h = 0; h < GROUP_HALVES; h++) chain[r][h] = vf_set(0.0f);
    for (int s = 0; s < BF16_TILE; s++) {
        vf column[GROUP_HALVES];
#pragma GCC unroll 2
        for (int h = 0; h < GROUP_HALVES; h++) {
            const vi word = words_load(b + h * BF16_TILE_WORDS + s * BF16_TILE);
            column[h] = vi_float(odd ? vi_and(word, upper) : vi_shl(word, 16));
        }
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++) {
            const vf x = vf_set(wide[r * BF16_DEPTH + (odd ? BF16_TILE : 0) + s]);
#pragma GCC unroll 2
            for (int h = 0; h < GROUP_HALVES; h++) chain[r][h] = vf_fma(x, column[h], chain[r][h]);
        }
    }
}

/* 16 GROUP_HALVES columns from `col` of a block's 32. */
ALWAYS void block_body(const struct block *k, int col, const int rows)
{
    const uint32_t *b = k->b + col / BF16_TILE * BF16_TILE_WORDS;
    const float *wide = k->wide;
    for (int32_t t = 0; t < k->tiles; t++) {
        vf chain[GROUP_ROWS][GROUP_HALVES];
        chains(wide, b, rows, false, chain);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int h = 0; h < GROUP_HALVES; h++)
                vf_store(k->evens + r * PANEL_COLUMNS + col + h * BF16_TILE, chain[r][h]);
        chains(wide, b, rows, true, chain);
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int h = 0; h < GROUP_HALVES; h++) {
                const int at = r * PANEL_COLUMNS + col + h * BF16_TILE;
                const vf sum = vf_add(vf_load(k->evens + at), chain[r][h]);
                vf_store(k->sums + at, vf_add(vf_load(k->sums + at), sum));
            }
        b += 2 * BF16_TILE_WORDS;
        wide += GROUP_ROWS * BF16_DEPTH;
    }
}

/* Rows are rounded up to a count that has code of its own; rows of `wide` that nobody filled give
 * sums that nobody reads. */
__attribute__((noinline)) static void products(const struct block *k, int32_t rows)
{
    for (int i = 0; i < GROUP_ROWS * PANEL_COLUMNS; i++) k->sums[i] = 0.0f;
    for (int col = 0; col < PANEL_COLUMNS; col += GROUP_HALVES * BF16_TILE) {
        if (rows == 1)
            block_body(k, col, 1);
        else if (rows <= 4)
            block_body(k, col, 4);
        else
            block_body(k, col, GROUP_ROWS);
    }
}

static void products_flushed(const struct block *k, int32_t rows)
{
    const unsigned saved = _mm_getcsr();
    _mm_setcsr(MXCSR_FLUSH);
    products(k, rows);
    _mm_setcsr(saved);
}

static void widen(const struct lowp_gemm *g, int32_t row, int32_t rows, int32_t tiles, float *wide)
{
    const vi upper = vi_set(0xffff0000u);
    for (int32_t t = 0; t < tiles; t++, wide += GROUP_ROWS * BF16_DEPTH)
        for (int32_t r = 0; r < rows; r++) {
            const vi words =
                words_load((const uint32_t *)g->a + bf16_operand_at(tiles, row + r, t));
            vf_store(wide + r * BF16_DEPTH, vi_float(vi_shl(words, 16)));
            vf_store(wide + r * BF16_DEPTH + BF16_TILE, vi_float(vi_and(words, upper)));
        }
}

static size_t scratch_bytes(int32_t depth)
{
    const size_t block = (size_t)GROUP_ROWS * PANEL_COLUMNS, wide = (size_t)GROUP_ROWS * BF16_DEPTH;
    return ((size_t)bf16_depth_tiles(depth) * wide + 2 * block) * sizeof(float);
}

static void gemm(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
                 void *scratch)
{
    const int32_t tiles = bf16_depth_tiles(g->depth);
    float *sums = scratch, *evens = sums + GROUP_ROWS * PANEL_COLUMNS;
    float *wide = evens + GROUP_ROWS * PANEL_COLUMNS;
    for (int32_t row = row0; row < row1; row += GROUP_ROWS) {
        const int32_t rows = least(GROUP_ROWS, row1 - row);
        widen(g, row, rows, tiles, wide);
        for (int32_t col = col0; col < col1; col += PANEL_COLUMNS) {
            const uint32_t *b = (const uint32_t *)g->b + bf16_weights_at(tiles, col / BF16_TILE, 0);
            const struct block k = {wide, b, tiles, sums, evens};
            products_flushed(&k, rows);
            finish_rows(g, row, rows, col, least(PANEL_COLUMNS, col1 - col), sums);
        }
    }
}

BF16_TABLE(LEVEL, ISA_OF_LEVEL, false);
