/* The loss and the backward pass: the equations of encoder_forward.c from the last to the first.
 * For y = x W^T + b:   dx = dy W,   dW = dy^T x,   db = column sums of dy.
 * LayerNorm, softmax, GELU and attention: docs/internals/engine.md. Every gradient tensor is
 * written, not added to, so that nothing but the embedding rows of the batch is cleared.
 */
#include "engine/model/encoder_internal.h"
#include "engine/tensor/attention.h"
#include <string.h>

/* ------------------------------------------------------------------------------------ loss */

struct loss_run {
    float grad_scale; /* 1 / targets */
};

static void loss_row(struct encoder *e, const void *ctx, int32_t t)
{
    const struct loss_run *r = ctx;
    const int32_t target = e->batch.targets[t];
    const ptrdiff_t at = (ptrdiff_t)t * e->labels;
    e->back.losses[t] = 0.0f;
    if (target < 0)
        memset(e->back.dlogits + at, 0, (size_t)e->labels * sizeof(float));
    else
        e->back.losses[t] = e->kernels->cross_entropy(e->labels, e->logits + at, target,
                                                      r->grad_scale, e->back.dlogits + at);
}

double loss_of_batch(struct encoder *e, int32_t target_count)
{
    const struct loss_run r = {1.0f / (float)target_count};
    run_rows(e, loss_row, &r);
    double sum = 0.0;
    for (int32_t t = 0; t < e->batch.tokens; t++) sum += (double)e->back.losses[t];
    return sum / target_count;
}

/* ------------------------------------------------------------------------- pieces of layers */

/* dw [out, in] = dy^T x: dy [T, out], x [T, in]; below fp32 dy as operand and x as weights */
static void work_weight(struct encoder *e, struct work *w, const float *dy, int32_t out,
                        const float *x, int32_t in, struct low low, float *dw)
{
    const struct gemm g = {.rows = out,
                           .cols = in,
                           .depth = e->batch.tokens,
                           .a = dy,
                           .a_row = 1,
                           .a_step = out,
                           .b = x,
                           .b_col = 1,
                           .b_step = in,
                           .c = dw,
                           .c_row = in};
    work_gemm(e, w, &g, low);
}

/* dx [T, in] = dy w: dy [T, out], w [out, in], which `turned` is packed from unless it is NULL. The
 * caller adds an epilogue. */
static struct gemm input_gradient(const struct encoder *e, const float *dy, int32_t out,
                                  const float *weight, const void *turned, int32_t in, float *dx)
{
    return (struct gemm){.rows = e->batch.tokens,
                         .cols = in,
                         .depth = out,
                         .a = dy,
                         .a_row = out,
                         .a_step = 1,
                         .b = turned ? turned : weight,
                         .b_col = 1,
                         .b_step = in,
                         .b_packed = turned != NULL,
                         .c = dx,
                         .c_row = in};
}

struct norm_back { /* dsum = LN'(dy); ddrop = dropout(dsum) */
    const float *dy, *xhat, *rstd, *gamma;
    struct dropout masks;
};

static void norm_back_row(struct encoder *e, const void *ctx, int32_t t)
{
    const struct norm_back *n = ctx;
    const ptrdiff_t at = (ptrdiff_t)t * e->hidden;
    e->kernels->norm_backward(e->hidden, n->dy + at, n->xhat + at, n->rstd[t], n->gamma,
                              e->back.dsum + at);
    const struct dropout mask = row_mask(n->masks, e->hidden, t);
    e->kernels->dropout(e->hidden, e->back.dsum + at, &mask, e->back.ddrop + at);
}

/* back.dy -> back.dmid, and the gradients of the second half of a layer */
static void feed_forward_back(struct encoder *e, int32_t layer)
{
    const struct layer_acts *acts = &e->layer[layer];
    const struct layer_offsets *o = &e->model->layer[layer];
    const float *p = e->model->params;
    const struct backward *b = &e->back;
    const int32_t t = e->batch.tokens, h = e->hidden, inter = e->intermediate;
    float *grads = e->gradients.block;
    struct work w = {.count = 0};

    const struct norm_back n = {
        b->dy, acts->xhat2, acts->rstd2, p + o->norm2_gamma,
        encoder_masks(e, site_of(layer, SITE_OUTPUT), e->model->config.dropout_hidden)};
    const struct rows_low low = {
        b->ddrop,
        h,
        b->ddrop_op,
        {{acts->act_op, inter, b->wide_weights}, {acts->y1_op, h, b->thin_weights}}};
    run_rows_low(e, norm_back_row, &n, &low);
    struct gemm g = input_gradient(e, b->ddrop, h, p + o->down_weight,
                                   turned_find(e, layer, PACKED_DOWN), inter, b->dbig);
    g.epilogue = GEMM_MULTIPLY;
    g.other = acts->slope;
    work_weight(e, &w, b->ddrop, h, acts->act, inter,
                (struct low){.a = b->ddrop_op, .b = b->wide_weights}, grads + o->down_weight);
    work_gemm(e, &w, &g, (struct low){.a = b->ddrop_op, .out = b->dbig_op});
    work_column_sum(&w, t, h, b->ddrop, grads + o->down_bias);
    work_column_dot(&w, t, h, b->dy, acts->xhat2, grads + o->norm2_gamma);
    work_column_sum(&w, t, h, b->dy, grads + o->norm2_beta);
    work_run(e, &w);

    g = input_gradient(e, b->dbig, inter, p + o->up_weight, turned_find(e, layer, PACKED_UP), h,
                       b->dmid);
    g.epilogue = GEMM_ADD;
    g.other = b->dsum;
    work_weight(e, &w, b->dbig, inter, acts->y1, h,
                (struct low){.a = b->dbig_op, .b = b->thin_weights}, grads + o->up_weight);
    work_gemm(e, &w, &g, (struct low){.a = b->dbig_op});
    work_column_sum(&w, t, inter, b->dbig, grads + o->up_bias);
    work_run(e, &w);
}

static void attention_head_back(struct encoder *e, const void *ctx, int32_t sequence, int32_t head,
                                float *scratch)
{
    const int32_t layer = *(const int32_t *)ctx, h = e->hidden;
    const ptrdiff_t first = e->batch.cu_len[sequence], column = (ptrdiff_t)head * e->head_dim;
    struct attention a;
    attention_place(e, layer, sequence, head, e->layer[layer].qkv, &a);
    float *dq = e->back.dbig + first * 3 * h + column;
    attention_backward(&a, e->back.dcontext + first * h + column, h, dq, dq + h, dq + 2 * h,
                       scratch);
    for (int32_t part = 0; part < 3; part++)
        head_low(e, sequence, part * h + head * e->head_dim, e->back.dbig, 3 * h, e->back.dbig_op);
}

/* back.dmid -> back.dy of the layer below, whose output is x (x_op: as operand); gradients of the
 * first half */
static void attention_block_back(struct encoder *e, int32_t layer, const float *x, const void *x_op)
{
    const struct layer_acts *acts = &e->layer[layer];
    const struct layer_offsets *o = &e->model->layer[layer];
    const float *p = e->model->params;
    const struct backward *b = &e->back;
    const int32_t t = e->batch.tokens, h = e->hidden;
    float *grads = e->gradients.block;
    struct work w = {.count = 0};

    const struct norm_back n = {
        b->dmid, acts->xhat1, acts->rstd1, p + o->norm1_gamma,
        encoder_masks(e, site_of(layer, SITE_MIDDLE), e->model->config.dropout_hidden)};
    const struct rows_low low = {
        b->ddrop,
        h,
        b->ddrop_op,
        {{acts->context_op, h, b->wide_weights}, {x_op, h, b->thin_weights}}};
    run_rows_low(e, norm_back_row, &n, &low);
    struct gemm g = input_gradient(e, b->ddrop, h, p + o->out_weight,
                                   turned_find(e, layer, PACKED_OUT), h, b->dcontext);
    work_weight(e, &w, b->ddrop, h, acts->context, h,
                (struct low){.a = b->ddrop_op, .b = b->wide_weights}, grads + o->out_weight);
    work_gemm(e, &w, &g, (struct low){.a = b->ddrop_op});
    work_column_sum(&w, t, h, b->ddrop, grads + o->out_bias);
    work_column_dot(&w, t, h, b->dmid, acts->xhat1, grads + o->norm1_gamma);
    work_column_sum(&w, t, h, b->dmid, grads + o->norm1_beta);
    work_run(e, &w);

    run_heads(e, attention_head_back, &layer);
    heads_low(e, b->dbig, 3 * h, b->dbig_op);
    g = input_gradient(e, b->dbig, 3 * h, p + o->qkv_weight, turned_find(e, layer, PACKED_QKV), h,
                       b->dy);
    g.epilogue = GEMM_ADD;
    g.other = b->dsum;
    work_weight(e, &w, b->dbig, 3 * h, x, h, (struct low){.a = b->dbig_op, .b = b->thin_weights},
                grads + o->qkv_weight);
    work_gemm(e, &w, &g, (struct low){.a = b->dbig_op});
    work_column_sum(&w, t, 3 * h, b->dbig, grads + o->qkv_bias);
    work_run(e, &w);
}

/* ----------------------------------------------------------------------- head, embeddings */

static void mask_dy_row(struct encoder *e, const void *ctx, int32_t t)
{
    float *dy = e->back.dy + (ptrdiff_t)t * e->hidden;
    const struct dropout mask = row_mask(*(const struct dropout *)ctx, e->hidden, t);
    e->kernels->dropout(e->hidden, dy, &mask, dy);
}

static void mask_dy(struct encoder *e, uint32_t site, float rate)
{
    const struct dropout masks = encoder_masks(e, site, rate);
    if (masks.threshold) run_rows(e, mask_dy_row, &masks);
}

static void head_back(struct encoder *e)
{
    const struct model *m = e->model;
    struct work w = {.count = 0};
    const struct low exact = {.a = NULL}; /* in every precision */
    const struct gemm g = input_gradient(e, e->back.dlogits, e->labels, m->params + m->head_weight,
                                         NULL, e->hidden, e->back.dy);
    work_weight(e, &w, e->back.dlogits, e->labels, e->head_in, e->hidden, exact,
                e->gradients.block + m->head_weight);
    work_gemm(e, &w, &g, exact);
    work_column_sum(&w, e->batch.tokens, e->labels, e->back.dlogits,
                    e->gradients.block + m->head_bias);
    work_run(e, &w);
    mask_dy(e, SITE_HEAD, m->config.dropout_head);
}

static void name_rows(struct row_gradients *g, int32_t count)
{
    for (int32_t i = 0; i < count; i++) g->rows[i] = i;
    g->count = count;
}

/* Words by marking what the batch has in a map of the vocabulary, then one walk over the map; of
 * positions and types all up to the highest. */
void gradient_rows(struct encoder *e)
{
    const struct packed_batch *b = &e->batch;
    struct row_gradients *word = &e->gradients.table[EMBED_WORD];
    int32_t positions = 0, types = 0, count = 0;
    for (int32_t t = 0; t < b->tokens; t++) {
        e->word_seen[b->ids[t]] = 1;
        if (e->position[t] >= positions) positions = e->position[t] + 1;
        if (b->types && b->types[t] >= types) types = b->types[t] + 1;
    }
    for (int32_t id = 0; id < e->model->config.vocab_count; id++) {
        if (!e->word_seen[id]) continue;
        word->rows[count] = id;
        e->word_seen[id] = count++;
    }
    for (int32_t t = 0; t < b->tokens; t++) e->word_row[t] = e->word_seen[b->ids[t]];
    for (int32_t i = 0; i < count; i++) e->word_seen[word->rows[i]] = 0;
    word->count = count;
    name_rows(&e->gradients.table[EMBED_POSITION], positions);
    name_rows(&e->gradients.table[EMBED_TYPE], b->types ? types : 1);
}

enum { SCATTER_COLUMNS = 64 };

static void clear_columns(const struct row_gradients *g, size_t hidden, int32_t col, int32_t n)
{
    for (int32_t i = 0; i < g->count; i++)
        memset(g->values + (size_t)i * hidden + col, 0, (size_t)n * sizeof(float));
}

/* Columns of the three tables belong to a piece; each row's sum runs over tokens in order. */
static void scatter_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    struct encoder *e = ctx;
    const struct packed_batch *b = &e->batch;
    const struct row_gradients *table = e->gradients.table;
    const int32_t col = piece * SCATTER_COLUMNS, left = e->hidden - col;
    const int32_t n = left < SCATTER_COLUMNS ? left : SCATTER_COLUMNS;
    const size_t h = (size_t)e->hidden;
    for (int i = 0; i < EMBED_TABLES; i++) clear_columns(&table[i], h, col, n);
    for (int32_t t = 0; t < b->tokens; t++) {
        const float *d = e->back.dsum + (size_t)t * h + col;
        const size_t type = b->types ? (size_t)b->types[t] : 0;
        e->kernels->add(n, d, table[EMBED_WORD].values + (size_t)e->word_row[t] * h + col);
        e->kernels->add(n, d, table[EMBED_POSITION].values + (size_t)e->position[t] * h + col);
        e->kernels->add(n, d, table[EMBED_TYPE].values + type * h + col);
    }
}

static void embed_norm_row(struct encoder *e, const void *ctx, int32_t t)
{
    (void)ctx;
    const ptrdiff_t at = (ptrdiff_t)t * e->hidden;
    e->kernels->norm_backward(e->hidden, e->back.dy + at, e->embed_xhat + at, e->embed_rstd[t],
                              e->model->params + e->model->embed_gamma, e->back.dsum + at);
}

static void embeddings_back(struct encoder *e)
{
    const struct model *m = e->model;
    const int32_t t = e->batch.tokens, h = e->hidden;
    mask_dy(e, SITE_EMBEDDINGS, m->config.dropout_hidden);
    struct work w = {.count = 0};
    work_column_dot(&w, t, h, e->back.dy, e->embed_xhat, e->gradients.block + m->embed_gamma);
    work_column_sum(&w, t, h, e->back.dy, e->gradients.block + m->embed_beta);
    work_run(e, &w);
    run_rows(e, embed_norm_row, NULL);
    pool_run(e->pool, (h + SCATTER_COLUMNS - 1) / SCATTER_COLUMNS, scatter_piece, e);
}

/* Between tensors lies what is left of activations; the block is 0 there. */
static void clear_gaps(const struct encoder *e)
{
    const struct model *m = e->model;
    for (int32_t i = EMBED_TABLES; i < m->tensor_count; i++) {
        const size_t end = m->tensors[i].offset + m->tensors[i].count;
        const size_t next = i + 1 < m->tensor_count ? m->tensors[i + 1].offset : m->param_count;
        memset(e->gradients.block + end, 0, (next - end) * sizeof(float));
    }
}

void backward_pass(struct encoder *e)
{
    const size_t blocks = (e->model->param_count + SQUARE_BLOCK - 1) / SQUARE_BLOCK;
    for (size_t i = 0; i < blocks; i++) e->gradients.squares[i] = SQUARE_UNKNOWN;
    head_back(e);
    for (int32_t i = e->model->config.layers - 1; i >= 0; i--) {
        feed_forward_back(e, i);
        attention_block_back(e, i, i > 0 ? e->layer[i - 1].y2 : e->embed_y,
                             i > 0 ? e->layer[i - 1].y2_op : e->embed_op);
    }
    embeddings_back(e);
    clear_gaps(e);
}
