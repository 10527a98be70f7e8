/* engine/tensor/gemm_tile.h - the microkernel: TILE_ROWS x GROUP_PANELS x 16 chains in registers.
 *
 * gemm_<level>.c includes a vec_<level>.h, defines LEVEL, TILE_ROWS and GROUP_PANELS, and includes
 * this file: the code shape is the same for all levels, the registers differ.
 *
 *                       b: panels [depth][16]        each step of k: GROUP_PANELS loads of b,
 *                       +------+------+------+       TILE_ROWS broadcasts of a and a chain each
 *                     k | |    | |    | |    |       FMA for every pair
 *                       | v    | v    | v    |
 *      k ->             +------+------+------+
 *     +--------------+  +------+------+------+
 *   a | TILE_ROWS    |  |  c: the chains     |
 *     +--------------+  +------+------+------+
 *     | a_next       |    while k runs, these lines of a and of c are fetched into L1, and
 *     +--------------+    a share of b's next chunk into L2
 *
 * The chains end in registers, and there the epilogue is applied: c is written once. GELU needs
 * registers of its own and runs over the stored tile.
 */
#ifndef ENGINE_TENSOR_GEMM_TILE_H
#define ENGINE_TENSOR_GEMM_TILE_H

#include "engine/tensor/kernels_internal.h"

#define ALWAYS static inline __attribute__((always_inline))

/* Lines still to be asked for: runs of `run` neighbouring lines; `skip` floats lie between the end
 * of a run and the next. */
struct fetch {
    const float *line;
    int32_t left, run, left_in_run;
    ptrdiff_t skip;
    int32_t a_turn; /* lines for each FETCH_STEPS of k */
};

struct tile {
    int32_t depth;
    const float *a; /* row r, step k: a[r * a_row + k], or a[k * TILE_ROWS + r] when packed */
    ptrdiff_t a_row;
    const float *a_next; /* of the tile below, or of this one */
    const float *b;      /* panel p, step k: b[p * b_panel + k * 16 ..] */
    ptrdiff_t b_panel;
    float *c; /* row r: c[r * c_row ..] */
    ptrdiff_t c_row;
    int width;                 /* columns of the last panel, 1..16 */
    bool first;                /* chains start at +0, else where c left them */
    enum gemm_epilogue finish; /* GEMM_STORE while chains are not at their end, and for GELU */
    const float *bias;         /* of the tile's first column */
    const float *other;        /* of the tile's first element */
    const float *beside;       /* what the epilogue will read or write beside c, or NULL */
    struct fetch *fetch;
};

enum { FETCH_STEPS = 8 };

ALWAYS void fetch_turn(struct fetch *f)
{
    for (int32_t i = 0; i < f->a_turn && f->left > 0; i++, f->left--) {
        __builtin_prefetch(f->line, 0, 2);
        f->line += PANEL;
        if (--f->left_in_run > 0) continue;
        f->left_in_run = f->run;
        f->line += f->skip;
    }
}

/* All of these have constant bounds where they are inlined, so that the chains are registers. */

ALWAYS vf panel_load(const float *p, int width)
{
    return width == PANEL ? vf_load(p) : vf_load_n(p, width);
}

ALWAYS void panel_store(float *p, vf v, int width)
{
    if (width == PANEL)
        vf_store(p, v);
    else
        vf_store_n(p, v, width);
}

ALWAYS void chains_begin(const struct tile *t, const int rows, const int panels,
                         vf chain[TILE_ROWS][GROUP_PANELS])
{
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (int p = 0; p < panels; p++) {
            const float *c = t->c + r * t->c_row + p * PANEL;
            if (t->first) {
                chain[r][p] = vf_set(0.0f);
                __builtin_prefetch(c, 1, 3);
            } else {
                chain[r][p] = panel_load(c, p < panels - 1 ? PANEL : t->width);
            }
            if (t->beside) __builtin_prefetch(t->beside + r * t->c_row + p * PANEL, 1, 3);
        }
}

ALWAYS void chains_step(const float *a, ptrdiff_t a_row, const float *b, ptrdiff_t b_panel,
                        const int rows, const int panels, vf chain[TILE_ROWS][GROUP_PANELS])
{
    vf column[GROUP_PANELS];
#pragma GCC unroll 3
    for (int p = 0; p < panels; p++) column[p] = vf_load(b + p * b_panel);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        const vf x = vf_set(a[r * a_row]);
#pragma GCC unroll 3
        for (int p = 0; p < panels; p++) chain[r][p] = vf_fma(x, column[p], chain[r][p]);
    }
}

/* c = chains, and bias or other applied as `finish` says. */
ALWAYS void chains_end(const struct tile *t, const int rows, const int panels,
                       const enum gemm_epilogue finish, vf chain[TILE_ROWS][GROUP_PANELS])
{
#pragma GCC unroll 3
    for (int p = 0; p < panels; p++) {
        const int width = p < panels - 1 ? PANEL : t->width;
        const vf bias = finish == GEMM_BIAS ? panel_load(t->bias + p * PANEL, width) : vf_set(0.0f);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            const ptrdiff_t at = r * t->c_row + p * PANEL;
            vf v = chain[r][p];
            if (finish == GEMM_BIAS) v = vf_add(v, bias);
            if (finish == GEMM_ADD) v = vf_add(v, panel_load(t->other + at, width));
            if (finish == GEMM_MULTIPLY) v = vf_mul(v, panel_load(t->other + at, width));
            panel_store(t->c + at, v, width);
        }
    }
}

ALWAYS void tile_body(const struct tile *t, const int rows, const int panels, const bool a_packed)
{
    vf chain[TILE_ROWS][GROUP_PANELS];
    const float *a = t->a, *b = t->b;
    const ptrdiff_t a_row = a_packed ? 1 : t->a_row, a_step = a_packed ? TILE_ROWS : 1;
    const ptrdiff_t b_panel = t->b_panel;
    int32_t k = 0;
    chains_begin(t, rows, panels, chain);
    for (; k + FETCH_STEPS <= t->depth; k += FETCH_STEPS) {
        /* a line is 16 steps: every other turn asks for the other half of the rows */
        const float *next = t->a_next + k + (k & FETCH_STEPS ? TILE_ROWS / 2 * a_row : 0);
#pragma GCC unroll 8
        for (int s = 0; s < FETCH_STEPS; s++, a += a_step, b += PANEL) {
            if (!a_packed && s < TILE_ROWS / 2) __builtin_prefetch(next + s * a_row, 0, 3);
            chains_step(a, a_row, b, b_panel, rows, panels, chain);
        }
        fetch_turn(t->fetch);
    }
    for (; k < t->depth; k++, a += a_step, b += PANEL)
        chains_step(a, a_row, b, b_panel, rows, panels, chain);
    if (t->finish == GEMM_BIAS)
        chains_end(t, rows, panels, GEMM_BIAS, chain);
    else if (t->finish == GEMM_ADD)
        chains_end(t, rows, panels, GEMM_ADD, chain);
    else if (t->finish == GEMM_MULTIPLY)
        chains_end(t, rows, panels, GEMM_MULTIPLY, chain);
    else
        chains_end(t, rows, panels, GEMM_STORE, chain);
}

/* A function for every number of rows and panels, so that the bounds above are constants. */
typedef void tile_fn(const struct tile *t);
#define TILE(rows, panels)                                                                         \
    static void tile_##rows##_##panels(const struct tile *t)                                       \
    {                                                                                              \
        tile_body(t, rows, panels, false);                                                         \
    }                                                                                              \
    static void tile_packed_##rows##_##panels(const struct tile *t)                                \
    {                                                                                              \
        tile_body(t, rows, panels, true);                                                          \
    }
#if GROUP_PANELS == 3
#define TILES(rows) TILE(rows, 1) TILE(rows, 2) TILE(rows, 3)
#define TILES_OF(name, rows)                                                                       \
    {                                                                                              \
        name##_##rows##_1, name##_##rows##_2, name##_##rows##_3                                    \
    }
#else
#define TILES(rows) TILE(rows, 1)
#define TILES_OF(name, rows)                                                                       \
    {                                                                                              \
        name##_##rows##_1                                                                          \
    }
#endif
TILES(1)
TILES(2)
TILES(3)
TILES(4)
TILES(5)
TILES(6)
#if TILE_ROWS == 8
TILES(7)
TILES(8)
#define TILE_TABLE(name)                                                                           \
    {                                                                                              \
        TILES_OF(name, 1), TILES_OF(name, 2), TILES_OF(name, 3), TILES_OF(name, 4),                \
            TILES_OF(name, 5), TILES_OF(name, 6), TILES_OF(name, 7), TILES_OF(name, 8)             \
    }
#else
#define TILE_TABLE(name)                                                                           \
    {                                                                                              \
        TILES_OF(name, 1), TILES_OF(name, 2), TILES_OF(name, 3), TILES_OF(name, 4),                \
            TILES_OF(name, 5), TILES_OF(name, 6)                                                   \
    }
#endif
static tile_fn *const TILE_FN[2][TILE_ROWS][GROUP_PANELS] = {TILE_TABLE(tile),
                                                             TILE_TABLE(tile_packed)};

#endif
