/* engine/tensor/bf16_words.h - fp32 to words of bf16 on AVX2 and AVX-512: bf16_of over 16 lanes.
 *
 * Wants vec_<level>.h before it. Integer operations alone: MXCSR plays no part.
 */
#ifndef ENGINE_TENSOR_BF16_WORDS_H
#define ENGINE_TENSOR_BF16_WORDS_H

/* The bf16 of each lane in its upper half; the lower half is 0. */
static inline vi bf16_upper(vf x)
{
    const vi bits = vf_bits(x), magnitude = vi_and(bits, vi_set(0x7fffffffu));
    const vi even = vi_and(vi_shr(bits, 16), vi_set(1u));
    const vi rounded = vi_add(bits, vi_add(even, vi_set(0x7fffu)));
    const vi quiet = vi_or(bits, vi_set(0x00400000u)), zero = vi_and(bits, vi_set(0x80000000u));
    vf r = vi_select_ge_u(magnitude, vi_set(0x7f800001u), vi_float(quiet), vi_float(rounded));
    r = vi_select_ge_u(magnitude, vi_set(0x00800000u), r, vi_float(zero));
    return vi_and(vf_bits(r), vi_set(0xffff0000u));
}

#endif
