/* AVX-512: 8 rows x 3 panels = 24 chains of zmm, 3 loads of b and 8 broadcasts of a for 24 FMAs, so
 * that the two FMA ports bind, not the loads. */
#include "engine/tensor/vec_avx512.h"

#define LEVEL        avx512
#define TILE_ROWS    8
#define GROUP_PANELS 3
#include "engine/tensor/gemm_tile.h"

/* 16 columns x 16 steps, read along the steps, written along the columns. */
static void transpose_16(const float *b, ptrdiff_t b_col, float *out)
{
    __m512 r[16], s[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) r[i] = _mm512_loadu_ps(b + i * b_col);
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        s[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        s[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) { /* r[i + j]: steps j, j+4, j+8, j+12 of columns i..i+3 */
        r[i] = _mm512_castpd_ps(
            _mm512_unpacklo_pd(_mm512_castps_pd(s[i]), _mm512_castps_pd(s[i + 2])));
        r[i + 1] = _mm512_castpd_ps(
            _mm512_unpackhi_pd(_mm512_castps_pd(s[i]), _mm512_castps_pd(s[i + 2])));
        r[i + 2] = _mm512_castpd_ps(
            _mm512_unpacklo_pd(_mm512_castps_pd(s[i + 1]), _mm512_castps_pd(s[i + 3])));
        r[i + 3] = _mm512_castpd_ps(
            _mm512_unpackhi_pd(_mm512_castps_pd(s[i + 1]), _mm512_castps_pd(s[i + 3])));
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        const __m512 low0 = _mm512_shuffle_f32x4(r[j], r[j + 4], 0x44);
        const __m512 low1 = _mm512_shuffle_f32x4(r[j + 8], r[j + 12], 0x44);
        const __m512 high0 = _mm512_shuffle_f32x4(r[j], r[j + 4], 0xee);
        const __m512 high1 = _mm512_shuffle_f32x4(r[j + 8], r[j + 12], 0xee);
        _mm512_storeu_ps(out + 16 * j, _mm512_shuffle_f32x4(low0, low1, 0x88));
        _mm512_storeu_ps(out + 16 * (j + 4), _mm512_shuffle_f32x4(low0, low1, 0xdd));
        _mm512_storeu_ps(out + 16 * (j + 8), _mm512_shuffle_f32x4(high0, high1, 0x88));
        _mm512_storeu_ps(out + 16 * (j + 12), _mm512_shuffle_f32x4(high0, high1, 0xdd));
    }
}

/* Packs the steps that whole vectors cover and returns how many. */
static int32_t pack_transposed(const float *b, ptrdiff_t b_col, int32_t depth, float *out)
{
    int32_t k = 0;
    for (; k + 16 <= depth; k += 16) transpose_16(b + k, b_col, out + (ptrdiff_t)k * PANEL);
    return k;
}

#include "engine/tensor/gemm_body.h"
