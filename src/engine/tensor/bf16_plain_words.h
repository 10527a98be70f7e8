/* engine/tensor/bf16_plain_words.h - words put in order in plain C, for levels without vectors of
 * their own for it. What each gives: bf16_pack_body.h.
 */
#ifndef ENGINE_TENSOR_BF16_PLAIN_WORDS_H
#define ENGINE_TENSOR_BF16_PLAIN_WORDS_H

#include <stdint.h>

static void transpose_words(const uint32_t *from, uint32_t *to)
{
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) to[j * 16 + i] = from[i * 16 + j];
}

static void lace_words(const uint32_t *even, const uint32_t *odd, uint32_t *left, uint32_t *right)
{
    for (int w = 0; w < 16; w++) {
        uint32_t *to = w < 8 ? left + 2 * w : right + 2 * (w - 8);
        to[0] = (even[w] & 0xffffu) | odd[w] << 16;
        to[1] = even[w] >> 16 | (odd[w] & 0xffff0000u);
    }
}

#endif
