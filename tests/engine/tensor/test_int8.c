/* int8: every level of this CPU against the reference, the reference against exact arithmetic, and
 * lines that are not numbers. */
#include "engine/tensor/int8_internal.h"
#include "lowp_check.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include "support/tile_trap.h"
#include "support/tile_unit.h"

static void expect_reference(const struct lowp *k, bool available, const char *name)
{
    if (available) cr_expect_eq(lowp_check(&lowp_int8_ref, k), 0, "%s", name);
}

Test(int8, every_level_gives_the_bits_of_the_reference)
{
    if (!isa_available(ISA_AVX2)) cr_skip_test("this CPU has no level for int8");
    expect_reference(&lowp_int8_avx2, true, "avx2");
    expect_reference(&lowp_int8_avxvnni, isa_has(ISA_AVX_VNNI), "avx2 with AVX-VNNI");
    expect_reference(&lowp_int8_avx512, isa_has(ISA_VNNI), "avx512 with VNNI");
}

Test(int8, amx_gives_the_bits_of_the_reference)
{
    if (!tile_trap_start()) cr_skip_test("this CPU lacks what the kernel uses beside tiles");
    expect_reference(&lowp_int8_amx, true, "amx");
    cr_expect(tile_trap_native() || tile_trap_count() > 0);
    cr_expect(tile_unit_released());
}
#endif

/* The check itself must see one wrong bit. */
static void gemm_badly(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0,
                       int32_t col1, void *scratch)
{
    lowp_int8_ref.gemm(g, row0, row1, col0, col1, scratch);
    if (row0 <= 16 && row1 > 16 && col0 <= 36 && col1 > 36) g->c[16 * g->c_row + 36] += 1.0f;
}

Test(int8, the_check_sees_one_wrong_element)
{
    struct lowp bad = lowp_int8_ref;
    bad.gemm = gemm_badly;
    cr_expect_gt(lowp_check(&lowp_int8_ref, &bad), 0);
}

enum { ROWS = 3, DEPTH = 5, COLS = 2 };

static void product(const float *x, const float *w, float *c)
{
    const struct lowp *k = &lowp_int8_ref;
    void *a = aligned_alloc(64, 8192), *b = aligned_alloc(64, 8192);
    cr_assert(a && b && k->operand_bytes(ROWS, DEPTH) <= 8192);
    k->operand_rows(x, DEPTH, 0, ROWS, DEPTH, a);
    k->weights_pack(w, DEPTH, 1, DEPTH, COLS, 0, 1, b);
    const struct lowp_gemm g = {
        .rows = ROWS, .cols = COLS, .depth = DEPTH, .a = a, .b = b, .c = c, .c_row = COLS};
    k->gemm(&g, 0, ROWS, 0, COLS, NULL);
    free(a);
    free(b);
}

/* By hand: a line's largest number becomes 127, and halves go to the even side. */
Test(int8, numbers_are_rounded_as_the_manual_says)
{
    const float x[ROWS * DEPTH] = {127, 0.5f, 1.5f, -2.5f, 0, -254, 2, 0, 0, 0, 0, 0, 0, 0, 0};
    const float w[COLS * DEPTH] = {127, 127, 127, 127, 127, 1, -1, 1, -1, 1};
    float c[ROWS * COLS];
    product(x, w, c);
    /* row 0 is 127 0 2 -2 0; row 1 is -127 1 0 0 0 with scale 2; row 2 is zero */
    const float expected[] = {127 * 127, 127 - 0 + 2 + 2, -2 * 126 * 127, -2 * 128, 0, 0};
    for (int i = 0; i < ROWS * COLS; i++)
        cr_expect_float_eq(c[i], expected[i], fabsf(expected[i]) * 1e-6f, "%d: %g", i,
                           (double)c[i]);
}

Test(int8, a_line_that_is_not_finite_gives_nan_and_leaves_its_neighbours)
{
    float x[ROWS * DEPTH], c[ROWS * COLS];
    const float w[COLS * DEPTH] = {1, 2, 3, 4, 5, -1, 0, INFINITY, 1, 1};
    for (int i = 0; i < ROWS * DEPTH; i++) x[i] = (float)i + 1.0f;
    x[1 * DEPTH + 2] = NAN;
    product(x, w, c);
    cr_expect(isfinite(c[0]) && isfinite(c[2 * COLS]));
    cr_expect(isnan(c[1 * COLS]) && isnan(c[1]) && isnan(c[2 * COLS + 1]));
}

Test(int8, tiny_and_huge_lines_stay_finite)
{
    float x[ROWS * DEPTH], c[ROWS * COLS];
    float w[COLS * DEPTH];
    for (int i = 0; i < ROWS * DEPTH; i++)
        x[i] = i < DEPTH ? 1e-38f : i < 2 * DEPTH ? 3e38f : 1e-3f;
    for (int i = 0; i < COLS * DEPTH; i++) w[i] = 1e-3f;
    product(x, w, c);
    for (int i = 0; i < ROWS * COLS; i++) cr_expect(isfinite(c[i]), "%d", i);
    cr_expect_eq(c[0], 0.0f);
    cr_expect_float_eq(c[2 * COLS], 5e-6f, 1e-11f);
}
