/* engine/tensor/int8_body.h - quantising a line, and what follows a sum, over sixteen lanes.
 *
 * int8_<level>.c includes a vec_<level>.h, defines the type `operand_number`, OPERAND_ZERO (what it
 * stores for 0: 0, or 128 where numbers are unsigned) and numbers_store(), includes this file, and
 * ends with INT8_TABLE over its gemm. So every level quantises and rescales by the same steps, and
 * levels differ only in how they add integers, which is exact:
 *
 *     line:  m = max |x|;  s = m / 127;  q = round(x * (127 / m)), ties to even     |q| <= 127
 *     out:   c = fma((float)sum, s_a * s_b, bias);  then GELU
 *
 * The rounding is one fma with 1.5 * 2^23, which leaves q in the low bits. A line whose largest
 * number is below LINE_MIN is zero: 127 / m might overflow. A line with a NaN or an infinity gets
 * s = NaN and zeros, so that what comes of it is NaN and never a plausible number.
 * Source: Dettmers et al. 2022, "LLM.int8()", section 2 (vector-wise quantisation).
 */
#include "engine/tensor/int8_internal.h"
#include <string.h>

#define LINE_MIN 1e-30f

/* ----------------------------------------------------------------------------------- a line */

/* The bits of max |x|: for numbers that are not negative, the order of bits is the order of values,
 * infinity and NaN on top. */
static uint32_t line_max(const float *x, int32_t n)
{
    const vi magnitude = vi_set(0x7fffffffu);
    vi top = vi_set(0);
    int32_t k = 0;
    for (; k + 16 <= n; k += 16) top = vi_max_u(vi_and(vf_bits(vf_load(x + k)), magnitude), top);
    if (k < n) top = vi_max_u(vi_and(vf_bits(vf_load_n(x + k, n - k)), magnitude), top);
    return vi_max_lane_u(top);
}

struct line {
    float scale;  /* s */
    float factor; /* 127 / m, or 0 for a line of zeros */
    bool finite;
};

static struct line line_of(uint32_t max_bits)
{
    float m;
    memcpy(&m, &max_bits, sizeof m);
    if (max_bits >= 0x7f800000u) return (struct line){.scale = __builtin_nanf("")};
    if (m < LINE_MIN) return (struct line){.finite = true};
    return (struct line){m / 127.0f, 127.0f / m, true};
}

/* Whole numbers in the low bits of sixteen lanes, those past n zero. Adding 128 moves no tie. */
static inline vi quantise(const float *x, int32_t n, const struct line *l, float zero)
{
    const vf v = !l->finite || n <= 0 ? vf_set(0.0f) : n >= 16 ? vf_load(x) : vf_load_n(x, (int)n);
    return vf_bits(vf_fma(v, vf_set(l->factor), vf_set(12582912.0f + zero)));
}

/* ---------------------------------------------------------------------------------- operands */

static inline size_t block_bytes(int32_t depth)
{
    return ROW_BLOCK * (int8_depth(depth) * sizeof(operand_number) + sizeof(float));
}
static size_t operand_bytes(int32_t rows, int32_t depth)
{
    return ((size_t)rows + ROW_BLOCK - 1) / ROW_BLOCK * block_bytes(depth);
}
/* The first number of row i: its next 64 lie ROW_BLOCK * DEPTH_STEP on. */
static inline size_t row_place(int32_t i, int32_t depth)
{
    return (size_t)(i / ROW_BLOCK) * block_bytes(depth) +
           (size_t)(i % ROW_BLOCK) * DEPTH_STEP * sizeof(operand_number);
}
static inline size_t scale_place(int32_t i, int32_t depth)
{
    return (size_t)(i / ROW_BLOCK) * block_bytes(depth) +
           ROW_BLOCK * int8_depth(depth) * sizeof(operand_number) +
           (size_t)(i % ROW_BLOCK) * sizeof(float);
}
static inline const operand_number *row_of(const void *operand, int32_t i, int32_t depth)
{
    return (const operand_number *)(const void *)((const char *)operand + row_place(i, depth));
}
static inline float scale_of(const void *operand, int32_t i, int32_t depth)
{
    return *(const float *)(const void *)((const char *)operand + scale_place(i, depth));
}

static void operand_rows(const float *x, ptrdiff_t x_row, int32_t row0, int32_t row1, int32_t depth,
                         void *operand)
{
    const int32_t padded = (int32_t)int8_depth(depth);
    for (int32_t i = row0; i < row1; i++) {
        const float *row = x + i * x_row;
        const struct line l = line_of(line_max(row, depth));
        memcpy((char *)operand + scale_place(i, depth), &l.scale, sizeof l.scale);
        operand_number *out = (operand_number *)(void *)((char *)operand + row_place(i, depth));
        int32_t k = 0;
        for (; l.finite && k + DEPTH_STEP <= depth; k += DEPTH_STEP, out += ROW_BLOCK * DEPTH_STEP)
            for (int32_t j = 0; j < DEPTH_STEP; j += 16)
                numbers_store(out + j, quantise(row + k + j, 16, &l, OPERAND_ZERO));
        for (; k < padded; k += DEPTH_STEP, out += ROW_BLOCK * DEPTH_STEP)
            for (int32_t j = 0; j < DEPTH_STEP; j += 16)
                numbers_store(out + j, quantise(row + k + j, depth - k - j, &l, OPERAND_ZERO));
    }
}

/* ----------------------------------------------------------------------------------- weights */

static uint32_t column_max(const float *w, ptrdiff_t w_step, int32_t depth)
{
    if (w_step == 1) return line_max(w, depth);
    uint32_t top = 0;
    for (int32_t k = 0; k < depth; k++) {
        const uint32_t bits = line_max(w + k * w_step, 1);
        top = bits > top ? bits : top;
    }
    return top;
}

/* Column `lane` of a panel, DEPTH_STEP numbers at a time; returns the sum of its numbers. */
static int32_t pack_column(const float *w, ptrdiff_t w_step, int32_t depth, const struct line *l,
                           int lane, uint8_t *panel)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k += DEPTH_STEP) {
        const int32_t left = depth - k < DEPTH_STEP ? depth - k : DEPTH_STEP;
        float x[DEPTH_STEP] = {0};
        uint8_t q[DEPTH_STEP];
        for (int32_t j = 0; j < left; j++) x[j] = w[(k + j) * w_step];
        for (int j = 0; j < DEPTH_STEP; j += 16) vi_store_bytes(q + j, quantise(x + j, 16, l, 0));
        for (int j = 0; j < DEPTH_STEP; j++) sum += (int8_t)q[j];
        for (int j = 0; j < DEPTH_STEP; j += QUAD)
            memcpy(panel + ((size_t)(k + j) * PANEL_COLUMNS + (size_t)(lane * QUAD)), q + j, QUAD);
    }
    return sum;
}

static void weights_pack(const float *w, ptrdiff_t w_col, ptrdiff_t w_step, int32_t depth,
                         int32_t cols, int32_t panel0, int32_t panel1, void *out)
{
    for (int32_t p = panel0; p < panel1; p++) {
        uint8_t *panel = (uint8_t *)out + (size_t)p * int8_panel_bytes(depth);
        memset(panel, 0, int8_panel_bytes(depth));
        float *scale = (float *)(void *)(panel + PANEL_COLUMNS * int8_depth(depth));
        int32_t *sum = (int32_t *)(void *)(scale + PANEL_COLUMNS);
        for (int lane = 0; lane < PANEL_COLUMNS && p * PANEL_COLUMNS + lane < cols; lane++) {
            const float *column = w + (ptrdiff_t)(p * PANEL_COLUMNS + lane) * w_col;
            const struct line l = line_of(column_max(column, w_step, depth));
            scale[lane] = l.scale;
            sum[lane] = pack_column(column, w_step, depth, &l, lane, panel);
        }
    }
}

/* ----------------------------------------------------------------------------------- results */

/* gelu(x) = x Phi(x) with Phi(x) = 1/2 + t P(t^2), t = x cut to +-4.15 and P of degree 7: at most
 * 8e-5 from the true value. What is rounded to 1/254 of a row's largest number next does not feel
 * it, and the polynomial of vec_math.h, exact to the last bits, costs three times as much. Fitted
 * so that the largest |x| |error of Phi| is smallest and Phi(-4.15) is 0. */
static inline vf rough_gelu(vf x)
{
    const vf t = vf_min(vf_max(x, vf_set(-4.15f)), vf_set(4.15f)), u = vf_mul(t, t);
    vf p = vf_set(-9.39886058e-10f);
    p = vf_fma(p, u, vf_set(8.19094197e-8f));
    p = vf_fma(p, u, vf_set(-3.10366227e-6f));
    p = vf_fma(p, u, vf_set(6.77806747e-5f));
    p = vf_fma(p, u, vf_set(-9.57216835e-4f));
    p = vf_fma(p, u, vf_set(9.32378322e-3f));
    p = vf_fma(p, u, vf_set(-6.55747131e-2f));
    p = vf_fma(p, u, vf_set(0.398494244f));
    return vf_mul(x, vf_fma(p, t, vf_set(0.5f)));
}

/* Sixteen sums of one row become results. */
static inline vf finish(vi sum, vf row_scale, vf scale, vf bias, bool gelu)
{
    const vf c = vf_fma(vf_from_int(sum), vf_mul(row_scale, scale), bias);
    return gelu ? rough_gelu(c) : c;
}

#define INT8_TABLE_WITH(level, isa_level, is_fast, scratch)                                        \
    const struct lowp lowp_int8_##level = {                                                        \
        .precision = PRECISION_INT8,                                                               \
        .isa = isa_level,                                                                          \
        .layout = INT8_LAYOUT,                                                                     \
        .fast = is_fast,                                                                           \
        .row_scaled = true,                                                                        \
        .row_step = ROW_BLOCK,                                                                     \
        .operand_bytes = operand_bytes,                                                            \
        .operand_rows = operand_rows,                                                              \
        .weights_bytes = int8_weights_bytes,                                                       \
        .weights_pack = weights_pack,                                                              \
        .scratch_bytes = scratch,                                                                  \
        .gemm = gemm,                                                                              \
    }
#define INT8_TABLE(level, isa_level, is_fast)                                                      \
    INT8_TABLE_WITH(level, isa_level, is_fast, int8_scratch_bytes)
