/* base/rng.c - Philox4x32-10.
 *
 * Each block of four numbers is ten rounds of multiply and xor over (key, counter); there is no
 * state to share or to seed in the wrong order. tests/base/test_rng.c checks the known answers
 * published with Random123.
 */
#include "base/rng.h"
#include "base/err.h"

#define ROUND_COUNT 10
#define MULTIPLY_0  0xD2511F53u
#define MULTIPLY_1  0xCD9E8D57u
#define WEYL_0      0x9E3779B9u
#define WEYL_1      0xBB67AE85u

void rng_philox(uint64_t key, uint64_t counter_hi, uint64_t counter_lo, uint32_t out[4])
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t c0 = (uint32_t)counter_lo, c1 = (uint32_t)(counter_lo >> 32);
    uint32_t c2 = (uint32_t)counter_hi, c3 = (uint32_t)(counter_hi >> 32);
    for (int i = 0; i < ROUND_COUNT; i++) {
        uint64_t p0 = (uint64_t)MULTIPLY_0 * c0, p1 = (uint64_t)MULTIPLY_1 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c0 = n0;
        c1 = (uint32_t)p1;
        c2 = n2;
        c3 = (uint32_t)p0;
        k0 += WEYL_0;
        k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void rng_init(struct rng *r, uint64_t seed, enum rng_stream stream, uint32_t substream)
{
    *r = (struct rng){.seed = seed, .stream = (uint64_t)stream << 32 | substream};
}

uint32_t rng_u32(struct rng *r)
{
    if (r->left == 0) {
        rng_philox(r->seed, r->stream, r->next++, r->have);
        r->left = 4;
    }
    return r->have[4 - r->left--];
}

/* Lemire 2019: the high half of a product, with the few values that would favour some results drawn
 * again. */
uint32_t rng_below(struct rng *r, uint32_t n)
{
    BUG_IF(n == 0);
    uint64_t product = (uint64_t)rng_u32(r) * n;
    if ((uint32_t)product < n) {
        uint32_t uneven = (0u - n) % n; /* 2^32 mod n */
        while ((uint32_t)product < uneven) product = (uint64_t)rng_u32(r) * n;
    }
    return (uint32_t)(product >> 32);
}

double rng_unit(struct rng *r)
{
    return rng_u32(r) * 0x1p-32;
}

void rng_shuffle(struct rng *r, int *items, size_t count)
{
    BUG_IF(count > UINT32_MAX);
    for (size_t i = count; i > 1; i--) {
        size_t j = rng_below(r, (uint32_t)i);
        int item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
