/* AVX2: 6 rows x 1 panel (two ymm) = 12 chains, 2 registers of b, 1 of a: 15 of the 16. */
#include "engine/tensor/vec_avx2.h"

#define LEVEL        avx2
#define TILE_ROWS    6
#define GROUP_PANELS 1
#include "engine/tensor/gemm_tile.h"

/* 8 columns x 8 steps. */
static void transpose_8(const float *b, ptrdiff_t b_col, float *out)
{
    __m256 r[8], s[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) r[i] = _mm256_loadu_ps(b + i * b_col);
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) { /* r[i + j]: steps j and j+4 of columns i..i+3 */
        r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        _mm256_storeu_ps(out + PANEL * j, _mm256_permute2f128_ps(r[j], r[j + 4], 0x20));
        _mm256_storeu_ps(out + PANEL * (j + 4), _mm256_permute2f128_ps(r[j], r[j + 4], 0x31));
    }
}

/* Packs the steps that whole vectors cover and returns how many. */
static int32_t pack_transposed(const float *b, ptrdiff_t b_col, int32_t depth, float *out)
{
    int32_t k = 0;
    for (; k + 8 <= depth; k += 8) {
        transpose_8(b + k, b_col, out + (ptrdiff_t)k * PANEL);
        transpose_8(b + 8 * b_col + k, b_col, out + (ptrdiff_t)k * PANEL + 8);
    }
    return k;
}

#include "engine/tensor/gemm_body.h"
