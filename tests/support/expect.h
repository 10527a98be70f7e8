/* tests/support/expect.h - a call that must succeed, and one that must fail in a known way with a
 * message of its own.
 *
 *     OK(registry_open(&o, &r, &err));
 *     FAILS(registry_open(&bad, &r, &err), ERR_BAD_INPUT);
 *
 * The macros bring the `err` that the call names.
 */
#ifndef SUPPORT_EXPECT_H
#define SUPPORT_EXPECT_H

#include "base/err.h"
#include <criterion/criterion.h>

#define OK(call)                                                                                   \
    do {                                                                                           \
        struct err err = {0};                                                                      \
        enum err_code code_ = (call);                                                              \
        cr_assert_eq(code_, ERR_OK, "%s: %s: %s", #call, err.message, err.detail);                 \
    } while (0)
#define FAILS(call, expected)                                                                      \
    do {                                                                                           \
        struct err err = {0};                                                                      \
        enum err_code code_ = (call);                                                              \
        cr_assert_eq(code_, (expected), "%s: %s: %s", #call, err_name(code_), err.message);        \
        cr_assert(err.message[0] != 0);                                                            \
    } while (0)

#endif
