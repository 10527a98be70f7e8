/* AVX2: 6 rows x 16 columns = 12 chains of ymm beside two vectors of b and one of a, as in fp32.
 * Words are made lane by lane with vectors, put in order by the compiler's own choice: here bf16
 * is there to be right. */
#include <immintrin.h>
#include <stdbool.h>
#include "engine/tensor/vec_avx2.h"
#include "engine/tensor/bf16_words.h"
#include "engine/tensor/bf16_number.h"
#include "engine/tensor/bf16_plain_words.h"

#define LEVEL          avx2
#define EPILOGUE_LEVEL avx2
#define ISA_OF_LEVEL   ISA_AVX2
#define GROUP_ROWS     6
#define GROUP_HALVES   1

static inline void words_store(uint32_t *p, vi a)
{
    _mm256_storeu_si256((__m256i *)p, a.lo);
    _mm256_storeu_si256((__m256i *)p + 1, a.hi);
}

static void row_words(const float *x, uint32_t *words)
{
    _Alignas(32) uint32_t upper[32];
    words_store(upper, bf16_upper(vf_load(x)));
    words_store(upper + 16, bf16_upper(vf_load(x + 16)));
    for (int w = 0; w < 16; w++) words[w] = upper[2 * w] >> 16 | upper[2 * w + 1];
}

static void stream_words(int32_t n, const uint32_t *from, uint32_t *to)
{
    for (int32_t i = 0; i < n; i += 8)
        _mm256_stream_si256((__m256i *)(void *)(to + i),
                            _mm256_load_si256((const __m256i *)(const void *)(from + i)));
}

static void stream_end(void)
{
    _mm_sfence();
}

#include "engine/tensor/bf16_pack_body.h"
#include "engine/tensor/bf16_fma_body.h"
