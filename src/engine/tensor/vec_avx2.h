/* engine/tensor/vec_avx2.h - sixteen lanes as two ymm registers; see vec_ref.h for what each
 * means. */
#ifndef ENGINE_TENSOR_VEC_AVX2_H
#define ENGINE_TENSOR_VEC_AVX2_H

#include <immintrin.h>
#include <stdint.h>

typedef struct {
    __m256 lo, hi;
} vf;
typedef struct {
    __m256i lo, hi;
} vi;

/* The mask of lanes [base, base + 8) that lie below n: a window over eight ones and eight zeros. */
static inline __m256i vec_mask(int n, int base)
{
    static const int32_t window[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    int first = n - base;
    first = first < 0 ? 0 : first > 8 ? 8 : first;
    return _mm256_loadu_si256((const __m256i *)(const void *)(window + 8 - first));
}

#define VF2(call_lo, call_hi) ((vf){(call_lo), (call_hi)})
#define VI2(call_lo, call_hi) ((vi){(call_lo), (call_hi)})

static inline vf vf_load(const float *p)
{
    return VF2(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8));
}
static inline void vf_store(float *p, vf a)
{
    _mm256_storeu_ps(p, a.lo);
    _mm256_storeu_ps(p + 8, a.hi);
}
static inline vf vf_load_n(const float *p, int n)
{
    const __m256 lo = _mm256_maskload_ps(p, vec_mask(n, 0));
    return VF2(lo, n > 8 ? _mm256_maskload_ps(p + 8, vec_mask(n, 8)) : _mm256_setzero_ps());
}
static inline void vf_store_n(float *p, vf a, int n)
{
    _mm256_maskstore_ps(p, vec_mask(n, 0), a.lo);
    if (n > 8) _mm256_maskstore_ps(p + 8, vec_mask(n, 8), a.hi);
}
static inline vf vf_first_n(vf a, vf rest, int n)
{
    return VF2(_mm256_blendv_ps(rest.lo, a.lo, _mm256_castsi256_ps(vec_mask(n, 0))),
               _mm256_blendv_ps(rest.hi, a.hi, _mm256_castsi256_ps(vec_mask(n, 8))));
}
static inline vf vf_set(float x)
{
    return VF2(_mm256_set1_ps(x), _mm256_set1_ps(x));
}
static inline vf vf_add(vf a, vf b)
{
    return VF2(_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi));
}
static inline vf vf_sub(vf a, vf b)
{
    return VF2(_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi));
}
static inline vf vf_mul(vf a, vf b)
{
    return VF2(_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi));
}
static inline vf vf_div(vf a, vf b)
{
    return VF2(_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi));
}
static inline vf vf_sqrt(vf a)
{
    return VF2(_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi));
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    return VF2(_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi));
}
static inline vf vf_fnma(vf a, vf b, vf c)
{
    return VF2(_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi));
}
static inline vf vf_max(vf a, vf b)
{
    return VF2(_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi));
}
static inline vf vf_min(vf a, vf b)
{
    return VF2(_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi));
}
static inline vf vf_select_lt(vf a, vf b, vf yes, vf no)
{
    return VF2(_mm256_blendv_ps(no.lo, yes.lo, _mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
               _mm256_blendv_ps(no.hi, yes.hi, _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)));
}

static inline vi vi_set(uint32_t x)
{
    return VI2(_mm256_set1_epi32((int)x), _mm256_set1_epi32((int)x));
}
static inline vi vi_iota(void)
{
    return VI2(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
               _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15));
}
static inline vi vi_add(vi a, vi b)
{
    return VI2(_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi));
}
static inline vi vi_mul(vi a, vi b)
{
    return VI2(_mm256_mullo_epi32(a.lo, b.lo), _mm256_mullo_epi32(a.hi, b.hi));
}
static inline vi vi_and(vi a, vi b)
{
    return VI2(_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi));
}
static inline vi vi_or(vi a, vi b)
{
    return VI2(_mm256_or_si256(a.lo, b.lo), _mm256_or_si256(a.hi, b.hi));
}
static inline vi vi_xor(vi a, vi b)
{
    return VI2(_mm256_xor_si256(a.lo, b.lo), _mm256_xor_si256(a.hi, b.hi));
}
#define vi_shl(a, n) VI2(_mm256_slli_epi32((a).lo, (n)), _mm256_slli_epi32((a).hi, (n)))
#define vi_shr(a, n) VI2(_mm256_srli_epi32((a).lo, (n)), _mm256_srli_epi32((a).hi, (n)))
/* max_epu32(a, b) == a says a >= b unsigned, which AVX2 cannot compare directly. */
static inline __m256 vec_ge_u(__m256i a, __m256i b)
{
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_max_epu32(a, b), a));
}
static inline vf vi_select_ge_u(vi a, vi b, vf yes, vf no)
{
    return VF2(_mm256_blendv_ps(no.lo, yes.lo, vec_ge_u(a.lo, b.lo)),
               _mm256_blendv_ps(no.hi, yes.hi, vec_ge_u(a.hi, b.hi)));
}
static inline vi vf_bits(vf a)
{
    return VI2(_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi));
}
static inline vf vi_float(vi a)
{
    return VF2(_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi));
}

static inline vi vi_load(const int32_t *p)
{
    const __m256i *at = (const __m256i *)(const void *)p;
    return VI2(_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1));
}
static inline vi vi_max_u(vi a, vi b)
{
    return VI2(_mm256_max_epu32(a.lo, b.lo), _mm256_max_epu32(a.hi, b.hi));
}
static inline uint32_t vi_max_lane_u(vi a)
{
    const __m256i m = _mm256_max_epu32(a.lo, a.hi);
    __m128i q = _mm_max_epu32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
    q = _mm_max_epu32(q, _mm_shuffle_epi32(q, 0x4e));
    q = _mm_max_epu32(q, _mm_shuffle_epi32(q, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(q);
}
static inline vf vf_from_int(vi a)
{
    return VF2(_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi));
}
/* The low bytes of each half's four lanes are gathered into one dword, then the four dwords. */
static inline void vi_store_bytes(uint8_t *p, vi a)
{
    const __m256i low = _mm256_set1_epi32(0x0c080400);
    const __m256i lo = _mm256_shuffle_epi8(a.lo, low), hi = _mm256_shuffle_epi8(a.hi, low);
    const __m256i order = _mm256_setr_epi32(0, 4, 0, 4, 0, 4, 0, 4);
    const __m128i x = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(lo, order));
    const __m128i y = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(hi, order));
    _mm_storeu_si128((__m128i *)(void *)p, _mm_unpacklo_epi64(x, y));
}

static inline float vf_sum(vf a)
{
    const __m256 e = _mm256_add_ps(a.lo, a.hi);
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(e), _mm256_extractf128_ps(e, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
static inline float vf_max_lane(vf a)
{
    const __m256 e = _mm256_max_ps(a.lo, a.hi);
    __m128 q = _mm_max_ps(_mm256_castps256_ps128(e), _mm256_extractf128_ps(e, 1));
    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

#endif
