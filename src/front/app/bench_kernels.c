/* front/app/bench_kernels.c - cairn bench kernels: products on the shapes of MiniLM and BERT-base,
 * beside the roof that the same run measures.
 *
 * Data is random (zeroes draw less power). Weights are cold: each call takes the next of as many
 * copies as fill COLD_BYTES, more than the caches of a core. Activations are warm, as they are in a
 * model. Products are cut into pieces for the threads as the encoder cuts them. */
#include "base/rng.h"
#include "base/str.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/lowp.h"
#include "engine/tensor/peak.h"
#include "front/app/app_internal.h"
#include "front/app/bench_internal.h"
#include <string.h>

#define COLD_BYTES ((size_t)96 << 20)
#define SECONDS    0.04

enum { ROUNDS = 3, PIECE_ROWS = 384, PIECE_COLUMNS = 48, COPIES_MAX = 64 };

static const struct product {
    const char *model, *name;
    int32_t cols, depth;
    bool gelu;
} PRODUCTS[] = {
    {"minilm", "qkv", 1152, 384, false}, {"minilm", "out", 384, 384, false},
    {"minilm", "up", 1536, 384, true},   {"minilm", "down", 384, 1536, false},
    {"base", "qkv", 2304, 768, false},   {"base", "out", 768, 768, false},
    {"base", "up", 3072, 768, true},     {"base", "down", 768, 3072, false},
};
static const int32_t ROWS[] = {32, 352, 2048};
enum { ROWS_MAX = 2048, SIDE_MAX = 3072, WEIGHTS_MAX = 3072 * 768, LEVELS_MAX = 16 };

struct bench_memory { /* one block, reused by every product */
    void *block;
    float *x, *y;    /* [ROWS_MAX, SIDE_MAX] */
    float *w, *bias; /* [WEIGHTS_MAX], [SIDE_MAX] */
    char *operand;   /* x in the order of a table below fp32 */
    char *weights;   /* COLD_BYTES of packed copies */
    char *scratch;   /* [threads] of scratch_bytes */
    size_t scratch_bytes;
};

struct product_run { /* one product at one level */
    const struct product *p;
    const struct kernels *k; /* fp32 */
    const struct lowp *low;  /* below it */
    struct bench_memory *mem;
    struct pool *pool;
    int32_t rows, row_step, col_step, col_pieces, pieces;
    size_t weights_bytes;
    int copies, next;
    struct gemm fp32;
    struct lowp_gemm lowp;
};

static void fill(float *x, size_t count, float range, uint32_t stream)
{
    for (size_t i = 0; i < count; i += 4) {
        uint32_t r[4];
        rng_philox(stream, (uint64_t)RNG_SAMPLE << 48, i, r);
        for (size_t k = 0; k < 4 && i + k < count; k++)
            x[i + k] = ((float)r[k] * 0x1p-31f - 1) * range;
    }
}

static void piece(void *ctx, int piece, int thread)
{
    const struct product_run *r = ctx;
    piece = pool_stripe(piece, r->pieces, pool_threads(r->pool));
    int32_t row = piece / r->col_pieces * r->row_step, col = piece % r->col_pieces * r->col_step;
    int32_t row_end = row + r->row_step < r->rows ? row + r->row_step : r->rows;
    int32_t col_end = col + r->col_step < r->p->cols ? col + r->col_step : r->p->cols;
    void *scratch = r->mem->scratch + (size_t)thread * r->mem->scratch_bytes;
    if (r->k)
        r->k->gemm(&r->fp32, row, row_end, col, col_end, scratch);
    else
        r->low->gemm(&r->lowp, row, row_end, col, col_end, scratch);
}

static enum err_code once(void *ctx, struct err *err)
{
    struct product_run *r = ctx;
    (void)err;
    const char *copy = r->mem->weights + (size_t)r->next * r->weights_bytes;
    r->next = (r->next + 1) % r->copies;
    r->fp32.b = (const float *)(const void *)copy;
    r->lowp.b = copy;
    pool_run(r->pool, r->pieces, piece, r);
    return ERR_OK;
}

static void pack(struct product_run *r)
{
    const struct product *p = r->p;
    struct bench_memory *m = r->mem;
    if (r->k) {
        r->weights_bytes = gemm_packed_floats(p->depth, p->cols) * sizeof(float);
        r->k->pack(m->w, p->depth, 1, p->depth, p->cols, 0, (p->cols + PANEL - 1) / PANEL,
                   (float *)(void *)m->weights);
    } else {
        r->weights_bytes = r->low->weights_bytes(p->depth, p->cols);
        r->low->weights_pack(m->w, p->depth, 1, p->depth, p->cols, 0,
                             (p->cols + PANEL_COLUMNS - 1) / PANEL_COLUMNS, m->weights);
    }
    r->weights_bytes = (r->weights_bytes + 63) / 64 * 64;
    size_t copies = COLD_BYTES / r->weights_bytes;
    r->copies = copies < COPIES_MAX ? (int)copies : COPIES_MAX;
    for (int c = 1; c < r->copies; c++)
        memcpy(m->weights + (size_t)c * r->weights_bytes, m->weights, r->weights_bytes);
}

static void cut(struct product_run *r, int32_t rows)
{
    const struct product *p = r->p;
    struct bench_memory *m = r->mem;
    const enum gemm_epilogue epilogue = p->gelu ? GEMM_BIAS_GELU : GEMM_BIAS;
    r->rows = rows;
    r->row_step = PIECE_ROWS;
    r->col_step = PIECE_COLUMNS;
    r->col_pieces = (p->cols + r->col_step - 1) / r->col_step;
    r->pieces = r->col_pieces * ((rows + r->row_step - 1) / r->row_step);
    r->fp32 = (struct gemm){.rows = rows,
                            .cols = p->cols,
                            .depth = p->depth,
                            .a = m->x,
                            .a_row = p->depth,
                            .a_step = 1,
                            .b_packed = true,
                            .c = m->y,
                            .c_row = p->cols,
                            .epilogue = epilogue,
                            .bias = m->bias};
    r->lowp = (struct lowp_gemm){.rows = rows,
                                 .cols = p->cols,
                                 .depth = p->depth,
                                 .a = m->operand,
                                 .epilogue = epilogue,
                                 .bias = m->bias,
                                 .c = m->y,
                                 .c_row = p->cols};
    if (r->low) r->low->operand_rows(m->x, p->depth, 0, rows, p->depth, m->operand);
}

/* ---- the roof ---- */
struct roof {
    enum precision precision;
    enum isa isa;
    int64_t done[1024]; /* of each piece: a thread takes one */
};

static void spin(void *ctx, int piece, int thread)
{
    struct roof *r = ctx;
    (void)thread;
    r->done[piece] = peak_spin(r->precision, r->isa, 20000);
}

/* Operations a second of all threads of the pool; 0 when there is no loop for it. */
static double roof_of(struct pool *pool, enum precision p, enum isa isa)
{
    struct roof *r = &(struct roof){.precision = p, .isa = isa};
    double best = 0;
    for (int round = 0; round < 4; round++) {
        int64_t began = os_monotonic_ns(), sum = 0;
        pool_run(pool, pool_threads(pool), spin, r);
        double seconds = (double)(os_monotonic_ns() - began) / 1e9;
        for (int t = 0; t < pool_threads(pool); t++) sum += r->done[t];
        if ((double)sum / seconds > best) best = (double)sum / seconds;
    }
    return best;
}

/* ---- every level ---- */
struct level { /* a precision at an instruction set */
    enum precision precision;
    enum isa isa;
    const struct kernels *k;
    const struct lowp *low;
    double roof; /* of the present pool */
};

static json_t *row_json(const struct level *l, const struct product_run *r, double seconds)
{
    const struct product *p = r->p;
    double rate = 2.0 * r->rows * p->cols * p->depth / seconds;
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:f, s:f, s:o}", "model", p->model,
                     "product", p->name, "precision", PRECISION_NAMES[l->precision], "isa",
                     isa_name(l->isa), "rows", (int)r->rows, "cols", (int)p->cols, "depth",
                     (int)p->depth, "threads", pool_threads(r->pool), "us", seconds * 1e6, "gflops",
                     rate / 1e9, "of_peak", l->roof > 0 ? json_real(rate / l->roof) : json_null());
}

/* The levels that have instructions of their own for a precision, slowest first. */
static int find_levels(enum precision only, struct level *ret)
{
    static const enum isa isas[] = {ISA_NEON, ISA_AVX2, ISA_AVX512, ISA_AMX};
    int count = 0;
    for (enum precision p = PRECISION_FP32; p <= PRECISION_INT8; p++) {
        for (size_t i = 0; i < ARRAY_COUNT(isas); i++) {
            struct level l = {.precision = p, .isa = isas[i]};
            if ((only != PRECISION_AUTO && only != p) || !isa_available(l.isa)) continue;
            if (p == PRECISION_FP32)
                l.k = kernels_get(l.isa);
            else
                l.low = lowp_get(p, l.isa);
            bool own = l.k ? l.k->isa == l.isa : l.low && l.low->isa == l.isa && l.low->fast;
            if (own) ret[count++] = l;
        }
    }
    return count;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Room for the largest product of every level. */
static enum err_code memory_new(struct bench_memory *m, const struct level *levels, int count,
                                int threads, struct err *err)
{
    size_t operand = 64, weights = 64, values = (size_t)ROWS_MAX * SIDE_MAX;
    m->scratch_bytes = 64;
    for (int l = 0; l < count; l++) {
        for (size_t p = 0; p < ARRAY_COUNT(PRODUCTS); p++) {
            int32_t depth = PRODUCTS[p].depth, cols = PRODUCTS[p].cols;
            const struct lowp *low = levels[l].low;
            weights = larger(weights, low ? low->weights_bytes(depth, cols)
                                          : gemm_packed_floats(depth, cols) * sizeof(float));
            if (low) operand = larger(operand, low->operand_bytes(ROWS_MAX, depth));
            m->scratch_bytes =
                larger(m->scratch_bytes, low ? low->scratch_bytes(depth)
                                             : gemm_scratch_floats(depth, false) * sizeof(float));
        }
    }
    m->scratch_bytes = (m->scratch_bytes + 63) / 64 * 64;
    operand = (operand + 63) / 64 * 64;
    size_t floats = 2 * values + (size_t)WEIGHTS_MAX + SIDE_MAX;
    void *at = NULL;
    m->block = mem_try_pages(floats * sizeof(float) + operand + COLD_BYTES + weights + 64 +
                                 m->scratch_bytes * (size_t)threads,
                             1, &at, err);
    if (!m->block) return err->code;
    m->x = at;
    m->y = m->x + values;
    m->w = m->y + values;
    m->bias = m->w + WEIGHTS_MAX;
    m->operand = (char *)(m->bias + SIDE_MAX);
    m->scratch = m->operand + operand;
    m->weights = m->scratch + m->scratch_bytes * (size_t)threads;
    fill(m->x, values, 1.7f, 1);
    fill(m->w, WEIGHTS_MAX, 0.035f, 2);
    fill(m->bias, SIDE_MAX, 0.1f, 3);
    return ERR_OK;
}

/* Every product of a level, on a pool. */
static enum err_code run_level(struct bench *b, struct level *l, struct bench_memory *m,
                               struct pool *pool, json_t *list, struct err *err)
{
    double seconds = b->request->seconds > 0 ? b->request->seconds : SECONDS, median;
    l->roof = roof_of(pool, l->precision, l->isa);
    const char *shape = b->request->shape;
    for (size_t p = 0; p < ARRAY_COUNT(PRODUCTS); p++) {
        if (shape && !str_eq(shape, PRODUCTS[p].model)) continue;
        struct product_run r = {
            .p = &PRODUCTS[p], .k = l->k, .low = l->low, .mem = m, .pool = pool};
        pack(&r);
        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
            cut(&r, ROWS[i]);
            if (bench_median(b, once, &r, seconds, ROUNDS, &median, err)) return err->code;
            json_array_append_new(list, row_json(l, &r, median));
        }
    }
    return ERR_OK;
}

static json_t *roof_json(const struct level *l, int threads)
{
    return json_pack("{s:s, s:s, s:i, s:o}", "precision", PRECISION_NAMES[l->precision], "isa",
                     isa_name(l->isa), "threads", threads, "gflops",
                     l->roof > 0 ? json_real(l->roof / 1e9) : json_null());
}

static enum err_code run_levels(struct bench *b, struct level *levels, int count,
                                struct pool *const *pools, int pool_count, json_t *out,
                                struct err *err)
{
    struct bench_memory m = {0};
    json_t *list = json_object_get(out, "products"), *peaks = json_object_get(out, "peaks");
    if (memory_new(&m, levels, count, pool_threads(b->pool), err)) return err->code;
    for (int l = 0; l < count && !err->code; l++) {
        for (int t = 0; t < pool_count; t++) {
            bench_step(b, "kernels", l * pool_count + t, count * pool_count);
            if (run_level(b, &levels[l], &m, pools[t], list, err)) break;
            json_array_append_new(peaks, roof_json(&levels[l], pool_threads(pools[t])));
        }
    }
    mem_free(m.block);
    return err->code;
}

enum err_code bench_kernels(struct bench *b, json_t **ret, struct err *err)
{
    struct level levels[LEVELS_MAX];
    int count = find_levels(b->request->precision, levels), pool_count = 1;
    struct pool *one = NULL, *pools[2] = {b->pool, NULL};
    if (count == 0) {
        err_set(err, ERR_UNAVAILABLE, "this CPU has no instructions for %s",
                PRECISION_NAMES[b->request->precision]);
        return err_hint(err, "cairn doctor shows what it has");
    }
    if (pool_threads(b->pool) > 1) {
        if (pool_new(1, &one, err)) return err->code;
        pools[0] = one;
        pools[pool_count++] = b->pool;
    }
    json_t *out = json_pack("{s:[], s:[], s:[]}", "peaks", "products", "rows");
    if (!run_levels(b, levels, count, pools, pool_count, out, err) &&
        !bench_rows(b, pools, pool_count, json_object_get(out, "rows"), err))
        *ret = json_incref(out);
    json_decref(out);
    pool_free(one);
    return err->code;
}
