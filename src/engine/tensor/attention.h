/* engine/tensor/attention.h - softmax attention of one head over one sequence, forward and
 * backward.
 *
 *     scores = scale Q K^T; P = softmax(scores), row by row; P~ = dropout(P); context = P~ V
 *
 * Q, K, V [S, D] lie in one [T, 3H] matrix: `q`, `k` and `v` point at the sequence's first token
 * and the head's first column, `row` is 3H. Nothing but Q, K and V is kept for the backward pass:
 * it makes P again, which is one small GEMM more and saves S * S floats a head.
 *
 * Rules: a pure function of its inputs, whatever else is in the batch. Element (i, j) of P is
 * element i S + j of the dropout.
 * Scratch: attention_scratch_floats(S, D), 64-byte aligned, one a thread.
 */
#ifndef ENGINE_TENSOR_ATTENTION_H
#define ENGINE_TENSOR_ATTENTION_H

#include "engine/tensor/kernels.h"

struct attention {
    const struct kernels *kernels;
    int32_t length;   /* S >= 1 */
    int32_t head_dim; /* D */
    const float *q, *k, *v;
    ptrdiff_t row;
    float scale; /* 1 / sqrt(D) */
    struct dropout dropout;
};

size_t attention_scratch_floats(int32_t length_max, int32_t head_dim);
/* context [S, D] with row stride `context_row`. */
void attention_forward(const struct attention *a, float *context, ptrdiff_t context_row,
                       float *scratch);
/* dcontext [S, D] -> dq, dk, dv [S, D] with row stride a->row. */
void attention_backward(const struct attention *a, const float *dcontext, ptrdiff_t context_row,
                        float *dq, float *dk, float *dv, float *scratch);

#endif
