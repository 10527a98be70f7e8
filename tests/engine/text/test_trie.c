/* The double array: every key is found, nothing else is, equal keys are refused. */
#include "base/arena.h"
#include "base/limits.h"
#include "base/rng.h"
#include "base/str.h"
#include "engine/text/trie_internal.h"
#include "support/test_data.h"
#include <string.h>

#define KEYS 5000

static void build(struct trie *t, struct trie_key *keys, size_t count)
{
    struct err err = {0};
    cr_assert_eq(trie_build(t, keys, count, &err), ERR_OK, "%s", err.message);
}

Test(trie, empty_set_finds_nothing)
{
    struct trie t;
    build(&t, NULL, 0);
    for (int b = 0; b < 256; b++) cr_expect_lt(trie_step(&t, TRIE_ROOT, (char)b), 0);
    trie_release(&t);
}

Test(trie, prefixes_and_all_bytes)
{
    struct trie_key keys[] = {{"a", 1, 0},    {"ab", 2, 1},       {"abc", 3, 2},
                              {"\x01", 1, 3}, {"\xff\xff", 2, 4}, {"b\x80", 2, 5}};
    struct trie t;
    build(&t, keys, ARRAY_COUNT(keys));
    cr_expect_eq(trie_find(&t, "a", 1), 0);
    cr_expect_eq(trie_find(&t, "ab", 2), 1);
    cr_expect_eq(trie_find(&t, "abc", 3), 2);
    cr_expect_eq(trie_find(&t, "\x01", 1), 3);
    cr_expect_eq(trie_find(&t, "\xff\xff", 2), 4);
    cr_expect_eq(trie_find(&t, "b\x80", 2), 5);
    cr_expect_eq(trie_find(&t, "abcd", 4), -1);
    cr_expect_eq(trie_find(&t, "\xff", 1), -1);
    cr_expect_eq(trie_find(&t, "", 0), -1);
    trie_release(&t);
}

Test(trie, equal_keys_are_named)
{
    struct trie_key keys[] = {{"ward", 4, 0}, {"lung", 4, 1}, {"ward", 4, 2}};
    struct trie t;
    struct err err = {0};
    cr_assert_eq(trie_build(&t, keys, ARRAY_COUNT(keys), &err), ERR_BAD_INPUT);
    cr_expect_str_eq(err.message, "the piece \"ward\" is in the vocabulary twice");
    cr_expect_str_eq(err.detail, "as id 0 and as id 2");
}

/* Random keys over few or many byte values, with shared beginnings: all found, nothing else. */
static void check_random(uint32_t alphabet, uint64_t seed)
{
    static char bytes[KEYS][12];
    static struct trie_key keys[KEYS], sorted[KEYS];
    struct rng r;
    rng_init(&r, seed, RNG_SAMPLE, 0);
    for (size_t i = 0; i < KEYS; i++) {
        size_t len = 4 + rng_below(&r, 5); /* the number of the key, then random bytes */
        uint32_t number = (uint32_t)i;
        for (size_t k = 0; k < 4; k++) {
            bytes[i][k] = (char)(number % 16 * (256 / 16));
            number /= 16;
        }
        for (size_t k = 4; k < len; k++) bytes[i][k] = (char)rng_below(&r, alphabet);
        keys[i] = sorted[i] = (struct trie_key){bytes[i], len, (int32_t)i};
    }
    struct trie t;
    build(&t, sorted, KEYS);
    for (size_t i = 0; i < KEYS; i++) {
        cr_assert_eq(trie_find(&t, keys[i].bytes, keys[i].len), (int32_t)i);
        bytes[i][keys[i].len] = 'x';
        cr_assert_eq(trie_find(&t, keys[i].bytes, keys[i].len + 1), -1);
        cr_assert_eq(trie_find(&t, keys[i].bytes, 3), -1);
    }
    trie_release(&t);
}

Test(trie, random_keys_of_two_bytes)
{
    check_random(2, 1);
}
Test(trie, random_keys_of_all_bytes)
{
    check_random(256, 2);
}

Test(trie, too_many_slots_are_refused)
{
    /* a few keys that share nothing, together beyond the limit */
    enum { COUNT = 5, BYTES = TRIE_SLOTS_MAX / 4 + 5000 };
    struct err err = {0};
    char *bytes = mem_try(COUNT, BYTES, &err);
    cr_assert_not_null(bytes);
    struct trie_key keys[COUNT];
    for (int i = 0; i < COUNT; i++) {
        memset(bytes + (size_t)i * BYTES, 'a' + i, BYTES);
        keys[i] = (struct trie_key){bytes + (size_t)i * BYTES, BYTES, i};
    }
    struct trie t;
    cr_expect_eq(trie_build(&t, keys, COUNT, &err), ERR_LIMIT);
    mem_free(bytes);
}
