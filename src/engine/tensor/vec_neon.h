/* engine/tensor/vec_neon.h - sixteen lanes as four q registers; see vec_ref.h for what each
 * means. */
#ifndef ENGINE_TENSOR_VEC_NEON_H
#define ENGINE_TENSOR_VEC_NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    float32x4_t q[4];
} vf;
typedef struct {
    uint32x4_t q[4];
} vi;

#define VEC_EACH(type, expr)                                                                       \
    do {                                                                                           \
        type r;                                                                                    \
        for (int i = 0; i < 4; i++) r.q[i] = (expr);                                               \
        return r;                                                                                  \
    } while (0)

static inline vf vf_load(const float *p)
{
    VEC_EACH(vf, vld1q_f32(p + 4 * i));
}
static inline void vf_store(float *p, vf a)
{
    for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, a.q[i]);
}
static inline vf vf_load_n(const float *p, int n)
{
    float lanes[16] = {0};
    memcpy(lanes, p, (size_t)n * sizeof *p);
    return vf_load(lanes);
}
static inline void vf_store_n(float *p, vf a, int n)
{
    float lanes[16];
    vf_store(lanes, a);
    memcpy(p, lanes, (size_t)n * sizeof *p);
}
static inline vf vf_first_n(vf a, vf rest, int n)
{
    float lanes[16], others[16];
    vf_store(lanes, a);
    vf_store(others, rest);
    memcpy(lanes + n, others + n, (size_t)(16 - n) * sizeof *lanes);
    return vf_load(lanes);
}
static inline vf vf_set(float x)
{
    VEC_EACH(vf, vdupq_n_f32(x));
}
static inline vf vf_add(vf a, vf b)
{
    VEC_EACH(vf, vaddq_f32(a.q[i], b.q[i]));
}
static inline vf vf_sub(vf a, vf b)
{
    VEC_EACH(vf, vsubq_f32(a.q[i], b.q[i]));
}
static inline vf vf_mul(vf a, vf b)
{
    VEC_EACH(vf, vmulq_f32(a.q[i], b.q[i]));
}
static inline vf vf_div(vf a, vf b)
{
    VEC_EACH(vf, vdivq_f32(a.q[i], b.q[i]));
}
static inline vf vf_sqrt(vf a)
{
    VEC_EACH(vf, vsqrtq_f32(a.q[i]));
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    VEC_EACH(vf, vfmaq_f32(c.q[i], a.q[i], b.q[i]));
}
static inline vf vf_fnma(vf a, vf b, vf c)
{
    VEC_EACH(vf, vfmsq_f32(c.q[i], a.q[i], b.q[i]));
}
static inline vf vf_max(vf a, vf b)
{
    VEC_EACH(vf, vbslq_f32(vcgtq_f32(a.q[i], b.q[i]), a.q[i], b.q[i]));
}
static inline vf vf_min(vf a, vf b)
{
    VEC_EACH(vf, vbslq_f32(vcltq_f32(a.q[i], b.q[i]), a.q[i], b.q[i]));
}
static inline vf vf_select_lt(vf a, vf b, vf yes, vf no)
{
    VEC_EACH(vf, vbslq_f32(vcltq_f32(a.q[i], b.q[i]), yes.q[i], no.q[i]));
}

static inline vi vi_set(uint32_t x)
{
    VEC_EACH(vi, vdupq_n_u32(x));
}
static inline vi vi_iota(void)
{
    static const uint32_t iota[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    VEC_EACH(vi, vld1q_u32(iota + 4 * i));
}
static inline vi vi_add(vi a, vi b)
{
    VEC_EACH(vi, vaddq_u32(a.q[i], b.q[i]));
}
static inline vi vi_mul(vi a, vi b)
{
    VEC_EACH(vi, vmulq_u32(a.q[i], b.q[i]));
}
static inline vi vi_and(vi a, vi b)
{
    VEC_EACH(vi, vandq_u32(a.q[i], b.q[i]));
}
static inline vi vi_or(vi a, vi b)
{
    VEC_EACH(vi, vorrq_u32(a.q[i], b.q[i]));
}
static inline vi vi_xor(vi a, vi b)
{
    VEC_EACH(vi, veorq_u32(a.q[i], b.q[i]));
}
static inline vi vi_shl(vi a, int n)
{
    VEC_EACH(vi, vshlq_u32(a.q[i], vdupq_n_s32(n)));
}
static inline vi vi_shr(vi a, int n)
{
    VEC_EACH(vi, vshlq_u32(a.q[i], vdupq_n_s32(-n)));
}
static inline vf vi_select_ge_u(vi a, vi b, vf yes, vf no)
{
    VEC_EACH(vf, vbslq_f32(vcgeq_u32(a.q[i], b.q[i]), yes.q[i], no.q[i]));
}
static inline vi vf_bits(vf a)
{
    VEC_EACH(vi, vreinterpretq_u32_f32(a.q[i]));
}
static inline vf vi_float(vi a)
{
    VEC_EACH(vf, vreinterpretq_f32_u32(a.q[i]));
}

static inline vi vi_load(const int32_t *p)
{
    VEC_EACH(vi, vreinterpretq_u32_s32(vld1q_s32(p + 4 * i)));
}
static inline vi vi_max_u(vi a, vi b)
{
    VEC_EACH(vi, vmaxq_u32(a.q[i], b.q[i]));
}
static inline uint32_t vi_max_lane_u(vi a)
{
    return vmaxvq_u32(vmaxq_u32(vmaxq_u32(a.q[0], a.q[1]), vmaxq_u32(a.q[2], a.q[3])));
}
static inline vf vf_from_int(vi a)
{
    VEC_EACH(vf, vcvtq_f32_s32(vreinterpretq_s32_u32(a.q[i])));
}
static inline void vi_store_bytes(uint8_t *p, vi a)
{
    const uint16x8_t lo = vcombine_u16(vmovn_u32(a.q[0]), vmovn_u32(a.q[1]));
    const uint16x8_t hi = vcombine_u16(vmovn_u32(a.q[2]), vmovn_u32(a.q[3]));
    vst1q_u8(p, vcombine_u8(vmovn_u16(lo), vmovn_u16(hi)));
}

static inline float vf_sum(vf a)
{
    const float32x4_t low = vaddq_f32(a.q[0], a.q[2]), high = vaddq_f32(a.q[1], a.q[3]);
    const float32x4_t q = vaddq_f32(low, high);
    const float32x2_t d = vadd_f32(vget_low_f32(q), vget_high_f32(q));
    return vget_lane_f32(d, 0) + vget_lane_f32(d, 1);
}
static inline float32x4_t vec_max4(float32x4_t a, float32x4_t b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
static inline float vf_max_lane(vf a)
{
    const float32x4_t low = vec_max4(a.q[0], a.q[2]), high = vec_max4(a.q[1], a.q[3]);
    float lane[4];
    vst1q_f32(lane, vec_max4(low, high));
    const float even = lane[0] > lane[2] ? lane[0] : lane[2];
    const float odd = lane[1] > lane[3] ? lane[1] : lane[3];
    return even > odd ? even : odd;
}

#endif
