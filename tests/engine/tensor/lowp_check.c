/* lowp_check - a table of lowp.h against its precision's reference, bit for bit, over odd shapes.
 *
 * Needs libc alone, as kernel_check does. Operands and weights are each table's own bytes, so each
 * side makes its own; what is compared is c, between guards. Inputs are random with a share of
 * zeros, tiny and large values, and once all as large as they get: what would saturate, does. */
#include "lowp_check.h"
#include "engine/tensor/int8_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 401, DEPTH_MAX = 2113, COLS_MAX = 131, GUARD = 16 };

struct check {
    const struct lowp *side[2]; /* reference, level */
    uint64_t state;
    int failures;
    float *x, *w, *bias, *c[2];
    void *a[2], *b[2], *scratch;
};

static uint32_t next(struct check *c)
{
    c->state = c->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(c->state >> 33);
}

static float value(struct check *c)
{
    const uint32_t kind = next(c) % 16;
    const float unit = (float)next(c) / 1073741824.0f - 1.0f;
    if (kind == 0) return 0.0f;
    if (kind == 1) return unit * 1e-9f;
    return kind == 2 ? unit * 30.0f : unit;
}

static void fill(struct check *c, float *x, size_t n, enum lowp_fill kind)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = value(c);
        if (kind == FILL_EXTREME) x[i] = next(c) % 8 ? 3.0f : -3.0f;
        if (kind == FILL_ZERO) x[i] = 0.0f;
    }
}

static void *aligned(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 4096) / 64 * 64);
    if (!p) abort();
    memset(p, 0x5a, (bytes + 4096) / 64 * 64); /* stale bytes must not show */
    return p;
}

/* c of one side, in four cuts: two of rows, two of columns. */
static void run_side(struct check *c, int s, const struct lowp_gemm *shape)
{
    const struct lowp *k = c->side[s];
    struct lowp_gemm g = *shape;
    const int32_t panels = (g.cols + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
    k->operand_rows(c->x, g.depth + 3, 0, g.rows / 2, g.depth, c->a[s]);
    k->operand_rows(c->x, g.depth + 3, g.rows / 2, g.rows, g.depth, c->a[s]);
    k->weights_pack(c->w, g.depth + 1, 1, g.depth, g.cols, 0, panels, c->b[s]);
    g.a = c->a[s];
    g.b = c->b[s];
    g.c = c->c[s] + GUARD;
    const int32_t row = g.rows / 3 / k->row_step * k->row_step;
    const int32_t col = g.cols / 2 / PANEL_COLUMNS * PANEL_COLUMNS;
    k->gemm(&g, 0, row, 0, g.cols, c->scratch);
    k->gemm(&g, row, g.rows, 0, col, c->scratch);
    k->gemm(&g, row, g.rows, col, g.cols, c->scratch);
}

static void check_shape(struct check *c, int32_t rows, int32_t cols, int32_t depth,
                        enum lowp_fill kind)
{
    static const enum gemm_epilogue epilogues[] = {GEMM_STORE, GEMM_BIAS, GEMM_BIAS_GELU};
    fill(c, c->x, (size_t)rows * (size_t)(depth + 3), kind);
    fill(c, c->w, (size_t)cols * (size_t)(depth + 1), kind);
    const size_t size = (size_t)rows * (size_t)(cols + 1) + 2 * GUARD;
    for (int i = 0; i < 3; i++) {
        const struct lowp_gemm g = {.rows = rows,
                                    .cols = cols,
                                    .depth = depth,
                                    .epilogue = epilogues[i],
                                    .bias = c->bias,
                                    .c_row = cols + 1};
        for (int s = 0; s < 2; s++) {
            memset(c->c[s], 0x7b, size * sizeof(float));
            run_side(c, s, &g);
        }
        if (memcmp(c->c[0], c->c[1], size * sizeof(float)) == 0) continue;
        if (c->failures++ < 10)
            fprintf(stderr, "%d x %d x %d, epilogue %d, fill %d: differs from the reference\n",
                    (int)rows, (int)cols, (int)depth, i, (int)kind);
    }
}

static void check_shapes(struct check *c)
{
    static const int32_t rows[] = {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 61, 131};
    static const int32_t cols[] = {0, 1, 15, 16, 17, 31, 32, 33, 48, 63, 97, 131};
    static const int32_t depths[] = {0, 1, 3, 4, 15, 17, 31, 33, 63, 64, 65, 131, 384};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t j = 0; j < sizeof cols / sizeof cols[0]; j++) {
            check_shape(c, rows[i], cols[j], depths[(3 * i + j) % 13], FILL_RANDOM);
            check_shape(c, rows[i], cols[j], depths[(i + 5 * j) % 13], FILL_RANDOM);
        }
    for (size_t d = 0; d < sizeof depths / sizeof depths[0]; d++)
        for (int kind = 0; kind <= FILL_ZERO; kind++)
            check_shape(c, 19, 37, depths[d], (enum lowp_fill)kind);
    check_shape(c, 33, 70, 1601, FILL_RANDOM); /* several chunks of depth, of tiles from 2,048 on */
    check_shape(c, 49, 70, 2113, FILL_RANDOM);
    check_shape(c, 401, 35, 130, FILL_RANDOM); /* more than a strip of rows */
    check_shape(c, 401, 35, 2113, FILL_RANDOM);
    check_shape(c, 48, 64, 768, FILL_RANDOM); /* a depth with a loop of its own, as 384 has */
    check_shape(c, 17, 33, 1600, FILL_EXTREME);
}

int lowp_check(const struct lowp *reference, const struct lowp *level)
{
    struct check c = {.side = {reference, level}, .state = 20261};
    c.x = aligned(ROWS_MAX * (DEPTH_MAX + 3) * sizeof(float));
    c.w = aligned(COLS_MAX * (DEPTH_MAX + 1) * sizeof(float));
    c.bias = aligned(COLS_MAX * sizeof(float));
    fill(&c, c.bias, COLS_MAX, FILL_RANDOM);
    size_t scratch = 0;
    for (int s = 0; s < 2; s++) {
        c.c[s] = aligned((ROWS_MAX * (COLS_MAX + 1) + 2 * GUARD) * sizeof(float));
        c.a[s] = aligned(c.side[s]->operand_bytes(ROWS_MAX, DEPTH_MAX));
        c.b[s] = aligned(c.side[s]->weights_bytes(DEPTH_MAX, COLS_MAX));
        if (c.side[s]->scratch_bytes(DEPTH_MAX) > scratch)
            scratch = c.side[s]->scratch_bytes(DEPTH_MAX);
    }
    c.scratch = aligned(scratch);
    check_shapes(&c);
    for (int s = 0; s < 2; s++) {
        free(c.c[s]);
        free(c.a[s]);
        free(c.b[s]);
    }
    free(c.x);
    free(c.w);
    free(c.bias);
    free(c.scratch);
    return c.failures;
}

#ifdef LOWP_CHECK_MAIN
_Noreturn void bug_abort(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

int main(void)
{
    int failures = 0;
#if defined(__aarch64__)
    failures += lowp_check(&lowp_int8_ref, &lowp_int8_neon);
    printf("int8: neon against ref: %d differences\n", failures);
#endif
    return failures != 0;
}
#endif
