/* AVX2: 6 rows x 1 panel (two ymm) = 12 chains, 2 registers of b, 1 of a: 15 of the 16. */
#include <immintrin.h>
#include "engine/tensor/gemm_tile.h"
#include "engine/tensor/kernels_internal.h"
#include "engine/tensor/vec_avx2.h"

#define LEVEL        avx2
#define TILE_ROWS    6
#define GROUP_PANELS 1

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS void tile_body(const struct tile *t, const int rows, const bool a_packed)
{
    __m256 low[TILE_ROWS], high[TILE_ROWS];
    const float *a = t->a, *b = t->b;
    const ptrdiff_t a_row = a_packed ? 1 : t->a_row, a_step = a_packed ? TILE_ROWS : 1;
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        const vf c = t->first ? vf_set(0.0f) : vf_load_n(t->c + r * t->c_row, t->width);
        low[r] = c.lo;
        high[r] = c.hi;
    }
    for (int32_t k = 0; k < t->depth; k++, a += a_step, b += PANEL) {
        const __m256 b_low = _mm256_loadu_ps(b), b_high = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 6
        for (int r = 0; r < rows; r++) {
            const __m256 x = _mm256_broadcast_ss(a + r * a_row);
            low[r] = _mm256_fmadd_ps(x, b_low, low[r]);
            high[r] = _mm256_fmadd_ps(x, b_high, high[r]);
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) {
        const vf c = {low[r], high[r]};
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
