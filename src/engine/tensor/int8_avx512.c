/* AVX-512 VNNI: vpdpbusd multiplies 4 unsigned by 4 signed bytes and adds the products to an int32,
 * 64 times an instruction, without saturation. Activations are stored with 128 added, so that they
 * are the unsigned side; sums start at -128 times the column's sum, which takes it off again.
 *
 * A tile is 8 rows x 32 columns = 16 sums of zmm: for 16 products, 2 loads of b and 8 broadcasts of
 * a, so that the two multiplying ports bind. 12 x 2, 14 x 2 and 8 x 3 measured the same. Every row
 * count is its own function with constant bounds: the array of sums is then registers. */
#include <immintrin.h>
#include "engine/tensor/vec_avx512.h"
typedef uint8_t operand_number;
#define OPERAND_ZERO 128
static void numbers_store(operand_number *out, vi numbers)
{
    vi_store_bytes(out, numbers);
}
#include "engine/tensor/int8_body.h"

#define TILE_ROWS 8
#include "engine/tensor/int8_loops.h"

#define ALWAYS static inline __attribute__((always_inline))

/* Of columns [16 z, 16 z + 16) of a tile. */
ALWAYS __mmask16 store_mask(const struct tile *t, int z)
{
    return (__mmask16)(t->width >= 16 * z + 16 ? 0xffffu
                       : t->width <= 16 * z    ? 0u
                                               : (1u << (t->width - 16 * z)) - 1u);
}

ALWAYS void tile_start(const struct tile *t, const int rows, __m512i sum[TILE_ROWS][2])
{
#pragma GCC unroll 2
    for (int z = 0; z < 2; z++) {
        const __m512i start = _mm512_slli_epi32(_mm512_loadu_si512(t->sums + 16 * z), 7);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
            sum[r][z] =
                t->first ? _mm512_sub_epi32(_mm512_setzero_si512(), start)
                         : _mm512_maskz_loadu_epi32(store_mask(t, z), t->c + r * t->c_row + 16 * z);
    }
}

ALWAYS void tile_finish(const struct tile *t, const int rows, __m512i sum[TILE_ROWS][2],
                        const bool gelu)
{
#pragma GCC unroll 2
    for (int z = 0; z < 2; z++) {
        const __mmask16 mask = store_mask(t, z);
        const __m512 scale = _mm512_loadu_ps(t->scale + 16 * z);
        const __m512 bias =
            t->bias ? _mm512_maskz_loadu_ps(mask, t->bias + 16 * z) : _mm512_setzero_ps();
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
            _mm512_mask_storeu_ps(
                t->c + r * t->c_row + 16 * z, mask,
                finish(sum[r][z], _mm512_set1_ps(t->row_scale[r]), scale, bias, gelu));
    }
}

ALWAYS void tile_body(const struct tile *t, const int rows)
{
    __m512i sum[TILE_ROWS][2];
    tile_start(t, rows, sum);
    const operand_number *a = t->a;
    const int8_t *b = t->b;
    const int8_t *next = t->next;
    for (int32_t step = 0; step < t->steps; step++, a += ROW_BLOCK * DEPTH_STEP) {
        for (int32_t i = 0; i < t->lines; i++, next += 64) __builtin_prefetch(next, 0, 2);
#pragma GCC unroll 2
        for (int q = 0; q < DEPTH_STEP; q += QUAD, b += PANEL_COLUMNS * QUAD) {
            const __m512i left = _mm512_loadu_si512(b), right = _mm512_loadu_si512(b + 64);
#pragma GCC unroll 8
            for (int r = 0; r < rows; r++) {
                int32_t quad;
                memcpy(&quad, a + r * DEPTH_STEP + q, sizeof quad);
                const __m512i x = _mm512_set1_epi32(quad);
                sum[r][0] = _mm512_dpbusd_epi32(sum[r][0], x, left);
                sum[r][1] = _mm512_dpbusd_epi32(sum[r][1], x, right);
            }
        }
    }
    if (!t->last) {
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int z = 0; z < 2; z++)
                _mm512_mask_storeu_epi32(t->c + r * t->c_row + 16 * z, store_mask(t, z), sum[r][z]);
    } else if (t->gelu) {
        tile_finish(t, rows, sum, true);
    } else {
        tile_finish(t, rows, sum, false);
    }
}

typedef void tile_fn(const struct tile *t);
#define TILE(rows)                                                                                 \
    static void tile_##rows(const struct tile *t)                                                  \
    {                                                                                              \
        tile_body(t, rows);                                                                        \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
TILE(7)
TILE(8)
static tile_fn *const TILES[TILE_ROWS] = {tile_1, tile_2, tile_3, tile_4,
                                          tile_5, tile_6, tile_7, tile_8};

static void tile_run(const struct tile *t, int rows)
{
    TILES[rows - 1](t);
}

INT8_TABLE(avx512, ISA_AVX512, true);
