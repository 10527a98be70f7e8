#include "base/map.h"
#include "base/map_internal.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* The vectors of the SipHash paper: key 00..0f, inputs 00..(n-1). */
Test(map, siphash_known_answers)
{
    static const uint64_t KEY[2] = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};
    unsigned char in[64];
    for (size_t i = 0; i < sizeof in; i++) in[i] = (unsigned char)i;
    cr_assert_eq(map_siphash(KEY, in, 0), 0x726fdb47dd0e0e31ull);
    cr_assert_eq(map_siphash(KEY, in, 1), 0x74f839c593dc67fdull);
    cr_assert_eq(map_siphash(KEY, in, 8), 0x93f5f5799a932462ull);
    cr_assert_eq(map_siphash(KEY, in, 15), 0xa129ca6149be45e5ull);
}

Test(map, put_get_replace_and_order)
{
    struct map m;
    struct err err = {0};
    map_init(&m, 100000);
    cr_assert_null(map_get(&m, "x", 1));
    for (int i = 0; i < 50000; i++) {
        char key[16];
        int len = snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(map_put(&m, key, (size_t)len, (union map_value){.i = i}, &err), ERR_OK);
    }
    cr_assert_eq(map_put(&m, "k7", 2, (union map_value){.i = -7}, &err), ERR_OK);
    cr_assert_eq(m.count, 50000);
    for (int i = 0; i < 50000; i++) {
        char key[16];
        size_t len = (size_t)snprintf(key, sizeof key, "k%d", i), got_len;
        union map_value *v = map_get(&m, key, len), *at;
        cr_assert(v && v->i == (i == 7 ? -7 : i));
        cr_assert_str_eq(map_at(&m, (size_t)i, &got_len, &at), key);
        cr_assert(at == v && got_len == len);
    }
    cr_assert_null(map_get(&m, "k50000", 6));
    cr_assert_null(map_get(&m, "k", 1));
    map_release(&m);
    map_release(&m);
}

Test(map, keys_are_bytes)
{
    struct map m;
    struct err err = {0};
    map_init(&m, 10);
    cr_assert_eq(map_put(&m, "", 0, (union map_value){.i = 1}, &err), ERR_OK);
    cr_assert_eq(map_put(&m, "a\0b", 3, (union map_value){.i = 2}, &err), ERR_OK);
    cr_assert_eq(map_put(&m, "a", 1, (union map_value){.i = 3}, &err), ERR_OK);
    cr_assert_eq(map_get(&m, "", 0)->i, 1);
    cr_assert_eq(map_get(&m, "a\0b", 3)->i, 2);
    cr_assert_eq(map_get(&m, "a", 1)->i, 3);
    map_release(&m);
}

Test(map, the_ceiling_holds)
{
    struct map m;
    struct err err = {0};
    map_init(&m, 2);
    cr_assert_eq(map_put(&m, "a", 1, (union map_value){.i = 1}, &err), ERR_OK);
    cr_assert_eq(map_put(&m, "b", 1, (union map_value){.i = 2}, &err), ERR_OK);
    cr_assert_eq(map_put(&m, "c", 1, (union map_value){.i = 3}, &err), ERR_LIMIT);
    cr_assert_eq(map_put(&m, "a", 1, (union map_value){.i = 4}, &err), ERR_OK);
    cr_assert_null(map_get(&m, "c", 1));
    map_release(&m);
}
