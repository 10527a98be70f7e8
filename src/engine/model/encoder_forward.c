/* The forward pass, in the order of the equations (Devlin et al. 2018; post-LN):
 *
 *     x = dropout(LN(word[id] + type[t] + position[p]))
 *     for each layer:
 *         q, k, v = x W_qkv^T + b;   c = attention(q, k, v)
 *         y1 = LN(dropout(c W_out^T + b) + x)
 *         y2 = LN(dropout(gelu(y1 W_up^T + b) W_down^T + b) + y1);   x = y2
 *     logits = dropout(x) W_head^T + b
 *
 * Serving keeps one set of activations: y2 is written over x, which is read for the last time in
 * y1. Training below fp32 writes beside each activation that a product reads its operand, by the
 * thread that made it and while the rows are in cache (_op); backward reads it again.
 */
#include "engine/model/encoder_internal.h"
#include "engine/tensor/attention.h"
#include <string.h>

/* y [T, out] = x [T, in] w^T, w [out, in] packed or as it lies in the parameter block */
static struct gemm linear(const struct encoder *e, const float *x, int32_t in, const float *w,
                          const float *packed, int32_t out, float *y)
{
    return (struct gemm){.rows = e->batch.tokens,
                         .cols = out,
                         .depth = in,
                         .a = x,
                         .a_row = in,
                         .a_step = 1,
                         .b = packed ? packed : w,
                         .b_col = in,
                         .b_step = 1,
                         .b_packed = packed != NULL,
                         .c = y,
                         .c_row = out};
}

static void run_gemm(struct encoder *e, const struct gemm *g, struct low low)
{
    struct work w = {.count = 0};
    work_gemm(e, &w, g, low);
    work_run(e, &w);
}

static void embed_row(struct encoder *e, const void *ctx, int32_t t)
{
    const struct dropout mask = row_mask(*(const struct dropout *)ctx, e->hidden, t);
    const struct model *m = e->model;
    const ptrdiff_t h = e->hidden;
    const struct packed_batch *b = &e->batch;
    const float *word = m->params + m->word_embeddings + b->ids[t] * h;
    const float *type = m->params + m->type_embeddings + (b->types ? b->types[t] : 0) * h;
    const float *position = m->params + m->position_embeddings + e->position[t] * h;
    float *y = e->embed_y + t * h, *xhat = e->embed_xhat ? e->embed_xhat + t * h : NULL;
    const float rstd =
        e->kernels->add_norm(e->hidden, word, type, position, NULL, m->params + m->embed_gamma,
                             m->params + m->embed_beta, m->config.layer_norm_eps, y, xhat);
    if (xhat) e->embed_rstd[t] = rstd;
    if (mask.threshold) e->kernels->dropout(e->hidden, y, &mask, y);
}

struct norm { /* y = LN(dropout(sum + bias) + residual) */
    const float *bias, *residual, *gamma, *beta;
    float *y, *xhat, *rstd;
    struct dropout masks;
};

static void norm_row(struct encoder *e, const void *ctx, int32_t t)
{
    const struct norm *n = ctx;
    const ptrdiff_t at = (ptrdiff_t)t * e->hidden;
    const struct model_config *c = &e->model->config;
    const struct dropout mask = row_mask(n->masks, e->hidden, t);
    const float rstd =
        e->kernels->add_norm(e->hidden, e->sum + at, n->bias, n->residual + at, &mask, n->gamma,
                             n->beta, c->layer_norm_eps, n->y + at, n->xhat ? n->xhat + at : NULL);
    if (n->rstd) n->rstd[t] = rstd;
}

struct layer_run {
    int32_t layer;
    const struct layer_acts *acts;
};

static void attention_head(struct encoder *e, const void *ctx, int32_t sequence, int32_t head,
                           float *scratch)
{
    const struct layer_run *r = ctx;
    struct attention a;
    attention_place(e, r->layer, sequence, head, r->acts->qkv, &a);
    float *context =
        r->acts->context + (ptrdiff_t)e->batch.cu_len[sequence] * e->hidden + head * e->head_dim;
    attention_forward(&a, context, e->hidden, scratch);
    head_low(e, sequence, head * e->head_dim, r->acts->context, e->hidden, r->acts->context_op);
}

/* y1 from x [T, H]; x_op is x as operand, or NULL */
static void attention_block(struct encoder *e, int32_t layer, const struct layer_acts *acts,
                            const float *x, const void *x_op)
{
    const float *p = e->model->params;
    const struct layer_offsets *o = &e->model->layer[layer];
    const struct layer_packed *packed = e->packed ? &e->packed[layer] : NULL;
    const int32_t h = e->hidden;
    struct gemm g =
        linear(e, x, h, p + o->qkv_weight, packed ? packed->qkv : NULL, 3 * h, acts->qkv);
    g.epilogue = GEMM_BIAS;
    g.bias = p + o->qkv_bias;
    run_gemm(e, &g, (struct low){.a = x_op});
    const struct layer_run r = {layer, acts};
    run_heads(e, attention_head, &r);
    heads_low(e, acts->context, h, acts->context_op);
    g = linear(e, acts->context, h, p + o->out_weight, packed ? packed->out : NULL, h, e->sum);
    run_gemm(e, &g, (struct low){.a = acts->context_op});
    const struct norm n = {
        .bias = p + o->out_bias,
        .residual = x,
        .gamma = p + o->norm1_gamma,
        .beta = p + o->norm1_beta,
        .y = acts->y1,
        .xhat = acts->xhat1,
        .rstd = acts->rstd1,
        .masks = encoder_masks(e, site_of(layer, SITE_MIDDLE), e->model->config.dropout_hidden)};
    const struct rows_low low = {.y = acts->y1, .cols = h, .operand = acts->y1_op};
    run_rows_low(e, norm_row, &n, &low);
}

/* y2 from y1 */
static void feed_forward(struct encoder *e, int32_t layer, const struct layer_acts *acts)
{
    const float *p = e->model->params;
    const struct layer_offsets *o = &e->model->layer[layer];
    const struct layer_packed *packed = e->packed ? &e->packed[layer] : NULL;
    const int32_t h = e->hidden, inter = e->intermediate;
    struct gemm g =
        linear(e, acts->y1, h, p + o->up_weight, packed ? packed->up : NULL, inter, acts->act);
    g.epilogue = GEMM_BIAS_GELU;
    g.bias = p + o->up_bias;
    g.slope = acts->slope;
    run_gemm(e, &g, (struct low){.a = acts->y1_op, .out = acts->act_op});
    g = linear(e, acts->act, inter, p + o->down_weight, packed ? packed->down : NULL, h, e->sum);
    run_gemm(e, &g, (struct low){.a = acts->act_op});
    const struct norm n = {
        .bias = p + o->down_bias,
        .residual = acts->y1,
        .gamma = p + o->norm2_gamma,
        .beta = p + o->norm2_beta,
        .y = acts->y2,
        .xhat = acts->xhat2,
        .rstd = acts->rstd2,
        .masks = encoder_masks(e, site_of(layer, SITE_OUTPUT), e->model->config.dropout_hidden)};
    const struct rows_low low = {.y = acts->y2, .cols = h, .operand = acts->y2_op};
    run_rows_low(e, norm_row, &n, &low);
}

struct head_run {
    const float *x; /* [T, H] */
    struct dropout masks;
};

static void drop_head_row(struct encoder *e, const void *ctx, int32_t t)
{
    const struct head_run *r = ctx;
    const ptrdiff_t at = (ptrdiff_t)t * e->hidden;
    const struct dropout mask = row_mask(r->masks, e->hidden, t);
    e->kernels->dropout(e->hidden, r->x + at, &mask, e->head_in + at);
}

static void head_logits(struct encoder *e, const float *x)
{
    if (e->head_in) {
        const struct head_run r = {x, encoder_masks(e, SITE_HEAD, e->model->config.dropout_head)};
        run_rows(e, drop_head_row, &r);
        x = e->head_in;
    }
    const struct model *m = e->model;
    struct gemm g = linear(e, x, e->hidden, m->params + m->head_weight, NULL, e->labels, e->logits);
    g.epilogue = GEMM_BIAS;
    g.bias = m->params + m->head_bias;
    run_gemm(e, &g, (struct low){.a = NULL});
}

void forward_pass(struct encoder *e)
{
    const struct dropout masks = encoder_masks(e, SITE_EMBEDDINGS, e->model->config.dropout_hidden);
    const struct rows_low low = {.y = e->embed_y, .cols = e->hidden, .operand = e->embed_op};
    run_rows_low(e, embed_row, &masks, &low);
    const float *x = e->embed_y;
    const void *x_op = e->embed_op;
    for (int32_t i = 0; i < e->model->config.layers; i++) {
        const struct layer_acts *acts = &e->layer[e->options.training ? i : 0];
        attention_block(e, i, acts, x, x_op);
        feed_forward(e, i, acts);
        x = acts->y2;
        x_op = acts->y2_op;
    }
    if (e->logits) head_logits(e, x);
    e->last = x;
    e->last_tokens = e->batch.tokens;
}
