#include "base/arena.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

static bool all_zero(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != 0) return false;
    return true;
}

Test(arena, items_are_zeroed_aligned_and_apart)
{
    struct arena a;
    arena_init(&a, 64 << 20);
    for (int round = 0; round < 3; round++) {
        unsigned char *last = NULL;
        size_t last_len = 0;
        for (size_t len = 0; len < 300000; len = len * 3 / 2 + 1) {
            unsigned char *p = arena_alloc(&a, len);
            cr_assert(all_zero(p, len), "round %d, %zu bytes", round, len);
            cr_assert_eq((uintptr_t)p % (len >= 64 ? 64 : 16), 0);
            memset(p, 0xAA, len);
            if (last) cr_assert(last_len == 0 || last[last_len - 1] == 0xAA);
            last = p;
            last_len = len;
        }
        arena_reset(&a);
        cr_assert_eq(a.bytes, 0);
    }
    arena_release(&a);
    arena_release(&a);
}

Test(arena, reset_keeps_the_blocks)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    void *first = arena_alloc(&a, 100);
    arena_reset(&a);
    cr_assert_eq(arena_alloc(&a, 100), first);
    arena_release(&a);
}

Test(arena, many_blocks)
{
    struct arena a;
    arena_init(&a, 512 << 20);
    for (int i = 0; i < 20000; i++) memset(arena_alloc(&a, 5000), i & 0xFF, 5000);
    cr_assert_geq(a.bytes, (size_t)20000 * 5000);
    arena_release(&a);
}

Test(arena, try_refuses_overflow_and_the_limit)
{
    struct arena a;
    struct err err = {0};
    arena_init(&a, 1000);
    cr_assert_null(arena_try(&a, SIZE_MAX / 2, 3, &err));
    cr_assert_eq(err.code, ERR_LIMIT);
    err = (struct err){0};
    cr_assert_null(arena_try(&a, 1001, 1, &err));
    cr_assert_eq(err.code, ERR_LIMIT);
    cr_assert_not_null(arena_try(&a, 10, 100, &err));
    cr_assert_null(arena_try(&a, 1, 1, &err));
    arena_release(&a);
    arena_init(&a, SIZE_MAX);
    err = (struct err){0};
    cr_assert_null(arena_try(&a, SIZE_MAX / 4, 1, &err));
    cr_assert_eq(err.code, ERR_NO_MEMORY);
    cr_assert_null(arena_try(&a, SIZE_MAX, 1, &err));
    arena_release(&a);
}

Test(arena, alloc_past_the_limit_is_a_bug, .signal = SIGABRT)
{
    struct arena a;
    arena_init(&a, 100);
    arena_alloc(&a, 101);
}

Test(arena, texts)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    cr_assert_str_eq(arena_strdup(&a, "abc"), "abc");
    cr_assert_str_eq(arena_strndup(&a, "abcdef", 2), "ab");
    cr_assert_str_eq(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
    cr_assert_str_eq(arena_strdup(&a, ""), "");
    arena_release(&a);
}

Test(mem, zeroed_aligned_grown)
{
    struct err err = {0};
    unsigned char *p = mem_try(10, 7, &err);
    cr_assert(all_zero(p, 70));
    cr_assert_eq((uintptr_t)p % 64, 0);
    memset(p, 1, 70);
    p = mem_grow(p, 10, 100, 7, &err);
    cr_assert(p[0] == 1 && p[69] == 1 && all_zero(p + 70, 630));
    mem_free(p);
    mem_free(NULL);
    mem_free(mem_try(0, 8, &err));
    cr_assert_null(mem_try(SIZE_MAX, 2, &err));
    cr_assert_eq(err.code, ERR_NO_MEMORY);
    cr_assert_null(mem_try(SIZE_MAX - 10, 1, &err));
}

Test(arena, pages_are_zero_and_aligned)
{
    struct err err = {0};
    void *data = NULL;
    const size_t bytes = (size_t)9 << 20; /* large enough to ask for huge pages */
    void *block = mem_try_pages(bytes, 1, &data, &err);
    cr_assert_not_null(block);
    cr_expect_eq((uintptr_t)data % ((uintptr_t)2 << 20), 0);
    unsigned char *p = data;
    for (size_t i = 0; i < bytes; i += 4096) cr_assert_eq(p[i], 0);
    p[bytes - 1] = 1;
    mem_free(block);
    cr_expect_null(mem_try_pages(SIZE_MAX, 2, &data, &err));
    cr_expect_eq(err.code, ERR_NO_MEMORY);
}
