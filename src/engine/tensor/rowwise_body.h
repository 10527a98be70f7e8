/* engine/tensor/rowwise_body.h - every kernel that is not a GEMM, written once over sixteen lanes.
 *
 * rowwise_<level>.c includes a vec_<level>.h, defines LEVEL and ISA_OF_LEVEL, and includes this
 * file: the code shape is the same for all levels, the registers differ. Rows are cut into whole
 * vectors and one masked tail; the masked lanes hold +0 (or -infinity, for maxima) and so
 * change no bit of the others. Names and equations: kernels.h.
 */
#include "engine/tensor/kernels_internal.h"
#include "engine/tensor/optim.h"
#include "engine/tensor/vec_math.h"

#define FN(name) KERNEL_NAME(name, LEVEL)

static inline int tail_of(int32_t n, int32_t j)
{
    return n - j < 16 ? (int)(n - j) : 16;
}
static inline vf load_some(const float *p, int n)
{
    return n == 16 ? vf_load(p) : vf_load_n(p, n);
}
static inline void store_some(float *p, vf a, int n)
{
    if (n == 16)
        vf_store(p, a);
    else
        vf_store_n(p, a, n);
}

static inline vf drop_lanes(vf x, const struct dropout *d, int32_t j)
{
    const vi index = vi_add(vi_iota(), vi_set(d->base + (uint32_t)j));
    const vi hash = vi_dropout_hash(index, d->key0, d->key1);
    const vf kept = vf_mul(x, vf_set(d->scale));
    return vi_select_ge_u(hash, vi_set(d->threshold), kept, vf_set(0.0f));
}

static inline bool drops(const struct dropout *d)
{
    return d && d->threshold != 0;
}

/* ------------------------------------------------------------------------------- LayerNorm */

/* s = dropout(x + bias) + residual into y; returns the sum of the row. */
static float sum_inputs(int32_t n, const float *x, const float *bias, const float *residual,
                        const struct dropout *drop, float *y)
{
    vf sum = vf_set(0.0f);
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        vf s = load_some(x + j, w);
        if (bias) s = vf_add(s, load_some(bias + j, w));
        if (drops(drop)) s = drop_lanes(s, drop, j);
        if (residual) s = vf_add(s, load_some(residual + j, w));
        s = w == 16 ? s : vf_first_n(s, vf_set(0.0f), w);
        store_some(y + j, s, w);
        sum = vf_add(sum, s);
    }
    return vf_sum(sum);
}

static float squared_distance(int32_t n, const float *x, float mean)
{
    vf sum = vf_set(0.0f);
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        vf d = vf_sub(load_some(x + j, w), vf_set(mean));
        d = w == 16 ? d : vf_first_n(d, vf_set(0.0f), w);
        sum = vf_fma(d, d, sum);
    }
    return vf_sum(sum);
}

float FN(add_norm)(int32_t n, const float *x, const float *bias, const float *residual,
                   const struct dropout *drop, const float *gamma, const float *beta, float eps,
                   float *y, float *xhat)
{
    const float mean = sum_inputs(n, x, bias, residual, drop, y) / (float)n;
    const float variance = squared_distance(n, y, mean) / (float)n;
    const float rstd = 1.0f / sqrtf(variance + eps);
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        const vf h = vf_mul(vf_sub(load_some(y + j, w), vf_set(mean)), vf_set(rstd));
        if (xhat) store_some(xhat + j, h, w);
        store_some(y + j, vf_fma(h, load_some(gamma + j, w), load_some(beta + j, w)), w);
    }
    return rstd;
}

void FN(norm_backward)(int32_t n, const float *dy, const float *xhat, float rstd,
                       const float *gamma, float *dx)
{
    vf sum = vf_set(0.0f), dot = vf_set(0.0f);
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        const vf d = vf_mul(load_some(dy + j, w), load_some(gamma + j, w));
        sum = vf_add(sum, d);
        dot = vf_fma(d, load_some(xhat + j, w), dot);
    }
    const vf mean = vf_set(vf_sum(sum) / (float)n), mean_dot = vf_set(vf_sum(dot) / (float)n);
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        const vf d = vf_mul(load_some(dy + j, w), load_some(gamma + j, w));
        const vf centred = vf_fnma(load_some(xhat + j, w), mean_dot, vf_sub(d, mean));
        store_some(dx + j, vf_mul(centred, vf_set(rstd)), w);
    }
}

/* --------------------------------------------------------------------- dropout and softmax */

void FN(dropout)(int32_t n, const float *x, const struct dropout *drop, float *y)
{
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        const vf v = load_some(x + j, w);
        store_some(y + j, drops(drop) ? drop_lanes(v, drop, j) : v, w);
    }
}

/* The largest of scale x, over n >= 1 elements. */
static float row_max(int32_t n, float scale, const float *x)
{
    vf top = vf_set(-__builtin_inff());
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        const vf v = vf_mul(load_some(x + j, w), vf_set(scale));
        top = vf_max(w == 16 ? v : vf_first_n(v, vf_set(-__builtin_inff()), w), top);
    }
    return vf_max_lane(top);
}

/* e = exp(scale x - top); returns their sum. */
static float row_exp(int32_t n, float scale, const float *x, float top, float *e)
{
    vf sum = vf_set(0.0f);
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        vf v = vf_exp(vf_fma(load_some(x + j, w), vf_set(scale), vf_set(-top)));
        v = w == 16 ? v : vf_first_n(v, vf_set(0.0f), w);
        store_some(e + j, v, w);
        sum = vf_add(sum, v);
    }
    return vf_sum(sum);
}

static void row_scale(int32_t n, float scale, float *x)
{
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        store_some(x + j, vf_mul(load_some(x + j, w), vf_set(scale)), w);
    }
}

void FN(softmax)(int32_t n, float scale, const float *x, float *p)
{
    const float sum = row_exp(n, scale, x, row_max(n, scale, x), p);
    row_scale(n, 1.0f / sum, p);
}

void FN(softmax_backward)(int32_t n, float scale, const float *p, const float *dp, float *ds)
{
    vf dot = vf_set(0.0f);
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        dot = vf_fma(load_some(p + j, w), load_some(dp + j, w), dot);
    }
    const vf total = vf_set(vf_sum(dot));
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        const vf d = vf_mul(load_some(p + j, w), vf_sub(load_some(dp + j, w), total));
        store_some(ds + j, vf_mul(d, vf_set(scale)), w);
    }
}

float FN(cross_entropy)(int32_t n, const float *z, int32_t target, float grad_scale, float *dz)
{
    const float top = row_max(n, 1.0f, z), chosen = z[target];
    const float sum = row_exp(n, 1.0f, z, top, dz);
    float log_sum[16];
    vf_store(log_sum, vf_log(vf_set(sum)));
    row_scale(n, 1.0f / sum, dz);
    dz[target] -= 1.0f;
    row_scale(n, grad_scale, dz);
    return log_sum[0] + (top - chosen);
}

/* -------------------------------------------------------------------------- columns, sums */

/* A column is one chain, and a chain waits for each sum: COLUMNS_SIDE vectors of columns side by
 * side hide that. */
enum { COLUMNS_SIDE = 6 };

static inline __attribute__((always_inline)) void
columns_side(int32_t rows, const float *x, const float *y, ptrdiff_t row, float *out)
{
    vf sum[COLUMNS_SIDE];
    for (int i = 0; i < COLUMNS_SIDE; i++) sum[i] = vf_set(0.0f);
    for (int32_t r = 0; r < rows; r++, x += row)
        for (int i = 0; i < COLUMNS_SIDE; i++) {
            const vf v = vf_load(x + 16 * i);
            sum[i] = y ? vf_fma(v, vf_load(y + r * row + 16 * i), sum[i]) : vf_add(sum[i], v);
        }
    for (int i = 0; i < COLUMNS_SIDE; i++) vf_store(out + 16 * i, sum[i]);
}

void FN(column_sum)(int32_t rows, int32_t n, const float *x, ptrdiff_t x_row, float *out)
{
    int32_t j = 0;
    for (; j + 16 * COLUMNS_SIDE <= n; j += 16 * COLUMNS_SIDE)
        columns_side(rows, x + j, NULL, x_row, out + j);
    for (; j < n; j += 16) {
        const int w = tail_of(n, j);
        vf sum = vf_set(0.0f);
        for (int32_t r = 0; r < rows; r++) sum = vf_add(sum, load_some(x + r * x_row + j, w));
        store_some(out + j, sum, w);
    }
}

void FN(column_dot)(int32_t rows, int32_t n, const float *x, const float *y, ptrdiff_t row,
                    float *out)
{
    int32_t j = 0;
    for (; j + 16 * COLUMNS_SIDE <= n; j += 16 * COLUMNS_SIDE)
        columns_side(rows, x + j, y + j, row, out + j);
    for (; j < n; j += 16) {
        const int w = tail_of(n, j);
        vf sum = vf_set(0.0f);
        for (int32_t r = 0; r < rows; r++)
            sum = vf_fma(load_some(x + r * row + j, w), load_some(y + r * row + j, w), sum);
        store_some(out + j, sum, w);
    }
}

void FN(add)(int32_t n, const float *x, float *y)
{
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        store_some(y + j, vf_add(load_some(y + j, w), load_some(x + j, w)), w);
    }
}

#include "engine/tensor/optim_body.h"

/* ------------------------------------------------------- epilogues of gemm, over a hot tile */

/* `kind` is constant where this is inlined, so that each case is a loop of its own. */
static inline __attribute__((always_inline)) vf
epilogue_lanes(const struct gemm *g, enum gemm_epilogue kind, vf c, ptrdiff_t at, int32_t j, int w)
{
    if (kind == GEMM_ADD) return vf_add(c, load_some(g->other + at, w));
    if (kind == GEMM_MULTIPLY) return vf_mul(c, load_some(g->other + at, w));
    const vf x = vf_add(c, load_some(g->bias + j, w));
    if (kind == GEMM_BIAS) return x;
    const vf cdf = vf_normal_cdf(x);
    if (g->slope) store_some(g->slope + at, vf_gelu_slope(x, cdf), w);
    return vf_mul(x, cdf);
}

static inline __attribute__((always_inline)) void epilogue_tile(const struct gemm *g,
                                                                enum gemm_epilogue kind,
                                                                int32_t row0, int32_t row1,
                                                                int32_t col0, int32_t col1)
{
    for (int32_t i = row0; i < row1; i++) {
        int32_t j = col0;
        for (; j + 16 <= col1; j += 16) {
            const ptrdiff_t at = i * g->c_row + j;
            vf_store(g->c + at, epilogue_lanes(g, kind, vf_load(g->c + at), at, j, 16));
        }
        if (j == col1) continue;
        const ptrdiff_t at = i * g->c_row + j;
        const int w = (int)(col1 - j);
        vf_store_n(g->c + at, epilogue_lanes(g, kind, vf_load_n(g->c + at, w), at, j, w), w);
    }
}

void FN(epilogue)(const struct gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1)
{
    switch (g->epilogue) {
    case GEMM_STORE:
        return;
    case GEMM_BIAS:
        epilogue_tile(g, GEMM_BIAS, row0, row1, col0, col1);
        return;
    case GEMM_BIAS_GELU:
        epilogue_tile(g, GEMM_BIAS_GELU, row0, row1, col0, col1);
        return;
    case GEMM_MULTIPLY:
        epilogue_tile(g, GEMM_MULTIPLY, row0, row1, col0, col1);
        return;
    case GEMM_ADD:
        epilogue_tile(g, GEMM_ADD, row0, row1, col0, col1);
        return;
    }
}

void FN(vec_math)(int which, int32_t n, const float *x, float *y)
{
    for (int32_t j = 0; j < n; j += 16) {
        const int w = tail_of(n, j);
        vf v = load_some(x + j, w);
        switch ((enum vec_function)which) {
        case VEC_EXP:
            v = vf_exp(v);
            break;
        case VEC_LOG:
            v = vf_log(v);
            break;
        case VEC_ERF:
            v = vf_erf(v);
            break;
        case VEC_GELU:
            v = vf_gelu(v);
            break;
        case VEC_GELU_SLOPE:
            v = vf_gelu_slope(v, vf_normal_cdf(v));
            break;
        }
        store_some(y + j, v, w);
    }
}

const struct kernels FN(kernels) = {
    .isa = ISA_OF_LEVEL,
    .gemm = FN(gemm),
    .pack = FN(pack),
    .add_norm = FN(add_norm),
    .norm_backward = FN(norm_backward),
    .dropout = FN(dropout),
    .softmax = FN(softmax),
    .softmax_backward = FN(softmax_backward),
    .cross_entropy = FN(cross_entropy),
    .column_sum = FN(column_sum),
    .column_dot = FN(column_dot),
    .add = FN(add),
    .adamw = FN(adamw),
    .adamw_idle = FN(adamw_idle),
    .square_block = FN(square_block),
    .vec_math = FN(vec_math),
};
