/* AVX-512: 12 rows x 32 columns = 24 chains of zmm; a step of 32 columns costs 24 FMAs, two shifts
 * or masks, 12 broadcast loads and 2 loads. vdpbf16ps is not used: it adds the products of a pair
 * in another order, and on CPUs with tiles it runs at half the rate of fp32 FMAs. */
#include <immintrin.h>
#include <stdbool.h>
#include "engine/tensor/vec_avx512.h"
#include "engine/tensor/bf16_words.h"
#include "engine/tensor/bf16_transpose_avx512.h"

#define LEVEL          avx512
#define EPILOGUE_LEVEL avx512
#define ISA_OF_LEVEL   ISA_AVX512
#define GROUP_ROWS     12
#define GROUP_HALVES   2

/* The upper halves of 32 lanes, in order. */
static void row_words(const float *x, uint32_t *words)
{
    /* index 2 i + 1 at place i: 0x00030001 + i 0x00040004 for words i */
    const vi places = vi_add(vi_mul(vi_iota(), vi_set(0x00040004u)), vi_set(0x00030001u));
    const vi low = bf16_upper(vf_load(x)), high = bf16_upper(vf_load(x + 16));
    _mm512_storeu_si512(words, _mm512_permutex2var_epi16(low, places, high));
}

#include "engine/tensor/bf16_pack_body.h"
#include "engine/tensor/bf16_fma_body.h"
