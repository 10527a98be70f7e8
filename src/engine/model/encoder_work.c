/* How: every output element belongs to exactly one piece, and a piece computes it in the canonical
 * order; so the cut may follow the machine (threads, cache) and no bit depends on it.
 * Pieces of a product: 48 columns (a group of panels, which is packed or fetched once whoever takes
 * it) by at most 384 rows, so that a's rows stay in L2. With a transposed (weight gradients) 384 x
 * 384, because both operands are packed once a piece. A cut leaves even parts, not a small rest.
 * Where it gives too few pieces they are halved, down to 48 x 48. A list begins with the weight
 * gradients: large pieces first, small ones to even out the end. A product's pieces are handed out
 * in stripes (pool_stripe), so that a thread's next columns follow those that it has just done.
 */
#include "engine/model/encoder_internal.h"
#include "engine/tensor/attention.h"

enum {
    ROWS_A_PIECE = 16,
    COLUMNS_A_PIECE = 48,
    SUMS_A_PIECE = 96,
    PIECE_LEAST = 48,
    HEAD_PIECES = 32
};

static int32_t pieces_of(int32_t count, int32_t step)
{
    return (count + step - 1) / step;
}

static struct work_item *work_add(struct work *w)
{
    BUG_IF(w->count == WORK_MAX);
    w->item[w->count] = (struct work_item){0};
    return &w->item[w->count++];
}

/* The step of the fewest even parts of at most `most`, a multiple of `unit`. */
static int32_t even_step(int32_t count, int32_t most, int32_t unit)
{
    const int32_t parts = pieces_of(count, most);
    return pieces_of(pieces_of(count, parts), unit) * unit;
}

static int32_t gemm_pieces(const struct work_item *i)
{
    return pieces_of(i->gemm.cols, i->col_step) * pieces_of(i->gemm.rows, i->row_step);
}

void work_gemm(const struct encoder *e, struct work *w, const struct gemm *g, struct low low)
{
    struct work_item *i = work_add(w);
    if (low.a) {
        low_gemm(e, i, g, low);
        return;
    }
    const bool weight = g->a_step != 1;
    i->kind = WORK_GEMM;
    i->gemm = *g;
    i->row_step = even_step(g->rows, GEMM_ROWS_MAX, PANEL);
    i->col_step = weight ? even_step(g->cols, GEMM_ROWS_MAX, PANEL) : COLUMNS_A_PIECE;
    const int32_t enough = weight ? e->threads : 2 * e->threads;
    while (gemm_pieces(i) < enough && (i->row_step > PIECE_LEAST || i->col_step > PIECE_LEAST)) {
        int32_t *step = i->row_step >= i->col_step ? &i->row_step : &i->col_step;
        *step = pieces_of(*step / 2, PANEL) * PANEL;
    }
    i->col_pieces = pieces_of(g->cols, i->col_step);
    i->pieces = gemm_pieces(i);
}

static void work_columns(struct work *w, int32_t rows, int32_t cols, const float *x, const float *y,
                         float *out)
{
    struct work_item *i = work_add(w);
    i->kind = y ? WORK_COLUMN_DOT : WORK_COLUMN_SUM;
    i->x = x;
    i->y = y;
    i->rows = rows;
    i->cols = cols;
    i->row = cols;
    i->out = out;
    i->col_step = SUMS_A_PIECE;
    i->col_pieces = i->pieces = pieces_of(cols, SUMS_A_PIECE);
}

void work_column_sum(struct work *w, int32_t rows, int32_t cols, const float *x, float *out)
{
    work_columns(w, rows, cols, x, NULL, out);
}

void work_column_dot(struct work *w, int32_t rows, int32_t cols, const float *x, const float *y,
                     float *out)
{
    work_columns(w, rows, cols, x, y, out);
}

static int32_t end_of(int32_t begin, int32_t step, int32_t count)
{
    return count - begin < step ? count : begin + step;
}

/* A piece of a weight gradient that is whole rows is a run of the gradient block: its squares for
 * the norm are summed while it is in the cache. */
static void piece_squares(struct encoder *e, const float *c, size_t cols, int32_t row0,
                          int32_t row1)
{
    const size_t at = (size_t)(c - e->gradients.block);
    optim_square_blocks(e->kernels, e->gradients.block, at + (size_t)row0 * cols,
                        at + (size_t)row1 * cols, e->gradients.squares);
}

static void gemm_piece(struct encoder *e, const struct work_item *i, int32_t row, int32_t col,
                       float *scratch)
{
    const struct gemm *g = &i->gemm;
    const int32_t row1 = end_of(row, i->row_step, g->rows);
    e->kernels->gemm(g, row, row1, col, end_of(col, i->col_step, g->cols), scratch);
    if (g->a_step != 1 && i->col_pieces == 1) piece_squares(e, g->c, (size_t)g->cols, row, row1);
}

static void lowp_piece(struct encoder *e, const struct work_item *i, int32_t row, int32_t col,
                       float *scratch)
{
    const struct lowp_gemm *g = &i->lowp;
    const int32_t row1 = end_of(row, i->row_step, g->rows);
    const int32_t col1 = end_of(col, i->col_step, g->cols);
    if (i->kind == WORK_LOWP) {
        e->lowp->gemm(g, row, row1, col, col1, scratch);
        return;
    }
    low_weight_piece(e, g, row, row1, col, col1, scratch);
    if (i->col_pieces == 1) piece_squares(e, g->c, (size_t)g->cols, row, row1);
}

static void item_piece(struct encoder *e, const struct work_item *i, int piece, float *scratch)
{
    const int32_t col = piece % i->col_pieces * i->col_step;
    if (i->kind == WORK_GEMM) {
        gemm_piece(e, i, piece / i->col_pieces * i->row_step, col, scratch);
        return;
    }
    if (i->kind == WORK_LOWP || i->kind == WORK_LOWP_WEIGHT) {
        lowp_piece(e, i, piece / i->col_pieces * i->row_step, col, scratch);
        return;
    }
    const int32_t n = end_of(col, i->col_step, i->cols) - col;
    if (i->kind == WORK_COLUMN_SUM)
        e->kernels->column_sum(i->rows, n, i->x + col, i->row, i->out + col);
    else
        e->kernels->column_dot(i->rows, n, i->x + col, i->y + col, i->row, i->out + col);
}

static void work_piece(void *ctx, int piece, int thread)
{
    const struct work_run *r = ctx;
    const struct work_item *i = r->work->item;
    for (; piece >= i->pieces; i++) piece -= i->pieces;
    item_piece(r->e, i, pool_stripe(piece, i->pieces, r->e->threads), r->e->scratch[thread]);
}

void work_run(struct encoder *e, struct work *w)
{
    struct work_run r = {e, w};
    int pieces = 0;
    for (int i = 0; i < w->count; i++) pieces += w->item[i].pieces;
    pool_run(e->pool, pieces, work_piece, &r);
    w->count = 0;
}

struct rows_run {
    struct encoder *e;
    row_fn *fn;
    const void *ctx;
    const struct rows_low *low;
    int32_t step;
};

static void rows_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    const struct rows_run *r = ctx;
    const struct lowp *k = r->e->lowp;
    const struct rows_low *low = r->low;
    const int32_t tokens = r->e->batch.tokens, begin = piece * r->step;
    const int32_t end = end_of(begin, r->step, tokens);
    for (int32_t row = begin; r->fn && row < end; row++) r->fn(r->e, r->ctx, row);
    if (low->operand) k->operand_rows(low->y, low->cols, begin, end, low->cols, low->operand);
    for (int i = 0; i < 2 && low->turn[i].x; i++)
        k->operand_weights(low->turn[i].x, tokens, low->turn[i].cols, begin, end,
                           low->turn[i].weights);
}

void run_rows_low(struct encoder *e, row_fn *fn, const void *ctx, const struct rows_low *low)
{
    struct rows_run r = {e, fn, ctx, low, low->turn[0].x ? 2 * ROWS_A_PIECE : ROWS_A_PIECE};
    pool_run(e->pool, pieces_of(e->batch.tokens, r.step), rows_piece, &r);
}

void run_rows(struct encoder *e, row_fn *fn, const void *ctx)
{
    const struct rows_low none = {.operand = NULL};
    run_rows_low(e, fn, ctx, &none);
}

static bool head_fills_words(const struct encoder *e)
{
    return e->head_dim % PANEL_COLUMNS == 0;
}

void head_low(const struct encoder *e, int32_t sequence, int32_t col, const float *y, int32_t cols,
              void *operand)
{
    const int32_t *rows = e->batch.cu_len + sequence;
    if (operand && head_fills_words(e))
        e->lowp->operand_part(y, cols, rows[0], rows[1], col, col + e->head_dim, cols, operand);
}

void heads_low(struct encoder *e, const float *y, int32_t cols, void *operand)
{
    const struct rows_low low = {.y = y, .cols = cols, .operand = operand};
    if (operand && !head_fills_words(e)) run_rows_low(e, NULL, NULL, &low);
}

struct heads_run {
    struct encoder *e;
    void (*fn)(struct encoder *, const void *, int32_t, int32_t, float *);
    const void *ctx;
    int32_t count, step; /* pairs of a sequence and a head; a piece takes `step` */
};

static void heads_piece(void *ctx, int piece, int thread)
{
    const struct heads_run *r = ctx;
    const int32_t heads = r->e->heads, begin = piece * r->step;
    const int32_t end = end_of(begin, r->step, r->count);
    for (int32_t i = begin; i < end; i++)
        r->fn(r->e, r->ctx, i / heads, i % heads, r->e->scratch[thread]);
}

void run_heads(struct encoder *e,
               void (*fn)(struct encoder *e, const void *ctx, int32_t sequence, int32_t head,
                          float *scratch),
               const void *ctx)
{
    struct heads_run r = {e, fn, ctx, e->batch.sequences * e->heads, 1};
    r.step = pieces_of(r.count, HEAD_PIECES * e->threads);
    pool_run(e->pool, pieces_of(r.count, r.step), heads_piece, &r);
}

/* Fills what forward and backward attention have in common. Masks belong to (first token, head). */
void attention_place(const struct encoder *e, int32_t layer, int32_t sequence, int32_t head,
                     const float *qkv, struct attention *ret)
{
    const int32_t first = e->batch.cu_len[sequence], hidden = e->hidden;
    const float *q = qkv + (ptrdiff_t)first * 3 * hidden + head * e->head_dim;
    *ret = (struct attention){
        .kernels = e->kernels,
        .length = e->batch.cu_len[sequence + 1] - first,
        .head_dim = e->head_dim,
        .q = q,
        .k = q + hidden,
        .v = q + 2 * hidden,
        .row = (ptrdiff_t)3 * hidden,
        .scale = 1.0f / __builtin_sqrtf((float)e->head_dim),
        .dropout = dropout_site(e->key.seed, e->key.step, site_of(layer, SITE_ATTENTION),
                                (uint32_t)first * (uint32_t)e->heads + (uint32_t)head,
                                e->drop ? e->model->config.dropout_attention : 0.0f),
    };
}

struct dropout encoder_masks(const struct encoder *e, uint32_t site, float rate)
{
    return dropout_site(e->key.seed, e->key.step, site, 0, e->drop ? rate : 0.0f);
}
