/* engine/tensor/fp16_body.h - products in half precision without instructions for it.
 *
 * fp16_<level>.c defines TABLE and ISA_OF_LEVEL and includes this file; the compiler turns the
 * loops over 32 columns into the vectors of the level. A half is kept as the double of its value.
 * In double a product of halves is exact and its sum with a third rounds harmlessly (half_fma of
 * fp16_internal.h), so an FMA of halves is a multiplication, an addition and a rounding to 11 bits.
 *
 *     panels of 32 columns                  one after the other
 *       blocks of ROWS_BLOCK rows           their sums, [rows][32] floats, wait in scratch
 *         chunks of FP16_FLUSH steps        the panel's chunk becomes doubles in scratch, once
 *           rows, k                         32 chains
 */
#include "engine/tensor/fp16_internal.h"

enum { ROWS_BLOCK = 64, WIDTH = PANEL_COLUMNS };

struct scratch {
    double b[FP16_FLUSH * WIDTH]; /* [steps][32] */
    float sum[ROWS_BLOCK][WIDTH];
};

/* To the nearest half: with 1.5 * 2^52 units of the half's last place added, the last bit of a
 * double is one such unit. Below 2^-14 the unit stays 2^-24. */
static inline double round_to_half(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint64_t least = (uint64_t)(1023 - 14) << 52;
    bits &= 0x7ff0000000000000ull;
    bits = bits > least ? bits : least;
    bits += (42ull << 52) + (1ull << 51);
    double shift;
    memcpy(&shift, &bits, sizeof shift);
    const double rounded = (x + shift) - shift;
    return x < 65520.0 && x > -65520.0 ? rounded : x * 0x1p1023; /* infinities; a NaN stays */
}

/* One chain for each of 32 columns of b [steps][32], added to the sums of a row. */
static void chains(int32_t steps, const uint16_t *a, const double *b, float *sum)
{
    double s[WIDTH] = {0};
    for (int32_t k = 0; k < steps; k++, b += WIDTH) {
        const double x = half_to_double(a[k]);
        for (int j = 0; j < WIDTH; j++) s[j] = round_to_half(x * b[j] + s[j]);
    }
    for (int j = 0; j < WIDTH; j++) sum[j] += (float)s[j];
}

static void finish_row(const struct lowp_gemm *g, int32_t row, int32_t col0, int32_t col1,
                       const float *sum)
{
    uint16_t *out = g->out ? (uint16_t *)g->out + row * fp16_row_halves(g->cols) : NULL;
    for (int32_t j = col0; j < col1; j++) {
        float y = sum[j - col0];
        if (g->epilogue != GEMM_STORE) y += g->bias[j];
        if (g->epilogue == GEMM_BIAS_GELU)
            y = (float)half_to_double(half_gelu(half_from_double((double)y)));
        if (g->c) g->c[row * g->c_row + j] = y;
        if (out) out[j] = half_from_double((double)y);
    }
}

/* Rows [row0, row1), at most ROWS_BLOCK, of one panel up to column col1. */
static void block_run(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0,
                      int32_t col1, struct scratch *s)
{
    const uint16_t *a = g->a, *b = g->b;
    b += (ptrdiff_t)(col0 / WIDTH) * g->depth * WIDTH;
    memset(s->sum, 0, sizeof s->sum);
    for (int32_t k0 = 0; k0 < g->depth; k0 += FP16_FLUSH) {
        const int32_t steps = g->depth - k0 < FP16_FLUSH ? g->depth - k0 : FP16_FLUSH;
        for (int32_t i = 0; i < steps * WIDTH; i++) s->b[i] = half_to_double(*b++);
        for (int32_t row = row0; row < row1; row++)
            chains(steps, a + row * fp16_row_halves(g->depth) + k0, s->b, s->sum[row - row0]);
    }
    for (int32_t row = row0; row < row1; row++) finish_row(g, row, col0, col1, s->sum[row - row0]);
}

static void gemm(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
                 void *scratch)
{
    for (int32_t col = col0; col < col1; col += WIDTH)
        for (int32_t row = row0; row < row1; row += ROWS_BLOCK)
            block_run(g, row, row1 - row < ROWS_BLOCK ? row1 : row + ROWS_BLOCK, col,
                      col1 - col < WIDTH ? col1 : col + WIDTH, scratch);
}

static size_t scratch_bytes(int32_t depth)
{
    (void)depth;
    return sizeof(struct scratch);
}

const struct lowp TABLE = {
    .precision = PRECISION_FP16,
    .isa = ISA_OF_LEVEL,
    .layout = "fp16-rows.1",
    .row_step = 1,
    .operand_bytes = fp16_operand_bytes,
    .operand_rows = fp16_operand_rows,
    .weights_bytes = fp16_weights_bytes,
    .weights_pack = fp16_weights_pack,
    .scratch_bytes = scratch_bytes,
    .gemm = gemm,
};
