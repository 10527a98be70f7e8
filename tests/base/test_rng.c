/* Philox against the known answers of Random123 (kat_vectors, philox4x32 10). */
#include "base/rng.h"
#include "base/str.h"
#include <criterion/criterion.h>
#include <string.h>

Test(rng, known_answers)
{
    static const struct {
        uint64_t key, hi, lo;
        uint32_t out[4];
    } KNOWN[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x0370734413198a2e,
         0x85a308d3243f6a88,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(KNOWN); i++) {
        uint32_t out[4];
        rng_philox(KNOWN[i].key, KNOWN[i].hi, KNOWN[i].lo, out);
        cr_assert_arr_eq(out, KNOWN[i].out, sizeof out, "vector %zu", i);
    }
}

Test(rng, a_sequence_is_the_blocks_in_order)
{
    struct rng r;
    rng_init(&r, 7, RNG_SHUFFLE, 3);
    for (uint64_t block = 0; block < 5; block++) {
        uint32_t want[4];
        rng_philox(7, (uint64_t)RNG_SHUFFLE << 32 | 3, block, want);
        for (int i = 0; i < 4; i++) cr_assert_eq(rng_u32(&r), want[i]);
    }
}

Test(rng, streams_and_substreams_differ)
{
    struct rng a, b, c, d;
    rng_init(&a, 1, RNG_SPLIT, 0);
    rng_init(&b, 1, RNG_SPLIT, 1);
    rng_init(&c, 1, RNG_SHUFFLE, 0);
    rng_init(&d, 2, RNG_SPLIT, 0);
    uint32_t first = rng_u32(&a);
    cr_assert_neq(first, rng_u32(&b));
    cr_assert_neq(first, rng_u32(&c));
    cr_assert_neq(first, rng_u32(&d));
}

Test(rng, below_stays_below_and_is_even)
{
    struct rng r;
    int seen[7] = {0};
    rng_init(&r, 42, RNG_SAMPLE, 0);
    for (int i = 0; i < 70000; i++) seen[rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++) /* 10000 expected, standard deviation 93; 6 of them */
        cr_assert(seen[i] > 9440 && seen[i] < 10560, "%d came %d times", i, seen[i]);
    for (int i = 0; i < 100; i++) cr_assert_eq(rng_below(&r, 1), 0);
    for (int i = 0; i < 100; i++) cr_assert_lt(rng_below(&r, 0x80000001u), 0x80000001u);
}

Test(rng, unit_is_in_the_half_open_interval)
{
    struct rng r;
    double sum = 0;
    rng_init(&r, 5, RNG_BOOTSTRAP, 0);
    for (int i = 0; i < 100000; i++) {
        double v = rng_unit(&r);
        cr_assert(v >= 0 && v < 1);
        sum += v;
    }
    cr_assert_float_eq(sum / 100000, 0.5, 0.006); /* six standard errors of 0.0009 */
}

Test(rng, shuffle_is_a_permutation_and_repeats)
{
    int a[100], b[100], seen[100] = {0};
    struct rng r;
    for (int i = 0; i < 100; i++) a[i] = b[i] = i;
    rng_init(&r, 9, RNG_SHUFFLE, 0);
    rng_shuffle(&r, a, 100);
    rng_init(&r, 9, RNG_SHUFFLE, 0);
    rng_shuffle(&r, b, 100);
    cr_assert_arr_eq(a, b, sizeof a);
    int moved = 0;
    for (int i = 0; i < 100; i++) {
        seen[a[i]]++;
        moved += a[i] != i;
    }
    for (int i = 0; i < 100; i++) cr_assert_eq(seen[i], 1);
    cr_assert_gt(moved, 80);
    rng_shuffle(&r, a, 0);
    rng_shuffle(&r, a, 1);
}
