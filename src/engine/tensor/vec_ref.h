/* engine/tensor/vec_ref.h - sixteen lanes in plain C: what the operations of every level mean.
 *
 * vf is sixteen floats, vi sixteen uint32. vf_load_n reads n <= 16 elements and nothing past them,
 * the other lanes are +0; vf_store_n writes n. vf_first_n takes its first n lanes from a, the
 * others from rest. vf_max(a, b) is a > b ? a : b (so b when either is NaN), vf_min alike.
 * vf_fnma is c - a b. vf_sum and vf_max_lane fold lanes 8+8, 4+4, 2+2, 1+1. vf_from_int converts
 * signed lanes, to the nearest float, ties to even; vi_store_bytes writes the low byte of each.
 */
#ifndef ENGINE_TENSOR_VEC_REF_H
#define ENGINE_TENSOR_VEC_REF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    float lane[16];
} vf;
typedef struct {
    uint32_t lane[16];
} vi;

#define VEC_EACH(type, expr)                                                                       \
    do {                                                                                           \
        type r;                                                                                    \
        for (int i = 0; i < 16; i++) r.lane[i] = (expr);                                           \
        return r;                                                                                  \
    } while (0)

static inline vf vf_load_n(const float *p, int n)
{
    VEC_EACH(vf, i < n ? p[i] : 0.0f);
}
static inline void vf_store_n(float *p, vf a, int n)
{
    for (int i = 0; i < n; i++) p[i] = a.lane[i];
}
static inline vf vf_load(const float *p)
{
    return vf_load_n(p, 16);
}
static inline void vf_store(float *p, vf a)
{
    vf_store_n(p, a, 16);
}
static inline vf vf_first_n(vf a, vf rest, int n)
{
    VEC_EACH(vf, i < n ? a.lane[i] : rest.lane[i]);
}
static inline vf vf_set(float x)
{
    VEC_EACH(vf, x);
}
static inline vf vf_add(vf a, vf b)
{
    VEC_EACH(vf, a.lane[i] + b.lane[i]);
}
static inline vf vf_sub(vf a, vf b)
{
    VEC_EACH(vf, a.lane[i] - b.lane[i]);
}
static inline vf vf_mul(vf a, vf b)
{
    VEC_EACH(vf, a.lane[i] * b.lane[i]);
}
static inline vf vf_div(vf a, vf b)
{
    VEC_EACH(vf, a.lane[i] / b.lane[i]);
}
static inline vf vf_sqrt(vf a)
{
    VEC_EACH(vf, sqrtf(a.lane[i]));
}
static inline vf vf_fma(vf a, vf b, vf c)
{
    VEC_EACH(vf, fmaf(a.lane[i], b.lane[i], c.lane[i]));
}
static inline vf vf_fnma(vf a, vf b, vf c)
{
    VEC_EACH(vf, fmaf(-a.lane[i], b.lane[i], c.lane[i]));
}
static inline vf vf_max(vf a, vf b)
{
    VEC_EACH(vf, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]);
}
static inline vf vf_min(vf a, vf b)
{
    VEC_EACH(vf, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]);
}
static inline vf vf_select_lt(vf a, vf b, vf yes, vf no)
{
    VEC_EACH(vf, a.lane[i] < b.lane[i] ? yes.lane[i] : no.lane[i]);
}

static inline vi vi_set(uint32_t x)
{
    VEC_EACH(vi, x);
}
static inline vi vi_iota(void)
{
    VEC_EACH(vi, (uint32_t)i);
}
static inline vi vi_add(vi a, vi b)
{
    VEC_EACH(vi, a.lane[i] + b.lane[i]);
}
static inline vi vi_mul(vi a, vi b)
{
    VEC_EACH(vi, a.lane[i] * b.lane[i]);
}
static inline vi vi_and(vi a, vi b)
{
    VEC_EACH(vi, a.lane[i] & b.lane[i]);
}
static inline vi vi_or(vi a, vi b)
{
    VEC_EACH(vi, a.lane[i] | b.lane[i]);
}
static inline vi vi_xor(vi a, vi b)
{
    VEC_EACH(vi, a.lane[i] ^ b.lane[i]);
}
static inline vi vi_shl(vi a, int n)
{
    VEC_EACH(vi, a.lane[i] << n);
}
static inline vi vi_shr(vi a, int n)
{
    VEC_EACH(vi, a.lane[i] >> n);
}
static inline vf vi_select_ge_u(vi a, vi b, vf yes, vf no)
{
    VEC_EACH(vf, a.lane[i] >= b.lane[i] ? yes.lane[i] : no.lane[i]);
}
static inline vi vf_bits(vf a)
{
    vi r;
    memcpy(&r, &a, sizeof r);
    return r;
}
static inline vf vi_float(vi a)
{
    vf r;
    memcpy(&r, &a, sizeof r);
    return r;
}

static inline vi vi_load(const int32_t *p)
{
    vi r;
    memcpy(&r, p, sizeof r);
    return r;
}
static inline vi vi_max_u(vi a, vi b)
{
    VEC_EACH(vi, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]);
}
static inline uint32_t vi_max_lane_u(vi a)
{
    uint32_t top = 0;
    for (int i = 0; i < 16; i++) top = a.lane[i] > top ? a.lane[i] : top;
    return top;
}
static inline vf vf_from_int(vi a)
{
    VEC_EACH(vf, (float)(int32_t)a.lane[i]);
}
static inline void vi_store_bytes(uint8_t *p, vi a)
{
    for (int i = 0; i < 16; i++) p[i] = (uint8_t)a.lane[i];
}

static inline float vf_sum(vf a)
{
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++) a.lane[i] += a.lane[i + half];
    return a.lane[0];
}
static inline float vf_max_lane(vf a)
{
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            a.lane[i] = a.lane[i] > a.lane[i + half] ? a.lane[i] : a.lane[i + half];
    return a.lane[0];
}

#endif
