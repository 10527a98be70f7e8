/* Reference: the definition itself. Every sum is exact, so its order does not matter. */
#include "engine/tensor/vec_ref.h"
typedef int8_t operand_number;
#define OPERAND_ZERO 0
static void numbers_store(operand_number *out, vi numbers)
{
    vi_store_bytes((uint8_t *)out, numbers);
}
#include "engine/tensor/int8_body.h"

static int32_t dot(const struct lowp_gemm *g, int32_t i, int32_t j)
{
    const operand_number *a = row_of(g->a, i, g->depth);
    const int8_t *b = (const int8_t *)g->b +
                      (size_t)(j / PANEL_COLUMNS) * int8_panel_bytes(g->depth) +
                      (size_t)(j % PANEL_COLUMNS) * QUAD;
    int32_t sum = 0;
    for (int32_t k = 0; k < g->depth; k++)
        sum += a[k / DEPTH_STEP * ROW_BLOCK * DEPTH_STEP + k % DEPTH_STEP] *
               b[k / QUAD * PANEL_COLUMNS * QUAD + k % QUAD];
    return sum;
}

static void gemm(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
                 void *scratch)
{
    (void)scratch;
    for (int32_t i = row0; i < row1; i++)
        for (int32_t j = col0; j < col1; j += 16) {
            const int n = (int)(col1 - j < 16 ? col1 - j : 16);
            const float *scales = int8_column_scales(g->b, j, g->depth) + j % PANEL_COLUMNS;
            int32_t sum[16] = {0};
            for (int l = 0; l < n; l++) sum[l] = dot(g, i, j + l);
            const vf bias = g->epilogue == GEMM_STORE ? vf_set(0.0f) : vf_load_n(g->bias + j, n);
            const vf c = finish(vi_load(sum), vf_set(scale_of(g->a, i, g->depth)), vf_load(scales),
                                bias, g->epilogue == GEMM_BIAS_GELU);
            vf_store_n(g->c + i * g->c_row + j, c, n);
        }
}

INT8_TABLE(ref, ISA_REF, false);
