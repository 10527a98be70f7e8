/* AMX: TDPBSSD adds 64 products of signed bytes to each of 16 x 16 sums, exactly.
 *
 *     tiles     t6 = b left   t7 = b right     loops, outermost first
 *     t4 = a 0    t0            t1             panels of 32 columns        b from memory, then L1
 *     t5 = a 1    t2            t3             strips of STRIP_ROWS rows
 *                                                chunks of CHUNK_STEPS     sums of the strip in L2
 *                                                  blocks of 32 rows       a from L2
 *                                                    steps of 64           4 loads, 4 products
 *
 * As in bf16_amx.c: b stays in L1 and a passes by with stream loads; sums go to scratch, and
 * a block is finished a few rows at a time between the products of the one after it, all of it
 * before that one stores its own sums. `barrier` keeps stores to memory that a tile reads before
 * it: GCC 12 does not know of the read. */
#include <immintrin.h>
#include "engine/tensor/vec_avx512.h"
typedef int8_t operand_number;
#define OPERAND_ZERO 0
static void numbers_store(operand_number *out, vi numbers)
{
    vi_store_bytes((uint8_t *)out, numbers);
}
#include "engine/tensor/int8_body.h"

#define ALWAYS static inline __attribute__((always_inline))

enum { BLOCK_ROWS = 32, STRIP_ROWS = 384, CHUNK_STEPS = 16, WHOLE_STEPS = 32 };
enum { BLOCK_SUMS = BLOCK_ROWS * PANEL_COLUMNS, TILE_BYTES = 1024, A_STRIDE = 64 };
enum { B_STRIDE = PANEL_COLUMNS * QUAD, B_STEP_BYTES = 2 * TILE_BYTES, LINE_BYTES = 64 };

static inline void barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

static inline int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* ------------------------------------------------------------- the epilogue, a few rows a time */

struct pending { /* a block of sums in scratch, of which rows from `done` are not finished */
    const struct lowp_gemm *g;
    const int32_t *sums; /* [rows][32] */
    int32_t row, rows, col, cols, done;
};

static void pending_run(struct pending *p, int32_t rows)
{
    const struct lowp_gemm *g = p->g;
    for (const int32_t end = least(p->done + rows, p->rows); p->done < end; p->done++) {
        const int32_t i = p->row + p->done;
        const vf row_scale = vf_set(scale_of(g->a, i, g->depth));
        const float *scales = int8_column_scales(g->b, p->col, g->depth);
        for (int32_t j = 0; j < p->cols; j += 16) {
            const int n = (int)least(16, p->cols - j);
            const vf bias =
                g->epilogue == GEMM_STORE ? vf_set(0.0f) : vf_load_n(g->bias + p->col + j, n);
            const vi sum = vi_load(p->sums + p->done * PANEL_COLUMNS + j);
            vf_store_n(
                g->c + i * g->c_row + p->col + j,
                finish(sum, row_scale, vf_load(scales + j), bias, g->epilogue == GEMM_BIAS_GELU),
                n);
        }
    }
}

/* ----------------------------------------------------------------------------------- a block */

struct block {           /* 32 (or 16) rows x 32 columns over a chunk of depth */
    const char *a0, *a1; /* tiles of steps follow each other; a1 NULL: 16 rows */
    const char *b;
    int32_t *sums;    /* [32][32] */
    bool first;       /* sums start at 0, else where they were left */
    const char *next; /* lines of the next panel to ask for */
    int32_t lines;    /* a step */
    int32_t finish;   /* rows of the pending block to finish a step */
};

ALWAYS void sums_load(const struct block *k, const bool two)
{
    if (k->first) {
        _tile_zero(0);
        _tile_zero(1);
        if (two) _tile_zero(2);
        if (two) _tile_zero(3);
        return;
    }
    _tile_loadd(0, k->sums, B_STRIDE);
    _tile_loadd(1, k->sums + 16, B_STRIDE);
    if (two) _tile_loadd(2, k->sums + BLOCK_SUMS / 2, B_STRIDE);
    if (two) _tile_loadd(3, k->sums + BLOCK_SUMS / 2 + 16, B_STRIDE);
}

ALWAYS void sums_store(const struct block *k, const bool two)
{
    _tile_stored(0, k->sums, B_STRIDE);
    _tile_stored(1, k->sums + 16, B_STRIDE);
    if (two) _tile_stored(2, k->sums + BLOCK_SUMS / 2, B_STRIDE);
    if (two) _tile_stored(3, k->sums + BLOCK_SUMS / 2 + 16, B_STRIDE);
}

/* `steps` is constant where this is inlined for the depths of known models. */
ALWAYS void block_body(const struct block *k, struct pending *before, const int32_t steps,
                       const bool two)
{
    const char *next = k->next;
    barrier();
    sums_load(k, two);
    for (int32_t s = 0; s < steps; s++) {
        _tile_loadd(6, k->b + (ptrdiff_t)s * B_STEP_BYTES, B_STRIDE);
        _tile_stream_loadd(4, k->a0 + (ptrdiff_t)s * TILE_BYTES, A_STRIDE);
        _tile_dpbssd(0, 4, 6);
        _tile_loadd(7, k->b + (ptrdiff_t)s * B_STEP_BYTES + LINE_BYTES, B_STRIDE);
        _tile_dpbssd(1, 4, 7);
        if (two) {
            _tile_stream_loadd(5, k->a1 + (ptrdiff_t)s * TILE_BYTES, A_STRIDE);
            _tile_dpbssd(2, 5, 6);
            _tile_dpbssd(3, 5, 7);
        }
        for (int32_t i = 0; i < k->lines; i++, next += LINE_BYTES) _mm_prefetch(next, _MM_HINT_T1);
        pending_run(before, k->finish);
    }
    sums_store(k, two);
    barrier();
}

static void block_run(const struct block *k, struct pending *before, int32_t steps)
{
    if (k->a1 && steps == 6)
        block_body(k, before, 6, true);
    else if (k->a1 && steps == 12)
        block_body(k, before, 12, true);
    else if (k->a1)
        block_body(k, before, steps, true);
    else
        block_body(k, before, steps, false);
}

/* ------------------------------------------------------------------------------------- loops */

struct strip { /* rows [row0, row1), at most STRIP_ROWS, of one panel */
    int32_t row0, row1, col, cols, steps;
    const char *panel, *next; /* of b; the panel after it, or NULL */
    int32_t *sums;            /* blocks: every one of the strip with chunks, else two in turn */
};

/* All blocks of a strip over steps [s0, s1). After the last chunk a block is pending while the next
 * one is computed. */
static void strip_chunk(const struct lowp_gemm *g, const struct strip *s, int32_t s0, int32_t s1,
                        struct pending *before)
{
    const int32_t blocks = (s->row1 - s->row0 + BLOCK_ROWS - 1) / BLOCK_ROWS, steps = s1 - s0;
    const bool whole = steps == s->steps;
    const ptrdiff_t tile0 = (ptrdiff_t)s0 * TILE_BYTES;
    for (int32_t i = 0; i < blocks; i++) {
        const int32_t row = s->row0 + i * BLOCK_ROWS, rows = least(BLOCK_ROWS, s->row1 - row);
        struct block k = {.a0 = (const char *)row_of(g->a, row, g->depth) + tile0,
                          .b = s->panel + 2 * tile0,
                          .sums = s->sums + (whole ? i % 2 : i) * BLOCK_SUMS,
                          .first = s0 == 0,
                          .finish = (BLOCK_ROWS + steps - 1) / steps};
        if (rows > ROW_BLOCK) k.a1 = (const char *)row_of(g->a, row + ROW_BLOCK, g->depth) + tile0;
        if (s->next) {
            k.lines = (B_STEP_BYTES / LINE_BYTES + blocks - 1) / blocks;
            k.next = s->next + 2 * tile0 + (ptrdiff_t)i * steps * k.lines * LINE_BYTES;
        }
        block_run(&k, before, steps);
        if (s1 == s->steps) *before = (struct pending){g, k.sums, row, rows, s->col, s->cols, 0};
    }
}

static void strips_run(const struct lowp_gemm *g, struct strip *s, int32_t row0, int32_t row1,
                       struct pending *before)
{
    const int32_t most = s->steps >= WHOLE_STEPS ? CHUNK_STEPS : s->steps;
    for (s->row0 = row0; s->row0 < row1; s->row0 += STRIP_ROWS) {
        s->row1 = least(s->row0 + STRIP_ROWS, row1);
        for (int32_t step = 0; step < s->steps; step += most)
            strip_chunk(g, s, step, least(step + most, s->steps), before);
    }
}

/* Palette 1, all eight tiles 16 rows of 64 bytes. */
static const _Alignas(64) uint8_t tile_config[64] = {
    [0] = 1,   [16] = 64, [18] = 64, [20] = 64, [22] = 64, [24] = 64,
    [26] = 64, [28] = 64, [30] = 64, [48] = 16, [49] = 16, [50] = 16,
    [51] = 16, [52] = 16, [53] = 16, [54] = 16, [55] = 16};

static size_t scratch_bytes(int32_t depth)
{
    const size_t steps = int8_depth(depth) / DEPTH_STEP;
    const size_t blocks = steps >= WHOLE_STEPS ? STRIP_ROWS / BLOCK_ROWS : 2;
    return blocks * BLOCK_SUMS * sizeof(int32_t);
}

/* No depth: sums of nothing. */
static void gemm_empty(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0,
                       int32_t col1)
{
    static const int32_t zeros[PANEL_COLUMNS];
    for (int32_t i = row0; i < row1; i++)
        for (int32_t col = col0; col < col1; col += PANEL_COLUMNS) {
            struct pending p = {g, zeros, i, 1, col, least(PANEL_COLUMNS, col1 - col), 0};
            pending_run(&p, 1);
        }
}

static void gemm(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
                 void *scratch)
{
    if (g->depth == 0) {
        gemm_empty(g, row0, row1, col0, col1);
        return;
    }
    struct strip s = {.steps = (int32_t)(int8_depth(g->depth) / DEPTH_STEP), .sums = scratch};
    struct pending before = {0};
    barrier();
    _tile_loadconfig(tile_config);
    for (s.col = col0; s.col < col1; s.col += PANEL_COLUMNS) {
        s.cols = least(PANEL_COLUMNS, col1 - s.col);
        s.panel = (const char *)g->b + (size_t)(s.col / PANEL_COLUMNS) * int8_panel_bytes(g->depth);
        s.next = s.col + PANEL_COLUMNS < col1 ? s.panel + int8_panel_bytes(g->depth) : NULL;
        strips_run(g, &s, row0, row1, &before);
    }
    _tile_release();
    pending_run(&before, BLOCK_ROWS);
}

INT8_TABLE_WITH(amx, ISA_AMX, true, scratch_bytes);
