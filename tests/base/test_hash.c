/* SHA-256 against FIPS 180-4's examples, HMAC against RFC 4231. */
#include "base/hash.h"
#include "support/test_folder.h"
#include <criterion/criterion.h>
#include <string.h>

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

Test(hash, known_answers)
{
    char hex[HASH_HEX_BYTES];
    hash_bytes("", 0, hex);
    cr_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_bytes("abc", 3, hex);
    cr_assert_str_eq(hex, ABC);
    hash_keyed("Jefe", 4, "what do ya want for nothing?", 28, hex);
    cr_assert_str_eq(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

Test(hash, pieces_make_the_whole)
{
    char hex[HASH_HEX_BYTES];
    struct hash h;
    hash_init(&h);
    hash_add(&h, "a", 1);
    hash_add(&h, "", 0);
    hash_add(&h, "bc", 2);
    hash_finish(&h, hex);
    cr_assert_str_eq(hex, ABC);
}

Test(hash, fields_do_not_run_together)
{
    char a[HASH_HEX_BYTES], b[HASH_HEX_BYTES], c[HASH_HEX_BYTES];
    struct hash h;
    hash_init(&h);
    hash_add_str(&h, "ab");
    hash_add_str(&h, "c");
    hash_finish(&h, a);
    hash_init(&h);
    hash_add_str(&h, "a");
    hash_add_str(&h, "bc");
    hash_finish(&h, b);
    cr_assert_str_neq(a, b);
    hash_init(&h);
    hash_add_i64(&h, 0x0102030405060708);
    hash_finish(&h, a);
    hash_bytes("\x08\x07\x06\x05\x04\x03\x02\x01", 8, c);
    cr_assert_str_eq(a, c);
}

Test(hash, files)
{
    struct test_folder t;
    struct err err = {0};
    char hex[HASH_HEX_BYTES] = "untouched", want[HASH_HEX_BYTES];
    static char big[200001];
    test_folder_make(&t);
    memset(big, 'x', sizeof big - 1);
    hash_bytes(big, sizeof big - 1, want);
    cr_assert_eq(hash_file(test_folder_path(&t, "none"), hex, &err), ERR_NOT_FOUND);
    cr_assert_str_eq(hex, "untouched");
    cr_assert_eq(hash_file(test_folder_write(&t, "big", big), hex, &err), ERR_OK);
    cr_assert_str_eq(hex, want);
    test_folder_remove(&t);
}

Test(hash, digests_as_text)
{
    cr_assert(hash_hex_valid(ABC));
    cr_assert_not(hash_hex_valid("ba7816bf"));
    cr_assert_not(hash_hex_valid(ABC "0"));
    cr_assert_not(
        hash_hex_valid("BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    cr_assert_not(
        hash_hex_valid("../816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    cr_assert(hash_equal_constant_time(ABC, ABC));
    cr_assert_not(hash_equal_constant_time(ABC, "ba"));
    cr_assert_not(hash_equal_constant_time("aa", "ab"));
}
