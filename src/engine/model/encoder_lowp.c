/* The forward pass below fp32, for serving: the equations of encoder_forward.c, with the four
 * products of a layer through a table of lowp.h.
 *
 *     x [T, H] fp32 ----------------------------------- residual --------.
 *       `-> operand -> QKV -> fp32 -> attention -> fp32 -> operand -> out -> sum -> LN -> y1 fp32
 *     y1 fp32 ---------------------------- residual --------.                             |
 *       `-> operand -> up, GELU -> operand -> down -> sum -> LN -> x fp32 of the next layer
 *
 * What is fp32: embeddings, residuals, LayerNorm, attention, the head. Between products a row meets
 * no other row but in attention, so a layer is a list of stages which are run in one of two ways
 * with the same bits:
 *
 *  * by rows: a piece is a block of rows, taken through all stages from one attention to the next.
 *    Its activations stay in L2, and threads meet twice a layer; each reads all weights.
 *  * by columns: each member of a team takes all rows through a share of the columns, and the heads
 *    that its columns of q, k, v make. The weights are read once by all together, but the team
 *    meets after every stage, and what one has written the next stage reads from another's cache.
 *
 * By columns is for few rows: fewer than would give each thread a step of them, or, where a layer's
 * weights are large, fewer than make reading them cheap. 32 tokens on two threads, ms by rows and
 * by columns: BERT-base fp16 16.3 and 12.3, int8 6.0 and 5.6; MiniLM int8 0.80 and 0.87.
 */
#include "engine/model/encoder_internal.h"
#include "engine/tensor/attention.h"

enum { BLOCK_ROWS = 64 };

/* Where a layer's weights are at least so many bytes, fewer rows a thread than these are few. */
enum { WIDE_LAYER_BYTES = 4 << 20, WIDE_ROWS = 32 };

/* The stages of a layer from its attention on; the last one opens the next layer. */
enum stage {
    STAGE_CONTEXT, /* rows: context to operand */
    STAGE_OUT,     /* columns: sum = context W_out^T */
    STAGE_NORM1,   /* rows: y1 = LN(sum + b + x), and as operand */
    STAGE_UP,      /* columns: act = gelu(y1 W_up^T + b), as operand where the table can */
    STAGE_ACT,     /* rows: act to operand, where a row's scale must be known first */
    STAGE_DOWN,    /* columns: sum = act W_down^T */
    STAGE_NORM2,   /* rows: x = LN(sum + b + y1), and as operand */
    STAGE_QKV,     /* columns: q, k, v of the next layer */
    STAGES,
};

static bool by_columns(enum stage s)
{
    return s == STAGE_OUT || s == STAGE_UP || s == STAGE_DOWN || s == STAGE_QKV;
}

struct part { /* of a layer's rows and, for products, columns */
    int32_t layer, row0, row1, col0, col1;
};

static int32_t stage_cols(const struct encoder *e, enum stage s)
{
    if (s == STAGE_QKV) return 3 * e->hidden;
    return s == STAGE_UP ? e->intermediate : e->hidden;
}

/* ------------------------------------------------------------------------------------ stages */

static void product(struct encoder *e, enum stage s, const struct part *p, void *scratch)
{
    const float *params = e->model->params;
    const struct layer_offsets *o = &e->model->layer[p->layer];
    const struct layer_packed *w = &e->packed[p->layer];
    struct lowp_gemm g = {.rows = e->batch.tokens,
                          .cols = stage_cols(e, s),
                          .depth = s == STAGE_DOWN ? e->intermediate : e->hidden,
                          .a = s == STAGE_DOWN ? e->operand_act : e->operand};
    g.c = e->sum;
    g.b = s == STAGE_OUT ? w->out : w->down;
    if (s == STAGE_QKV) {
        g.b = w->qkv;
        g.epilogue = GEMM_BIAS;
        g.bias = params + o->qkv_bias;
        g.c = e->layer[0].qkv;
    } else if (s == STAGE_UP) {
        g.b = w->up;
        g.epilogue = GEMM_BIAS_GELU;
        g.bias = params + o->up_bias;
        g.c = e->lowp->row_scaled ? e->layer[0].act : NULL;
        g.out = e->lowp->row_scaled ? NULL : e->operand_act;
    }
    g.c_row = g.cols;
    e->lowp->gemm(&g, p->row0, p->row1, p->col0, p->col1, scratch);
}

static void norm_rows(struct encoder *e, const struct part *p, const float *residual,
                      const float *bias, const float *gamma, const float *beta, float *y)
{
    const int32_t h = e->hidden;
    for (int32_t t = p->row0; t < p->row1; t++) {
        const ptrdiff_t at = (ptrdiff_t)t * h;
        e->kernels->add_norm(h, e->sum + at, bias, residual + at, NULL, gamma, beta,
                             e->model->config.layer_norm_eps, y + at, NULL);
    }
    e->lowp->operand_rows(y, h, p->row0, p->row1, h, e->operand);
}

static void stage_run(struct encoder *e, enum stage s, const struct part *p, void *scratch)
{
    const float *params = e->model->params;
    const struct layer_offsets *o = &e->model->layer[p->layer];
    const struct layer_acts *acts = &e->layer[0];
    const int32_t h = e->hidden, inter = e->intermediate;
    switch (s) {
    case STAGE_CONTEXT:
        e->lowp->operand_rows(acts->context, h, p->row0, p->row1, h, e->operand);
        break;
    case STAGE_NORM1:
        norm_rows(e, p, acts->y2, params + o->out_bias, params + o->norm1_gamma,
                  params + o->norm1_beta, acts->y1);
        break;
    case STAGE_ACT:
        if (e->lowp->row_scaled)
            e->lowp->operand_rows(acts->act, inter, p->row0, p->row1, inter, e->operand_act);
        break;
    case STAGE_NORM2:
        norm_rows(e, p, acts->y1, params + o->down_bias, params + o->norm2_gamma,
                  params + o->norm2_beta, acts->y2);
        break;
    default:
        product(e, s, p, scratch);
    }
}

/* ------------------------------------------------------------------------------------ by rows */

static int32_t pieces_of(int32_t count, int32_t step)
{
    return (count + step - 1) / step;
}

static int32_t round_up(int32_t count, int32_t step)
{
    return pieces_of(count, step) * step;
}

struct run { /* of one pool_run */
    struct encoder *e;
    int32_t layer; /* -1: the embeddings, and what leads from them to layer 0 */
    int32_t step;  /* rows of a piece */
};

static void embed_rows(struct encoder *e, int32_t row0, int32_t row1)
{
    const struct model *m = e->model;
    const struct packed_batch *b = &e->batch;
    const ptrdiff_t h = e->hidden;
    for (int32_t t = row0; t < row1; t++)
        e->kernels->add_norm(e->hidden, m->params + m->word_embeddings + b->ids[t] * h,
                             m->params + m->type_embeddings + (b->types ? b->types[t] : 0) * h,
                             m->params + m->position_embeddings + e->position[t] * h, NULL,
                             m->params + m->embed_gamma, m->params + m->embed_beta,
                             m->config.layer_norm_eps, e->embed_y + t * h, NULL);
    e->lowp->operand_rows(e->embed_y, h, row0, row1, e->hidden, e->operand);
}

/* All stages up to the next attention, over the rows of a piece. */
static void rows_piece(void *ctx, int piece, int thread)
{
    const struct run *run = ctx;
    struct encoder *e = run->e;
    struct part p = {.row0 = piece * run->step};
    p.row1 = e->batch.tokens - p.row0 < run->step ? e->batch.tokens : p.row0 + run->step;
    if (run->layer < 0) embed_rows(e, p.row0, p.row1);
    for (int s = run->layer < 0 ? STAGE_QKV : STAGE_CONTEXT; s < STAGES; s++) {
        p.layer = run->layer + (s == STAGE_QKV);
        p.col1 = stage_cols(e, (enum stage)s);
        if (p.layer < e->model->config.layers) stage_run(e, (enum stage)s, &p, e->scratch[thread]);
    }
}

static void rows_layer(struct encoder *e, int32_t layer)
{
    const int32_t tokens = e->batch.tokens, least = e->lowp->row_step;
    const int32_t blocks = pieces_of(pieces_of(tokens, BLOCK_ROWS), e->threads) * e->threads;
    struct run run = {.e = e, .layer = layer};
    run.step = round_up(pieces_of(tokens, blocks), least);
    pool_run(e->pool, pieces_of(tokens, run.step), rows_piece, &run);
}

static void attention_head(struct encoder *e, const void *ctx, int32_t sequence, int32_t head,
                           float *scratch)
{
    (void)ctx;
    struct attention a;
    attention_place(e, 0, sequence, head, e->layer[0].qkv, &a);
    float *context =
        e->layer[0].context + (ptrdiff_t)e->batch.cu_len[sequence] * e->hidden + head * e->head_dim;
    attention_forward(&a, context, e->hidden, scratch);
}

static void rows_pass(struct encoder *e)
{
    rows_layer(e, -1);
    for (int32_t i = 0; i < e->model->config.layers; i++) {
        run_heads(e, attention_head, NULL);
        rows_layer(e, i);
    }
}

/* --------------------------------------------------------------------------------- by columns */

struct member { /* one thread of the team */
    struct encoder *e;
    int index;
    void *scratch;
};

/* A member's share of n things, cut at multiples of `unit`. */
static void share(const struct member *m, int32_t n, int32_t unit, int32_t *begin, int32_t *end)
{
    const int64_t units = pieces_of(n, unit), count = m->e->threads;
    const int32_t from = (int32_t)(units * m->index / count) * unit;
    const int32_t to = (int32_t)(units * (m->index + 1) / count) * unit;
    *begin = from < n ? from : n;
    *end = to < n ? to : n;
}

/* Own columns of a product; own rows of all else. */
static void member_stage(const struct member *m, int32_t layer, enum stage s)
{
    struct encoder *e = m->e;
    struct part p = {.layer = layer, .row1 = e->batch.tokens};
    if (by_columns(s))
        share(m, stage_cols(e, s), PANEL_COLUMNS, &p.col0, &p.col1);
    else
        share(m, e->batch.tokens, 1, &p.row0, &p.row1);
    stage_run(e, s, &p, m->scratch);
    pool_meet(e->pool);
}

/* The fewest heads whose columns are whole panels of the QKV product; 0: no number of them is. */
static int32_t heads_a_unit(const struct encoder *e)
{
    if (e->hidden % PANEL_COLUMNS != 0) return 0;
    int32_t n = 1;
    while (n * e->head_dim % PANEL_COLUMNS != 0) n++;
    return n;
}

/* q, k, v of own heads and, from these alone, their context. */
static void member_heads(const struct member *m, int32_t layer, int32_t unit)
{
    struct encoder *e = m->e;
    struct part p = {.layer = layer, .row1 = e->batch.tokens};
    int32_t head0, head1;
    share(m, e->heads, unit, &head0, &head1);
    for (int32_t i = 0; i < 3; i++) {
        p.col0 = i * e->hidden + head0 * e->head_dim;
        p.col1 = i * e->hidden + head1 * e->head_dim;
        product(e, STAGE_QKV, &p, m->scratch);
    }
    for (int32_t i = 0; i < e->batch.sequences; i++)
        for (int32_t head = head0; head < head1; head++)
            attention_head(e, NULL, i, head, m->scratch);
    pool_meet(e->pool);
}

static void columns_member(void *ctx, int index, int thread)
{
    struct encoder *e = ctx;
    const struct member m = {e, index, e->scratch[thread]};
    const int32_t unit = heads_a_unit(e);
    int32_t row0, row1;
    share(&m, e->batch.tokens, 1, &row0, &row1);
    embed_rows(e, row0, row1);
    pool_meet(e->pool);
    for (int32_t i = 0; i < e->model->config.layers; i++) {
        member_heads(&m, i, unit);
        for (int s = STAGE_CONTEXT; s < STAGE_QKV; s++)
            if (s != STAGE_ACT || e->lowp->row_scaled) member_stage(&m, i, (enum stage)s);
    }
}

static bool columns_are_better(const struct encoder *e)
{
    if (e->threads == 1 || heads_a_unit(e) == 0) return false;
    const int32_t tokens = e->batch.tokens;
    const bool wide = e->plan.layer_bytes >= WIDE_LAYER_BYTES;
    return pieces_of(tokens, e->lowp->row_step) < e->threads ||
           (wide && tokens < WIDE_ROWS * e->threads);
}

/* -------------------------------------------------------------------------------------- a pass */

static void head_logits(struct encoder *e)
{
    const struct model *m = e->model;
    const struct gemm g = {.rows = e->batch.tokens,
                           .cols = e->labels,
                           .depth = e->hidden,
                           .a = e->layer[0].y2,
                           .a_row = e->hidden,
                           .a_step = 1,
                           .b = m->params + m->head_weight,
                           .b_col = e->hidden,
                           .b_step = 1,
                           .c = e->logits,
                           .c_row = e->labels,
                           .epilogue = GEMM_BIAS,
                           .bias = m->params + m->head_bias};
    struct work w = {.count = 0};
    work_gemm(e, &w, &g, (struct low){.a = NULL});
    work_run(e, &w);
}

void lowp_forward_pass(struct encoder *e)
{
    if (columns_are_better(e))
        pool_team(e->pool, columns_member, e);
    else
        rows_pass(e);
    if (e->logits) head_logits(e);
    e->last = e->layer[0].y2;
    e->last_tokens = e->batch.tokens;
}
