#include "base/buf.h"
#include "base/arena.h"
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(buf, grows_and_stays_terminated)
{
    struct buf b;
    struct err err = {0};
    buf_init(&b, 1 << 20);
    cr_assert_str_eq(b.data, "");
    for (int i = 0; i < 1000; i++) {
        buf_addf(&b, "%d,", i);
        cr_assert_eq(b.data[b.len], '\0');
    }
    cr_assert_eq(b.len, 3890);
    cr_assert_eq(buf_check(&b, &err), ERR_OK);
    buf_clear(&b);
    cr_assert_str_eq(b.data, "");
    buf_addc(&b, 'x');
    buf_adds(&b, "yz");
    buf_add(&b, "\0!", 2);
    cr_assert_eq(b.len, 5);
    cr_assert_arr_eq(b.data, "xyz\0!", 6);
    buf_release(&b);
    cr_assert_str_eq(b.data, "");
}

Test(buf, a_failure_sticks)
{
    struct buf b;
    struct err err = {0};
    buf_init(&b, 10);
    buf_adds(&b, "0123456789");
    cr_assert_eq(buf_check(&b, &err), ERR_OK);
    buf_addc(&b, 'x');
    buf_adds(&b, "");
    cr_assert_eq(b.len, 10);
    cr_assert_eq(buf_check(&b, &err), ERR_LIMIT);
    buf_clear(&b);
    buf_addf(&b, "%011d", 1);
    buf_adds(&b, "a");
    cr_assert_eq(b.len, 0);
    cr_assert_str_eq(b.data, "");
    cr_assert_eq(buf_check(&b, &err), ERR_LIMIT);
    buf_release(&b);
}

Test(buf, a_refused_allocation_is_told_apart)
{
    struct buf b;
    struct err err = {0};
    buf_init(&b, SIZE_MAX - 1);
    buf_add(&b, "x", 1);
    buf_add(&b, "x", (size_t)1 << 62); /* no machine gives this; nothing is read */
    cr_assert_eq(buf_check(&b, &err), ERR_NO_MEMORY);
    cr_assert_str_eq(b.data, "x");
    buf_release(&b);
}

Test(buf, take_moves)
{
    struct buf b;
    buf_init(&b, 100);
    char *none = buf_take(&b);
    cr_assert_str_eq(none, "");
    buf_adds(&b, "abc");
    char *text = buf_take(&b);
    cr_assert_str_eq(text, "abc");
    cr_assert_str_eq(b.data, "");
    mem_free(none);
    mem_free(text);
}
