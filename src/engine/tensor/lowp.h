/* engine/tensor/lowp.h - products below fp32: one table a precision and level.
 *
 *     c [rows, cols] = epilogue(a [rows, depth] b [depth, cols])
 *
 * a is an *operand*: activations in the numbers and the order that the kernel reads (tiles, pairs,
 * rows with their scales). It is made from fp32, row by row, or written by the epilogue of the
 * product before. b is *weights*: made once from fp32, kept as long as the model is served, and
 * cached on disk by the model's digest. Both are opaque bytes to everybody else.
 *
 *     const struct lowp *k = lowp_get(PRECISION_INT8, ISA_BEST);
 *     k->weights_pack(w, in, 1, in, out, 0, panels, weights);          // w [out, in], fp32
 *     k->operand_rows(x, in, 0, T, in, operand);                       // x [T, in], fp32
 *     struct lowp_gemm g = {.rows = T, .cols = out, .depth = in, .a = operand, .b = weights,
 *                           .epilogue = GEMM_BIAS, .bias = bias, .c = y, .c_row = out};
 *     k->gemm(&g, 0, T, 0, out, scratch);
 *
 * Rules:
 *  1. All levels of a precision give the same bits (docs/internals/engine.md has each order of
 *     sums), whatever the cut into pieces: a row's result depends on that row and the weights.
 *  2. rows, cols and depth may be 0 or odd; padding inside operands and weights is zero and never
 *     shows. Operands and weights are 64-byte aligned.
 *  3. No kernel allocates. Kernels are pure; calls may run at once when outputs do not overlap.
 *  4. Cuts: row0 is a multiple of row_step, col0 of PANEL_COLUMNS (ends may be anything).
 */
#ifndef ENGINE_TENSOR_LOWP_H
#define ENGINE_TENSOR_LOWP_H

#include "engine/tensor/kernels.h"
#include "engine/tensor/precision.h"

enum { PANEL_COLUMNS = 32 }; /* columns of a panel of weights, in every precision */

struct lowp_gemm {
    int32_t rows, cols, depth;
    const void *a;               /* operand [rows, depth] */
    const void *b;               /* weights [depth, cols] */
    enum gemm_epilogue epilogue; /* GEMM_ADD and GEMM_MULTIPLY only of a table that trains */
    const float *bias;           /* [cols] */
    float *c; /* [rows, cols] fp32, row stride c_row; NULL when only out is wanted */
    ptrdiff_t c_row;
    void *out; /* the result as operand [rows, cols], or NULL; NULL when the table is row_scaled */
    float *slope;       /* as in struct gemm, row stride c_row; NULL but of a table that trains */
    const float *other; /* as in struct gemm; needs c */
};

struct lowp {
    enum precision precision;
    enum isa isa;       /* the level whose instructions it uses */
    const char *layout; /* names the bytes of packed weights for caches: "int8-quads.1" */
    bool fast;       /* has instructions for this precision: faster than fp32 on the same level */
    bool row_scaled; /* an operand's row is made from the whole fp32 row: no product writes it */
    int32_t row_step;
    size_t (*operand_bytes)(int32_t rows, int32_t depth);
    /* Rows [row0, row1) of x [rows, depth], row stride x_row; x and operand are the matrices'
     * starts. Any row0: rows are written one by one. */
    void (*operand_rows)(const float *x, ptrdiff_t x_row, int32_t row0, int32_t row1, int32_t depth,
                         void *operand);
    /* The next three of a table that trains, else NULL. As operand_rows, but of each row the values
     * [col0, col1) alone; col0 is a multiple of PANEL_COLUMNS. */
    void (*operand_part)(const float *x, ptrdiff_t x_row, int32_t row0, int32_t row1, int32_t col0,
                         int32_t col1, int32_t depth, void *operand);
    /* From the operand x [depth, cols], as operand_rows makes it: rows [row0, row1) of the operand
     * x^T [cols, depth], which are all that `turned` has; row0 is a multiple of PANEL_COLUMNS. */
    void (*operand_turn)(const void *x, int32_t depth, int32_t cols, int32_t row0, int32_t row1,
                         void *turned);
    /* From the same: x as weights [depth, cols], of which steps [step0, step1) of depth; step0 is a
     * multiple of PANEL_COLUMNS. `weights` is the whole matrix's start. */
    void (*operand_weights)(const void *x, int32_t depth, int32_t cols, int32_t step0,
                            int32_t step1, void *weights);
    size_t (*weights_bytes)(int32_t depth, int32_t cols);
    /* Panels [panel0, panel1) of PANEL_COLUMNS columns; w[k][j] is w[j * w_col + k * w_step], where
     * w_step is 1; out is the whole matrix's start. */
    void (*weights_pack)(const float *w, ptrdiff_t w_col, ptrdiff_t w_step, int32_t depth,
                         int32_t cols, int32_t panel0, int32_t panel1, void *out);
    /* A table that trains, else NULL: rows [row0, row1) of w [out, in] into their places in both
     * weights that training reads: `weights` [in, out] of y = x w^T, and `turned` [out, in] of
     * dx = dy w. row0 is a multiple of PANEL_COLUMNS. w lies at the whole matrix's start. */
    void (*weights_both)(const float *w, int32_t out, int32_t in, int32_t row0, int32_t row1,
                         void *weights, void *turned);
    size_t (*scratch_bytes)(int32_t depth);
    void (*gemm)(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
                 void *scratch);
};

/* The fastest table that gives this precision's bits at this level (ISA_BEST is resolved): the
 * level's own, else a lower level's, else the reference. NULL for fp32, which is kernels.h, and for
 * auto. */
const struct lowp *lowp_get(enum precision p, enum isa isa);

#endif
