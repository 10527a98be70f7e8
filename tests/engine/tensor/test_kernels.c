/* Every level of this CPU against the reference, bit for bit (kernel_check.c), and dispatch. */
#include "engine/tensor/kernels_internal.h"
#include "kernel_check.h"
#include <criterion/criterion.h>
#include <string.h>

Test(kernels, every_level_gives_the_bits_of_the_reference)
{
    static const enum isa levels[] = {ISA_AVX2, ISA_AVX512, ISA_AMX, ISA_NEON};
    int ran = 0;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (!isa_available(levels[i])) continue;
        cr_expect_eq(kernel_check(kernels_get(levels[i])), 0, "%s", isa_name(levels[i]));
        ran++;
    }
    if (!ran) cr_skip_test("this CPU has no vector level");
}

/* The check itself must see a single wrong bit: a level whose `add` is off by one place. */
static void add_badly(int32_t n, const float *x, float *y)
{
    kernels_ref.add(n, x, y);
    if (n == 97) y[96] = -y[96];
}

Test(kernels, the_check_sees_one_wrong_element)
{
    struct kernels bad = kernels_ref;
    bad.add = add_badly;
    cr_expect_gt(kernel_check(&bad), 0);
}

Test(isa, names_are_parsed_and_unknown_ones_are_errors)
{
    enum isa isa = ISA_REF;
    struct err err = {0};
    cr_expect_eq(isa_parse("ref", &isa, &err), ERR_OK);
    cr_expect_eq(isa, ISA_REF);
    cr_expect_eq(isa_parse("sse9", &isa, &err), ERR_BAD_INPUT);
    cr_expect_not_null(strstr(err.hint, "avx2"));
#if defined(__x86_64__)
    cr_expect_eq(isa_parse("neon", &isa, &err), ERR_UNAVAILABLE);
#endif
    char line[128];
    isa_describe(line);
    cr_expect(strncmp(line, isa_name(isa_best()), strlen(isa_name(isa_best()))) == 0, "%s", line);
}
