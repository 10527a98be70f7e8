/* engine/tensor/vec_math.h - exp, log, erf, GELU and the dropout hash over sixteen lanes.
 *
 * Included after a vec_<level>.h. Each function is a fixed sequence of FMA, add, multiply, compare
 * and integer steps, so every level gives the same bits. Largest errors against libm in double are
 * stated here and held by tests/engine/tensor/test_vec_math.c:
 *     exp  1.1 ulp on [-86.9, 88.7]; below it +0, above it +infinity (never a subnormal)
 *     log  1.1 ulp on the normal positive numbers
 *     erf  1.5 ulp
 */
#ifndef ENGINE_TENSOR_VEC_MATH_H
#define ENGINE_TENSOR_VEC_MATH_H

/* exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= 0.35. Adding 1.5 * 2^23 rounds to an integer and
 * leaves it in the low bits of *ret_n; ln 2 is split in two so that r is exact to the last bit that
 * counts. Returns exp(r). */
static inline vf vf_exp_parts(vf x, vi *ret_n)
{
    const vf magic = vf_set(12582912.0f);
    const vf t = vf_fma(x, vf_set(1.44269504f), magic);
    const vf n = vf_sub(t, magic);
    vf r = vf_fnma(n, vf_set(0.693145752f), x);
    r = vf_fnma(n, vf_set(1.42860677e-6f), r);
    vf p = vf_set(1.98412698e-4f);
    p = vf_fma(p, r, vf_set(1.38888889e-3f));
    p = vf_fma(p, r, vf_set(8.33333333e-3f));
    p = vf_fma(p, r, vf_set(4.16666667e-2f));
    p = vf_fma(p, r, vf_set(1.66666667e-1f));
    p = vf_fma(p, r, vf_set(0.5f));
    p = vf_fma(p, r, vf_set(1.0f));
    p = vf_fma(p, r, vf_set(1.0f));
    *ret_n = vf_bits(t);
    return p;
}

static inline vf vf_exp(vf x)
{
    vi n;
    const vf p = vf_exp_parts(x, &n);
    /* 2^(n-1) by the exponent field (2^128 would overflow it), and the rest as a doubling */
    const vi half = vi_add(n, vi_set(126u - 0x4b400000u));
    const vf scaled = vf_mul(vf_mul(p, vf_set(2.0f)), vi_float(vi_shl(half, 23)));
    const vf low = vf_select_lt(x, vf_set(-86.9f), vf_set(0.0f), scaled);
    return vf_select_lt(vf_set(88.72283f), x, vf_set(__builtin_inff()), low);
}

/* The same bits as vf_exp for -86.9 <= x <= 88, anything outside (a NaN, too, may become a number).
 * There 2^n exp(r) is normal, so that adding n to the bits of the exponent multiplies. */
static inline vf vf_exp_inside(vf x)
{
    vi n;
    const vf p = vf_exp_parts(x, &n);
    return vi_float(vi_add(vf_bits(p), vi_shl(n, 23)));
}

/* log(x) for normal positive x: x = 2^e m, m in [sqrt(1/2), sqrt(2)); f = m - 1,
 * log m = f - f^2/2 + f^3 P(f) (Cephes logf), e ln 2 added in two parts. */
static inline vf vf_log(vf x)
{
    const vi bits = vf_bits(x);
    /* subtracting the bits of sqrt(1/2) puts the carry of the mantissa into the exponent */
    const vi shifted = vi_add(bits, vi_set(0u - 0x3f3504f3u));
    const vi mantissa = vi_and(shifted, vi_set(0x007fffffu));
    const vf m = vi_float(vi_add(mantissa, vi_set(0x3f3504f3u)));
    /* exponent + 256 is small and positive: its float by the magic number 2^23 */
    const vi e_bits = vi_shr(vi_add(shifted, vi_set(256u << 23)), 23);
    const vf e = vf_sub(vi_float(vi_or(vi_and(e_bits, vi_set(0x1ffu)), vi_set(0x4b000000u))),
                        vf_set(8388608.0f + 256.0f));
    const vf f = vf_sub(m, vf_set(1.0f));
    const vf z = vf_mul(f, f);
    vf p = vf_set(7.0376836292e-2f);
    p = vf_fma(p, f, vf_set(-1.1514610310e-1f));
    p = vf_fma(p, f, vf_set(1.1676998740e-1f));
    p = vf_fma(p, f, vf_set(-1.2420140846e-1f));
    p = vf_fma(p, f, vf_set(1.4249322787e-1f));
    p = vf_fma(p, f, vf_set(-1.6668057665e-1f));
    p = vf_fma(p, f, vf_set(2.0000714765e-1f));
    p = vf_fma(p, f, vf_set(-2.4999993993e-1f));
    p = vf_fma(p, f, vf_set(3.3333331174e-1f));
    vf y = vf_mul(vf_mul(f, z), p);
    y = vf_fma(e, vf_set(-2.12194440e-4f), y);
    y = vf_fnma(vf_set(0.5f), z, y);
    return vf_fma(e, vf_set(0.693359375f), vf_add(f, y));
}

/* erf in two ranges (after N. Juffa's single-precision erff): near 0 an odd polynomial, else
 * 1 - exp(polynomial of |x|) with the sign put back. Both are computed, one is taken. */
static inline vf vf_erf(vf x)
{
    const vi sign_bit = vi_set(0x80000000u);
    const vi sign = vi_and(vf_bits(x), sign_bit);
    const vf t = vi_float(vi_xor(vf_bits(x), sign));
    const vf s = vf_mul(x, x);
    vf far = vf_fma(vf_set(-1.72853470e-5f), t, vf_set(3.83197126e-4f));
    const vf u = vf_fma(vf_set(-3.88396438e-3f), t, vf_set(2.42546219e-2f));
    far = vf_fma(far, s, u);
    far = vf_fma(far, t, vf_set(-1.06777877e-1f));
    far = vf_fma(far, t, vf_set(-6.34846687e-1f));
    far = vf_fma(far, t, vf_set(-1.28717512e-1f));
    far = vf_fma(far, t, vf_sub(vf_set(0.0f), t));
    /* erf is 1 in float from 4 on; past 9 the polynomial would turn */
    far = vf_select_lt(vf_set(4.0f), t, vf_set(-20.0f), far);
    far = vf_sub(vf_set(1.0f), vf_exp_inside(far)); /* a NaN takes the near range */
    far = vi_float(vi_or(vf_bits(far), sign));
    vf near = vf_set(-5.96761703e-4f);
    near = vf_fma(near, s, vf_set(4.99119423e-3f));
    near = vf_fma(near, s, vf_set(-2.67681349e-2f));
    near = vf_fma(near, s, vf_set(1.12819925e-1f));
    near = vf_fma(near, s, vf_set(-3.76125336e-1f));
    near = vf_fma(near, s, vf_set(1.28379166e-1f));
    near = vf_fma(near, x, x);
    return vf_select_lt(vf_set(0.927734375f), t, far, near);
}

/* gelu(x) = x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2 */
static inline vf vf_normal_cdf(vf x)
{
    const vf e = vf_erf(vf_mul(x, vf_set(0.707106781f)));
    return vf_fma(e, vf_set(0.5f), vf_set(0.5f));
}
static inline vf vf_gelu(vf x)
{
    return vf_mul(x, vf_normal_cdf(x));
}

/* gelu'(x) = Phi(x) + x phi(x), phi(x) = exp(-x^2 / 2) / sqrt(2 pi). The caller has Phi(x). */
static inline vf vf_gelu_slope(vf x, vf cdf)
{
    const vf half = vf_mul(vf_mul(x, x), vf_set(-0.5f)), low = vf_set(-86.9f);
    const vf e = vf_select_lt(half, low, vf_set(0.0f), vf_exp_inside(half));
    return vf_fma(x, vf_mul(e, vf_set(0.398942280f)), cdf);
}

/* The dropout hash: a full-avalanche mix of the element's index (multipliers of C. Wellons'
 * "low bias" search), keyed before and inside so that rows are unrelated. */
static inline vi vi_dropout_hash(vi index, uint32_t key0, uint32_t key1)
{
    vi h = vi_add(index, vi_set(key0));
    h = vi_mul(vi_xor(h, vi_shr(h, 16)), vi_set(0x21f0aaadu));
    h = vi_xor(h, vi_set(key1));
    h = vi_mul(vi_xor(h, vi_shr(h, 15)), vi_set(0xd35a2d97u));
    return vi_xor(h, vi_shr(h, 15));
}

#endif
