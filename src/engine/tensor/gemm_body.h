/* engine/tensor/gemm_body.h - the loops around a microkernel, the same for every vector level.
 *
 * gemm_<level>.c defines LEVEL, TILE_ROWS, GROUP_PANELS, tile_run() and pack_transposed() and includes this
 * file. The loops, outermost first:
 *
 *     groups of GROUP_PANELS panels of b    a group's chunk stays in L1 (or is packed into scratch)
 *       chunks of depth                     c holds the chains between chunks: memory keeps all bits
 *         blocks of TILE_ROWS rows of a     registers hold TILE_ROWS x GROUP_PANELS x 16 chains
 *           k                               one FMA a chain
 *
 * The epilogue runs over each tile after its last chunk, while it is in L1. A transposed a
 * (a_step > 1) is copied once a call into blocks of [depth][TILE_ROWS]; b that is not packed is
 * packed a chunk at a time, which costs 2-3 % when a call has 150 rows and more.
 */
#include "engine/tensor/kernels_internal.h"
#include <string.h>

#define FN(name) KERNEL_NAME(name, LEVEL)

static int32_t min_i32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* One panel, w <= 16 columns: out[k][l] = b[k][l], zero for l >= w. */
static void pack_panel(const float *b, ptrdiff_t b_col, ptrdiff_t b_step, int32_t depth, int w,
                       float *out)
{
    int32_t k = w == PANEL && b_step == 1 ? pack_transposed(b, b_col, depth, out) : 0;
    for (; k < depth; k++)
        for (int l = 0; l < PANEL; l++)
            out[(ptrdiff_t)k * PANEL + l] = l < w ? b[l * b_col + k * b_step] : 0.0f;
}

/* All panels of a group of `cols` columns over one chunk. Rows of b that lie together (b_col == 1) are
 * read across all panels at once: whole lines, in order. */
static void pack_group(const float *b, ptrdiff_t b_col, ptrdiff_t b_step, int32_t depth,
                       int32_t cols, float *out)
{
    const ptrdiff_t panel = (ptrdiff_t)depth * PANEL;
    if (b_col == 1 && cols == GROUP_PANELS * PANEL) {
        for (int32_t k = 0; k < depth; k++, b += b_step, out += PANEL)
            for (int p = 0; p < GROUP_PANELS; p++)
                vf_store(out + p * panel, vf_load(b + p * PANEL));
        return;
    }
    for (int32_t col = 0; col < cols; col += PANEL, out += panel)
        pack_panel(b + col * b_col, b_col, b_step, depth, min_i32(PANEL, cols - col), out);
}

void FN(pack)(const float *b, ptrdiff_t b_col, ptrdiff_t b_step, int32_t depth, int32_t cols,
              int32_t panel0, int32_t panel1, float *out)
{
    for (int32_t p = panel0; p < panel1; p++)
        pack_panel(b + (ptrdiff_t)p * PANEL * b_col, b_col, b_step, depth,
                   min_i32(PANEL, cols - p * PANEL), out + (ptrdiff_t)p * depth * PANEL);
}

/* Rows of a transposed a lie together: each step's run of them is cut into blocks. */
static void pack_rows(const struct gemm *g, int32_t row0, int32_t row1, float *out)
{
    const ptrdiff_t block = (ptrdiff_t)g->depth * TILE_ROWS;
    const int32_t whole = g->a_row == 1 ? (row1 - row0) / TILE_ROWS : 0;
    for (int32_t k = 0; k < g->depth; k++, out += TILE_ROWS) {
        const float *a = g->a + row0 * g->a_row + k * g->a_step;
        for (int32_t i = 0; i < whole; i++)
            memcpy(out + i * block, a + i * TILE_ROWS, TILE_ROWS * sizeof *a);
        for (int32_t r = whole * TILE_ROWS; r < row1 - row0; r++)
            out[r / TILE_ROWS * block + r % TILE_ROWS] = a[r * g->a_row];
    }
}

struct group {
    int32_t row0, row1, col, cols;
    const float *a_packed; /* or NULL: a is read where it is */
    float *panels;
};

/* All rows of one group over depth [k0, k1). */
static void group_chunk(const struct gemm *g, const struct group *s, int32_t k0, int32_t k1)
{
    const int panels = (s->cols + PANEL - 1) / PANEL;
    struct tile t = {.depth = k1 - k0, .c_row = g->c_row, .first = k0 == 0};
    t.width = s->cols - (panels - 1) * PANEL;
    if (g->b_packed) {
        t.b = g->b + ((ptrdiff_t)(s->col / PANEL) * g->depth + k0) * PANEL;
        t.b_panel = (ptrdiff_t)g->depth * PANEL;
    } else {
        t.b = s->panels;
        t.b_panel = (ptrdiff_t)t.depth * PANEL;
        pack_group(g->b + s->col * g->b_col + k0 * g->b_step, g->b_col, g->b_step, t.depth, s->cols,
                   s->panels);
    }
    for (int32_t row = s->row0; row < s->row1; row += TILE_ROWS) {
        const int rows = min_i32(TILE_ROWS, s->row1 - row);
        if (s->a_packed) {
            t.a = s->a_packed + (ptrdiff_t)(row - s->row0) * g->depth + (ptrdiff_t)k0 * TILE_ROWS;
        } else {
            t.a = g->a + row * g->a_row + k0;
            t.a_row = g->a_row;
        }
        t.c = g->c + row * g->c_row + s->col;
        tile_run(&t, rows, panels, s->a_packed != NULL);
        if (k1 == g->depth) FN(epilogue)(g, row, row + rows, s->col, s->col + s->cols);
    }
}

void FN(gemm)(const struct gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
              float *scratch)
{
    struct group s = {.row0 = row0, .row1 = row1, .panels = scratch};
    if (g->a_step != 1) {
        float *a_packed = scratch + (ptrdiff_t)PANELS_MAX * PANEL * DEPTH_CHUNK;
        pack_rows(g, row0, row1, a_packed);
        s.a_packed = a_packed;
    }
    const int32_t chunks = g->depth > 0 ? (g->depth + DEPTH_CHUNK - 1) / DEPTH_CHUNK : 1;
    const int32_t step = (g->depth + chunks - 1) / chunks;
    for (s.col = col0; s.col < col1; s.col += GROUP_PANELS * PANEL) {
        s.cols = min_i32(GROUP_PANELS * PANEL, col1 - s.col);
        for (int32_t i = 0, k0 = 0; i < chunks; i++, k0 += step)
            group_chunk(g, &s, k0, min_i32(k0 + step, g->depth));
    }
}
