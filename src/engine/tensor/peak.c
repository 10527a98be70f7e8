/* How: ACCUMULATORS chains side by side hide the latency of the multiply-add (4 or 5 cycles on two
 * ports); their sum is kept, so that no compiler may drop the loop. Functions carry their own
 * instruction set, since this file is not on any path of results. Tiles: four sums of two times two
 * operands, the shape of the product's inner loop, with nothing loaded; random bytes, because tiles
 * of zeroes run a quarter faster.
 */
#include "engine/tensor/peak.h"
#include "engine/tensor/isa.h"

enum { ACCUMULATORS = 12, STEPS = 84 }; /* 12 x 84: about 1,000 instructions a round */

static volatile float sink; /* what is stored here cannot be left out */

#if defined(__x86_64__)
#include <immintrin.h>

#define EACH for (int i = 0; i < ACCUMULATORS; i++)

__attribute__((target("avx2,fma"))) static int64_t fp32_avx2(int64_t rounds)
{
    __m256 acc[ACCUMULATORS], a = _mm256_set1_ps(0.99713f), b = _mm256_set1_ps(0.00371f);
#pragma GCC unroll 12
    EACH acc[i] = _mm256_set1_ps(0.1f * (float)i);
    for (int64_t n = 0; n < rounds * STEPS; n++) {
#pragma GCC unroll 12
        EACH acc[i] = _mm256_fmadd_ps(acc[i], a, b);
    }
#pragma GCC unroll 12
    for (int i = 1; i < ACCUMULATORS; i++) acc[0] = _mm256_add_ps(acc[0], acc[i]);
    sink = _mm256_cvtss_f32(acc[0]);
    return rounds * STEPS * ACCUMULATORS * 8 * 2;
}

/* vpmaddubsw, vpmaddwd, vpaddd: what AVX2 has for bytes. */
__attribute__((target("avx2"))) static int64_t int8_avx2(int64_t rounds)
{
    __m256i acc[ACCUMULATORS], a = _mm256_set1_epi8(37), b = _mm256_set1_epi8(-53);
    const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 12
    EACH acc[i] = _mm256_set1_epi32(i);
    for (int64_t n = 0; n < rounds * STEPS; n++) {
#pragma GCC unroll 12
        EACH
        {
            __m256i pairs = _mm256_maddubs_epi16(a, _mm256_xor_si256(b, acc[i]));
            acc[i] = _mm256_add_epi32(acc[i], _mm256_madd_epi16(pairs, ones));
        }
    }
#pragma GCC unroll 12
    for (int i = 1; i < ACCUMULATORS; i++) acc[0] = _mm256_add_epi32(acc[0], acc[i]);
    sink = (float)_mm256_extract_epi32(acc[0], 0);
    return rounds * STEPS * ACCUMULATORS * 32 * 2;
}

__attribute__((target("avx512f"))) static int64_t fp32_avx512(int64_t rounds)
{
    __m512 acc[ACCUMULATORS], a = _mm512_set1_ps(0.99713f), b = _mm512_set1_ps(0.00371f);
#pragma GCC unroll 12
    EACH acc[i] = _mm512_set1_ps(0.1f * (float)i);
    for (int64_t n = 0; n < rounds * STEPS; n++) {
#pragma GCC unroll 12
        EACH acc[i] = _mm512_fmadd_ps(acc[i], a, b);
    }
#pragma GCC unroll 12
    for (int i = 1; i < ACCUMULATORS; i++) acc[0] = _mm512_add_ps(acc[0], acc[i]);
    sink = _mm512_cvtss_f32(acc[0]);
    return rounds * STEPS * ACCUMULATORS * 16 * 2;
}

__attribute__((target("avx512f,avx512vnni"))) static int64_t int8_avx512(int64_t rounds)
{
    __m512i acc[ACCUMULATORS], a = _mm512_set1_epi8(37), b = _mm512_set1_epi8(-53);
#pragma GCC unroll 12
    EACH acc[i] = _mm512_set1_epi32(i);
    for (int64_t n = 0; n < rounds * STEPS; n++) {
#pragma GCC unroll 12
        EACH acc[i] = _mm512_dpbusd_epi32(acc[i], a, b);
    }
#pragma GCC unroll 12
    for (int i = 1; i < ACCUMULATORS; i++) acc[0] = _mm512_add_epi32(acc[0], acc[i]);
    sink = (float)_mm_cvtsi128_si32(_mm512_castsi512_si128(acc[0]));
    return rounds * STEPS * ACCUMULATORS * 64 * 2;
}

__attribute__((target("avx512f,avx512bf16"))) static int64_t bf16_avx512(int64_t rounds)
{
    const __m512bh a = (__m512bh)_mm512_set1_epi16(0x3f7d), b = (__m512bh)_mm512_set1_epi16(0x3b91);
    __m512 acc[ACCUMULATORS];
#pragma GCC unroll 12
    EACH acc[i] = _mm512_set1_ps(0.1f * (float)i);
    for (int64_t n = 0; n < rounds * STEPS; n++) {
#pragma GCC unroll 12
        EACH acc[i] = _mm512_dpbf16_ps(acc[i], a, b);
    }
#pragma GCC unroll 12
    for (int i = 1; i < ACCUMULATORS; i++) acc[0] = _mm512_add_ps(acc[0], acc[i]);
    sink = _mm512_cvtss_f32(acc[0]);
    return rounds * STEPS * ACCUMULATORS * 32 * 2;
}

/* By name: clang 14 knows the instruction, but not the intrinsics without a flag for the file. */
__attribute__((target("avx512f"))) static int64_t fp16_avx512(int64_t rounds)
{
    const __m512i a = _mm512_set1_epi16(0x3bfa), b = _mm512_set1_epi16(0x1b99); /* 0.997, 0.0037 */
    __m512i acc[ACCUMULATORS];
#pragma GCC unroll 12
    EACH acc[i] = _mm512_set1_epi16((short)(0x3400 + i));
    for (int64_t n = 0; n < rounds * STEPS; n++) {
#pragma GCC unroll 12
        EACH __asm__("vfmadd132ph %2, %1, %0" : "+v"(acc[i]) : "v"(b), "v"(a));
    }
#pragma GCC unroll 12
    for (int i = 1; i < ACCUMULATORS; i++) acc[0] = _mm512_xor_si512(acc[0], acc[i]);
    sink = (float)_mm_cvtsi128_si32(_mm512_castsi512_si128(acc[0]));
    return rounds * STEPS * ACCUMULATORS * 32 * 2;
}

enum {
    TILE_BYTES = 1024,
    TILE_ROUNDS = 8
}; /* 8 x 4 products take about as long as a round above */

static const _Alignas(64) uint8_t tile_config[64] = {
    [0] = 1, /* palette */
    [16] = 64, [18] = 64, [20] = 64, [22] = 64, [24] = 64, [26] = 64, [28] = 64, [30] = 64,
    [48] = 16, [49] = 16, [50] = 16, [51] = 16, [52] = 16, [53] = 16, [54] = 16, [55] = 16,
};

/* Numbers near one for bf16 (exponents 0x3f8 and 0x3f0), any byte for int8. */
static void fill_tiles(bool bytes, uint16_t *out)
{
    uint32_t state = 1;
    for (int i = 0; i < 4 * TILE_BYTES / 2; i++) {
        state = state * 1664525u + 1013904223u;
        out[i] = (uint16_t)(bytes ? state >> 16 : 0x3f00u | (state >> 16 & 0x80ffu));
    }
}

/* The barrier: GCC 12 takes tile loads for no reads, and would move the stores behind them. */
__attribute__((target("amx-tile,amx-bf16,amx-int8"))) static int64_t tiles(bool bytes,
                                                                           int64_t rounds)
{
    _Alignas(64) uint16_t operands[4 * TILE_BYTES / 2];
    _Alignas(64) int32_t sums[TILE_BYTES / 4];
    fill_tiles(bytes, operands);
    __asm__ volatile("" ::: "memory");
    _tile_loadconfig(tile_config);
    _tile_loadd(4, operands, 64);
    _tile_loadd(5, operands + TILE_BYTES / 2, 64);
    _tile_loadd(6, operands + 2 * TILE_BYTES / 2, 64);
    _tile_loadd(7, operands + 3 * TILE_BYTES / 2, 64);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t n = 0; n < rounds * TILE_ROUNDS; n++) {
        if (bytes) {
            _tile_dpbusd(0, 4, 6);
            _tile_dpbusd(1, 4, 7);
            _tile_dpbusd(2, 5, 6);
            _tile_dpbusd(3, 5, 7);
        } else {
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
    _tile_stored(0, sums, 64);
    __asm__ volatile("" ::: "memory");
    _tile_release();
    sink = (float)sums[0];
    return rounds * TILE_ROUNDS * 4 * 16 * 16 * (bytes ? 64 : 32) * 2;
}

static int64_t spin_avx512(enum precision p, int64_t rounds)
{
    switch (p) {
    case PRECISION_FP32:
        return fp32_avx512(rounds);
    case PRECISION_INT8:
        return isa_has(ISA_VNNI) ? int8_avx512(rounds) : 0;
    case PRECISION_FP16:
        return isa_has(ISA_FP16) ? fp16_avx512(rounds) : 0;
    case PRECISION_BF16:
        return isa_has(ISA_BF16) ? bf16_avx512(rounds) : 0;
    case PRECISION_AUTO:
        return 0;
    }
    return 0;
}

static int64_t spin(enum precision p, enum isa isa, int64_t rounds)
{
    if (isa == ISA_AMX && (p == PRECISION_BF16 || p == PRECISION_INT8))
        return tiles(p == PRECISION_INT8, rounds);
    if (isa == ISA_AVX512 || isa == ISA_AMX) return spin_avx512(p, rounds);
    if (isa == ISA_AVX2 && p == PRECISION_FP32) return fp32_avx2(rounds);
    if (isa == ISA_AVX2 && p == PRECISION_INT8) return int8_avx2(rounds);
    return 0;
}

#elif defined(__aarch64__)
#include <arm_neon.h>

static int64_t spin(enum precision p, enum isa isa, int64_t rounds)
{
    if (isa != ISA_NEON || p != PRECISION_FP32) return 0;
    float32x4_t acc[ACCUMULATORS], a = vdupq_n_f32(0.99713f), b = vdupq_n_f32(0.00371f);
    for (int i = 0; i < ACCUMULATORS; i++) acc[i] = vdupq_n_f32(0.1f * (float)i);
    for (int64_t n = 0; n < rounds * STEPS; n++) {
#pragma GCC unroll 12
        for (int i = 0; i < ACCUMULATORS; i++) acc[i] = vfmaq_f32(b, acc[i], a);
    }
    for (int i = 1; i < ACCUMULATORS; i++) acc[0] = vaddq_f32(acc[0], acc[i]);
    sink = vgetq_lane_f32(acc[0], 0);
    return rounds * STEPS * ACCUMULATORS * 4 * 2;
}

#else
static int64_t spin(enum precision p, enum isa isa, int64_t rounds)
{
    (void)p, (void)isa, (void)rounds;
    return 0;
}
#endif

int64_t peak_spin(enum precision p, enum isa isa, int64_t rounds)
{
    isa = isa_resolve(isa);
    return isa_available(isa) ? spin(p, isa, rounds) : 0;
}
