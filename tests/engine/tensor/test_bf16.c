/* Every level of bf16 against its reference, bit for bit over odd shapes: operands, weights,
 * products with each epilogue, the operand that a product writes. Without AMX in the CPU the tile
 * instructions of its level are executed by tests/support/tile_trap.h. */
#include "engine/tensor/bf16_layout.h"
#include "engine/tensor/bf16_number.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include "support/tile_trap.h"
#include "support/tile_unit.h"
#include <immintrin.h>
#endif

enum values { ORDINARY, TINY, HUGE_AND_NAN };
static const int32_t ROWS[] = {0, 1, 2, 5, 12, 15, 16, 17, 31, 33, 61};
static const int32_t COLS[] = {0, 1, 9, 15, 17, 31, 32, 33, 65};
static const int32_t DEPTHS[] = {0, 1, 15, 17, 31, 32, 33, 97, 131, 384};
enum { EPILOGUES = 5, GUARD = 64 };
#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static uint32_t state = 11;

static uint32_t next(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

/* TINY: products of two are around the least normal number, sums of them are subnormal and not. */
static float value(enum values kind)
{
    const float unit = (float)(next() % 20001) / 10000.0f - 1.0f;
    if (next() % 16 == 0) return next() % 2 ? 0.0f : -0.0f;
    if (kind == TINY) return ldexpf(unit, -60 - (int)(next() % 8) * (next() % 9 == 0 ? 10 : 1));
    if (kind == HUGE_AND_NAN && next() % 64 == 0)
        return next() % 3 == 0 ? NAN : next() % 2 ? INFINITY : -INFINITY;
    return kind == HUGE_AND_NAN && next() % 8 == 0 ? ldexpf(unit, 127) : unit;
}

static float *matrix(size_t count, enum values kind)
{
    float *x = malloc((count + GUARD) * sizeof *x);
    for (size_t i = 0; i < count + GUARD; i++) x[i] = value(kind);
    return x;
}

static void *bytes_of(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + GUARD) / 64 * 64 + 64);
    return memset(p, 0x55, bytes + GUARD);
}

/* Which NaN is not defined. */
static bool same_floats(const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bf16_float_bits(a[i]) != bf16_float_bits(b[i]) && !(a[i] != a[i] && b[i] != b[i]))
            return false;
    return true;
}

struct shape {
    int32_t rows, cols, depth;
    enum gemm_epilogue epilogue;
    enum values kind;
    bool transposed; /* a is made from a^T and b from rows that lie together: as dW */
};

struct inputs {
    float *a, *b, *bias, *other;
};

struct outputs {
    unsigned char *a, *b, *out; /* operands and weights */
    float *c, *slope;
};

static ptrdiff_t c_row(const struct shape *s)
{
    return s->cols + 3;
}

/* a from the operand of a^T and b from that of b, each in two parts: as dW = dy^T x. */
static void turn(const struct lowp *k, const struct shape *s, const struct inputs *in,
                 struct outputs *o)
{
    const int32_t half = PANEL_COLUMNS, row = s->rows / 2 / half * half;
    const int32_t step = s->depth / 2 / half * half, col = s->cols / 2 / half * half;
    void *dy = bytes_of(k->operand_bytes(s->depth, s->rows));
    void *x = bytes_of(k->operand_bytes(s->depth, s->cols));
    k->operand_rows(in->a, s->rows + 1, 0, s->depth, s->rows, dy);
    k->operand_turn(dy, s->depth, s->rows, 0, row, o->a);
    k->operand_turn(dy, s->depth, s->rows, row, s->rows, o->a + bf16_operand_bytes(row, s->depth));
    k->operand_part(in->b, s->cols + 2, 0, s->depth, 0, col, s->cols, x);
    k->operand_part(in->b, s->cols + 2, 0, s->depth, col, s->cols, s->cols, x);
    k->operand_weights(x, s->depth, s->cols, step, s->depth, o->b);
    k->operand_weights(x, s->depth, s->cols, 0, step, o->b);
    free(dy), free(x);
}

static struct outputs run(const struct lowp *k, const struct shape *s, const struct inputs *in)
{
    const size_t floats = (size_t)s->rows * (size_t)c_row(s);
    const int32_t panels = (s->cols + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
    struct outputs o = {.a = bytes_of(k->operand_bytes(s->rows, s->depth)),
                        .b = bytes_of(k->weights_bytes(s->depth, s->cols)),
                        .out = bytes_of(k->operand_bytes(s->rows, s->cols)),
                        .c = malloc((floats + GUARD) * sizeof(float)),
                        .slope = malloc((floats + GUARD) * sizeof(float))};
    for (size_t i = 0; i < floats + GUARD; i++) o.c[i] = o.slope[i] = 7.0f;
    const int32_t row = s->rows / 2 / k->row_step * k->row_step;
    if (s->transposed) {
        turn(k, s, in, &o);
    } else {
        k->operand_rows(in->a, s->depth + 1, 0, s->rows / 3, s->depth, o.a);
        k->operand_rows(in->a, s->depth + 1, s->rows / 3, s->rows, s->depth, o.a);
        k->weights_pack(in->b, s->depth + 2, 1, s->depth, s->cols, 0, panels / 2, o.b);
        k->weights_pack(in->b, s->depth + 2, 1, s->depth, s->cols, panels / 2, panels, o.b);
    }
    void *scratch = bytes_of(k->scratch_bytes(s->depth));
    struct lowp_gemm g = {.rows = s->rows,
                          .cols = s->cols,
                          .depth = s->depth,
                          .a = o.a,
                          .b = o.b,
                          .epilogue = s->epilogue,
                          .bias = in->bias,
                          .c = o.c,
                          .c_row = c_row(s),
                          .slope = s->epilogue == GEMM_BIAS_GELU ? o.slope : NULL,
                          .other = in->other};
    const int32_t col = s->cols / 2 / PANEL_COLUMNS * PANEL_COLUMNS;
    k->gemm(&g, 0, row, 0, s->cols, scratch);
    k->gemm(&g, row, s->rows, 0, col, scratch);
    k->gemm(&g, row, s->rows, col, s->cols, scratch);
    if (s->epilogue <= GEMM_BIAS_GELU) { /* as serving asks: the operand alone */
        g.c = NULL;
        g.out = o.out;
        k->gemm(&g, 0, s->rows, 0, s->cols, scratch);
    }
    free(scratch);
    return o;
}

static void outputs_free(struct outputs *o)
{
    free(o->a);
    free(o->b);
    free(o->out);
    free(o->c);
    free(o->slope);
}

/* Rows of an operand past the last are anybody's. */
static bool same_operand(const unsigned char *a, const unsigned char *b, int32_t rows,
                         int32_t depth)
{
    const int32_t tiles = bf16_depth_tiles(depth);
    for (int32_t i = 0; i < rows; i++)
        for (int32_t t = 0; t < tiles; t++) {
            const size_t at = bf16_operand_at(tiles, i, t) * sizeof(uint32_t);
            if (memcmp(a + at, b + at, BF16_TILE * sizeof(uint32_t)) != 0) return false;
        }
    return true;
}

static void check_shape(const struct lowp *level, const struct shape *s)
{
    const size_t a = (size_t)(s->rows + 1) * (size_t)(s->depth + 1);
    const size_t b = (size_t)(s->cols + 2) * (size_t)(s->depth + 2);
    struct inputs in = {matrix(a, s->kind), matrix(b, s->kind), matrix((size_t)s->cols, ORDINARY),
                        matrix((size_t)s->rows * (size_t)c_row(s), ORDINARY)};
    struct outputs want = run(&lowp_bf16_ref, s, &in), got = run(level, s, &in);
    const size_t floats = (size_t)s->rows * (size_t)c_row(s) + GUARD;
    const char *what = NULL;
    if (!same_operand(got.a, want.a, s->rows, s->depth)) what = "operand";
    if (memcmp(got.b, want.b, level->weights_bytes(s->depth, s->cols) + GUARD) != 0)
        what = "weights";
    if (!same_floats(got.c, want.c, floats)) what = "c";
    if (!same_floats(got.slope, want.slope, floats)) what = "slope";
    if (s->kind != HUGE_AND_NAN && !same_operand(got.out, want.out, s->rows, s->cols)) what = "out";
    cr_expect_null(what, "%s: %d x %d x %d, epilogue %d, values %d, transposed %d: %s",
                   isa_name(level->isa), (int)s->rows, (int)s->cols, (int)s->depth,
                   (int)s->epilogue, (int)s->kind, (int)s->transposed, what ? what : "");
    outputs_free(&want);
    outputs_free(&got);
    free(in.a);
    free(in.b);
    free(in.bias);
    free(in.other);
}

static void check_level(const struct lowp *level)
{
    int which = 0;
    for (size_t r = 0; r < COUNT(ROWS); r++)
        for (size_t c = 0; c < COUNT(COLS); c++)
            for (size_t d = 0; d < COUNT(DEPTHS); d++, which++) {
                const struct shape s = {ROWS[r],
                                        COLS[c],
                                        DEPTHS[d],
                                        (enum gemm_epilogue)(which % EPILOGUES),
                                        which % 7 == 0    ? TINY
                                        : which % 11 == 0 ? HUGE_AND_NAN
                                                          : ORDINARY,
                                        which % 2 == 1};
                check_shape(level, &s);
            }
    for (int32_t e = 0; e < EPILOGUES; e++) { /* more than a strip, and depth in chunks */
        const struct shape deep = {49, 33, 1571, (enum gemm_epilogue)e, ORDINARY, false};
        const struct shape tall = {401, 35, 47, (enum gemm_epilogue)e, ORDINARY, e % 2 == 0};
        check_shape(level, &deep);
        check_shape(level, &tall);
    }
    for (int32_t depth = 512; depth <= 768; depth += 256) { /* depths with loops of their own */
        const struct shape known = {48, 64, depth, GEMM_BIAS, ORDINARY, false};
        check_shape(level, &known);
    }
    const struct shape both = {401, 33, 1601, GEMM_BIAS_GELU, ORDINARY, false};
    check_shape(level, &both);
}

/* Both weights of w [out, in] at once, rows in two parts, are those packed one by one: of y = x w^T
 * by weights_pack, and of dx = dy w by hand. */
static void check_both(const struct lowp *k, int32_t out, int32_t in)
{
    float *w = matrix((size_t)out * (size_t)in, ORDINARY);
    const size_t bytes = k->weights_bytes(in, out), turned_bytes = k->weights_bytes(out, in);
    unsigned char *want = bytes_of(bytes), *got = bytes_of(bytes), *turned = bytes_of(turned_bytes);
    const int32_t part = out / 2 / PANEL_COLUMNS * PANEL_COLUMNS;
    k->weights_pack(w, in, 1, in, out, 0, (out + PANEL_COLUMNS - 1) / PANEL_COLUMNS, want);
    k->weights_both(w, out, in, part, out, got, turned);
    k->weights_both(w, out, in, 0, part, got, turned);
    cr_expect_eq(memcmp(want, got, bytes + GUARD), 0, "%s: %d x %d", isa_name(k->isa), (int)out,
                 (int)in);
    const int32_t tiles = bf16_depth_tiles(out), cols = (int32_t)(turned_bytes / 64) / tiles;
    for (int32_t i = 0; i < tiles * BF16_DEPTH; i++)
        for (int32_t j = 0; in && j < cols; j++) {
            const uint32_t word =
                ((uint32_t *)(void *)
                     turned)[bf16_weights_at(tiles, j / BF16_TILE, i / BF16_DEPTH) +
                             (size_t)(i % BF16_DEPTH / 2 * BF16_TILE + j % BF16_TILE)];
            const uint16_t is = (uint16_t)(i % 2 ? word >> 16 : word);
            cr_expect_eq(is, i < out && j < in ? bf16_of(w[i * in + j]) : 0, "%s: %d x %d",
                         isa_name(k->isa), (int)out, (int)in);
        }
    free(w), free(want), free(got), free(turned);
}

static void check_level_both(const struct lowp *k)
{
    for (size_t i = 0; i < COUNT(ROWS); i++)
        for (size_t j = 0; j < COUNT(DEPTHS); j++) check_both(k, ROWS[i] + 30, DEPTHS[j]);
}

Test(bf16, weights_of_both_directions_are_packed_at_once)
{
    check_level_both(&lowp_bf16_ref);
#if defined(__x86_64__)
    if (isa_available(ISA_AVX2)) check_level_both(&lowp_bf16_avx2);
    if (isa_available(ISA_AVX512)) check_level_both(&lowp_bf16_avx512);
    if (isa_available(ISA_AVX512) && isa_has(ISA_BF16)) check_level_both(&lowp_bf16_amx);
#endif
}

#if defined(__x86_64__)
Test(bf16, avx2_gives_the_bits_of_the_reference)
{
    if (!isa_available(ISA_AVX2)) cr_skip_test("this CPU has no AVX2");
    check_level(&lowp_bf16_avx2);
}

Test(bf16, avx512_gives_the_bits_of_the_reference)
{
    if (!isa_available(ISA_AVX512)) cr_skip_test("this CPU has no AVX-512");
    check_level(&lowp_bf16_avx512);
}

Test(bf16, amx_gives_the_bits_of_the_reference)
{
    if (!tile_trap_start()) cr_skip_test("this CPU lacks what the kernel uses beside tiles");
    check_level(&lowp_bf16_amx);
    cr_expect(tile_trap_native() || tile_trap_count() > 0);
    cr_expect(tile_unit_released());
}

Test(bf16, a_product_leaves_the_rounding_of_its_thread_alone)
{
    if (!isa_available(ISA_AVX512)) cr_skip_test("this CPU has no AVX-512");
    const unsigned before = _mm_getcsr();
    const struct shape s = {17, 33, 65, GEMM_STORE, ORDINARY, false};
    check_shape(&lowp_bf16_avx512, &s);
    cr_expect_eq(_mm_getcsr() & ~0x3fu, before & ~0x3fu, "all but the sticky flags");
}
#endif

/* The check must see one wrong bit. */
static void gemm_badly(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0,
                       int32_t col1, void *scratch)
{
    lowp_bf16_ref.gemm(g, row0, row1, col0, col1, scratch);
    if (g->c && row1 > 60) g->c[60 * g->c_row] = nextafterf(g->c[60 * g->c_row], 9.0f);
}

Test(bf16, the_check_sees_one_wrong_bit)
{
    const struct shape s = {61, 33, 31, GEMM_STORE, ORDINARY, false};
    struct lowp bad = lowp_bf16_ref;
    bad.gemm = gemm_badly;
    struct inputs in = {matrix(62 * 32, ORDINARY), matrix(35 * 33, ORDINARY), NULL, NULL};
    struct outputs want = run(&lowp_bf16_ref, &s, &in), got = run(&bad, &s, &in);
    cr_expect(!same_floats(want.c, got.c, 61 * 36));
    outputs_free(&want);
    outputs_free(&got);
    free(in.a);
    free(in.b);
}

/* By hand: 33 products of depth, so that a second block of the sum begins. */
Test(bf16, the_order_of_a_sum)
{
    float a[33], b[33], c = 0.0f, want;
    for (int k = 0; k < 33; k++) {
        a[k] = bf16_float(bf16_of(1.0f + (float)k * 0.37f));
        b[k] = bf16_float(bf16_of(0.7f - (float)(k % 5) * 0.19f));
    }
    float even = 0.0f, odd = 0.0f;
    for (int k = 0; k < 32; k += 2) {
        even = fmaf(a[k], b[k], even);
        odd = fmaf(a[k + 1], b[k + 1], odd);
    }
    want = (even + odd) + a[32] * b[32];
    const struct inputs in = {a, b, NULL, NULL};
    const struct shape s = {1, 1, 33, GEMM_STORE, ORDINARY, false};
    struct outputs o = run(&lowp_bf16_ref, &s, &in);
    c = o.c[0];
    cr_expect_eq(bf16_float_bits(c), bf16_float_bits(want), "%a, by hand %a", (double)c,
                 (double)want);
    outputs_free(&o);
}
