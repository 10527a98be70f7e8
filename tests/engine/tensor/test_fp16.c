/* Half precision: conversions and FMA against whole numbers, GELU against erf over every half, and
 * each level of the products against the definition, bit for bit. */
#include "base/rng.h"
#include "engine/tensor/fp16_internal.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { HALVES = 65536 };
__extension__ typedef __int128 wide;

static bool is_nan(uint16_t h)
{
    return (h & 0x7fffu) > HALF_INFINITY;
}
static bool same_half(uint16_t a, uint16_t b)
{
    return a == b || (is_nan(a) && is_nan(b));
}
static bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

/* ----------------------------------------------------------------------------- whole numbers */

/* A finite half in units of 2^-24. */
static int64_t units_of(uint16_t h)
{
    const int exponent = h >> 10 & 31;
    const int64_t fraction = h & 1023;
    const int64_t size = exponent ? (fraction + 1024) << (exponent - 1) : fraction;
    return h & 0x8000u ? -size : size;
}

/* The half nearest to x units of 2^-48: the candidates are tried one by one, upwards. */
static uint16_t nearest_half(wide x, bool negative_zero)
{
    const uint16_t sign = x < 0 || (x == 0 && negative_zero) ? 0x8000u : 0;
    if (x < 0) x = -x;
    uint16_t low = 0, high = HALF_INFINITY; /* low <= x < high */
    if (x >= (wide)65520 << 48) return sign | HALF_INFINITY;
    while (high - low > 1) {
        const uint16_t middle = (uint16_t)((low + high) / 2);
        if ((wide)units_of(middle) << 24 <= x)
            low = middle;
        else
            high = middle;
    }
    const wide below = x - ((wide)units_of(low) << 24);
    const wide above = ((wide)(high == HALF_INFINITY ? 65536ll << 24 : units_of(high)) << 24) - x;
    const bool up = above < below || (above == below && low % 2 == 1);
    return sign | (up ? high : low);
}

/* fma_h of finite halves. */
static uint16_t exact_fma(uint16_t a, uint16_t b, uint16_t c)
{
    const wide product = (wide)units_of(a) * units_of(b), addend = (wide)units_of(c) * (1 << 24);
    const bool negative = (a ^ b) & c & 0x8000u;
    return nearest_half(product + addend, negative && product == 0 && addend == 0);
}

/* Halves of all sizes; one in eight is an edge of the format. */
static uint16_t any_half(struct rng *rng)
{
    static const uint16_t edges[] = {0x0000, 0x0001, 0x03ff, 0x0400, 0x3bff,
                                     0x3c00, 0x3c01, 0x7bff, 0x1400, 0x5bff};
    const uint32_t r = rng_u32(rng);
    uint16_t h = (uint16_t)(r & 0xffffu);
    if ((h & 0x7c00u) == 0x7c00u) h ^= 0x4000u;
    if ((r >> 16 & 7) != 0) return h;
    return edges[(r >> 20) % (sizeof edges / sizeof edges[0])] | (h & 0x8000u);
}

Test(fp16, every_half_becomes_a_double_and_comes_back)
{
    for (uint32_t i = 0; i < HALVES; i++) {
        const uint16_t h = (uint16_t)i;
        const double x = half_to_double(h);
        if (!is_nan(h) && (h & 0x7fffu) != HALF_INFINITY)
            cr_assert_eq(x, ldexp((double)units_of(h), -24), "%04x", i);
        cr_assert(same_half(half_from_double(x), h), "%04x", i);
    }
    cr_expect(isinf(half_to_double(0xfc00)) && half_to_double(0xfc00) < 0);
}

Test(fp16, rounding_is_to_nearest_with_ties_to_even)
{
    for (uint32_t i = 0; i < HALF_INFINITY; i++) {
        const uint16_t h = (uint16_t)i, next = (uint16_t)(i + 1);
        const double x = half_to_double(h);
        const double y = next == HALF_INFINITY ? 65536.0 : half_to_double(next);
        const double middle = (x + y) / 2;
        cr_assert_eq(half_from_double(middle), i % 2 ? next : h, "%04x", i);
        cr_assert_eq(half_from_double(nextafter(middle, 0.0)), h, "%04x", i);
        cr_assert_eq(half_from_double(-nextafter(middle, 1e9)), next | 0x8000u, "%04x", i);
    }
    cr_expect_eq(half_from_double(1e300), HALF_INFINITY);
    cr_expect_eq(half_from_double(-0.0), 0x8000u);
    cr_expect_eq(half_from_double(0x1p-1074), 0);
}

Test(fp16, fma_has_one_rounding)
{
    struct rng rng;
    rng_init(&rng, 5, RNG_SAMPLE, 0);
    for (int i = 0; i < 3000000; i++) {
        const uint16_t a = any_half(&rng), b = any_half(&rng), c = any_half(&rng);
        cr_assert_eq(half_fma(a, b, c), exact_fma(a, b, c), "%04x %04x %04x", a, b, c);
    }
    cr_expect_eq(half_fma(HALF_INFINITY, 0x3c00, 0x3c00), HALF_INFINITY);
    cr_expect(is_nan(half_fma(HALF_INFINITY, 0, 0x3c00)));
    cr_expect(is_nan(half_fma(HALF_INFINITY, 0x3c00, 0xfc00)));
}

/* ---------------------------------------------------------------------------------------- GELU */

Test(fp16, gelu_of_every_half_is_close)
{
    for (uint32_t i = 0; i < HALVES; i++) {
        const uint16_t h = (uint16_t)i, result = half_gelu(h);
        const double x = half_to_double(h), y = half_to_double(result);
        if (is_nan(h)) {
            cr_assert(is_nan(result), "%04x", i);
            continue;
        }
        if ((h & 0x7fffu) == HALF_INFINITY) {
            cr_assert_eq(result, h & 0x8000u ? 0 : h, "%04x", i);
            continue;
        }
        const double exact = x / 2 * erfc(-x / sqrt(2.0));
        const double unit = ldexp(1.0, (fabs(exact) < 0x1p-14 ? -14 : ilogb(exact)) - 10);
        /* the bounds that fp16_internal.h states */
        cr_assert_leq(fabs(y - exact), fmax(2.2 * unit, 4.5e-6), "%04x: %g, not %g", i, y, exact);
    }
}

/* ------------------------------------------------------------------------------------ products */

struct sizes {
    int32_t rows, cols, depth;
};
static const struct sizes SIZES[] = {
    {0, 5, 7},    {5, 0, 7},     {3, 5, 0},     {1, 1, 1},     {2, 31, 15},   {15, 32, 31},
    {17, 33, 33}, {13, 64, 127}, {14, 65, 128}, {29, 97, 129}, {33, 1, 257},  {43, 71, 384},
    {7, 129, 61}, {16, 15, 17},  {28, 63, 300}, {1, 160, 512}, {67, 37, 1031}};
enum { SIZES_COUNT = sizeof SIZES / sizeof SIZES[0] };

enum fill { FILL_NORMAL, FILL_TINY, FILL_HUGE, FILL_WILD };

/* Numbers of a network; products that are subnormal; sums that overflow; infinities and NaN. */
static float number(struct rng *rng, enum fill fill)
{
    const float x = (float)rng_u32(rng) / 4294967296.0f * 4.0f - 2.0f;
    switch (fill) {
    case FILL_NORMAL:
        return x;
    case FILL_TINY:
        return x * 3e-5f;
    case FILL_HUGE:
        return x * 300.0f;
    case FILL_WILD:
        break;
    }
    const uint32_t r = rng_below(rng, 97);
    return r == 0 ? NAN : r == 1 ? -INFINITY : r == 2 ? 1e30f : r == 3 ? -0.0f : x;
}

struct problem {
    struct sizes n;
    float *x, *w, *bias, *c;
    void *a, *b, *out, *scratch;
};

static void *memory(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
    cr_assert_not_null(p);
    memset(p, 0x5a, (bytes + 127) / 64 * 64);
    return p;
}

static float *numbers(struct rng *rng, size_t count, enum fill fill)
{
    float *p = memory(count * sizeof *p);
    for (size_t i = 0; i < count; i++) p[i] = number(rng, fill);
    return p;
}

static struct problem problem_new(struct sizes n, enum fill fill, uint64_t seed)
{
    struct rng rng;
    rng_init(&rng, seed, RNG_SAMPLE, 0);
    const size_t rows = (size_t)n.rows, cols = (size_t)n.cols, depth = (size_t)n.depth;
    struct problem p = {.n = n};
    p.x = numbers(&rng, rows * depth, fill);
    p.w = numbers(&rng, cols * depth, fill);
    p.bias = numbers(&rng, cols, fill == FILL_WILD ? FILL_WILD : FILL_NORMAL);
    p.c = memory(rows * cols * sizeof(float));
    p.a = memory(fp16_operand_bytes(n.rows, n.depth));
    p.b = memory(fp16_weights_bytes(n.depth, n.cols));
    p.out = memory(fp16_operand_bytes(n.rows, n.cols));
    return p;
}

static void problem_free(struct problem *p)
{
    void *const all[] = {p->x, p->w, p->bias, p->c, p->a, p->b, p->out, p->scratch};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

/* Packs and multiplies; rows and columns are cut at `row` and `col`. */
static void problem_run(const struct lowp *k, struct problem *p, enum gemm_epilogue epilogue,
                        int32_t row, int32_t col)
{
    const struct sizes n = p->n;
    const int32_t panels = (n.cols + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
    k->operand_rows(p->x, n.depth, 0, n.rows / 2, n.depth, p->a);
    k->operand_rows(p->x, n.depth, n.rows / 2, n.rows, n.depth, p->a);
    k->weights_pack(p->w, n.depth, 1, n.depth, n.cols, 0, panels / 2, p->b);
    k->weights_pack(p->w, n.depth, 1, n.depth, n.cols, panels / 2, panels, p->b);
    free(p->scratch);
    p->scratch = memory(k->scratch_bytes(n.depth));
    const struct lowp_gemm g = {.rows = n.rows,
                                .cols = n.cols,
                                .depth = n.depth,
                                .a = p->a,
                                .b = p->b,
                                .epilogue = epilogue,
                                .bias = p->bias,
                                .c = p->c,
                                .c_row = n.cols,
                                .out = p->out};
    k->gemm(&g, 0, row, 0, col, p->scratch);
    k->gemm(&g, row, n.rows, 0, col, p->scratch);
    k->gemm(&g, 0, row, col, n.cols, p->scratch);
    k->gemm(&g, row, n.rows, col, n.cols, p->scratch);
}

/* One sum as fp16_internal.h defines it. */
static float defined_sum(const struct problem *p, int32_t i, int32_t j)
{
    float sum = 0.0f;
    uint16_t chain = 0;
    for (int32_t k = 0; k < p->n.depth; k++) {
        chain = half_fma(half_from_double((double)p->x[i * p->n.depth + k]),
                         half_from_double((double)p->w[j * p->n.depth + k]), chain);
        if ((k + 1) % FP16_FLUSH != 0 && k + 1 < p->n.depth) continue;
        sum += (float)half_to_double(chain);
        chain = 0;
    }
    return sum;
}

static float *defined_sums(const struct problem *p)
{
    float *sums = memory((size_t)p->n.rows * (size_t)p->n.cols * sizeof *sums);
    for (int32_t i = 0; i < p->n.rows; i++)
        for (int32_t j = 0; j < p->n.cols; j++) sums[i * p->n.cols + j] = defined_sum(p, i, j);
    return sums;
}

static int wrong_elements(const struct problem *p, const float *sums, enum gemm_epilogue epilogue)
{
    int wrong = 0;
    const uint16_t *out = p->out;
    for (int32_t i = 0; i < p->n.rows; i++)
        for (int32_t j = 0; j < p->n.cols; j++) {
            float y = sums[i * p->n.cols + j];
            if (epilogue != GEMM_STORE) y += p->bias[j];
            if (epilogue == GEMM_BIAS_GELU)
                y = (float)half_to_double(half_gelu(half_from_double((double)y)));
            wrong += !same_float(p->c[i * p->n.cols + j], y);
            wrong +=
                !same_half(out[i * fp16_row_halves(p->n.cols) + j], half_from_double((double)y));
        }
    return wrong;
}

static int levels(const struct lowp *ret[4])
{
    int count = 0;
    ret[count++] = &fp16_ref;
#if defined(__x86_64__)
    if (isa_available(ISA_AVX2)) ret[count++] = &fp16_avx2;
    if (isa_available(ISA_AVX512)) ret[count++] = &fp16_avx512;
    if (isa_has(ISA_FP16)) ret[count++] = &fp16_native;
#endif
    return count;
}

static void check_level(const struct lowp *k, struct problem *p, const float *sums)
{
    static const enum gemm_epilogue epilogues[] = {GEMM_STORE, GEMM_BIAS, GEMM_BIAS_GELU};
    for (int e = 0; e < 3; e++) {
        const int32_t col = e == 1 ? 0 : p->n.cols / 2 / PANEL_COLUMNS * PANEL_COLUMNS;
        problem_run(k, p, epilogues[e], p->n.rows / 3, col);
        cr_expect_eq(wrong_elements(p, sums, epilogues[e]), 0,
                     "%s%s, rows %d cols %d depth %d, epilogue %d", isa_name(k->isa),
                     k->fast ? " fp16" : "", p->n.rows, p->n.cols, p->n.depth, e);
    }
}

static void check_levels(enum fill fill)
{
    const struct lowp *all[4];
    const int count = levels(all);
    for (int s = 0; s < SIZES_COUNT; s++) {
        struct problem p = problem_new(SIZES[s], fill, (uint64_t)s);
        float *sums = defined_sums(&p);
        for (int i = 0; i < count; i++) check_level(all[i], &p, sums);
        free(sums);
        problem_free(&p);
    }
}

Test(fp16, every_level_gives_the_bits_of_the_definition)
{
    check_levels(FILL_NORMAL);
}
Test(fp16, subnormal_products_have_the_same_bits)
{
    check_levels(FILL_TINY);
}
Test(fp16, sums_that_overflow_have_the_same_bits)
{
    check_levels(FILL_HUGE);
}
Test(fp16, infinities_and_nan_are_alike)
{
    check_levels(FILL_WILD);
}

Test(fp16, overflow_is_infinite_and_subnormals_are_kept)
{
    const struct lowp *all[4];
    const int count = levels(all);
    for (int i = 0; i < count; i++) {
        struct problem p = problem_new((struct sizes){1, 3, 2}, FILL_NORMAL, 1);
        const float x[] = {60000.0f, 0x1p-20f}, w[] = {1.0f, 0.0f, 2.0f, 0.0f, 0.0f, 0.125f};
        memcpy(p.x, x, sizeof x);
        memcpy(p.w, w, sizeof w);
        problem_run(all[i], &p, GEMM_STORE, 0, 0);
        cr_expect_eq(p.c[0], 60000.0f);
        cr_expect(isinf(p.c[1]));
        cr_expect_eq(p.c[2], 0x1p-23f);
        problem_free(&p);
    }
}

/* Column j adds its bias to the empty sum: GELU of every half, at every level. */
Test(fp16, every_level_has_the_same_gelu)
{
    const struct lowp *all[4];
    const int count = levels(all);
    for (int i = 0; i < count; i++) {
        struct problem p = problem_new((struct sizes){1, HALVES, 0}, FILL_NORMAL, 1);
        for (uint32_t h = 0; h < HALVES; h++) p.bias[h] = (float)half_to_double((uint16_t)h);
        problem_run(all[i], &p, GEMM_BIAS_GELU, 0, 0);
        int wrong = 0;
        const uint16_t *out = p.out;
        for (uint32_t h = 0; h < HALVES; h++) wrong += !same_half(out[h], half_gelu((uint16_t)h));
        cr_expect_eq(wrong, 0, "%s", isa_name(all[i]->isa));
        problem_free(&p);
    }
}

/* Two steps of depth, the first times 1, are one FMA of any three halves. */
Test(fp16, every_level_has_the_same_fma)
{
    enum { ROWS = 250, COLS = 1024 };
    const struct lowp *all[4];
    const int count = levels(all);
    struct rng rng;
    rng_init(&rng, 9, RNG_SAMPLE, 0);
    struct problem p = problem_new((struct sizes){ROWS, COLS, 2}, FILL_NORMAL, 1);
    for (int i = 0; i < ROWS * 2; i++) p.x[i] = (float)half_to_double(any_half(&rng));
    for (int j = 0; j < COLS * 2; j++)
        p.w[j] = j % 2 ? (float)half_to_double(any_half(&rng)) : 1.0f;
    float *sums = defined_sums(&p);
    for (int i = 0; i < count; i++) {
        problem_run(all[i], &p, GEMM_STORE, 0, 0);
        cr_expect_eq(wrong_elements(&p, sums, GEMM_STORE), 0, "%s", isa_name(all[i]->isa));
    }
    free(sums);
    problem_free(&p);
}

/* What halves cost: against the product in double, relative to the size of its sums. A chain of 128
 * rounds 128 times, to 2^-12 of a sum that grows to its root's share of the terms: about 2e-3. */
Test(fp16, products_are_close_to_exact_ones)
{
    struct problem p = problem_new((struct sizes){16, 64, 768}, FILL_NORMAL, 3);
    problem_run(lowp_get(PRECISION_FP16, ISA_BEST), &p, GEMM_STORE, 0, 0);
    double error = 0, size = 0;
    for (int32_t i = 0; i < p.n.rows; i++)
        for (int32_t j = 0; j < p.n.cols; j++) {
            double exact = 0;
            for (int32_t k = 0; k < p.n.depth; k++)
                exact += (double)p.x[i * p.n.depth + k] * (double)p.w[j * p.n.depth + k];
            const double wrong = (double)p.c[i * p.n.cols + j] - exact;
            error += wrong * wrong;
            size += exact * exact;
        }
    cr_expect_lt(sqrt(error / size), 3e-3);
    cr_expect_gt(sqrt(error / size), 1e-4, "these were not halves");
    problem_free(&p);
}

Test(fp16, the_table_belongs_to_the_cpu)
{
    cr_expect_eq(lowp_get(PRECISION_FP16, ISA_REF), &fp16_ref);
    cr_expect(!precision_is_fast(PRECISION_FP16, ISA_REF));
#if defined(__x86_64__)
    if (isa_has(ISA_FP16)) cr_expect(precision_is_fast(PRECISION_FP16, ISA_AVX512));
    if (isa_available(ISA_AVX2)) cr_expect_eq(lowp_get(PRECISION_FP16, ISA_AVX2), &fp16_avx2);
#endif
}
