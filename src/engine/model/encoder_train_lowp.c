/* Products of a training step below fp32, and the weights that they read.
 *
 * Whoever makes a matrix that such a product reads writes it as operand too, by the same thread and
 * while the rows are in cache: a float is rounded once. What a product reads:
 *
 *     y  = x W^T      a = x     LayerNorm, GELU's product, a head of attention wrote it
 *     dx = dy W       a = dy    LayerNorm's backward pass, the product of dx behind GELU, a head
 *     dW = dy^T x     a = dy    transposed here, see below
 *                     b = x     the operand of forward, laced by the pass that begins a half layer
 *
 * What comes out is fp32, so that everything between products is the code of fp32. The head (few
 * columns) stays in fp32 in every precision, as when serving.
 *
 * A piece of dW is a block of its rows by all columns: dy's columns of the block are transposed
 * into pairs of tokens by the thread that multiplies them, right before it does. So each is
 * transposed once, and read from that thread's L2:
 *
 *     dy [T, out]    | block |        scratch [block][T]       x as weights [T, in]
 *                    |  all  |   ->   half of L2 at most   x   from L2 or L3        ->  dW block
 */
#include "base/arena.h"
#include "engine/model/encoder_internal.h"

enum { ALIGN = 64, ROW_STEP_MAX = 384, ROW_STEP_MIN = 32, COL_STEP_MAX = 6 * PANEL_COLUMNS };
enum { BLOCK_BYTES_MAX = 1 << 20 };

static int32_t pieces_of(int32_t count, int32_t step)
{
    return (count + step - 1) / step;
}

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* ---------------------------------------------------------------------------------- products */

static int32_t pieces(const struct work_item *i)
{
    return pieces_of(i->lowp.cols, i->col_step) * pieces_of(i->lowp.rows, i->row_step);
}

static int32_t half_of(int32_t step)
{
    return pieces_of(step / 2, ROW_STEP_MIN) * ROW_STEP_MIN;
}

/* Cut by columns first: a panel of b is then read by one thread, and the rows of a by all. */
static void cut(const struct encoder *e, struct work_item *i)
{
    const int32_t panels = pieces_of(i->lowp.cols, PANEL_COLUMNS);
    i->col_step = pieces_of(panels, 4 * e->threads) * PANEL_COLUMNS;
    if (i->col_step > COL_STEP_MAX) i->col_step = COL_STEP_MAX;
    i->row_step = ROW_STEP_MAX;
    while (pieces(i) < 2 * e->threads && i->row_step > ROW_STEP_MIN)
        i->row_step = half_of(i->row_step);
}

/* By rows first; by columns only where threads outnumber blocks of rows. */
static void cut_weight(const struct encoder *e, struct work_item *i)
{
    const size_t least = e->lowp->operand_bytes(ROW_STEP_MIN, i->lowp.depth);
    i->col_step = pieces_of(i->lowp.cols, PANEL_COLUMNS) * PANEL_COLUMNS;
    i->row_step = ROW_STEP_MAX;
    while (i->row_step > ROW_STEP_MIN &&
           (pieces(i) < 2 * e->threads ||
            (size_t)(i->row_step / ROW_STEP_MIN) * least > BLOCK_BYTES_MAX))
        i->row_step = half_of(i->row_step);
    while (pieces(i) < e->threads && i->col_step > PANEL_COLUMNS)
        i->col_step = half_of(i->col_step);
}

void low_gemm(const struct encoder *e, struct work_item *i, const struct gemm *g, struct low low)
{
    const bool weight = g->a_step != 1;
    BUG_IF(!low.b && !g->b_packed);
    i->kind = weight ? WORK_LOWP_WEIGHT : WORK_LOWP;
    i->lowp = (struct lowp_gemm){.rows = g->rows,
                                 .cols = g->cols,
                                 .depth = g->depth,
                                 .a = low.a,
                                 .b = low.b ? low.b : g->b,
                                 .epilogue = g->epilogue,
                                 .bias = g->bias,
                                 .c = g->c,
                                 .c_row = g->c_row,
                                 .out = low.out,
                                 .slope = g->slope,
                                 .other = g->other};
    if (weight)
        cut_weight(e, i);
    else
        cut(e, i);
    i->col_pieces = pieces_of(g->cols, i->col_step);
    i->pieces = pieces(i);
}

/* Room for the largest block of dy, before the kernel's own scratch. */
size_t low_scratch_bytes(const struct encoder *e)
{
    const size_t least = e->lowp->operand_bytes(ROW_STEP_MIN, e->options.tokens_max);
    return aligned(least > BLOCK_BYTES_MAX ? least : BLOCK_BYTES_MAX);
}

void low_weight_piece(struct encoder *e, const struct lowp_gemm *all, int32_t row0, int32_t row1,
                      int32_t col0, int32_t col1, void *scratch)
{
    struct lowp_gemm g = *all;
    e->lowp->operand_turn(g.a, g.depth, g.rows, row0, row1, scratch);
    g.a = scratch;
    g.rows = row1 - row0;
    g.c += row0 * g.c_row;
    e->lowp->gemm(&g, 0, g.rows, col0, col1, (char *)scratch + low_scratch_bytes(e));
}

/* ------------------------------------------------- weights, once a step and in both directions */

struct turned { /* w [out, in] of a layer as dx = dy w reads it: depth out, columns in */
    size_t w;   /* in the parameter block */
    int32_t out, in;
};

static struct turned turned_of(const struct encoder *e, int32_t layer, enum packed_matrix which)
{
    const struct layer_offsets *o = &e->model->layer[layer];
    const int32_t h = e->hidden, inter = e->intermediate;
    const struct turned all[PACKED_MATRICES] = {[PACKED_QKV] = {o->qkv_weight, 3 * h, h},
                                                [PACKED_OUT] = {o->out_weight, h, h},
                                                [PACKED_UP] = {o->up_weight, inter, h},
                                                [PACKED_DOWN] = {o->down_weight, h, inter}};
    return all[which];
}

/* Bytes of the matrices of a layer that come before `which`; of all with PACKED_MATRICES. */
static size_t turned_bytes(const struct encoder *e, int which)
{
    size_t bytes = 0;
    for (int i = 0; i < which; i++) {
        const struct turned t = turned_of(e, 0, (enum packed_matrix)i);
        bytes += aligned(e->lowp->weights_bytes(t.out, t.in));
    }
    return bytes;
}

static void *turned_place(const struct encoder *e, int32_t layer, enum packed_matrix which)
{
    return (char *)e->turned + (size_t)layer * turned_bytes(e, PACKED_MATRICES) +
           turned_bytes(e, (int)which);
}

const void *turned_find(const struct encoder *e, int32_t layer, enum packed_matrix which)
{
    return e->turned ? turned_place(e, layer, which) : NULL;
}

enum err_code turned_new(struct encoder *e, struct err *err)
{
    const int32_t layers = e->model->config.layers;
    if (layers == 0) return ERR_OK;
    e->turned_block =
        mem_try_pages((size_t)layers, turned_bytes(e, PACKED_MATRICES), &e->turned, err);
    return e->turned_block ? ERR_OK : err->code;
}

static const float *matrix_of(const struct encoder *e, const struct turned *t)
{
    return e->model->params + t->w;
}

/* Rows [row0, row1) of a matrix into both of its packed forms. */
static void both_pack(struct encoder *e, int32_t layer, enum packed_matrix which, int32_t row0,
                      int32_t row1)
{
    const struct turned t = turned_of(e, layer, which);
    e->lowp->weights_both(matrix_of(e, &t), t.out, t.in, row0, row1,
                          packed_place(&e->plan, e->packed_data, layer, which),
                          turned_place(e, layer, which));
}

static void both_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    struct encoder *e = ctx;
    const int32_t layer = piece / PACKED_MATRICES;
    const enum packed_matrix which = (enum packed_matrix)(piece % PACKED_MATRICES);
    both_pack(e, layer, which, 0, turned_of(e, layer, which).out);
}

void both_pack_all(struct encoder *e)
{
    pool_run(e->pool, e->model->config.layers * PACKED_MATRICES, both_piece, e);
}

/* What of [params, end) is in a matrix. */
static void both_pack_part(struct encoder *e, int32_t layer, enum packed_matrix which,
                           const float *params, const float *end)
{
    const struct turned t = turned_of(e, layer, which);
    const float *w = matrix_of(e, &t), *w_end = w + (size_t)t.out * (size_t)t.in;
    if (params >= w_end || end <= w) return;
    const ptrdiff_t row0 = (params - w) / t.in, row1 = (end - w) / t.in;
    BUG_IF(params != w + row0 * t.in || end != w + row1 * t.in || end > w_end);
    BUG_IF(row0 % ENCODER_ROWS_TOGETHER || (row1 % ENCODER_ROWS_TOGETHER && row1 != t.out));
    both_pack(e, layer, which, (int32_t)row0, (int32_t)row1);
}

void encoder_params_changed(struct encoder *e, const float *params, size_t count)
{
    const struct model *m = e->model;
    const float *end = params + count;
    for (int32_t i = 0; e->turned && i < m->config.layers; i++) {
        const struct layer_offsets *o = &m->layer[i];
        if (params >= m->params + o->norm2_beta || end <= m->params + o->qkv_weight) continue;
        for (int which = 0; which < PACKED_MATRICES; which++)
            both_pack_part(e, i, (enum packed_matrix)which, params, end);
    }
}
