/* AVX-512: 8 rows x 3 panels = 24 chains of zmm, 3 loads of b and 8 broadcasts of a for 24 FMAs, so
 * that the two FMA ports bind, not the loads. Every row count and panel count is its own function
 * with constant bounds: the arrays of chains are then registers. */
#include <immintrin.h>
#include "engine/tensor/gemm_tile.h"
#include "engine/tensor/kernels_internal.h"
#include "engine/tensor/vec_avx512.h"

#define LEVEL        avx512
#define TILE_ROWS    8
#define GROUP_PANELS 3

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS __mmask16 panel_mask(const struct tile *t, int p, const int panels)
{
    return (__mmask16)(p < panels - 1 ? 0xffffu : (1u << t->width) - 1u);
}

ALWAYS void tile_body(const struct tile *t, const int rows, const int panels, const bool a_packed)
{
    __m512 chain[TILE_ROWS][GROUP_PANELS];
    const float *a = t->a, *b = t->b;
    const ptrdiff_t a_row = a_packed ? 1 : t->a_row, a_step = a_packed ? TILE_ROWS : 1;
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (int p = 0; p < panels; p++)
            chain[r][p] = t->first ? _mm512_setzero_ps()
                                   : _mm512_maskz_loadu_ps(panel_mask(t, p, panels),
                                                           t->c + r * t->c_row + p * PANEL);
    for (int32_t k = 0; k < t->depth; k++, a += a_step, b += PANEL) {
        __m512 column[GROUP_PANELS];
#pragma GCC unroll 3
        for (int p = 0; p < panels; p++) column[p] = _mm512_loadu_ps(b + p * t->b_panel);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            const __m512 x = _mm512_set1_ps(a[r * a_row]);
#pragma GCC unroll 3
            for (int p = 0; p < panels; p++)
                chain[r][p] = _mm512_fmadd_ps(x, column[p], chain[r][p]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (int p = 0; p < panels; p++)
            _mm512_mask_storeu_ps(t->c + r * t->c_row + p * PANEL, panel_mask(t, p, panels),
                                  chain[r][p]);
}

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
#define TILES(rows) TILE(rows, 1) TILE(rows, 2) TILE(rows, 3)
TILES(1)
TILES(2)
TILES(3)
TILES(4)
TILES(5)
TILES(6)
TILES(7)
TILES(8)
#define ENTRY(name, rows)                                                                          \
    {                                                                                              \
        name##_##rows##_1, name##_##rows##_2, name##_##rows##_3                                    \
    }
#define ENTRIES(name)                                                                              \
    {                                                                                              \
        ENTRY(name, 1), ENTRY(name, 2), ENTRY(name, 3), ENTRY(name, 4), ENTRY(name, 5),            \
            ENTRY(name, 6), ENTRY(name, 7), ENTRY(name, 8)                                         \
    }
static tile_fn *const TABLE[2][TILE_ROWS][GROUP_PANELS] = {ENTRIES(tile), ENTRIES(tile_packed)};

static void tile_run(const struct tile *t, int rows, int panels, bool a_packed)
{
    TABLE[a_packed][rows - 1][panels - 1](t);
}

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
