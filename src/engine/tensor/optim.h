/* engine/tensor/optim.h - the optimiser's passes over a block of parameters.
 *
 *     const double norm = sqrt(optim_square_sum(isa, pool, grads, m->param_count));
 *     struct adamw step = adamw_step(lr, 0.9, 0.999, 1e-8, t, 1.0 / fmax(norm, 1)); // t >= 1
 *     for each tensor: step.decay = tensor->decay ? 0.01f : 0;
 *         optim_adamw(isa, pool, &step, params + at, grads + at, m + at, v + at, count);
 *
 * The update, element by element (Loshchilov & Hutter 2019, in PyTorch's arrangement):
 *     g = grad * grad_scale
 *     m = beta1 m + (1 - beta1) g;         |m| < ADAM_M_FLUSH becomes 0
 *     v = beta2 v + (1 - beta2) g g;        v  < ADAM_V_FLUSH becomes 0
 *     w = (w - lr decay w) - (lr / bias1) m / (sqrt(v) / sqrt(bias2) + eps)
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
#include <stdint.h>

#define ADAM_M_FLUSH 1e-30f
#define ADAM_V_FLUSH 1e-32f

struct adamw {
    float lr, eps;
    float decay;        /* 0 for biases and LayerNorm */
    float grad_scale;   /* 1, or what clips the global norm */
    float beta1, rest1; /* beta1 and 1 - beta1, each rounded once from double */
    float beta2, rest2;
    float bias1, bias2_root; /* 1 - beta1^t and sqrt(1 - beta2^t) */
};

/* Step t >= 1 with decay 0. Powers by repeated squaring in double: no libm. */
struct adamw adamw_step(double lr, double beta1, double beta2, double eps, int64_t t,
                        double grad_scale);
void optim_adamw(enum isa isa, struct pool *pool, const struct adamw *a, float *params,
                 const float *grads, float *m, float *v, size_t count);
/* Sum of squares by a tree that depends on count alone: 16 lanes over each block of
 * SQUARE_BLOCK floats, blocks added in double, in order, within a piece; pieces in order. */
#define SQUARE_BLOCK 4096
double optim_square_sum(enum isa isa, struct pool *pool, const float *x, size_t count);

#endif
