/* engine/tensor/bf16_transpose_avx512.h - words of 32 bits change places in registers: 16 x 16,
 * rows to columns (pairs, then fours, then quarters of a register), and the halves of two rows. And
 * how they go past the caches. */
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

/* Word i of `left` is value i of either row, of `right` value 16 + i. */
static inline void lace_words(const uint32_t *even, const uint32_t *odd, uint32_t *left,
                              uint32_t *right)
{
    const __m512i word = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i both = _mm512_mullo_epi32(word, _mm512_set1_epi32(0x00010001));
    const __m512i first = _mm512_add_epi32(both, _mm512_set1_epi32(0x00200000));
    const __m512i second = _mm512_add_epi32(both, _mm512_set1_epi32(0x00300010));
    const __m512i e = _mm512_loadu_si512(even), o = _mm512_loadu_si512(odd);
    _mm512_storeu_si512(left, _mm512_permutex2var_epi16(e, first, o));
    _mm512_storeu_si512(right, _mm512_permutex2var_epi16(e, second, o));
}

static inline void stream_words(int32_t n, const uint32_t *from, uint32_t *to)
{
    for (int32_t i = 0; i < n; i += 16)
        _mm512_stream_si512((__m512i *)(void *)(to + i), _mm512_load_si512(from + i));
}

static inline void stream_end(void)
{
    _mm_sfence();
}

#endif
