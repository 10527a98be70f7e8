/* Reference: the definition itself. c[i][j] is one chain of fmaf over k, whatever the form of b. */
#include "engine/tensor/kernels_internal.h"
#include <math.h>

static float b_at(const struct gemm *g, int32_t k, int32_t j)
{
    if (!g->b_packed) return g->b[j * g->b_col + k * g->b_step];
    return g->b[((ptrdiff_t)(j / PANEL) * g->depth + k) * PANEL + j % PANEL];
}

void gemm_ref(const struct gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
              float *scratch)
{
    (void)scratch;
    for (int32_t i = row0; i < row1; i++)
        for (int32_t j = col0; j < col1; j++) {
            float sum = 0.0f;
            for (int32_t k = 0; k < g->depth; k++)
                sum = fmaf(g->a[i * g->a_row + k * g->a_step], b_at(g, k, j), sum);
            g->c[i * g->c_row + j] = sum;
        }
    epilogue_ref(g, row0, row1, col0, col1);
}

void pack_ref(const float *b, ptrdiff_t b_col, ptrdiff_t b_step, int32_t depth, int32_t cols,
              int32_t panel0, int32_t panel1, float *out)
{
    for (int32_t p = panel0; p < panel1; p++)
        for (int32_t k = 0; k < depth; k++)
            for (int32_t l = 0; l < PANEL; l++) {
                const int32_t j = p * PANEL + l;
                out[((ptrdiff_t)p * depth + k) * PANEL + l] =
                    j < cols ? b[j * b_col + k * b_step] : 0.0f;
            }
}
