/* AMX: 32 rows x 32 columns of c in four tiles; TDPBF16PS is the definition itself.
 *
 *     tiles     t6 = b left   t7 = b right        loops, outermost first
 *     t4 = a 0    t0            t1                panels of 32 columns      b from memory, then L1
 *     t5 = a 1    t2            t3                strips of STRIP_ROWS rows
 *                                                   chunks of depth         c of the strip in L2
 *                                                     blocks of 32 rows     a from L2
 *                                                       tiles of depth      4 loads, 4 products
 *
 * A panel's part of b is read by every block of the strip and stays in L1 (32 tiles of depth = 64
 * KB would not: depth of 1,536 and more is cut into chunks of 512); a is read once a panel and
 * would push b out: it is loaded with the hint that it is not needed soon (stream loads). While a
 * block is computed, the lines of the next panel's b are asked into L2, a share a step.
 *
 * The four tiles of c are stored to one of two scratch blocks [32][32]; the epilogue of a block
 * runs a few rows at a time between the tile products of the block after it, so that the vector
 * units work while the tile unit does. It is done before that block stores its own tiles.
 *
 * A call configures the tiles of its thread and releases them at its end: tens of cycles, and no
 * state of 8 KB to carry across a switch of threads. GCC 12 takes ldtilecfg for a read of 8 bytes
 * and tileloadd for no read at all: `barrier` keeps stores to memory that a tile reads before it.
 */
#include <immintrin.h>
#include <stdbool.h>
#include "engine/tensor/vec_avx512.h"
#include "engine/tensor/bf16_transpose_avx512.h"

#define LEVEL          amx
#define EPILOGUE_LEVEL avx512
#define ALWAYS         static inline __attribute__((always_inline))

enum { BLOCK_ROWS = 32, STRIP_ROWS = 384, CHUNK_TILES = 16, WHOLE_TILES = 48 };
enum { BLOCK_FLOATS = BLOCK_ROWS * 32, TILE_STRIDE = 64, BLOCK_STRIDE = 128, TILE_BYTES = 1024 };

static inline void barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

static void row_words(const float *x, uint32_t *words)
{
    const __m512bh both = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + 16), _mm512_loadu_ps(x));
    _mm512_storeu_si512(words, (__m512i)both);
}

#include "engine/tensor/bf16_pack_body.h"

/* ------------------------------------------------------------- the epilogue, a few rows a time */

struct pending { /* a block of c in scratch, of which rows from `done` are not finished */
    const struct lowp_gemm *g;
    float *sums;
    int32_t row, rows, col, cols, done;
};

static void pending_run(struct pending *p, int32_t rows)
{
    const int32_t n = least(rows, p->rows - p->done);
    if (n <= 0) return;
    finish_rows(p->g, p->row + p->done, n, p->col, p->cols, p->sums + p->done * PANEL_COLUMNS);
    p->done += n;
}

/* ----------------------------------------------------------------------------------- a block */

struct block {           /* 32 (or 16) rows x 32 columns over a chunk of depth */
    const char *a0, *a1; /* tiles of depth follow each other; a1 NULL: 16 rows */
    const char *b;       /* left, right, left, right, ... */
    float *c;            /* [32][32] */
    bool first;          /* sums start at 0, else where c left them */
    const char *next;    /* lines of the next panel to ask for, or NULL */
    int32_t next_lines;  /* a step */
    int32_t finish;      /* rows of the pending block to finish a step */
};

ALWAYS void c_load(const struct block *k, const bool two)
{
    if (k->first) {
        _tile_zero(0);
        _tile_zero(1);
        if (two) _tile_zero(2);
        if (two) _tile_zero(3);
        return;
    }
    _tile_loadd(0, k->c, BLOCK_STRIDE);
    _tile_loadd(1, k->c + BF16_TILE, BLOCK_STRIDE);
    if (two) _tile_loadd(2, k->c + BLOCK_FLOATS / 2, BLOCK_STRIDE);
    if (two) _tile_loadd(3, k->c + BLOCK_FLOATS / 2 + BF16_TILE, BLOCK_STRIDE);
}

ALWAYS void c_store(const struct block *k, const bool two)
{
    _tile_stored(0, k->c, BLOCK_STRIDE);
    _tile_stored(1, k->c + BF16_TILE, BLOCK_STRIDE);
    if (two) _tile_stored(2, k->c + BLOCK_FLOATS / 2, BLOCK_STRIDE);
    if (two) _tile_stored(3, k->c + BLOCK_FLOATS / 2 + BF16_TILE, BLOCK_STRIDE);
}

/* `tiles` is constant where this is inlined for the depths of known models. A step keeps the tile
 * unit busy for 64 cycles and is some thirty instructions beside the pending rows. */
ALWAYS void block_body(const struct block *k, struct pending *before, const int tiles,
                       const bool two)
{
    barrier();
    c_load(k, two);
#pragma GCC unroll 4
    for (int t = 0; t < tiles; t++) {
        _tile_loadd(6, k->b + t * 2 * TILE_BYTES, TILE_STRIDE);
        _tile_stream_loadd(4, k->a0 + t * TILE_BYTES, TILE_STRIDE);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, k->b + (t * 2 + 1) * TILE_BYTES, TILE_STRIDE);
        _tile_dpbf16ps(1, 4, 7);
        if (two) {
            _tile_stream_loadd(5, k->a1 + t * TILE_BYTES, TILE_STRIDE);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
        for (int32_t line = 0; k->next && line < k->next_lines; line++)
            _mm_prefetch(k->next + t * 2 * TILE_BYTES + line * 64, _MM_HINT_T1);
        pending_run(before, k->finish);
    }
    c_store(k, two);
}

static void block_run(const struct block *k, struct pending *before, int32_t tiles)
{
    const bool two = k->a1 != NULL;
    if (two && tiles == 12)
        block_body(k, before, 12, true);
    else if (two && tiles == CHUNK_TILES)
        block_body(k, before, CHUNK_TILES, true);
    else if (two && tiles == 24)
        block_body(k, before, 24, true);
    else if (two)
        block_body(k, before, tiles, true);
    else
        block_body(k, before, tiles, false);
}

/* ------------------------------------------------------------------------------------- loops */

struct strip { /* rows [row0, row1), at most STRIP_ROWS, of one panel */
    int32_t row0, row1, col, cols, tiles;
    const char *next; /* the next panel, or NULL */
    float *sums;      /* blocks of c: every one with chunks, else two in turn */
};

static const char *operand_tile(const struct lowp_gemm *g, int32_t tiles, int32_t row, int32_t t)
{
    return (const char *)((const uint32_t *)g->a + bf16_operand_at(tiles, row, t));
}

/* All blocks of a strip over depth tiles [t0, t1). After the last chunk a block is pending while
 * the next one is computed. */
static void strip_chunk(const struct lowp_gemm *g, const struct strip *s, int32_t t0, int32_t t1,
                        struct pending *before)
{
    const int32_t blocks = (s->row1 - s->row0 + BLOCK_ROWS - 1) / BLOCK_ROWS;
    const bool whole = t0 == 0 && t1 == s->tiles, last = t1 == s->tiles;
    const int32_t lines = 2 * TILE_BYTES / 64;
    for (int32_t i = 0; i < blocks; i++) {
        const int32_t row = s->row0 + i * BLOCK_ROWS, rows = least(BLOCK_ROWS, s->row1 - row);
        struct block k = {.a0 = operand_tile(g, s->tiles, row, t0),
                          .c = s->sums + (whole ? i % 2 : i) * BLOCK_FLOATS,
                          .first = t0 == 0,
                          .next_lines = (lines + blocks - 1) / blocks,
                          .finish = (BLOCK_ROWS + t1 - t0 - 1) / (t1 - t0)};
        k.b = (const char *)((const uint32_t *)g->b +
                             bf16_weights_at(s->tiles, s->col / BF16_TILE, t0));
        if (rows > BF16_TILE) k.a1 = operand_tile(g, s->tiles, row + BF16_TILE, t0);
        const int32_t line = i * k.next_lines;
        if (s->next && line + k.next_lines <= lines)
            k.next = s->next + (size_t)t0 * 2 * TILE_BYTES + line * 64;
        block_run(&k, before, t1 - t0);
        if (last) *before = (struct pending){g, k.c, row, rows, s->col, s->cols, 0};
    }
}

/* tiles > 0 */
static void strip_run(const struct lowp_gemm *g, const struct strip *s, struct pending *before)
{
    const int32_t step = s->tiles >= WHOLE_TILES ? CHUNK_TILES : s->tiles;
    for (int32_t t = 0; t < s->tiles; t += step)
        strip_chunk(g, s, t, least(t + step, s->tiles), before);
}

/* Palette 1, all eight tiles 16 rows of 64 bytes. */
static const _Alignas(64) uint8_t tile_config[64] = {
    [0] = 1,   [16] = 64, [18] = 64, [20] = 64, [22] = 64, [24] = 64,
    [26] = 64, [28] = 64, [30] = 64, [48] = 16, [49] = 16, [50] = 16,
    [51] = 16, [52] = 16, [53] = 16, [54] = 16, [55] = 16};

static size_t scratch_bytes(int32_t depth)
{
    const size_t blocks = bf16_depth_tiles(depth) >= WHOLE_TILES ? STRIP_ROWS / BLOCK_ROWS : 2;
    return blocks * BLOCK_FLOATS * sizeof(float);
}

/* No depth: sums of nothing. */
static void gemm_empty(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0,
                       int32_t col1)
{
    for (int32_t i = row0; i < row1; i++)
        for (int32_t col = col0; col < col1; col += PANEL_COLUMNS) {
            float sums[PANEL_COLUMNS] = {0};
            finish_rows(g, i, 1, col, least(PANEL_COLUMNS, col1 - col), sums);
        }
}

static void gemm(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
                 void *scratch)
{
    if (g->depth == 0) {
        gemm_empty(g, row0, row1, col0, col1);
        return;
    }
    struct strip s = {.tiles = bf16_depth_tiles(g->depth), .sums = scratch};
    struct pending before = {0};
    barrier();
    _tile_loadconfig(tile_config);
    for (int32_t col = col0; col < col1; col += PANEL_COLUMNS) {
        s.col = col;
        s.cols = least(PANEL_COLUMNS, col1 - col);
        const int32_t after = (col + PANEL_COLUMNS) / BF16_TILE;
        const uint32_t *b = g->b;
        s.next = col + PANEL_COLUMNS < col1 ? (const char *)(b + bf16_weights_at(s.tiles, after, 0))
                                            : NULL;
        for (int32_t row = row0; row < row1; row += STRIP_ROWS) {
            s.row0 = row;
            s.row1 = least(row + STRIP_ROWS, row1);
            strip_run(g, &s, &before);
        }
    }
    _tile_release();
    pending_run(&before, BLOCK_ROWS);
}

BF16_TABLE(amx, ISA_AMX, true);
