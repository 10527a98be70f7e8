/* NEON: 6 rows x 1 panel (four q) = 24 chains, 4 registers of b, 1 of a: 29 of the 32. */
#include "engine/tensor/vec_neon.h"

#define LEVEL        neon
#define TILE_ROWS    6
#define GROUP_PANELS 1
#include "engine/tensor/gemm_tile.h"

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
