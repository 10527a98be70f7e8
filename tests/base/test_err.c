/* Errors quote hostile input: they must stay whole, clean and in bounds. */
#include "base/err.h"
#include "base/str.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

Test(err, set_starts_anew)
{
    struct err err = {0};
    err_set(&err, ERR_IO, "first");
    err_detail(&err, "detail");
    err_hint(&err, "hint");
    cr_assert_eq(err_set(&err, ERR_LIMIT, "second %d", 2), ERR_LIMIT);
    cr_assert_eq(err.code, ERR_LIMIT);
    cr_assert_str_eq(err.message, "second 2");
    cr_assert_str_eq(err.detail, "");
    cr_assert_str_eq(err.hint, "");
    cr_assert_str_eq(strrchr(err.file, '/'), "/test_err.c");
}

Test(err, parts_return_the_code)
{
    struct err err = {0};
    err_set(&err, ERR_AUTH, "no");
    cr_assert_eq(err_detail(&err, "why"), ERR_AUTH);
    cr_assert_eq(err_hint(&err, "so"), ERR_AUTH);
    cr_assert_eq(err_errno(&err, ENOENT), ERR_AUTH);
    cr_assert_str_eq(err.message, "no: No such file or directory");
    cr_assert_str_eq(err.detail, "why");
}

Test(err, may_wrap_itself)
{
    struct err err = {0};
    err_set(&err, ERR_IO, "inner");
    err_set(&err, err.code, "outer: %s", err.message);
    cr_assert_str_eq(err.message, "outer: inner");
}

Test(err, nobody_listens)
{
    cr_assert_eq(err_set(NULL, ERR_BUSY, "x"), ERR_BUSY);
}

Test(err, long_texts_are_cut_between_characters)
{
    for (int lead = 0; lead < 4; lead++) {
        struct err err = {0};
        char text[3000] = "";
        memset(text, 'a', (size_t)lead);
        for (size_t at = (size_t)lead; at + 3 < sizeof text; at += 3)
            memcpy(text + at, "\xE2\x82\xAC", 4);
        err_set(&err, ERR_IO, "%s", text);
        err_detail(&err, "%s", text);
        size_t len = strlen(err.message);
        cr_assert(len > sizeof err.message - 5 && len < sizeof err.message);
        cr_assert_eq(utf8_valid_prefix(err.message, len), len);
        cr_assert_eq(utf8_valid_prefix(err.detail, strlen(err.detail)), strlen(err.detail));
    }
}

Test(err, controls_and_bad_bytes_are_replaced)
{
    struct err err = {0};
    err_set(&err, ERR_IO, "a\nb\x1b[31m \xff_\xc3\x28_\xed\xa0\x80.");
    cr_assert_str_eq(err.message, "a b [31m ?_?(_?\?\?.");
}

Test(err, table)
{
    cr_assert_str_eq(err_name(ERR_BAD_INPUT), "BAD_INPUT");
    cr_assert_eq(err_http_status(ERR_BUSY), 429);
    cr_assert_eq(err_exit_code(ERR_CORRUPT), 4);
    cr_assert_eq(err_exit_code(ERR_INTERRUPTED), 130);
    cr_assert_str_eq(err_meaning(ERR_BUSY), "try again later");
}

Test(err, a_bug_aborts, .signal = SIGABRT)
{
    BUG_IF(1 + 1 == 2);
}
