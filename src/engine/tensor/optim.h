/* engine/tensor/optim.h - the optimiser's passes over a block of parameters.
 *
 *     const struct adamw_rule rule = {.lr = 1e-4, .decay = 0.01, .beta1 = 0.9, .beta2 = 0.999,
 *                                     .eps = 1e-8};
 *     const double norm = sqrt(optim_square_sum(isa, pool, grads, count));
 *     const struct adamw step = adamw_step(&rule, t, 1.0 / fmax(norm, 1)); // t >= 1
 *     const struct optim_run all = {.begin = 0, .end = count, .step = &step};
 *     optim_adamw(isa, pool, &all, 1, params, grads, m, v, NULL);
 *
 * The update, element by element (Loshchilov & Hutter 2019, in PyTorch's arrangement):
 *     g = grad * grad_scale
 *     m = beta1 m + (1 - beta1) g;         |m| < ADAM_M_FLUSH becomes 0
 *     v = beta2 v + (1 - beta2) g g;        v  < ADAM_V_FLUSH becomes 0
 *     w = (w - lr decay w) - (lr / bias1) m / (sqrt(v) / sqrt(bias2) + eps)
 *
 * Tables of which a step reads few rows are updated row by row, when a row is next read:
 * optim_rows.h.
 *
 * Rules: the same bits for every instruction set and thread count. The flushes keep decaying
 * moments out of the subnormals, which cost an assist for each operation; both constants lie far
 * below what moves a float weight (sqrt(ADAM_V_FLUSH) = 1e-16 beside eps = 1e-8).
 * Threads: each call uses the pool; a pool of NULL means the caller alone.
 */
#ifndef ENGINE_TENSOR_OPTIM_H
#define ENGINE_TENSOR_OPTIM_H

#include "base/pool.h"
#include "engine/tensor/isa.h"
#include <stddef.h>
#include <stdint.h>

struct kernels; /* engine/tensor/kernels.h */

#define ADAM_M_FLUSH 1e-30f
#define ADAM_V_FLUSH 1e-32f

struct adamw_rule {
    double lr, decay; /* decay is 0 for biases and LayerNorm */
    double beta1, beta2, eps;
};

struct adamw {          /* one step, in floats: what the kernels read */
    float shrink;       /* lr decay */
    float rate;         /* lr / bias1, bias1 = 1 - beta1^t */
    float inverse_root; /* 1 / sqrt(bias2), bias2 = 1 - beta2^t */
    float eps;
    float grad_scale;   /* 1, or what clips the global norm */
    float beta1, rest1; /* beta1 and 1 - beta1, each rounded once from double */
    float beta2, rest2;
};

/* Step t >= 1. Powers by repeated squaring in double: no libm. */
struct adamw adamw_step(const struct adamw_rule *rule, int64_t t, double grad_scale);
/* One pass over several runs of neighbours, each under its own rule. */
struct optim_run {
    size_t begin, end; /* elements of params, grads, m and v */
    const struct adamw *step;
    size_t piece; /* elements that are updated in one go, the last ones fewer; 0: any number */
};
/* Who keeps another form of the parameters makes it while they are in cache: fn is called after
 * each piece of a run, by the thread that updated it; several pieces at once. */
struct optim_follower {
    void (*fn)(void *ctx, const float *params, size_t count);
    void *ctx;
};
/* `follower` may be NULL. */
void optim_adamw(enum isa isa, struct pool *pool, const struct optim_run *runs, int32_t run_count,
                 float *params, const float *grads, float *m, float *v,
                 const struct optim_follower *follower);
/* Sum of squares by a tree that depends on count alone: 16 lanes over each block of
 * SQUARE_BLOCK floats, blocks added in double, in order, within a piece; pieces in order. */
#define SQUARE_BLOCK 4096
double optim_square_sum(enum isa isa, struct pool *pool, const float *x, size_t count);
/* The same bits as optim_square_sum over a block of `count` floats that is 0 outside of the spans,
 * which are in order and do not overlap. `done`, or NULL: the sums of blocks of SQUARE_BLOCK that
 * whoever wrote them has from optim_square_blocks, SQUARE_UNKNOWN for the others. */
struct optim_span {
    size_t at, count; /* elements [at, at + count) of the block */
    const float *x;   /* [count] */
};
double optim_square_spans(enum isa isa, struct pool *pool, const struct optim_span *spans,
                          size_t span_count, size_t count, const float *done);
#define SQUARE_UNKNOWN (-1.0f)
/* sums[b] for the blocks that lie whole in elements [begin, end) of x, in the caller's thread. */
void optim_square_blocks(const struct kernels *kernels, const float *x, size_t begin, size_t end,
                         float *sums);

#endif
