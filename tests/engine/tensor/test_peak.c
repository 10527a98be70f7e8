/* Peaks: loops exist where instructions do, and count what they do. No speed is asserted. */
#include "engine/tensor/peak.h"
#include <criterion/criterion.h>

Test(peak, every_level_with_instructions_counts)
{
    const enum isa isas[] = {ISA_AVX2, ISA_AVX512, ISA_AMX, ISA_NEON};
    for (int i = 0; i < 4; i++) {
        for (enum precision p = PRECISION_FP32; p <= PRECISION_INT8; p++) {
            int64_t one = peak_spin(p, isas[i], 1), three = peak_spin(p, isas[i], 3);
            cr_assert_eq(three, 3 * one, "%s %s", isa_name(isas[i]), PRECISION_NAMES[p]);
            if (!isa_available(isas[i])) cr_assert_eq(one, 0);
        }
        if (isa_available(isas[i])) cr_assert_gt(peak_spin(PRECISION_FP32, isas[i], 1), 0);
    }
}

Test(peak, extras_of_avx512)
{
    if (!isa_available(ISA_AVX512)) cr_skip("no AVX-512");
    cr_expect_eq(peak_spin(PRECISION_INT8, ISA_AVX512, 1) > 0, isa_has(ISA_VNNI));
    cr_expect_eq(peak_spin(PRECISION_FP16, ISA_AVX512, 1) > 0, isa_has(ISA_FP16));
    cr_expect_eq(peak_spin(PRECISION_BF16, ISA_AVX512, 1) > 0, isa_has(ISA_BF16));
}

Test(peak, nothing_to_do)
{
    cr_expect_eq(peak_spin(PRECISION_FP32, ISA_BEST, 0), 0);
    cr_expect_eq(peak_spin(PRECISION_FP32, ISA_REF, 5), 0);
    cr_expect_eq(peak_spin(PRECISION_AUTO, ISA_BEST, 5), 0);
}
