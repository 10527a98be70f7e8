/* engine/tensor/gemm_body.h - the loops around a microkernel, the same for every vector level.
 *
 * gemm_<level>.c defines LEVEL, TILE_ROWS, GROUP_PANELS, tile_run() and pack_transposed() and
 * includes this file. The loops, outermost first:
 *
 *     groups of GROUP_PANELS panels of b    a group's chunk stays in L1 (or is packed into scratch)
 *       chunks of depth                     c holds the chains between chunks, exactly
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

/* All panels of a group of `cols` columns over one chunk. Rows of b that lie together (b_col == 1)
 * are read across all panels at once: whole lines, in order. */
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

struct chunk { /* b's columns [col, col + cols), depth [k0, k1) */
    int32_t col, cols, k0, k1;
};

/* Asks for share `part` of `parts` of the chunk that comes next, while this one is computed: b
 * streams from memory, and runs of it are too short for the hardware to guess. */
static void prefetch_chunk(const struct gemm *g, const struct chunk *n, int32_t part, int32_t parts)
{
    const bool along = !g->b_packed && g->b_step == 1; /* lines run along k, else along columns */
    const int32_t depth = n->k1 - n->k0, tall = along ? n->cols : depth;
    const int32_t wide = ((along ? depth : n->cols) + PANEL - 1) / PANEL;
    const ptrdiff_t line = g->b_packed ? (ptrdiff_t)g->depth * PANEL : PANEL;
    const ptrdiff_t step = g->b_packed ? PANEL : along ? g->b_col : g->b_step;
    const float *b = g->b_packed ? g->b + ((ptrdiff_t)(n->col / PANEL) * g->depth + n->k0) * PANEL
                                 : g->b + n->col * g->b_col + n->k0 * g->b_step;
    const int32_t end = (int32_t)((int64_t)tall * (part + 1) / parts);
    for (int32_t i = (int32_t)((int64_t)tall * part / parts); i < end; i++)
        for (int32_t j = 0; j < wide; j++) __builtin_prefetch(b + i * step + j * line, 0, 2);
}

/* All rows of one group over one chunk. */
static void group_chunk(const struct gemm *g, const struct group *s, const struct chunk *at,
                        const struct chunk *next)
{
    const int panels = (s->cols + PANEL - 1) / PANEL;
    struct tile t = {.depth = at->k1 - at->k0, .c_row = g->c_row, .first = at->k0 == 0};
    t.width = s->cols - (panels - 1) * PANEL;
    if (g->b_packed) {
        t.b = g->b + ((ptrdiff_t)(s->col / PANEL) * g->depth + at->k0) * PANEL;
        t.b_panel = (ptrdiff_t)g->depth * PANEL;
    } else {
        t.b = s->panels;
        t.b_panel = (ptrdiff_t)t.depth * PANEL;
        pack_group(g->b + s->col * g->b_col + at->k0 * g->b_step, g->b_col, g->b_step, t.depth,
                   s->cols, s->panels);
    }
    const int32_t blocks = (s->row1 - s->row0 + TILE_ROWS - 1) / TILE_ROWS;
    for (int32_t block = 0; block < blocks; block++) {
        const int32_t row = s->row0 + block * TILE_ROWS;
        const int rows = min_i32(TILE_ROWS, s->row1 - row);
        if (s->a_packed) {
            t.a = s->a_packed + (ptrdiff_t)block * TILE_ROWS * g->depth +
                  (ptrdiff_t)at->k0 * TILE_ROWS;
        } else {
            t.a = g->a + row * g->a_row + at->k0;
            t.a_row = g->a_row;
        }
        t.c = g->c + row * g->c_row + s->col;
        if (next) prefetch_chunk(g, next, block, blocks);
        tile_run(&t, rows, panels, s->a_packed != NULL);
        if (at->k1 == g->depth) FN(epilogue)(g, row, row + rows, s->col, s->col + s->cols);
    }
}

/* The chunk after `c` in the order of the loops; false after the last. */
static bool chunk_next(const struct gemm *g, int32_t step, int32_t col1, struct chunk *c)
{
    if (c->k1 < g->depth) {
        c->k0 = c->k1;
    } else {
        c->col += c->cols;
        c->k0 = 0;
    }
    if (c->col >= col1) return false;
    c->cols = min_i32(GROUP_PANELS * PANEL, col1 - c->col);
    c->k1 = min_i32(c->k0 + step, g->depth);
    return true;
}

void FN(gemm)(const struct gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
              float *scratch)
{
    if (row0 >= row1 || col0 >= col1) return;
    struct group s = {.row0 = row0, .row1 = row1, .panels = scratch};
    if (g->a_step != 1) {
        float *a_packed = scratch + (ptrdiff_t)PANELS_MAX * PANEL * DEPTH_CHUNK;
        pack_rows(g, row0, row1, a_packed);
        s.a_packed = a_packed;
    }
    const int32_t chunks = g->depth > 0 ? (g->depth + DEPTH_CHUNK - 1) / DEPTH_CHUNK : 1;
    const int32_t step = (g->depth + chunks - 1) / chunks;
    struct chunk at = {col0, min_i32(GROUP_PANELS * PANEL, col1 - col0), 0, step};
    for (bool more = true; more;) {
        struct chunk next = at;
        more = chunk_next(g, step, col1, &next);
        s.col = at.col;
        s.cols = at.cols;
        group_chunk(g, &s, &at, more ? &next : NULL);
        at = next;
    }
}
