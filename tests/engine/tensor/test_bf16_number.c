/* The definition of bf16 arithmetic against what the CPU's own rounding and flushing do. */
#include "engine/tensor/bf16_number.h"
#include <criterion/criterion.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

static uint32_t state = 7;

static uint32_t random_bits(void)
{
    state = state * 1664525u + 1013904223u;
    return state ^ state >> 15;
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

Test(bf16_number, conversion_rounds_to_nearest_even_and_keeps_what_is_bf16)
{
    cr_expect_eq(bf16_of(1.0f), 0x3f80);
    cr_expect_eq(bf16_of(float_of(0x3f808000)), 0x3f80, "a tie goes to even");
    cr_expect_eq(bf16_of(float_of(0x3f818000)), 0x3f82, "a tie goes to even");
    cr_expect_eq(bf16_of(float_of(0x3f808001)), 0x3f81);
    cr_expect_eq(bf16_of(FLT_MAX), 0x7f80, "past the largest comes infinity");
    cr_expect_eq(bf16_of(float_of(0x807fffff)), 0x8000, "a subnormal is zero with its sign");
    cr_expect_eq(bf16_of(float_of(0x7f800001)), 0x7fc0, "a NaN stays one, and quiet");
    for (uint32_t i = 0; i <= 0xffff; i++) {
        const uint16_t x = (uint16_t)i, exponent = (i >> 7) & 0xff;
        if (exponent == 0 || (exponent == 0xff && (i & 0x7f))) continue;
        cr_assert_eq(bf16_of(bf16_float(x)), x, "%04x", (unsigned)i);
    }
}

Test(bf16_number, sums_near_the_least_normal_number)
{
    const float half = 0.5f, least = FLT_MIN;
    cr_expect_eq(bf16_fma(least, half, 0.0f), 0.0f);
    cr_expect(signbit(bf16_fma(-least, half, 0.0f)), "flushed with its sign");
    cr_expect_eq(bf16_fma(least, 1.0f, 0.0f), least);
    /* 2^-126 - 2^-151 is half way to the next number below: it rounds to 2^-126 and stays. A
     * little less is subnormal, though fmaf rounds it up to 2^-126 as well. */
    const float tiny = ldexpf(1.0f, -63);
    cr_expect_eq(bf16_fma(-tiny, ldexpf(1.0f, -88), least), least);
    cr_expect_eq(bf16_fma(-tiny, ldexpf(1.0078125f, -88), least), 0.0f);
    cr_expect_eq(bf16_add(least, -1.5f * least), 0.0f);
    cr_expect(signbit(bf16_add(least, -1.5f * least)));
    cr_expect_eq(bf16_add(float_of(1), 1.0f), 1.0f);
    cr_expect(isnan(bf16_fma(INFINITY, 0.0f, 1.0f)));
    cr_expect_eq(bf16_fma(INFINITY, 2.0f, 1.0f), INFINITY);
}

#if defined(__x86_64__)
/* With FTZ and DAZ set the CPU's own FMA is the definition: every exponent, many near the edge. */
__attribute__((target("fma"), noinline)) static float cpu_fma(float a, float b, float s)
{
    const unsigned saved = _mm_getcsr();
    _mm_setcsr(0x9fc0);
    volatile __m128 r = _mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(s));
    _mm_setcsr(saved);
    return _mm_cvtss_f32(r);
}

Test(bf16_number, a_step_of_a_chain_is_the_cpus)
{
    if (!__builtin_cpu_supports("fma")) cr_skip_test("this CPU has no FMA");
    for (int i = 0; i < 2000000; i++) {
        uint32_t a = random_bits() & 0xffff0000u, b = random_bits() & 0xffff0000u;
        uint32_t s = random_bits();
        if (i % 2) { /* products and sums around 2^-126 */
            a = (a & 0x807f0000u) | (40u + random_bits() % 60u) << 23;
            b = (b & 0x807f0000u) | (128u + random_bits() % 4u - (a >> 23 & 0xffu)) << 23;
            s = (s & 0x807fffffu) | random_bits() % 3u << 23;
            if (i % 4 == 1) s &= 0xff80000fu;
        }
        const float x = float_of(a), y = float_of(b), z = float_of(s);
        const float want = cpu_fma(x, y, z), got = bf16_fma(x, y, z);
        if (want != want && got != got) continue;
        cr_assert_eq(bf16_float_bits(got), bf16_float_bits(want), "%a * %a + %a: %a, the CPU %a",
                     (double)x, (double)y, (double)z, (double)got, (double)want);
    }
}
#endif
