/* engine/tensor/bf16_transpose_avx512.h - 16 x 16 words of 32 bits, rows to columns, in registers:
 * pairs, then fours, then quarters of a register change places. */
#ifndef ENGINE_TENSOR_BF16_TRANSPOSE_AVX512_H
#define ENGINE_TENSOR_BF16_TRANSPOSE_AVX512_H

#include <immintrin.h>
#include <stdint.h>

static inline void transpose_words(const uint32_t *from, uint32_t *to)
{
    __m512i r[16], s[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) r[i] = _mm512_loadu_si512(from + 16 * i);
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        s[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        s[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) { /* r[i + j]: columns j, j+4, j+8, j+12 of rows i..i+3 */
        r[i] = _mm512_unpacklo_epi64(s[i], s[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(s[i], s[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(s[i + 1], s[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(s[i + 1], s[i + 3]);
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        const __m512i low0 = _mm512_shuffle_i32x4(r[j], r[j + 4], 0x44);
        const __m512i low1 = _mm512_shuffle_i32x4(r[j + 8], r[j + 12], 0x44);
        const __m512i high0 = _mm512_shuffle_i32x4(r[j], r[j + 4], 0xee);
        const __m512i high1 = _mm512_shuffle_i32x4(r[j + 8], r[j + 12], 0xee);
        _mm512_storeu_si512(to + 16 * j, _mm512_shuffle_i32x4(low0, low1, 0x88));
        _mm512_storeu_si512(to + 16 * (j + 4), _mm512_shuffle_i32x4(low0, low1, 0xdd));
        _mm512_storeu_si512(to + 16 * (j + 8), _mm512_shuffle_i32x4(high0, high1, 0x88));
        _mm512_storeu_si512(to + 16 * (j + 12), _mm512_shuffle_i32x4(high0, high1, 0xdd));
    }
}

#endif
