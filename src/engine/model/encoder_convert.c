/* Products of a training step below fp32: what a work list converts before it multiplies.
 *
 * A product that the passes describe in fp32 (struct gemm) becomes one of lowp.h over operands that
 * are made from the same fp32 matrices in a first run of the pool; the second run multiplies:
 *
 *     y  = x W^T      a = rows of x             b = W, packed after the optimiser's step
 *     dx = dy W       a = rows of dy            b = W the other way round, packed then as well
 *     dW = dy^T x     a = columns of dy         b = x as weights, its tokens being depth
 *
 * Operands live in one area that each list uses from its start: they are read once, by this list,
 * and the next list writes over them while they are in cache. What comes out is fp32 again, so that
 * everything between products is the code of fp32. The head (few columns) stays in fp32 in every
 * precision, as when serving.
 */
#include "base/arena.h"
#include "engine/model/encoder_internal.h"

enum { ALIGN = 64, ROWS_A_PIECE = 32, COLUMNS_A_PIECE = 64, PANELS_A_PIECE = 2 };
enum { ROW_STEP_MAX = 384, ROW_STEP_MIN = 32, COL_STEP_MAX = 6 * PANEL_COLUMNS };

static int32_t pieces_of(int32_t count, int32_t step)
{
    return (count + step - 1) / step;
}

static int32_t end_of(int32_t begin, int32_t step, int32_t count)
{
    return count - begin < step ? count : begin + step;
}

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* The largest list: dy by rows and by columns, and x as weights. */
size_t convert_area_bytes(const struct encoder *e)
{
    const int32_t t = e->options.tokens_max, h3 = 3 * e->hidden;
    const int32_t wide = h3 > e->intermediate ? h3 : e->intermediate;
    return aligned(e->lowp->operand_bytes(t, wide)) + aligned(e->lowp->operand_bytes(wide, t)) +
           aligned(e->lowp->weights_bytes(t, wide));
}

bool work_is_converted(const struct encoder *e, const struct work *w, const struct gemm *g)
{
    return e->lowp && e->options.training && !w->exact && (g->b_packed || g->a_step != 1);
}

/* A place of `bytes` in the area, and what fills it. */
static void *convert_add(const struct encoder *e, struct work *w, struct convert c, size_t bytes)
{
    BUG_IF(w->convert_count == CONVERT_MAX);
    c.to = (char *)e->operand + w->area_used;
    w->area_used += aligned(bytes);
    w->convert[w->convert_count++] = c;
    return c.to;
}

static const void *operand_of(const struct encoder *e, struct work *w, const struct gemm *g)
{
    const bool columns = g->a_step != 1;
    const int32_t step = columns ? COLUMNS_A_PIECE : ROWS_A_PIECE;
    return convert_add(e, w,
                       (struct convert){.kind = columns ? CONVERT_COLUMNS : CONVERT_ROWS,
                                        .from = g->a,
                                        .row = columns ? g->a_step : g->a_row,
                                        .count = g->rows,
                                        .depth = g->depth,
                                        .step = step,
                                        .pieces = pieces_of(g->rows, step)},
                       e->lowp->operand_bytes(g->rows, g->depth));
}

static const void *weights_of(const struct encoder *e, struct work *w, const struct gemm *g)
{
    if (g->b_packed) return g->b;
    return convert_add(
        e, w,
        (struct convert){.kind = CONVERT_WEIGHTS,
                         .from = g->b,
                         .row = g->b_step,
                         .count = g->cols,
                         .depth = g->depth,
                         .step = PANELS_A_PIECE,
                         .pieces = pieces_of(g->cols, PANELS_A_PIECE * PANEL_COLUMNS)},
        e->lowp->weights_bytes(g->depth, g->cols));
}

/* Cut by columns first: a panel of b is then read by one thread, and the rows of a by all. */
void convert_gemm(const struct encoder *e, struct work *w, struct work_item *i,
                  const struct gemm *g)
{
    i->kind = WORK_LOWP;
    i->lowp = (struct lowp_gemm){.rows = g->rows,
                                 .cols = g->cols,
                                 .depth = g->depth,
                                 .a = operand_of(e, w, g),
                                 .b = weights_of(e, w, g),
                                 .epilogue = g->epilogue,
                                 .bias = g->bias,
                                 .c = g->c,
                                 .c_row = g->c_row,
                                 .slope = g->slope,
                                 .other = g->other};
    const int32_t panels = pieces_of(g->cols, PANEL_COLUMNS);
    i->col_step = pieces_of(panels, 4 * e->threads) * PANEL_COLUMNS;
    if (i->col_step > COL_STEP_MAX) i->col_step = COL_STEP_MAX;
    i->col_pieces = pieces_of(g->cols, i->col_step);
    i->row_step = ROW_STEP_MAX;
    while (i->col_pieces * pieces_of(g->rows, i->row_step) < 2 * e->threads &&
           i->row_step > ROW_STEP_MIN)
        i->row_step /= 2;
    i->row_step = pieces_of(i->row_step, ROW_STEP_MIN) * ROW_STEP_MIN;
    i->pieces = i->col_pieces * pieces_of(g->rows, i->row_step);
}

static void convert_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    const struct work_run *r = ctx;
    const struct lowp *k = r->e->lowp;
    const struct convert *c = r->work->convert;
    for (; piece >= c->pieces; c++) piece -= c->pieces;
    const int32_t begin = piece * c->step;
    if (c->kind == CONVERT_ROWS)
        k->operand_rows(c->from, c->row, begin, end_of(begin, c->step, c->count), c->depth, c->to);
    else if (c->kind == CONVERT_COLUMNS)
        k->operand_columns(c->from, c->row, begin, end_of(begin, c->step, c->count), c->depth,
                           c->to);
    else
        k->weights_pack(c->from, 1, c->row, c->depth, c->count, begin,
                        end_of(begin, c->step, pieces_of(c->count, PANEL_COLUMNS)), c->to);
}

void convert_run(struct encoder *e, struct work *w)
{
    struct work_run r = {e, w};
    int pieces = 0;
    for (int i = 0; i < w->convert_count; i++) pieces += w->convert[i].pieces;
    if (pieces > 0) pool_run(e->pool, pieces, convert_piece, &r);
    w->convert_count = 0;
    w->area_used = 0;
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
