/* engine/tensor/kernels_internal.h - the functions of each level, which kernels.c puts into tables.
 *
 * One declaration serves all levels: KERNEL(name, level) is name_level.
 */
#ifndef ENGINE_TENSOR_KERNELS_INTERNAL_H
#define ENGINE_TENSOR_KERNELS_INTERNAL_H

#include "engine/tensor/kernels.h"

#define KERNEL_PASTE(name, level) name##_##level
#define KERNEL_NAME(name, level)  KERNEL_PASTE(name, level)

/* Most of depth that one pass over a panel group covers: 3 panels of it are 96 KB of L2. */
enum { DEPTH_CHUNK = 512, PANELS_MAX = 3 };

#define KERNELS_DECLARE(level)                                                                     \
    void gemm_##level(const struct gemm *g, int32_t row0, int32_t row1, int32_t col0,              \
                      int32_t col1, float *scratch);                                               \
    void pack_##level(const float *b, ptrdiff_t b_col, ptrdiff_t b_step, int32_t depth,            \
                      int32_t cols, int32_t panel0, int32_t panel1, float *out);                   \
    float add_norm_##level(int32_t n, const float *x, const float *bias, const float *residual,    \
                           const struct dropout *drop, const float *gamma, const float *beta,      \
                           float eps, float *y, float *xhat);                                      \
    void norm_backward_##level(int32_t n, const float *dy, const float *xhat, float rstd,          \
                               const float *gamma, float *dx);                                     \
    void dropout_##level(int32_t n, const float *x, const struct dropout *drop, float *y);         \
    void softmax_##level(int32_t n, float scale, const float *x, float *p);                        \
    void softmax_backward_##level(int32_t n, float scale, const float *p, const float *dp,         \
                                  float *ds);                                                      \
    float cross_entropy_##level(int32_t n, const float *z, int32_t target, float grad_scale,       \
                                float *dz);                                                        \
    void column_sum_##level(int32_t rows, int32_t n, const float *x, ptrdiff_t x_row, float *out); \
    void column_dot_##level(int32_t rows, int32_t n, const float *x, const float *y,               \
                            ptrdiff_t row, float *out);                                            \
    void add_##level(int32_t n, const float *x, float *y);                                         \
    void adamw_##level(const struct adamw *a, size_t n, float *params, const float *grads,         \
                       float *m, float *v);                                                        \
    void adamw_idle_##level(const struct adamw *steps, size_t step_count, size_t n, float *params, \
                            float *m, float *v);                                                   \
    float square_block_##level(size_t n, const float *x);                                          \
    void epilogue_##level(const struct gemm *g, int32_t row0, int32_t row1, int32_t col0,          \
                          int32_t col1);                                                           \
    void vec_math_##level(int which, int32_t n, const float *x, float *y);                         \
    extern const struct kernels kernels_##level

KERNELS_DECLARE(ref);
#if defined(__x86_64__)
KERNELS_DECLARE(avx2);
KERNELS_DECLARE(avx512);
#endif
#if defined(__aarch64__)
KERNELS_DECLARE(neon);
#endif

/* The `which` of vec_math, which is there for the accuracy and differential tests alone. */
enum vec_function { VEC_EXP, VEC_LOG, VEC_ERF, VEC_GELU, VEC_GELU_SLOPE };

#endif
