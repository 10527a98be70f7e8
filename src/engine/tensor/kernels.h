/* engine/tensor/kernels.h - the one seam between arithmetic and everything above it.
 *
 * A table of kernels a level (ref, avx2, avx512, neon); all tables give the same bits.
 *
 *     const struct kernels *k = kernels_get(ISA_BEST);
 *     struct gemm g = {.rows = T, .cols = N, .depth = K, .a = x, .a_row = K, .a_step = 1,
 *                      .b = w, .b_col = K, .b_step = 1, .c = y, .c_row = N,
 *                      .epilogue = GEMM_BIAS, .bias = bias};                  // y = x w^T + bias
 *     k->gemm(&g, 0, T, 0, N, scratch);                  // scratch: gemm_scratch_floats(K) floats
 *
 * The canonical order (docs/internals/engine.md):
 *  1. gemm: each c[i][j] is one chain of fused multiply-adds over k = 0..depth-1 that starts at +0;
 *     the epilogue comes after.
 *  2. Row reductions: 16 lanes, lane l takes elements l, l+16, ... in order, missing ones count
 *     as 0 (sums) or as the identity; then lanes fold 8+8, 4+4, 2+2, 1+1.
 *  3. Column sums: one chain over rows in order.
 *  4. exp, erf and log: the polynomials of vec_math.h. Division and square root are IEEE's.
 * Rules: n, rows, cols and depth may be 0. No kernel allocates, and none reads past n elements.
 * Threads: kernels are pure; two calls may run at once when their outputs do not overlap.
 */
#ifndef ENGINE_TENSOR_KERNELS_H
#define ENGINE_TENSOR_KERNELS_H

#include "engine/tensor/isa.h"
#include <stddef.h>
#include <stdint.h>

struct adamw;

enum gemm_epilogue {
    GEMM_STORE,     /* c = sum */
    GEMM_BIAS,      /* c = sum + bias[j] */
    GEMM_BIAS_GELU, /* x = sum + bias[j]; c = gelu(x); slope = gelu'(x) unless it is NULL */
    GEMM_ADD,       /* c = sum + other */
    GEMM_MULTIPLY,  /* c = sum * other */
};

struct gemm { /* c [rows, cols] = a [rows, depth] b [depth, cols] */
    int32_t rows, cols, depth;
    const float *a; /* a[i][k] is a[i * a_row + k * a_step] */
    ptrdiff_t a_row, a_step;
    const float *b; /* b[k][j] is b[j * b_col + k * b_step]; b_col or b_step is 1 */
    ptrdiff_t b_col, b_step;
    bool b_packed; /* b is panels made by `pack`; b_col and b_step are not read */
    float *c;
    ptrdiff_t c_row; /* slope and other have the same row stride */
    enum gemm_epilogue epilogue;
    const float *bias;  /* [cols] */
    float *slope;       /* [rows, c_row] */
    const float *other; /* [rows, c_row] */
};

enum {
    PANEL = 16,
    GEMM_ROWS_MAX = 384
}; /* columns of a panel; most rows of a call when a_step > 1 */
/* Floats of scratch, 64-byte aligned, for a gemm call of this depth. */
size_t gemm_scratch_floats(int32_t depth, bool a_transposed);
/* Floats of a packed [depth, cols] matrix: ceil(cols / 16) panels of [depth][16], zero filled. The
 * name stands for these bytes in caches: who changes them changes it. */
#define GEMM_PACKED_LAYOUT "fp32-panels-16.1"
size_t gemm_packed_floats(int32_t depth, int32_t cols);

/* Which elements a dropout zeroes: element i lives when hash(i, keys) >= threshold. A kernel's
 * element j is element base + j of the site. threshold 0 keeps all, and scale is 1 then. */
struct dropout {
    uint32_t key0, key1;
    uint32_t threshold; /* rate * 2^32 */
    float scale;        /* 1 / (1 - rate) */
    uint32_t base;
};
/* The masks of a place in the network (`site`) in a step: base is 0. `part` keeps apart what shares
 * a site but is worked on apart: a head of a sequence, for example. */
struct dropout dropout_site(uint64_t seed, uint64_t step, uint32_t site, uint32_t part, float rate);

struct kernels {
    enum isa isa;
    /* Rows [row0, row1) and columns [col0, col1) of g; col0 is a multiple of PANEL. */
    void (*gemm)(const struct gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
                 float *scratch);
    /* Packs panels [panel0, panel1) of b into out (whole matrix's start). */
    void (*pack)(const float *b, ptrdiff_t b_col, ptrdiff_t b_step, int32_t depth, int32_t cols,
                 int32_t panel0, int32_t panel1, float *out);

    /* s = dropout(x + bias) + residual; xhat = (s - mean) * rstd; y = xhat * gamma + beta.
     * bias and residual may be NULL, xhat may be NULL. Returns rstd = 1 / sqrt(variance + eps). */
    float (*add_norm)(int32_t n, const float *x, const float *bias, const float *residual,
                      const struct dropout *drop, const float *gamma, const float *beta, float eps,
                      float *y, float *xhat);
    /* d = dy gamma; dx = rstd (d - mean(d) - xhat mean(d xhat)). dx may be dy. */
    void (*norm_backward)(int32_t n, const float *dy, const float *xhat, float rstd,
                          const float *gamma, float *dx);
    /* y = x * mask * scale; y may be x. */
    void (*dropout)(int32_t n, const float *x, const struct dropout *drop, float *y);
    /* p = exp(scale x - max) / sum; p may be x. n >= 1. */
    void (*softmax)(int32_t n, float scale, const float *x, float *p);
    /* ds = scale p (dp - sum(p dp)); ds may be dp. */
    void (*softmax_backward)(int32_t n, float scale, const float *p, const float *dp, float *ds);
    /* Returns log(sum(exp(z))) - z[target]; dz = (softmax(z) - [j == target]) * grad_scale. */
    float (*cross_entropy)(int32_t n, const float *z, int32_t target, float grad_scale, float *dz);
    /* out[j] = sum over rows of x[r][j], for j < n. */
    void (*column_sum)(int32_t rows, int32_t n, const float *x, ptrdiff_t x_row, float *out);
    /* out[j] = sum over rows of x[r][j] * y[r][j]. */
    void (*column_dot)(int32_t rows, int32_t n, const float *x, const float *y, ptrdiff_t row,
                       float *out);
    /* y += x */
    void (*add)(int32_t n, const float *x, float *y);
    void (*adamw)(const struct adamw *a, size_t n, float *params, const float *grads, float *m,
                  float *v);
    /* What adamw does in step_count steps with gradients of 0, bit for bit. m and v are NULL when
     * both are 0: they stay 0. */
    void (*adamw_idle)(const struct adamw *steps, size_t step_count, size_t n, float *params,
                       float *m, float *v);
    float (*square_block)(size_t n, const float *x);
    /* y = f(x) for f of kernels_internal.h's enum vec_function: for tests of accuracy and bits. */
    void (*vec_math)(int which, int32_t n, const float *x, float *y);
};

/* The table of a level that this CPU has; ISA_BEST is resolved. */
const struct kernels *kernels_get(enum isa isa);

#endif
