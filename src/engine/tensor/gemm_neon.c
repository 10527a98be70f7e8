/* NEON: 6 rows x 1 panel (four q) = 24 chains, 4 registers of b, 1 of a: 29 of the 32. */
#include <arm_neon.h>
#include "engine/tensor/gemm_tile.h"
#include "engine/tensor/kernels_internal.h"
#include "engine/tensor/vec_neon.h"

#define LEVEL        neon
#define TILE_ROWS    6
#define GROUP_PANELS 1

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS void tile_body(const struct tile *t, const int rows, const bool a_packed)
{
    float32x4_t chain[TILE_ROWS][4];
    const float *a = t->a, *b = t->b;
    const ptrdiff_t a_row = a_packed ? 1 : t->a_row, a_step = a_packed ? TILE_ROWS : 1;
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        const vf c = t->first ? vf_set(0.0f) : vf_load_n(t->c + r * t->c_row, t->width);
        for (int q = 0; q < 4; q++) chain[r][q] = c.q[q];
    }
    for (int32_t k = 0; k < t->depth; k++, a += a_step, b += PANEL) {
        const vf column = vf_load(b);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            const float32x4_t x = vld1q_dup_f32(a + r * a_row);
#pragma GCC unroll 4
            for (int q = 0; q < 4; q++) chain[r][q] = vfmaq_f32(chain[r][q], x, column.q[q]);
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        vf c;
        for (int q = 0; q < 4; q++) c.q[q] = chain[r][q];
        if (t->width == PANEL)
            vf_store(t->c + r * t->c_row, c);
        else
            vf_store_n(t->c + r * t->c_row, c, t->width);
    }
}

typedef void tile_fn(const struct tile *t);
#define TILE(rows)                                                                                 \
    static void tile_##rows(const struct tile *t)                                                  \
    {                                                                                              \
        tile_body(t, rows, false);                                                                 \
    }                                                                                              \
    static void tile_packed_##rows(const struct tile *t)                                           \
    {                                                                                              \
        tile_body(t, rows, true);                                                                  \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
#define ENTRIES(name)                                                                              \
    {                                                                                              \
        name##_1, name##_2, name##_3, name##_4, name##_5, name##_6                                 \
    }
static tile_fn *const TABLE[2][TILE_ROWS] = {ENTRIES(tile), ENTRIES(tile_packed)};

static void tile_run(const struct tile *t, int rows, int panels, bool a_packed)
{
    (void)panels; /* always 1 */
    TABLE[a_packed][rows - 1](t);
}

/* 4 columns x 4 steps. */
static void transpose_4(const float *b, ptrdiff_t b_col, float *out)
{
    const float32x4_t r0 = vld1q_f32(b), r1 = vld1q_f32(b + b_col);
    const float32x4_t r2 = vld1q_f32(b + 2 * b_col), r3 = vld1q_f32(b + 3 * b_col);
    const float32x4x2_t s = vtrnq_f32(r0, r1), t = vtrnq_f32(r2, r3);
    vst1q_f32(out, vcombine_f32(vget_low_f32(s.val[0]), vget_low_f32(t.val[0])));
    vst1q_f32(out + PANEL, vcombine_f32(vget_low_f32(s.val[1]), vget_low_f32(t.val[1])));
    vst1q_f32(out + 2 * PANEL, vcombine_f32(vget_high_f32(s.val[0]), vget_high_f32(t.val[0])));
    vst1q_f32(out + 3 * PANEL, vcombine_f32(vget_high_f32(s.val[1]), vget_high_f32(t.val[1])));
}

/* Packs the steps that whole vectors cover and returns how many. */
static int32_t pack_transposed(const float *b, ptrdiff_t b_col, int32_t depth, float *out)
{
    int32_t k = 0;
    for (; k + 4 <= depth; k += 4)
        for (int l = 0; l < PANEL; l += 4)
            transpose_4(b + l * b_col + k, b_col, out + (ptrdiff_t)k * PANEL + l);
    return k;
}

#include "engine/tensor/gemm_body.h"
