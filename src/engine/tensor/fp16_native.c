/* Half precision with the instructions of AVX512-FP16: 32 chains a register.
 *
 * The tile is 14 rows x 2 panels: 28 chains of 32 lanes, two registers for a step of b, and a comes
 * as the broadcast operand of the FMA itself. A step is 28 FMAs and 30 loads, so the two FMA ports
 * are busy as long as b arrives; that is 128 bytes each 14 cycles, which even L2 gives.
 *
 *     a, rows of halves                       b, panels           sums (scratch, L1)
 *     row r   |k0 k1 k2 ...      |            |k0: 32 halves|      [14][64] floats
 *     row r+1 |k0 ...            |            |k1: 32 halves|
 *     up to 14 of them, an odd number         two panels side     every FP16_FLUSH steps the chains
 *     of lines apart                          by side             are added here and start anew
 *
 * Loops, outermost first: pairs of panels (the weights are read once), tiles of rows (a stays in
 * L2), chunks of FP16_FLUSH steps, k by STEPS. Rows are shared out evenly over the tiles: 32 rows
 * are 11 + 11 + 10. While a pair is used the next one is fetched into L2, a line or two at a time:
 * the same lines asked for at once, before each tile, cost a tenth of the time in waiting. The
 * epilogue works on a tile's sums while they are in L1 and can write the operand of the next
 * product.
 */
#include "engine/tensor/fp16_internal.h"
#include <immintrin.h>

#define ALWAYS static inline __attribute__((always_inline))

enum { TILE_ROWS = 14, TILE_PANELS = 2, WIDTH = PANEL_COLUMNS, TILE_COLS = TILE_PANELS * WIDTH };
enum { STEPS = 8 };

/* In scratch. The chains of a chunk are stored as they are, then added to the sums. */
struct sums {
    uint16_t chain[TILE_ROWS * TILE_COLS];
    float sum[TILE_ROWS * TILE_COLS];
};

struct tile {
    int32_t depth;
    const uint16_t *a; /* row r, step k: a[r * a_row + k] */
    ptrdiff_t a_row;
    const uint16_t *b; /* panel p, step k: b[p * b_panel + k * WIDTH ..] */
    ptrdiff_t b_panel;
    struct sums *sums;
    const char *ahead; /* what comes next: `lines` of it are fetched into L2 every STEPS steps */
    int lines;
};

/* c += a b in every lane. The broadcast has to be part of the FMA: on its own the broadcast of 16
 * bits takes one of the two ports that multiply, and GCC makes it so when two FMAs share it
 * (239 GF/s instead of 381). */
ALWAYS __m512h fma_broadcast(__m512h c, __m512h b, const uint16_t *a)
{
    __asm__("vfmadd231ph %2%{1to32%}, %1, %0" : "+v"(c) : "v"(b), "m"(*a));
    return c;
}

ALWAYS void flush(struct sums *s, bool first, const int rows, const int panels)
{
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < panels * WIDTH; j += 16) {
            const __m512 chain =
                _mm512_cvtph_ps(_mm256_load_si256((const void *)(s->chain + r * TILE_COLS + j)));
            const __m512 sum =
                first ? _mm512_setzero_ps() : _mm512_load_ps(s->sum + r * TILE_COLS + j);
            _mm512_store_ps(s->sum + r * TILE_COLS + j, _mm512_add_ps(sum, chain));
        }
}

/* Where the rows and panels of a tile are read next. Three rows share a pointer, so that a step
 * computes no address: row r is at[r / 3] + (r % 3) * a_row. The empty asm keeps GCC from seeing
 * that the pointers are related, or it would compute them again and again. */
struct cursor {
    const uint16_t *at[(TILE_ROWS + 2) / 3];
    const uint16_t *b[TILE_PANELS];
};

ALWAYS struct cursor cursor_start(const struct tile *t, int32_t k, const int rows, const int panels)
{
    struct cursor c;
#pragma GCC unroll 5
    for (int i = 0; 3 * i < rows; i++) {
        c.at[i] = t->a + 3 * i * t->a_row + k;
        __asm__("" : "+r"(c.at[i]));
    }
#pragma GCC unroll 2
    for (int p = 0; p < panels; p++) {
        c.b[p] = t->b + p * t->b_panel + (ptrdiff_t)k * WIDTH;
        __asm__("" : "+r"(c.b[p]));
    }
    return c;
}

ALWAYS void step(__m512h chain[TILE_ROWS][TILE_PANELS], const struct cursor *c, const int u,
                 ptrdiff_t a_row, const int rows, const int panels)
{
    __m512h column[TILE_PANELS];
#pragma GCC unroll 2
    for (int p = 0; p < panels; p++) column[p] = _mm512_loadu_ph(c->b[p] + u * WIDTH);
#pragma GCC unroll 14
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int p = 0; p < panels; p++)
            chain[r][p] = fma_broadcast(chain[r][p], column[p], c->at[r / 3] + r % 3 * a_row + u);
}

ALWAYS void advance(struct cursor *c, const int steps, const int rows, const int panels)
{
#pragma GCC unroll 5
    for (int i = 0; 3 * i < rows; i++) c->at[i] += steps;
#pragma GCC unroll 2
    for (int p = 0; p < panels; p++) c->b[p] += steps * WIDTH;
}

ALWAYS void tile_chunk(const struct tile *t, int32_t k0, int32_t k1, const int rows,
                       const int panels)
{
    __m512h chain[TILE_ROWS][TILE_PANELS];
#pragma GCC unroll 14
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int p = 0; p < panels; p++) chain[r][p] = _mm512_setzero_ph();
    struct cursor c = cursor_start(t, k0, rows, panels);
    const ptrdiff_t a_row = t->a_row;
    const char *ahead = t->ahead + (ptrdiff_t)(k0 / STEPS) * t->lines * 64;
    int32_t k = k0;
    for (; k + STEPS <= k1; k += STEPS) {
        for (int i = 0; i < t->lines; i++, ahead += 64) __builtin_prefetch(ahead, 0, 2);
#pragma GCC unroll 8
        for (int u = 0; u < STEPS; u++) step(chain, &c, u, a_row, rows, panels);
        advance(&c, STEPS, rows, panels);
    }
    for (; k < k1; k++) {
        step(chain, &c, 0, a_row, rows, panels);
        advance(&c, 1, rows, panels);
    }
#pragma GCC unroll 14
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int p = 0; p < panels; p++)
            _mm512_store_ph(t->sums->chain + r * TILE_COLS + p * WIDTH, chain[r][p]);
    flush(t->sums, k0 == 0, rows, panels);
}

ALWAYS void tile_body(const struct tile *t, const int rows, const int panels)
{
    int32_t k = 0;
    do { /* once even without depth: the sums become 0 */
        const int32_t end = t->depth - k < FP16_FLUSH ? t->depth : k + FP16_FLUSH;
        tile_chunk(t, k, end, rows, panels);
        k = end;
    } while (k < t->depth);
}

typedef void tile_fn(const struct tile *t);
#define TILE(rows)                                                                                 \
    static void tile_##rows##_1(const struct tile *t)                                              \
    {                                                                                              \
        tile_body(t, rows, 1);                                                                     \
    }                                                                                              \
    static void tile_##rows##_2(const struct tile *t)                                              \
    {                                                                                              \
        tile_body(t, rows, 2);                                                                     \
    }
#define ENTRY(rows)                                                                                \
    {                                                                                              \
        tile_##rows##_1, tile_##rows##_2                                                           \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
TILE(7)
TILE(8)
TILE(9)
TILE(10)
TILE(11)
TILE(12)
TILE(13)
TILE(14)
static tile_fn *const TILES[TILE_ROWS][TILE_PANELS] = {
    ENTRY(1), ENTRY(2), ENTRY(3),  ENTRY(4),  ENTRY(5),  ENTRY(6),  ENTRY(7),
    ENTRY(8), ENTRY(9), ENTRY(10), ENTRY(11), ENTRY(12), ENTRY(13), ENTRY(14),
};

/* ---------------------------------------------------------------------------------- epilogue */

struct gelu {
    __m512i c0, c1, c2;
};

ALWAYS struct gelu gelu_load(void)
{
    return (struct gelu){_mm512_loadu_si512(FP16_GELU_C0), _mm512_loadu_si512(FP16_GELU_C1),
                         _mm512_loadu_si512(FP16_GELU_C2)};
}

ALWAYS __m512h half_set(int bits)
{
    return _mm512_castsi512_ph(_mm512_set1_epi16((short)bits));
}

/* gelu_h of fp16_internal.h. The lookups use the low five bits of each index, which are the piece.
 * Where an operand is a NaN, min returns its second. */
ALWAYS __m512h gelu_lanes(__m512h x, const struct gelu *g)
{
    const __m512h pieces = half_set(HALF_6_25), bias = half_set(HALF_1024);
    const __m512h y = _mm512_min_ph(half_set(HALF_4_96), _mm512_abs_ph(x));
    const __m512h biased = _mm512_fmadd_ph(y, pieces, bias);
    const __m512h t = _mm512_fmsub_ph(y, pieces, _mm512_sub_ph(biased, bias));
    const __m512i piece = _mm512_castph_si512(biased);
    const __m512h c0 = _mm512_castsi512_ph(_mm512_permutexvar_epi16(piece, g->c0));
    const __m512h c1 = _mm512_castsi512_ph(_mm512_permutexvar_epi16(piece, g->c1));
    const __m512h c2 = _mm512_castsi512_ph(_mm512_permutexvar_epi16(piece, g->c2));
    const __m512h q = _mm512_fmadd_ph(_mm512_fmadd_ph(c2, t, c1), t, c0);
    return _mm512_fnmadd_ph(y, q, _mm512_max_ph(x, _mm512_setzero_ph()));
}

ALWAYS __m256i halves_of_16(__m512 x)
{
    return _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
}

ALWAYS __m512h halves_of(__m512 low, __m512 high)
{
    const __m512i bits = _mm512_castsi256_si512(halves_of_16(low));
    return _mm512_castsi512_ph(_mm512_inserti64x4(bits, halves_of_16(high), 1));
}

ALWAYS __m512 floats_of(__m512h x, int part)
{
    const __m512i bits = _mm512_castph_si512(x);
    return _mm512_cvtph_ps(part ? _mm512_extracti64x4_epi64(bits, 1)
                                : _mm512_castsi512_si256(bits));
}

/* 32 columns of one row from their sums; live: those that exist. */
ALWAYS void finish_lanes(const struct lowp_gemm *g, enum gemm_epilogue kind,
                         const struct gelu *gelu, const float *sum, int32_t col, __mmask32 live,
                         float *c, uint16_t *out)
{
    const __mmask16 live0 = (__mmask16)live, live1 = (__mmask16)(live >> 16);
    __m512 y0 = _mm512_load_ps(sum), y1 = _mm512_load_ps(sum + 16);
    if (kind != GEMM_STORE) {
        y0 = _mm512_add_ps(y0, _mm512_maskz_loadu_ps(live0, g->bias + col));
        y1 = _mm512_add_ps(y1, _mm512_maskz_loadu_ps(live1, g->bias + col + 16));
    }
    __m512h half = _mm512_setzero_ph();
    if (kind == GEMM_BIAS_GELU) {
        half = gelu_lanes(halves_of(y0, y1), gelu);
        y0 = floats_of(half, 0);
        y1 = floats_of(half, 1);
    } else if (out) {
        half = halves_of(y0, y1);
    }
    if (c) {
        _mm512_mask_storeu_ps(c + col, live0, y0);
        _mm512_mask_storeu_ps(c + col + 16, live1, y1);
    }
    if (out) _mm512_mask_storeu_epi16(out + col, live, _mm512_castph_si512(half));
}

ALWAYS void finish_tile(const struct lowp_gemm *g, enum gemm_epilogue kind, int32_t row, int rows,
                        int32_t col0, int32_t col1, const float *sum)
{
    const struct gelu gelu = gelu_load();
    const ptrdiff_t out_row = fp16_row_halves(g->cols);
    for (int r = 0; r < rows; r++, sum += TILE_COLS) {
        float *c = g->c ? g->c + (row + r) * g->c_row : NULL;
        uint16_t *out = g->out ? (uint16_t *)g->out + (row + r) * out_row : NULL;
        for (int32_t col = col0; col < col1; col += WIDTH) {
            const uint32_t live = col1 - col < WIDTH ? (1u << (col1 - col)) - 1u : 0xffffffffu;
            finish_lanes(g, kind, &gelu, sum + (col - col0), col, live, c, out);
        }
    }
}

static void finish(const struct lowp_gemm *g, int32_t row, int rows, int32_t col0, int32_t col1,
                   const float *sum)
{
    switch (g->epilogue) {
    case GEMM_BIAS:
        finish_tile(g, GEMM_BIAS, row, rows, col0, col1, sum);
        return;
    case GEMM_BIAS_GELU:
        finish_tile(g, GEMM_BIAS_GELU, row, rows, col0, col1, sum);
        return;
    default:
        finish_tile(g, GEMM_STORE, row, rows, col0, col1, sum);
        return;
    }
}

/* ------------------------------------------------------------------------------------- loops */

/* All rows of one pair of panels. */
static void pair_run(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0,
                     int32_t col1, int32_t panels_left, struct sums *sums)
{
    const ptrdiff_t panel = (ptrdiff_t)g->depth * WIDTH, a_row = fp16_row_halves(g->depth);
    struct tile t = {.depth = g->depth, .a_row = a_row, .b_panel = panel, .sums = sums};
    t.b = (const uint16_t *)g->b + col0 / WIDTH * panel;
    const int panels = (col1 - col0 + WIDTH - 1) / WIDTH;
    const int32_t rows = row1 - row0, tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    const int32_t turns = (g->depth + STEPS - 1) / STEPS;
    const int32_t next = panels_left < TILE_PANELS ? panels_left : TILE_PANELS;
    t.lines = (next * STEPS + tiles - 1) / tiles;
    t.ahead = (const char *)(t.b + panels * panel);
    for (int32_t i = 0, row = row0; i < tiles; i++) {
        const int share = rows / tiles + (i < rows % tiles);
        t.a = (const uint16_t *)g->a + row * a_row;
        TILES[share - 1][panels - 1](&t);
        finish(g, row, share, col0, col1, sums->sum);
        t.ahead += (ptrdiff_t)turns * t.lines * 64;
        row += share;
    }
}

static void gemm(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
                 void *scratch)
{
    if (row0 >= row1) return;
    for (int32_t col = col0; col < col1; col += TILE_COLS) {
        const int32_t end = col1 - col < TILE_COLS ? col1 : col + TILE_COLS;
        pair_run(g, row0, row1, col, end, (col1 - end + WIDTH - 1) / WIDTH, scratch);
    }
}

static size_t scratch_bytes(int32_t depth)
{
    (void)depth;
    return sizeof(struct sums);
}

static void operand_rows(const float *x, ptrdiff_t x_row, int32_t row0, int32_t row1, int32_t depth,
                         void *operand)
{
    for (int32_t i = row0; i < row1; i++, x += x_row) {
        const float *from = x + row0 * x_row;
        uint16_t *out = (uint16_t *)operand + i * fp16_row_halves(depth);
        for (int32_t k = 0; k < depth; k += 16) {
            const __mmask16 live = (__mmask16)(depth - k < 16 ? (1u << (depth - k)) - 1u : 0xffffu);
            const __m512 v = _mm512_maskz_loadu_ps(live, from + k);
            _mm256_mask_storeu_epi16(out + k, live, halves_of_16(v));
        }
    }
}

const struct lowp fp16_native = {
    .precision = PRECISION_FP16,
    .isa = ISA_AVX512,
    .layout = "fp16-rows.1",
    .fast = true,
    .row_step = 1,
    .operand_bytes = fp16_operand_bytes,
    .operand_rows = operand_rows,
    .weights_bytes = fp16_weights_bytes,
    .weights_pack = fp16_weights_pack,
    .scratch_bytes = scratch_bytes,
    .gemm = gemm,
};
