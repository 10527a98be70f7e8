/* AVX-VNNI: the instruction of int8_avx512.c on half the width, for CPUs that have it without
 * AVX-512. 6 rows x 16 columns = 12 sums of ymm; a block of 16 rows is cut 6, 6, 4. */
#include <immintrin.h>
#include "engine/tensor/vec_avx2.h"
typedef uint8_t operand_number;
#define OPERAND_ZERO 128
static void numbers_store(operand_number *out, vi numbers)
{
    vi_store_bytes(out, numbers);
}
#include "engine/tensor/int8_body.h"

#define TILE_ROWS 6
#include "engine/tensor/int8_half.h"

ALWAYS void dot_half(const struct tile *t, const int rows, int half, vi sum[TILE_ROWS])
{
#pragma GCC unroll 6
    for (int r = 0; r < rows; r++) sum[r] = vi_set(0);
    const operand_number *a = t->a;
    const int8_t *b = t->b + 16 * QUAD * half;
    for (int32_t step = 0; step < t->steps; step++, a += ROW_BLOCK * DEPTH_STEP)
#pragma GCC unroll 2
        for (int q = 0; q < DEPTH_STEP; q += QUAD, b += PANEL_COLUMNS * QUAD) {
            const __m256i *at = (const __m256i *)(const void *)b;
            const __m256i left = _mm256_loadu_si256(at), right = _mm256_loadu_si256(at + 1);
#pragma GCC unroll 6
            for (int r = 0; r < rows; r++) {
                int32_t quad;
                memcpy(&quad, a + r * DEPTH_STEP + q, sizeof quad);
                const __m256i x = _mm256_set1_epi32(quad);
                sum[r].lo = _mm256_dpbusd_avx_epi32(sum[r].lo, x, left);
                sum[r].hi = _mm256_dpbusd_avx_epi32(sum[r].hi, x, right);
            }
        }
}

INT8_TABLE(avxvnni, ISA_AVX2, true);
