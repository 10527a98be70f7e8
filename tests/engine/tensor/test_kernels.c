/* Every level of this CPU against the reference, bit for bit (kernel_check.c), and dispatch. */
#include "engine/tensor/kernels_internal.h"
#include "kernel_check.h"
#include "support/tile_trap.h"
#include <criterion/criterion.h>
#include <string.h>

Test(kernels, every_level_gives_the_bits_of_the_reference)
{
    static const enum isa levels[] = {ISA_AVX2, ISA_AVX512, ISA_AMX, ISA_NEON};
    (void)tile_trap_start();
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
