/* kernel_check - every kernel of a level against the reference, bit for bit, over odd shapes.
 *
 * Needs libc alone, so that a cross-built level (NEON under qemu-aarch64) is checked by the same
 * file that the unit test includes for the levels of this CPU. Inputs are random with a share of
 * zeros, negatives, tiny and large values; outputs lie between guards, which must stay as they
 * were.
 */
#include "engine/tensor/kernels_internal.h"
#include "engine/tensor/optim.h"
#include "kernel_check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int32_t SIZES[] = {0, 1, 2, 7, 15, 16, 17, 31, 33, 48, 61, 97, 131, 384};
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0], GUARD = 32, SPACE = 1 << 19 };

struct check {
    const struct kernels *ref, *level;
    uint64_t state;
    int failures;
    float *in[4], *out[2][3], *scratch;
};

static uint32_t next(struct check *c)
{
    c->state = c->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(c->state >> 33);
}

static float value(struct check *c)
{
    const uint32_t kind = next(c) % 16;
    const float unit = (float)next(c) / 2147483648.0f - 0.5f;
    if (kind == 0) return 0.0f;
    if (kind == 1) return unit * 1e-12f;
    return kind == 2 ? unit * 30.0f : unit * 2.0f;
}

static void fill(struct check *c, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = value(c);
}

static void expect_same(struct check *c, const char *what, int32_t a, int32_t b, int32_t d, int out,
                        size_t n)
{
    if (memcmp(c->out[0][out], c->out[1][out], (n + 2 * GUARD) * sizeof(float)) == 0) return;
    if (c->failures++ < 10)
        fprintf(stderr, "%s %d x %d x %d: output %d differs from the reference\n", what, a, b, d,
                out);
}

/* Both sides start from the same random bytes, so a write outside n shows as a difference. */
static void prepare(struct check *c, int out, size_t n)
{
    fill(c, c->out[0][out], n + 2 * GUARD);
    memcpy(c->out[1][out], c->out[0][out], (n + 2 * GUARD) * sizeof(float));
}

static const struct kernels *side(const struct check *c, int s)
{
    return s ? c->level : c->ref;
}

/* ------------------------------------------------------------------------------------ gemm */

enum form { PLAIN, B_ROWS, A_TRANSPOSED, PACKED };

static struct gemm gemm_of(struct check *c, int32_t m, int32_t n, int32_t k, enum form form)
{
    struct gemm g = {.rows = m, .cols = n, .depth = k, .a = c->in[0], .a_row = k + 3, .a_step = 1};
    g.b = c->in[1];
    g.b_col = form == B_ROWS || form == A_TRANSPOSED ? 1 : k + 1;
    g.b_step = form == B_ROWS || form == A_TRANSPOSED ? n + 2 : 1;
    if (form == A_TRANSPOSED) {
        g.a_row = 1;
        g.a_step = m + 1;
    }
    g.c_row = n + 1;
    g.bias = c->in[2];
    g.other = c->in[3];
    return g;
}

static void check_gemm(struct check *c, int32_t m, int32_t n, int32_t k, enum form form)
{
    const size_t size = (size_t)m * (size_t)(n + 1);
    struct gemm g = gemm_of(c, m, n, k, form);
    g.epilogue = (enum gemm_epilogue)(next(c) % 5);
    prepare(c, 0, size);
    prepare(c, 1, size);
    float *packed = c->out[0][2] + GUARD;
    for (int s = 0; s < 2; s++) {
        g.c = c->out[s][0] + GUARD;
        g.slope = c->out[s][1] + GUARD;
        if (form == PACKED) {
            const struct gemm plain = gemm_of(c, m, n, k, PLAIN);
            side(c, s)->pack(plain.b, plain.b_col, plain.b_step, k, n, 0, (n + 15) / 16, packed);
            g.b = packed;
            g.b_packed = true;
        }
        const int32_t cut = n / 2 / PANEL * PANEL, row = m / 3;
        side(c, s)->gemm(&g, 0, row, 0, n, c->scratch);
        side(c, s)->gemm(&g, row, m, 0, cut, c->scratch);
        side(c, s)->gemm(&g, row, m, cut, n, c->scratch);
    }
    expect_same(c, "gemm", m, n, k, 0, size);
    expect_same(c, "gemm slope", m, n, k, 1, size);
}

static void check_gemms(struct check *c)
{
    static const int32_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 17, 31, 61};
    static const int32_t depths[] = {0, 1, 15, 17, 33, 64, 192, 193, 401, 513};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int j = 0; j < SIZE_COUNT - 1; j++)
            for (size_t d = 0; d < sizeof depths / sizeof depths[0]; d++)
                check_gemm(c, rows[i], SIZES[j], depths[d], (enum form)((i + (size_t)j + d) % 4));
    for (int form = 0; form < 4; form++) check_gemm(c, 37, 70, 1100, (enum form)form);
}

/* -------------------------------------------------------------------------------- row-wise */

static struct dropout some_dropout(struct check *c)
{
    if (next(c) % 3 == 0) return (struct dropout){.scale = 1.0f};
    return (struct dropout){next(c), next(c), 1u << 29, 1.0f / 0.875f, next(c)};
}

static void check_norm(struct check *c, int32_t n)
{
    const size_t size = (size_t)n;
    const struct dropout drop = some_dropout(c);
    const bool bias = next(c) % 2 == 0, residual = next(c) % 2 == 0;
    float rstd[2];
    for (int o = 0; o < 3; o++) prepare(c, o, size);
    for (int s = 0; s < 2; s++) {
        float *const *out = c->out[s];
        rstd[s] =
            side(c, s)->add_norm(n, c->in[0], bias ? c->in[1] : NULL, residual ? c->in[2] : NULL,
                                 &drop, c->in[1], c->in[3], 1e-12f, out[0] + GUARD, out[1] + GUARD);
        side(c, s)->norm_backward(n, c->in[2], out[1] + GUARD, 1.7f, c->in[1], out[2] + GUARD);
    }
    if (n > 0 && memcmp(&rstd[0], &rstd[1], sizeof rstd[0]) != 0) c->failures++;
    for (int o = 0; n > 0 && o < 3; o++) expect_same(c, "norm", n, 0, 0, o, size);
}

static void check_softmax(struct check *c, int32_t n)
{
    const size_t size = (size_t)n;
    const struct dropout drop = some_dropout(c);
    const int32_t target = n ? (int32_t)(next(c) % (uint32_t)n) : 0;
    float loss[2] = {0};
    for (int o = 0; o < 3; o++) prepare(c, o, size);
    for (int s = 0; s < 2; s++) {
        float *const *out = c->out[s];
        side(c, s)->dropout(n, c->in[0], &drop, out[2] + GUARD);
        side(c, s)->add(n, c->in[1], out[2] + GUARD);
        if (n == 0) continue;
        side(c, s)->softmax(n, 0.125f, c->in[0], out[0] + GUARD);
        side(c, s)->softmax_backward(n, 0.125f, out[0] + GUARD, c->in[1], out[1] + GUARD);
        loss[s] = side(c, s)->cross_entropy(n, c->in[2], target, 0.25f, out[0] + GUARD);
    }
    if (memcmp(&loss[0], &loss[1], sizeof loss[0]) != 0) c->failures++;
    for (int o = 0; o < 3; o++) expect_same(c, "softmax", n, 0, 0, o, size);
}

static void check_columns(struct check *c, int32_t rows, int32_t n)
{
    prepare(c, 0, (size_t)n);
    prepare(c, 1, (size_t)n);
    for (int s = 0; s < 2; s++) {
        side(c, s)->column_sum(rows, n, c->in[0], n + 5, c->out[s][0] + GUARD);
        side(c, s)->column_dot(rows, n, c->in[0], c->in[1], n + 5, c->out[s][1] + GUARD);
    }
    expect_same(c, "column_sum", rows, n, 0, 0, (size_t)n);
    expect_same(c, "column_dot", rows, n, 0, 1, (size_t)n);
}

static void check_adamw(struct check *c, int32_t n)
{
    const struct adamw a = {.shrink = 1e-5f,
                            .rate = 5.26e-3f,
                            .inverse_root = 22.4f,
                            .eps = 1e-8f,
                            .grad_scale = 0.5f,
                            .beta1 = 0.9f,
                            .rest1 = 0.1f,
                            .beta2 = 0.999f,
                            .rest2 = 0.001f};
    float sum[2];
    for (int o = 0; o < 3; o++) prepare(c, o, (size_t)n);
    for (int s = 0; s < 2; s++) {
        float *v = c->out[s][2] + GUARD;
        for (int32_t i = 0; i < n; i++) v[i] = v[i] < 0.0f ? -v[i] : v[i];
        side(c, s)->adamw(&a, (size_t)n, c->out[s][0] + GUARD, c->in[0], c->out[s][1] + GUARD, v);
        sum[s] = side(c, s)->square_block((size_t)n, c->in[1]);
    }
    if (memcmp(&sum[0], &sum[1], sizeof sum[0]) != 0) c->failures++;
    for (int o = 0; o < 3; o++) expect_same(c, "adamw", n, 0, 0, o, (size_t)n);
}

/* From a step with gradients into ever more without: loud at first, then quiet, then flushed. */
static void check_idle(struct check *c, int32_t n)
{
    enum { STEPS = 700 };
    struct adamw steps[STEPS];
    for (int o = 0; o < 3; o++) prepare(c, o, (size_t)n);
    for (int i = 0; i < STEPS; i++)
        steps[i] = (struct adamw){.shrink = 1e-6f * (float)(i % 7),
                                  .rate = 1e-4f * (float)(i % 5),
                                  .inverse_root = 1.0f + 20.0f / (float)(i + 1),
                                  .eps = 1e-8f,
                                  .grad_scale = 1.0f,
                                  .beta1 = 0.9f,
                                  .beta2 = 0.97f};
    for (int s = 0; s < 2; s++) {
        float *p = c->out[s][0] + GUARD, *m = c->out[s][1] + GUARD, *v = c->out[s][2] + GUARD;
        for (int32_t i = 0; i < n; i++) v[i] = v[i] < 0.0f ? -v[i] : v[i];
        for (int length = 1; length < STEPS; length *= 3)
            side(c, s)->adamw_idle(steps, (size_t)length, (size_t)n, p, m, v);
        side(c, s)->adamw_idle(steps, STEPS, (size_t)n, p, NULL, NULL);
    }
    for (int o = 0; o < 3; o++) expect_same(c, "adamw_idle", n, 0, 0, o, (size_t)n);
}

/* Every float exponent, both signs, infinities and the edges of each range. */
static void check_math(struct check *c)
{
    enum { N = 1 << 16 };
    float *x = c->in[0];
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t bits = i * 65521u;
        memcpy(&x[i], &bits, sizeof bits);
        if (x[i] != x[i]) x[i] = 0.0f; /* which NaN comes out is not part of the order */
    }
    for (int which = VEC_EXP; which <= VEC_GELU_SLOPE; which++) {
        prepare(c, 0, N);
        vec_math_ref(which, N, x, c->out[0][0] + GUARD);
        c->level->vec_math(which, N, x, c->out[1][0] + GUARD);
        for (uint32_t i = 0; i < N; i++) { /* log of a negative number may be any NaN */
            float *a = c->out[0][0] + GUARD + i, *b = c->out[1][0] + GUARD + i;
            if (*a != *a && *b != *b) *a = *b = 0.0f;
        }
        expect_same(c, "math", which, 0, 0, 0, N);
    }
}

int kernel_check(const struct kernels *level)
{
    struct check c = {.ref = &kernels_ref, .level = level, .state = 20260};
    float *all = malloc((4 + 6 + 1) * (size_t)SPACE * sizeof *all);
    if (!all) return -1;
    for (int i = 0; i < 4; i++) c.in[i] = all + (size_t)i * SPACE;
    for (int i = 0; i < 6; i++) c.out[i / 3][i % 3] = all + (size_t)(4 + i) * SPACE;
    c.scratch = all + (size_t)10 * SPACE;
    for (int i = 0; i < 4; i++) fill(&c, c.in[i], SPACE);
    check_gemms(&c);
    for (int i = 0; i < SIZE_COUNT; i++)
        for (int repeat = 0; repeat < 8; repeat++) {
            check_norm(&c, SIZES[i]);
            check_softmax(&c, SIZES[i]);
            check_adamw(&c, SIZES[i]);
            check_idle(&c, SIZES[i]);
            check_columns(&c, SIZES[(i + repeat) % SIZE_COUNT], SIZES[i]);
        }
    check_math(&c);
    free(all);
    return c.failures;
}

#ifdef KERNEL_CHECK_MAIN
int main(void)
{
    int failures = 0;
#if defined(__aarch64__)
    failures += kernel_check(&kernels_neon);
    printf("neon against ref: %d differences\n", failures);
#elif defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) failures += kernel_check(&kernels_avx2);
    if (__builtin_cpu_supports("avx512vl")) failures += kernel_check(&kernels_avx512);
    printf("avx2, avx512 against ref: %d differences\n", failures);
#endif
    return failures != 0;
}
#endif
