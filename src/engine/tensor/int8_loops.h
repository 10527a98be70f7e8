/* engine/tensor/int8_loops.h - the loops around a microkernel of int8, the same for every level.
 *
 * int8_<level>.c defines TILE_ROWS and tile_run() and includes this file. Outermost first:
 *
 *     panels of 32 columns of b
 *       chunks of depth, at most DEPTH_CHUNK     a panel's chunk, 24 KB, stays in L1
 *         TILE_ROWS rows of a                    in one block of ROW_BLOCK: no tile crosses blocks
 *           steps of 64 of depth                 registers hold TILE_ROWS x 32 sums
 *
 * Between chunks the sums wait in c, as integers. While one chunk is computed the next one is
 * fetched into L2, a few lines a step: more at once would fill the line buffers and stop the loads.
 */
enum { DEPTH_CHUNK = 768 };

struct tile {
    const operand_number *a; /* row r of step k at a + (k * ROW_BLOCK + r) * 64 */
    const int8_t *b;         /* [steps * 16][32][4] */
    int32_t steps;           /* of 64 numbers */
    bool first, last;        /* chunk of depth: start from nothing; finish */
    int width;               /* 1..32 columns are stored */
    const float *scale;      /* [32] of the columns */
    const int32_t *sums;     /* [32] */
    const float *row_scale;  /* [rows] */
    const float *bias;       /* [width] or NULL */
    bool gelu;
    float *c;
    ptrdiff_t c_row;
    const int8_t *next; /* where the next lines to fetch begin */
    int32_t lines;      /* of 64 bytes, a step */
};

static void tile_run(const struct tile *t, int rows);

static int32_t min_i32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

struct chunk { /* steps [step, step + steps) of a panel */
    int32_t col, step, steps;
};

static const int8_t *chunk_place(const struct lowp_gemm *g, const struct chunk *c)
{
    return (const int8_t *)g->b + (size_t)(c->col / PANEL_COLUMNS) * int8_panel_bytes(g->depth) +
           (size_t)c->step * (DEPTH_STEP * PANEL_COLUMNS);
}

/* Lines a step, so that all tiles of a chunk together fetch the next one. */
static int32_t lines_a_step(const struct chunk *at, const struct chunk *next, int32_t rows)
{
    const int32_t steps = (rows + TILE_ROWS - 1) / TILE_ROWS * at->steps;
    return steps > 0 ? (next->steps * PANEL_COLUMNS + steps - 1) / steps : 0;
}

static void chunk_run(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col1,
                      const struct chunk *at, const struct chunk *next)
{
    struct tile t = {.b = chunk_place(g, at),
                     .steps = at->steps,
                     .first = at->step == 0,
                     .last = (size_t)(at->step + at->steps) * DEPTH_STEP >= int8_depth(g->depth),
                     .width = (int)min_i32(PANEL_COLUMNS, col1 - at->col),
                     .scale = int8_column_scales(g->b, at->col, g->depth),
                     .sums = int8_column_sums(g->b, at->col, g->depth),
                     .bias = g->epilogue == GEMM_STORE ? NULL : g->bias + at->col,
                     .gelu = g->epilogue == GEMM_BIAS_GELU,
                     .c_row = g->c_row,
                     .next = next ? chunk_place(g, next) : NULL,
                     .lines = next ? lines_a_step(at, next, row1 - row0) : 0};
    for (int32_t row = row0, rows; row < row1; row += rows) {
        rows = min_i32(min_i32(TILE_ROWS, row1 - row), ROW_BLOCK - row % ROW_BLOCK);
        t.a = row_of(g->a, row, g->depth) + (ptrdiff_t)at->step * (ROW_BLOCK * DEPTH_STEP);
        t.row_scale =
            (const float *)(const void *)((const char *)g->a + scale_place(row, g->depth));
        t.c = g->c + row * g->c_row + at->col;
        tile_run(&t, (int)rows);
        t.next += (ptrdiff_t)t.lines * t.steps * 64;
    }
}

static void gemm(const struct lowp_gemm *g, int32_t row0, int32_t row1, int32_t col0, int32_t col1,
                 void *scratch)
{
    (void)scratch;
    if (row0 >= row1 || col0 >= col1) return;
    const int32_t steps = (int32_t)(int8_depth(g->depth) / DEPTH_STEP);
    const int32_t chunks = steps > 0 ? (steps * DEPTH_STEP + DEPTH_CHUNK - 1) / DEPTH_CHUNK : 1;
    const int32_t most = (steps + chunks - 1) / chunks;
    struct chunk at = {col0, 0, min_i32(most, steps)};
    while (at.col < col1) {
        struct chunk next = at;
        next.step += at.steps;
        if (next.step >= steps) next = (struct chunk){at.col + PANEL_COLUMNS, 0, 0};
        next.steps = min_i32(most, steps - next.step);
        chunk_run(g, row0, row1, col1, &at, next.col < col1 ? &next : NULL);
        at = next;
    }
}
