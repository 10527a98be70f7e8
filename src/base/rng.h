/* base/rng.h - random numbers that depend on a key and a counter, never on who asked before.
 *
 * Philox4x32-10 (Salmon et al. 2011). The same (seed, stream, index) gives the same bits on every
 * machine, thread and order of calls: splits, shuffles, bootstraps, dropout and initialisation use
 * nothing else.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* What the number is for; keeps streams of one seed apart. */
enum rng_stream {
    RNG_SPLIT = 1,
    RNG_SHUFFLE,
    RNG_BOOTSTRAP,
    RNG_DROPOUT,
    RNG_INIT,
    RNG_REPLAY,
    RNG_PERMUTE,
    RNG_SAMPLE
};

void rng_philox(uint64_t key, uint64_t counter_hi, uint64_t counter_lo, uint32_t out[4]);

struct rng { /* a sequence: one owner */
    uint64_t seed, stream, next;
    uint32_t have[4];
    int left;
};
void rng_init(struct rng *r, uint64_t seed, enum rng_stream stream, uint32_t substream);
uint32_t rng_u32(struct rng *r);
uint32_t rng_below(struct rng *r, uint32_t n);             /* 0..n-1 without bias; n >= 1 */
double rng_unit(struct rng *r);                            /* [0, 1), 32 bits */
void rng_shuffle(struct rng *r, int *items, size_t count); /* Fisher-Yates */

#endif
