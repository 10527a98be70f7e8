/* engine/tensor/int8_body.h - quantising a line, and what follows a sum, over sixteen lanes.
 *
 * int8_<level>.c includes a vec_<level>.h, defines LEVEL and OPERAND_ZERO (what a number 0 of an
 * operand is stored as: 0, or 128 where activations are unsigned), and includes this file. With it
 * each level quantises and rescales by the same steps, so that levels differ in nothing but how
 * they add integers, which is exact:
 *
 *     line:  m = max |x|;  s = m / 127;  q = round(x * (127 / m)), ties to even     |q| <= 127
 *     out:   c = fma((float)sum, s_a * s_b, bias);  then GELU
 *
 * The rounding is one fma with 1.5 * 2^23, which leaves q in the low byte. A line whose largest
 * number is below LINE_MIN is zero: 127 / m might overflow. A line with a NaN or an infinity gets
 * s = NaN and zeros, so that what comes of it is NaN and never a plausible number.
 * Source: Dettmers et al. 2022, "LLM.int8()", section 2 (vector-wise absmax quantisation).
 */
#include "engine/tensor/int8_internal.h"
#include "engine/tensor/kernels_internal.h"
#include "engine/tensor/vec_math.h"
#include <string.h>

#define FN(name) KERNEL_NAME(name, LEVEL)
#define LINE_MIN 1e-30f

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

static struct line line_of(const float *x, int32_t n)
{
    const uint32_t bits = line_max(x, n);
    float m;
    memcpy(&m, &bits, sizeof m);
    if (bits >= 0x7f800000u) return (struct line){.scale = __builtin_nanf("")};
    if (m < LINE_MIN) return (struct line){.finite = true};
    return (struct line){m / 127.0f, 127.0f / m, true};
}

/* Sixteen numbers; those past n are zero. */
static inline void quantise_some(const float *x, int n, const struct line *l, uint8_t zero,
                                 uint8_t *out)
{
    const vf v = !l->finite ? vf_set(0.0f) : n >= 16 ? vf_load(x) : vf_load_n(x, n);
    const vf magic = vf_set(12582912.0f + (float)zero); /* adding 128 moves no tie */
    vi_store_bytes(out, vf_bits(vf_fma(v, vf_set(l->factor), magic)));
}

static void operand_rows(const float *x, ptrdiff_t x_row, int32_t row0, int32_t row1, int32_t depth,
                         void *operand)
{
    const int32_t padded = (int32_t)int8_depth(depth);
    for (int32_t i = row0; i < row1; i++) {
        const float *row = x + i * x_row;
        const struct line l = line_of(row, depth);
        *int8_row_scale(operand, i, depth) = l.scale;
        uint8_t *out = (uint8_t *)operand + int8_place(i, 0, depth);
        for (int32_t k = 0; k < padded; k += DEPTH_STEP, out += ROW_BLOCK * DEPTH_STEP)
            for (int32_t j = 0; j < DEPTH_STEP; j += 16) {
                const int32_t left = depth - k - j;
                quantise_some(row + k + j, left < 0 ? 0 : (int)(left < 16 ? left : 16), &l,
                              OPERAND_ZERO, out + j);
            }
    }
}

/* Column `lane` of a panel, in pieces of DEPTH_STEP numbers; returns the sum of its numbers. */
static int32_t pack_column(const float *w, ptrdiff_t w_step, int32_t depth, const struct line *l,
                           int lane, uint8_t *panel)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < depth; k += DEPTH_STEP) {
        const int32_t left = depth - k < DEPTH_STEP ? depth - k : DEPTH_STEP;
        float x[DEPTH_STEP] = {0};
        int8_t q[DEPTH_STEP];
        for (int32_t j = 0; j < left; j++) x[j] = w[(k + j) * w_step];
        for (int j = 0; j < DEPTH_STEP; j += 16) quantise_some(x + j, 16, l, 0, (uint8_t *)q + j);
        for (int j = 0; j < DEPTH_STEP; j++) sum += q[j];
        for (int j = 0; j < DEPTH_STEP; j += QUAD)
            memcpy(panel + ((size_t)(k + j) * PANEL_COLUMNS + (size_t)(lane * QUAD)), q + j, QUAD);
    }
    return sum;
}

/* Of a column that lies with any step: its numbers are gathered first. */
static struct line column_line(const float *w, ptrdiff_t w_step, int32_t depth)
{
    struct line l = {.finite = true};
    if (w_step == 1) return line_of(w, depth);
    uint32_t top = 0;
    for (int32_t k = 0; k < depth; k++) {
        const uint32_t bits = line_max(w + k * w_step, 1);
        top = bits > top ? bits : top;
    }
    float m;
    memcpy(&m, &top, sizeof m);
    l = line_of(&m, 1);
    return l;
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
            const struct line l = column_line(column, w_step, depth);
            scale[lane] = l.scale;
            sum[lane] = pack_column(column, w_step, depth, &l, lane, panel);
        }
    }
}

/* Sixteen sums of one row become results; lanes past the last column hold anything. */
static inline vf finish(vi sum, vf row_scale, vf scale, vf bias, enum gemm_epilogue epilogue)
{
    const vf c = vf_fma(vf_from_int(sum), vf_mul(row_scale, scale), bias);
    return epilogue == GEMM_BIAS_GELU ? vf_gelu(c) : c;
}
