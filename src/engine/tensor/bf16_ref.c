/* The reference of bf16: the definition (bf16_number.h) element by element, over the tiles that
 * every level shares. Any CPU runs it, at about a hundredth of the speed of fp32. */
#include "engine/tensor/bf16_number.h"
#include "engine/tensor/bf16_plain_words.h"
#include <stddef.h>

#define EPILOGUE_LEVEL ref

static void row_words(const float *x, uint32_t *words)
{
    for (int w = 0; w < 16; w++)
        words[w] = bf16_of(x[2 * w]) | (uint32_t)bf16_of(x[2 * w + 1]) << 16;
}

static void stream_words(int32_t n, const uint32_t *from, uint32_t *to)
{
    for (int32_t i = 0; i < n; i++) to[i] = from[i];
}

static void stream_end(void) {}

#include "engine/tensor/bf16_pack_body.h"

static float value_of(uint32_t word, int odd)
{
    return bf16_float((uint16_t)(odd ? word >> 16 : word));
}

static float element(const struct lowp_gemm *g, int32_t i, int32_t j)
{
    const int32_t tiles = bf16_depth_tiles(g->depth);
    float c = 0.0f;
    for (int32_t t = 0; t < tiles; t++) {
        const uint32_t *a = (const uint32_t *)g->a + bf16_operand_at(tiles, i, t);
        const uint32_t *b =
            (const uint32_t *)g->b + bf16_weights_at(tiles, j / BF16_TILE, t) + j % BF16_TILE;
        float sum[2] = {0.0f, 0.0f};
        for (int w = 0; w < BF16_TILE; w++)
            for (int odd = 0; odd < 2; odd++)
                sum[odd] = bf16_fma(value_of(a[w], odd), value_of(b[w * BF16_TILE], odd), sum[odd]);
        c = bf16_add(c, bf16_add(sum[0], sum[1]));
    }
    return c;
}

static size_t scratch_bytes(int32_t depth)
{
    (void)depth;
    return 0;
}

static void gemm(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
                 void *scratch)
{
    (void)scratch;
    float sums[PANEL_COLUMNS];
    for (int32_t i = row0; i < row1; i++)
        for (int32_t col = col0; col < col1; col += PANEL_COLUMNS) {
            const int32_t cols = least(PANEL_COLUMNS, col1 - col);
            for (int32_t j = 0; j < cols; j++) sums[j] = element(g, i, col + j);
            finish_rows(g, i, 1, col, cols, sums);
        }
}

BF16_TABLE(ref, ISA_REF, false);
