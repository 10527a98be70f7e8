/* How: five small GEMMs and two row passes over matrices that fit L1 or L2, on the same kernels as
 * everything else, so that their order of sums is the canonical one without code of its own.
 * Derivation: docs/internals/engine.md. */
#include "engine/tensor/attention.h"

static size_t padded(int32_t n)
{
    return ((size_t)n + 15) / 16 * 16;
}

static size_t gemm_floats(int32_t length, int32_t head_dim)
{
    return gemm_scratch_floats(length > head_dim ? length : head_dim, true);
}

size_t attention_scratch_floats(int32_t length_max, int32_t head_dim)
{
    return padded((int32_t)gemm_floats(length_max, head_dim)) +
           2 * (size_t)length_max * padded(length_max);
}

static void multiply(const struct attention *a, struct gemm g, float *scratch)
{
    const int32_t most = g.a_step == 1 ? g.rows : GEMM_ROWS_MAX;
    for (int32_t row = 0; row < g.rows; row += most) {
        const int32_t end = g.rows - row < most ? g.rows : row + most;
        a->kernels->gemm(&g, row, end, 0, g.cols, scratch);
    }
}

/* out [rows, cols] = x y^T: x [rows, depth], y [cols, depth]. */
static struct gemm times_transposed(int32_t rows, int32_t cols, int32_t depth, const float *x,
                                    ptrdiff_t x_row, const float *y, ptrdiff_t y_row)
{
    return (struct gemm){.rows = rows,
                         .cols = cols,
                         .depth = depth,
                         .a = x,
                         .a_row = x_row,
                         .a_step = 1,
                         .b = y,
                         .b_col = y_row,
                         .b_step = 1};
}

/* out [S, D] = p y or p^T y: p [S, S], y [S, D]. */
static struct gemm mixed(const struct attention *a, const float *p, ptrdiff_t p_row,
                         bool transposed, const float *y, ptrdiff_t y_row)
{
    return (struct gemm){.rows = a->length,
                         .cols = a->head_dim,
                         .depth = a->length,
                         .a = p,
                         .a_row = transposed ? 1 : p_row,
                         .a_step = transposed ? p_row : 1,
                         .b = y,
                         .b_col = 1,
                         .b_step = y_row};
}

static struct gemm into(struct gemm g, float *c, ptrdiff_t c_row)
{
    g.c = c;
    g.c_row = c_row;
    return g;
}

static struct dropout mask_of(const struct attention *a, int32_t i)
{
    struct dropout row = a->dropout;
    row.base += (uint32_t)i * (uint32_t)a->length;
    return row;
}

/* P = softmax(scale Q K^T) */
static void probabilities(const struct attention *a, float *p, ptrdiff_t p_row, float *scratch)
{
    const int32_t s = a->length;
    multiply(a, into(times_transposed(s, s, a->head_dim, a->q, a->row, a->k, a->row), p, p_row),
             scratch);
    for (int32_t i = 0; i < s; i++) a->kernels->softmax(s, a->scale, p + i * p_row, p + i * p_row);
}

void attention_forward(const struct attention *a, float *context, ptrdiff_t context_row,
                       float *scratch)
{
    const ptrdiff_t p_row = (ptrdiff_t)padded(a->length);
    float *p = scratch + padded((int32_t)gemm_floats(a->length, a->head_dim));
    probabilities(a, p, p_row, scratch);
    for (int32_t i = 0; a->dropout.threshold && i < a->length; i++) {
        const struct dropout mask = mask_of(a, i);
        a->kernels->dropout(a->length, p + i * p_row, &mask, p + i * p_row);
    }
    multiply(a, into(mixed(a, p, p_row, false, a->v, a->row), context, context_row), scratch);
}

/* dP~ -> dS in place, and P -> P~ in place. */
static void scores_backward(const struct attention *a, float *p, float *dp, ptrdiff_t p_row)
{
    for (int32_t i = 0; i < a->length; i++, p += p_row, dp += p_row) {
        const struct dropout mask = mask_of(a, i);
        if (mask.threshold) a->kernels->dropout(a->length, dp, &mask, dp);
        a->kernels->softmax_backward(a->length, a->scale, p, dp, dp);
        if (mask.threshold) a->kernels->dropout(a->length, p, &mask, p);
    }
}

void attention_backward(const struct attention *a, const float *dcontext, ptrdiff_t context_row,
                        float *dq, float *dk, float *dv, float *scratch)
{
    const int32_t s = a->length;
    const ptrdiff_t p_row = (ptrdiff_t)padded(s);
    float *p = scratch + padded((int32_t)gemm_floats(s, a->head_dim)), *ds = p + s * p_row;
    probabilities(a, p, p_row, scratch);
    const struct gemm dp = times_transposed(s, s, a->head_dim, dcontext, context_row, a->v, a->row);
    multiply(a, into(dp, ds, p_row), scratch);
    scores_backward(a, p, ds, p_row);
    multiply(a, into(mixed(a, p, p_row, true, dcontext, context_row), dv, a->row), scratch);
    multiply(a, into(mixed(a, ds, p_row, false, a->k, a->row), dq, a->row), scratch);
    multiply(a, into(mixed(a, ds, p_row, true, a->q, a->row), dk, a->row), scratch);
}
