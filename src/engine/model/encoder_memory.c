/* How: one walk over all buffers, done twice: first with no memory, to learn the size, then to hand
 * out places. The block's pages, huge ones where the system has them, appear when first written: an
 * encoder for 4,096 tokens that answers 30 touches memory for few, and is made in microseconds.
 *
 * Training shares one region between what forward keeps and what backward writes. Backward goes
 * from the last layer to the first; when it writes the gradients of layer i, the activations of the
 * layers above are no longer read. So activations of a layer end where its gradients begin:
 *
 *     gradients    | (tables: by row, elsewhere) | LN | layer 0 | layer 1 | layer 2 | head |
 *     activations         | layer 0 | layer 1 | layer 2 |                   a batch of few tokens
 *     activations  | layer 0      | layer 1      | layer 2      |           and one of many
 *
 * The places are those of the batch at hand (encoder_place_layers), so that the region costs the
 * larger of the two, not their sum, and the activations of a short batch lie close together.
 */
#include "base/arena.h"
#include "engine/model/encoder_internal.h"
#include "engine/tensor/attention.h"

enum { ALIGN = 64 };

struct walk {
    char *base; /* NULL: measuring */
    size_t used;
    bool overflow;
};

static void *place(struct walk *w, size_t count, size_t size)
{
    size_t bytes, end;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 4 ||
        __builtin_add_overflow(w->used, (bytes + ALIGN - 1) / ALIGN * ALIGN, &end)) {
        w->overflow = true;
        return NULL;
    }
    void *at = w->base ? w->base + w->used : NULL;
    w->used = end;
    return at;
}

static float *matrix(struct walk *w, int32_t rows, int32_t cols)
{
    return place(w, (size_t)rows * (size_t)cols, sizeof(float));
}

static void *operand(const struct encoder *e, struct walk *w, int32_t rows, int32_t cols)
{
    return place(w, e->lowp->operand_bytes(rows, cols), 1);
}

static void place_layer(const struct encoder *e, struct walk *w, struct layer_acts *a, int32_t t)
{
    const int32_t h = e->hidden, inter = e->intermediate;
    const bool training = e->options.training, low = training && e->lowp;
    a->qkv = matrix(w, t, 3 * h);
    a->context = low ? e->context : matrix(w, t, h);
    a->y1 = matrix(w, t, h);
    a->act = low ? NULL : matrix(w, t, inter);
    a->y2 = training ? matrix(w, t, h) : e->embed_y;
    if (!training) return;
    a->xhat1 = matrix(w, t, h);
    a->xhat2 = matrix(w, t, h);
    a->slope = matrix(w, t, inter);
    a->rstd1 = matrix(w, t, 1);
    a->rstd2 = matrix(w, t, 1);
    if (!low) return;
    a->context_op = operand(e, w, t, h);
    a->y1_op = operand(e, w, t, h);
    a->act_op = operand(e, w, t, inter);
    a->y2_op = operand(e, w, t, h);
}

/* Bytes of a layer's activations for t tokens. */
static size_t layer_bytes(const struct encoder *e, int32_t t, bool *ret_overflow)
{
    struct walk w = {0};
    struct layer_acts a;
    place_layer(e, &w, &a, t);
    *ret_overflow = w.overflow;
    return w.used;
}

static size_t gradients_begin(const struct encoder *e, int32_t layer)
{
    return e->model->layer[layer].qkv_weight * sizeof(float);
}

/* What the activations of tokens_max tokens need below the gradient block. */
static size_t room_below(const struct encoder *e, struct walk *w)
{
    bool overflow = false;
    const size_t bytes = layer_bytes(e, e->options.tokens_max, &overflow);
    size_t room = 0;
    for (int32_t i = 0; i < e->model->config.layers; i++) { /* layers 0 to i lie below i's */
        size_t need = 0;
        if (overflow || __builtin_mul_overflow(bytes, (size_t)i + 1, &need)) w->overflow = true;
        const size_t begin = gradients_begin(e, i);
        if (need > begin && need - begin > room) room = need - begin;
    }
    return room;
}

void encoder_place_layers(struct encoder *e, int32_t t)
{
    bool overflow = false;
    const size_t bytes = layer_bytes(e, t, &overflow);
    char *const block = (char *)e->gradients.block;
    char *end = block + e->model->param_count * sizeof(float);
    for (int32_t i = e->model->config.layers - 1; i >= 0; i--) {
        char *const gradients = block + gradients_begin(e, i);
        if (gradients < end) end = gradients;
        end -= bytes;
        struct walk w = {.base = end};
        place_layer(e, &w, &e->layer[i], t);
    }
}

/* The block has room for the tables too, which have their gradients by row: offsets stay the
 * model's. */
static void place_gradients(struct encoder *e, struct walk *w)
{
    const struct model_config *c = &e->model->config;
    const int32_t t = e->options.tokens_max, longest = t < c->positions ? t : c->positions;
    const int32_t most[EMBED_TABLES] = {t < c->vocab_count ? t : c->vocab_count, longest, c->types};
    for (int i = 0; i < EMBED_TABLES; i++) {
        struct row_gradients *rows = &e->gradients.table[i];
        rows->rows = place(w, (size_t)most[i], sizeof *rows->rows);
        rows->values = matrix(w, most[i], e->hidden);
    }
    (void)place(w, room_below(e, w), 1);
    e->gradients.block = place(w, e->model->param_count, sizeof(float));
    e->gradients.from = e->model->embed_gamma;
    e->gradients.squares =
        place(w, (e->model->param_count + SQUARE_BLOCK - 1) / SQUARE_BLOCK, sizeof(float));
    e->word_row = place(w, (size_t)t, sizeof *e->word_row);
    e->word_seen = place(w, (size_t)c->vocab_count, sizeof *e->word_seen);
}

static void place_training(struct encoder *e, struct walk *w)
{
    const int32_t t = e->options.tokens_max, h = e->hidden;
    struct backward *b = &e->back;
    e->embed_xhat = matrix(w, t, h);
    e->embed_rstd = matrix(w, t, 1);
    e->head_in = matrix(w, t, h);
    b->dy = matrix(w, t, h);
    b->dmid = matrix(w, t, h);
    b->dsum = matrix(w, t, h);
    b->ddrop = matrix(w, t, h);
    b->dcontext = matrix(w, t, h);
    b->dbig = matrix(w, t, 3 * h > e->intermediate ? 3 * h : e->intermediate);
    b->dlogits = matrix(w, t, e->labels);
    b->losses = matrix(w, t, 1);
    place_gradients(e, w);
}

/* The packed weights are those that the model came with, or have a block of their own, on huge
 * pages. */
static enum err_code packed_new(struct encoder *e, struct err *err)
{
    const int32_t layers = e->model->config.layers;
    packed_plan_init(&e->plan, &e->model->config, e->options.precision, e->options.isa);
    e->packed = mem_try((size_t)layers, sizeof *e->packed, err);
    if (!e->packed) return err->code;
    const struct packed_file *from = e->model->packed;
    if (from && !packed_file_fits(from, &e->plan))
        return err_set(err, ERR_BAD_INPUT, "the model is packed as %s, %s is needed", from->layout,
                       e->plan.layout);
    if (!from) e->packed_block = mem_try_pages(e->plan.bytes, 1, &e->packed_data, err);
    if (!from && !e->packed_block) return err->code;
    const void *data = from ? from->data : e->packed_data;
    for (int32_t i = 0; i < layers; i++)
        e->packed[i] = (struct layer_packed){.qkv = packed_find(&e->plan, data, i, PACKED_QKV),
                                             .out = packed_find(&e->plan, data, i, PACKED_OUT),
                                             .up = packed_find(&e->plan, data, i, PACKED_UP),
                                             .down = packed_find(&e->plan, data, i, PACKED_DOWN)};
    return ERR_OK;
}

static int32_t max_i32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Enough for any product of the encoder and for attention over the longest sequence. */
static size_t scratch_floats(const struct encoder *e)
{
    const int32_t tokens = e->options.tokens_max, positions = e->model->config.positions;
    const int32_t longest = tokens < positions ? tokens : positions;
    const size_t attention = attention_scratch_floats(longest, e->head_dim);
    const int32_t depth = max_i32(max_i32(3 * e->hidden, e->intermediate), tokens);
    const size_t products = gemm_scratch_floats(depth, e->options.training);
    const size_t most = attention > products ? attention : products;
    size_t lowp = e->lowp ? e->lowp->scratch_bytes(depth) : 0;
    if (e->lowp && e->options.training) lowp += low_scratch_bytes(e);
    return most > lowp / sizeof(float) + 1 ? most : lowp / sizeof(float) + 1;
}

static void place_operands(struct encoder *e, struct walk *w)
{
    const int32_t t = e->options.tokens_max, h = e->hidden, inter = e->intermediate;
    struct backward *b = &e->back;
    if (!e->options.training) {
        e->operand = operand(e, w, t, h);
        e->operand_act = operand(e, w, t, inter);
        return;
    }
    e->context = matrix(w, t, h);
    e->embed_op = operand(e, w, t, h);
    b->ddrop_op = operand(e, w, t, h);
    b->dbig_op = operand(e, w, t, max_i32(3 * h, inter));
    b->wide_weights = place(w, e->lowp->weights_bytes(t, max_i32(h, inter)), 1);
    b->thin_weights = place(w, e->lowp->weights_bytes(t, h), 1);
}

static void place_all(struct encoder *e, struct walk *w)
{
    const int32_t t = e->options.tokens_max;
    e->position = place(w, (size_t)t, sizeof *e->position);
    e->embed_y = matrix(w, t, e->hidden);
    e->sum = matrix(w, t, e->hidden);
    e->logits = e->labels > 0 ? matrix(w, t, e->labels) : NULL;
    if (e->options.training)
        place_training(e, w);
    else
        place_layer(e, w, &e->layer[0], t);
    if (e->lowp) place_operands(e, w);
    for (int i = 0; i < e->threads; i++) e->scratch[i] = place(w, scratch_floats(e), sizeof(float));
}

enum err_code encoder_memory_new(struct encoder *e, struct err *err)
{
    const size_t layers = (size_t)max_i32(e->model->config.layers, 1);
    e->layer = mem_try(layers, sizeof *e->layer, err);
    if (!e->layer) return err->code;
    const bool in_place = e->options.training || e->options.in_place;
    if ((e->lowp || !in_place) && packed_new(e, err)) return err->code;
    if (e->options.training && e->lowp && turned_new(e, err)) return err->code;
    e->scratch = mem_try((size_t)e->threads, sizeof *e->scratch, err);
    if (!e->scratch) return err->code;

    struct walk w = {0};
    place_all(e, &w);
    if (w.overflow || w.used > SIZE_MAX / 4)
        return err_set(err, ERR_NO_MEMORY, "an encoder for %d tokens is too large to address",
                       (int)e->options.tokens_max);
    void *base;
    e->memory = mem_try_pages(w.used, 1, &base, err);
    if (!e->memory) return err->code;
    w = (struct walk){.base = base};
    place_all(e, &w);
    return ERR_OK;
}
