/* engine/tensor/gemm_body.h - the loops around a microkernel, the same for every vector level.
 *
 * gemm_<level>.c includes gemm_tile.h, defines pack_transposed() and includes this file. The loops,
 * outermost first:
 *
 *     groups of GROUP_PANELS panels of b    packed before, or into scratch a chunk at a time
 *       chunks of at most DEPTH_CHUNK       c holds the chains between chunks, exactly
 *         blocks of TILE_ROWS rows of a     gemm_tile.h
 *           k                               one FMA a chain
 *
 * What is where: a's rows and the chunk of b (96 KB at most) in L2; of both, the lines of the
 * running steps in L1; b's next chunk is on its way from memory to L2. One long chunk beats short
 * ones that would stay in L1, because each further chunk reads and writes all of c again.
 *
 * A transposed a (a_step > 1) is copied once a call into blocks of [depth][TILE_ROWS].
 */
#include "engine/tensor/kernels_internal.h"
#include <string.h>

#define FN(name) KERNEL_NAME(name, LEVEL)

static int32_t min_i32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Steps of w < 16 columns that lie along k, by way of a square with columns of zeros. */
static int32_t pack_narrow(const float *b, ptrdiff_t b_col, int32_t depth, int w, float *out)
{
    float square[PANEL * PANEL] = {0};
    int32_t k = 0;
    for (; k + PANEL <= depth; k += PANEL) {
        for (int l = 0; l < w; l++) vf_store(square + l * PANEL, vf_load(b + l * b_col + k));
        (void)pack_transposed(square, PANEL, PANEL, out + (ptrdiff_t)k * PANEL);
    }
    return k;
}

/* One panel, w <= 16 columns: out[k][l] = b[k][l], zero for l >= w. */
static void pack_panel(const float *b, ptrdiff_t b_col, ptrdiff_t b_step, int32_t depth, int w,
                       float *out)
{
    int32_t k = 0;
    if (b_step == 1)
        k = w == PANEL ? pack_transposed(b, b_col, depth, out)
                       : pack_narrow(b, b_col, depth, w, out);
    else if (b_col == 1)
        for (; k < depth; k++) vf_store(out + (ptrdiff_t)k * PANEL, panel_load(b + k * b_step, w));
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

enum { PACK_STEPS = 16 };

/* Rows of a transposed a lie together: each step's run of them is cut into blocks. A few steps at a
 * time, so that runs are read, and blocks written, whole lines in order. */
static void pack_rows(const struct gemm *g, int32_t row0, int32_t row1, float *out)
{
    const ptrdiff_t block = (ptrdiff_t)g->depth * TILE_ROWS;
    const int32_t whole = g->a_row == 1 ? (row1 - row0) / TILE_ROWS : 0;
    for (int32_t k0 = 0; k0 < g->depth; k0 += PACK_STEPS) {
        const int32_t k1 = min_i32(k0 + PACK_STEPS, g->depth);
        for (int32_t i = 0; i < whole; i++) {
            const float *a = g->a + row0 + i * TILE_ROWS;
            for (int32_t k = k0; k < k1; k++)
                memcpy(out + i * block + k * TILE_ROWS, a + k * g->a_step, TILE_ROWS * sizeof *a);
        }
        for (int32_t r = whole * TILE_ROWS; r < row1 - row0; r++)
            for (int32_t k = k0; k < k1; k++)
                out[r / TILE_ROWS * block + k * TILE_ROWS + r % TILE_ROWS] =
                    g->a[(row0 + r) * g->a_row + k * g->a_step];
    }
}

struct rows {
    int32_t row0, row1;
    const float *packed; /* blocks of a transposed a, or NULL: a is read where it is */
    float *scratch;      /* for panels of b */
};

struct chunk { /* b's columns [col, col + cols), depth [k0, k1) */
    int32_t col, cols, k0, k1;
};

/* The lines of a chunk of b, to be asked for in `turns` turns while another is computed: it streams
 * from memory, in runs that are too short for the hardware to guess. */
static struct fetch fetch_of(const struct gemm *g, const struct chunk *n, int32_t turns)
{
    const int32_t depth = n->k1 - n->k0, panels = (n->cols + PANEL - 1) / PANEL;
    const bool along = !g->b_packed && g->b_step == 1; /* lines run along k, else along columns */
    struct fetch f;
    int32_t runs;
    if (g->b_packed) {
        f = (struct fetch){.run = depth, .skip = (ptrdiff_t)(g->depth - depth) * PANEL};
        f.line = g->b + ((ptrdiff_t)(n->col / PANEL) * g->depth + n->k0) * PANEL;
        runs = panels;
    } else {
        f = (struct fetch){.run = along ? (depth + PANEL - 1) / PANEL : panels};
        f.line = g->b + n->col * g->b_col + n->k0 * g->b_step;
        f.skip = (along ? g->b_col : g->b_step) - (ptrdiff_t)f.run * PANEL;
        runs = along ? n->cols : depth;
    }
    f.left_in_run = f.run;
    f.left = f.run * runs;
    f.a_turn = turns > 0 ? (f.left + turns - 1) / turns : 0;
    return f;
}

/* Where the columns of `at` begin in b, panels packed when they were not. */
static void group_panels(const struct gemm *g, const struct chunk *at, float *scratch,
                         struct tile *t)
{
    t->b = scratch;
    t->b_panel = (ptrdiff_t)t->depth * PANEL;
    if (g->b_packed) {
        t->b = g->b + ((ptrdiff_t)(at->col / PANEL) * g->depth + at->k0) * PANEL;
        t->b_panel = (ptrdiff_t)g->depth * PANEL;
    } else {
        pack_group(g->b + at->col * g->b_col + at->k0 * g->b_step, g->b_col, g->b_step, t->depth,
                   at->cols, scratch);
    }
}

/* All rows of one group over one chunk. */
static void group_chunk(const struct gemm *g, const struct rows *s, const struct chunk *at,
                        const struct chunk *next)
{
    const int panels = (at->cols + PANEL - 1) / PANEL;
    const int32_t blocks = (s->row1 - s->row0 + TILE_ROWS - 1) / TILE_ROWS;
    struct tile t = {.depth = at->k1 - at->k0, .a_row = g->a_row, .c_row = g->c_row};
    const bool last = at->k1 == g->depth;
    const ptrdiff_t a_block = s->packed ? (ptrdiff_t)TILE_ROWS * g->depth : TILE_ROWS * g->a_row;
    struct fetch fetch = {.left = 0};
    if (next) fetch = fetch_of(g, next, blocks * (t.depth / FETCH_STEPS));
    t.fetch = &fetch;
    t.first = at->k0 == 0;
    t.width = at->cols - (panels - 1) * PANEL;
    t.finish = last && g->epilogue != GEMM_BIAS_GELU ? g->epilogue : GEMM_STORE;
    t.bias = g->bias ? g->bias + at->col : NULL;
    t.a =
        s->packed ? s->packed + (ptrdiff_t)at->k0 * TILE_ROWS : g->a + s->row0 * g->a_row + at->k0;
    group_panels(g, at, s->scratch, &t);
    for (int32_t row = s->row0; row < s->row1; row += TILE_ROWS, t.a += a_block) {
        const int rows = min_i32(TILE_ROWS, s->row1 - row);
        const ptrdiff_t c = row * g->c_row + at->col;
        t.c = g->c + c;
        t.other = g->other ? g->other + c : NULL;
        t.beside = !last ? NULL : g->slope ? g->slope + c : t.other;
        t.a_next = s->row1 - row >= 2 * TILE_ROWS ? t.a + a_block : t.a;
        TILE_FN[s->packed != NULL][rows - 1][panels - 1](&t);
        if (last && g->epilogue == GEMM_BIAS_GELU)
            FN(epilogue)(g, row, row + rows, at->col, at->col + at->cols);
    }
}

/* The chunk after `c` in the order of the loops; after the last, the first of the columns behind
 * them, which the caller most likely does next: to be fetched but not computed. False when there is
 * none. */
static bool chunk_next(const struct gemm *g, int32_t step, int32_t col1, struct chunk *c,
                       bool *ret_more)
{
    *ret_more = true;
    if (c->k1 < g->depth) {
        c->k0 = c->k1;
    } else {
        c->col += c->cols;
        c->k0 = 0;
    }
    if (c->col >= col1) {
        *ret_more = false;
        col1 = g->cols;
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
    struct rows s = {.row0 = row0, .row1 = row1, .scratch = scratch};
    if (g->a_step != 1) {
        float *packed = scratch + (ptrdiff_t)PANELS_MAX * PANEL * DEPTH_CHUNK;
        pack_rows(g, row0, row1, packed);
        s.packed = packed;
    }
    const int32_t chunks = g->depth > 0 ? (g->depth + DEPTH_CHUNK - 1) / DEPTH_CHUNK : 1;
    const int32_t step = (g->depth + chunks - 1) / chunks;
    struct chunk at = {col0, min_i32(GROUP_PANELS * PANEL, col1 - col0), 0, step};
    for (bool more = true; more;) {
        struct chunk next = at;
        const bool fetch = chunk_next(g, step, col1, &next, &more);
        group_chunk(g, &s, &at, fetch ? &next : NULL);
        at = next;
    }
}
