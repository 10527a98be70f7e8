/* front/app/bench_rows.c - cairn bench kernels, second half: what works row by row, and the
 * optimiser. They are bound by memory, so their figure is bytes read and written a second. */
#include "engine/tensor/kernels.h"
#include "engine/tensor/optim.h"
#include "base/str.h"
#include "front/app/bench_internal.h"

enum {
    ROUNDS = 3,
    ROWS = 2048,
    ROWS_A_PIECE = 16,
    HIDDEN = 768,
    INTERMEDIATE = 3072,
    KEYS = 128,
    SCRATCH = 4096 /* floats, for a product of depth 0 */
};
#define PARAMS  ((size_t)22 << 20) /* MiniLM's count: four blocks of 88 MB */
#define SECONDS 0.1

struct rows_run {
    const struct kernels *k;
    struct pool *pool;
    const struct row_kernel *kernel;
    float *x, *y, *z, *v; /* x, y, z [PARAMS]: at least [ROWS, INTERMEDIATE] each */
    float *scratch;
};

struct row_kernel {
    const char *name;
    int32_t cols;
    int passes; /* arrays of [ROWS, cols] that are read or written */
    void (*row)(const struct rows_run *r, int32_t row);
};

static void layer_norm(const struct rows_run *r, int32_t row)
{
    size_t at = (size_t)row * HIDDEN;
    (void)r->k->add_norm(HIDDEN, r->x + at, r->v, r->z + at, NULL, r->v, r->v, 1e-12f, r->y + at,
                         NULL);
}

static void softmax(const struct rows_run *r, int32_t row)
{
    size_t at = (size_t)row * KEYS;
    r->k->softmax(KEYS, 0.125f, r->x + at, r->y + at);
}

/* The epilogue alone: a product of depth 0. */
static void gelu(const struct rows_run *r, int32_t row)
{
    struct gemm g = {.rows = ROWS,
                     .cols = INTERMEDIATE,
                     .a = r->x,
                     .a_step = 1,
                     .b = r->x,
                     .b_packed = true,
                     .c = r->y,
                     .c_row = INTERMEDIATE,
                     .epilogue = GEMM_BIAS_GELU,
                     .bias = r->x};
    r->k->gemm(&g, row, row + 1, 0, INTERMEDIATE, r->scratch);
}

static const struct row_kernel KERNELS[] = {
    {"LayerNorm + residual", HIDDEN, 3, layer_norm},
    {"softmax", KEYS, 2, softmax},
    {"bias + GELU", INTERMEDIATE, 1, gelu},
};

static void rows_piece(void *ctx, int piece, int thread)
{
    const struct rows_run *r = ctx;
    (void)thread;
    for (int32_t row = piece * ROWS_A_PIECE; row < (piece + 1) * ROWS_A_PIECE; row++)
        r->kernel->row(r, row);
}

static enum err_code rows_once(void *ctx, struct err *err)
{
    struct rows_run *r = ctx;
    (void)err;
    pool_run(r->pool, ROWS / ROWS_A_PIECE, rows_piece, r);
    return ERR_OK;
}

static enum err_code adamw_once(void *ctx, struct err *err)
{
    struct rows_run *r = ctx;
    const struct adamw_rule rule = {
        .lr = 1e-4, .decay = 0.01, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
    const struct adamw step = adamw_step(&rule, 10, 1.0);
    const struct optim_run all = {.begin = 0, .end = PARAMS, .step = &step};
    (void)err;
    optim_adamw(ISA_BEST, r->pool, &all, 1, r->x, r->v, r->y, r->z, NULL);
    return ERR_OK;
}

static json_t *row_json(const struct rows_run *r, const char *name, double bytes, double seconds)
{
    return json_pack("{s:s, s:s, s:i, s:f, s:f}", "kernel", name, "isa", isa_name(r->k->isa),
                     "threads", pool_threads(r->pool), "us", seconds * 1e6, "gb_per_s",
                     bytes / seconds / 1e9);
}

static enum err_code run_pool(struct bench *b, struct rows_run *r, json_t *list, struct err *err)
{
    double seconds = b->request->seconds > 0 ? b->request->seconds : SECONDS, median;
    for (size_t i = 0; i < ARRAY_COUNT(KERNELS); i++) {
        r->kernel = &KERNELS[i];
        if (bench_median(b, rows_once, r, seconds, ROUNDS, &median, err)) return err->code;
        double bytes = 4.0 * ROWS * KERNELS[i].cols * KERNELS[i].passes;
        json_array_append_new(list, row_json(r, KERNELS[i].name, bytes, median));
    }
    if (bench_median(b, adamw_once, r, seconds, ROUNDS, &median, err)) return err->code;
    /* parameters, m and v read and written, gradients read */
    json_array_append_new(list, row_json(r, "AdamW", 28.0 * (double)PARAMS, median));
    return ERR_OK;
}

enum err_code bench_rows(struct bench *b, struct pool *const *pools, int pool_count, json_t *list,
                         struct err *err)
{
    struct rows_run r = {.k = kernels_get(ISA_BEST)};
    void *at = NULL, *block = mem_try_pages(4 * PARAMS + SCRATCH, sizeof(float), &at, err);
    if (!block) return err->code;
    r.x = at;
    r.y = r.x + PARAMS;
    r.z = r.y + PARAMS;
    r.v = r.z + PARAMS;
    r.scratch = r.v + PARAMS;
    for (size_t i = 0; i < 4 * PARAMS; i++) r.x[i] = 0.001f * (float)(1 + i % 1999);
    for (int t = 0; t < pool_count && !err->code; t++) {
        r.pool = pools[t];
        (void)!run_pool(b, &r, list, err);
    }
    mem_free(block);
    return err->code;
}
