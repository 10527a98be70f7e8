/* The life of an encoder and the checks at its door: what passes batch_check never breaks a kernel.
 * The passes are in encoder_forward.c and encoder_backward.c. */
#include "engine/model/encoder.h"
#include "base/arena.h"
#include "engine/model/encoder_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------ life */

static enum err_code options_check(const struct model *m, const struct encoder_options *o,
                                   struct err *err)
{
    const enum model_head head = m->config.head;
    if (head != HEAD_NONE && head != HEAD_TOKEN) {
        err_set(err, ERR_BAD_INPUT, "the encoder does not run %s heads",
                head == HEAD_SEQUENCE ? "sequence classification" : "regression");
        return err_hint(err, "use a token classification model");
    }
    if (o->training && head == HEAD_NONE) {
        err_set(err, ERR_BAD_INPUT, "a model without a head cannot be trained");
        return err_hint(err, "give it one with model_set_head");
    }
    if (o->training && o->precision > PRECISION_BF16)
        return err_set(err, ERR_BAD_INPUT, "training does not run in %s",
                       PRECISION_NAMES[o->precision]);
    BUG_IF((o->training || o->in_place) && m->packed);
    BUG_IF(o->tokens_max < 1 || o->sequences_max < 1 || !isa_available(o->isa));
    return ERR_OK;
}

enum err_code encoder_new(const struct model *m, const struct encoder_options *o, struct pool *pool,
                          struct encoder **ret, struct err *err)
{
    if (options_check(m, o, err)) return err->code;
    struct encoder *e = mem_try(1, sizeof *e, err);
    if (!e) return err->code;
    e->model = m;
    e->options = *o;
    e->pool = pool;
    if (e->options.precision == PRECISION_AUTO)
        e->options.precision = o->training ? PRECISION_FP32 : m->precision;
    e->kernels = kernels_get(o->isa);
    e->lowp = lowp_get(e->options.precision, o->isa);
    e->threads = pool_threads(pool);
    e->hidden = m->config.hidden;
    e->heads = m->config.heads;
    e->head_dim = m->config.hidden / m->config.heads;
    e->intermediate = m->config.intermediate;
    e->labels = m->config.head == HEAD_NONE ? 0 : m->config.labels;
    e->bad_name = mem_try(1, MODEL_NAME_BYTES_MAX, err);
    if (!e->bad_name || encoder_memory_new(e, err)) {
        encoder_free(e);
        return err->code;
    }
    encoder_weights_changed(e);
    *ret = e;
    return ERR_OK;
}

void encoder_free(struct encoder *e)
{
    if (!e) return;
    mem_free(e->memory);
    mem_free(e->layer);
    mem_free(e->packed);
    mem_free(e->packed_block);
    mem_free(e->turned_block);
    mem_free(e->scratch);
    mem_free(e->bad_name);
    mem_free(e);
}

/* ----------------------------------------------------------------------------- packed weights */

static void pack_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    const struct encoder *e = ctx;
    packed_make(&e->plan, e->model, piece / PACKED_MATRICES,
                (enum packed_matrix)(piece % PACKED_MATRICES), e->packed_data);
}

void encoder_weights_changed(struct encoder *e)
{
    if (e->turned)
        both_pack_all(e);
    else if (e->packed_data)
        pool_run(e->pool, e->model->config.layers * PACKED_MATRICES, pack_piece, e);
}

/* ----------------------------------------------------------------------------------- passes */

static enum err_code lengths_check(const struct encoder *e, const struct packed_batch *b,
                                   struct err *err)
{
    if (b->sequences < 1 || b->sequences > e->options.sequences_max)
        return err_set(err, ERR_BAD_INPUT, "a batch of %d sequences; this encoder takes 1 to %d",
                       (int)b->sequences, (int)e->options.sequences_max);
    if (b->tokens < 1 || b->tokens > e->options.tokens_max)
        return err_set(err, ERR_BAD_INPUT, "a batch of %d tokens; this encoder takes 1 to %d",
                       (int)b->tokens, (int)e->options.tokens_max);
    if (b->cu_len[0] != 0 || b->cu_len[b->sequences] != b->tokens)
        return err_set(err, ERR_BAD_INPUT, "lengths of a batch do not add up to its %d tokens",
                       (int)b->tokens);
    for (int32_t i = 0; i < b->sequences; i++) {
        const int64_t length = (int64_t)b->cu_len[i + 1] - b->cu_len[i];
        if (length < 1 || length > e->model->config.positions)
            return err_set(err, ERR_BAD_INPUT,
                           "sequence %d has %lld tokens; the model takes 1 to %d", (int)i,
                           (long long)length, (int)e->model->config.positions);
    }
    return ERR_OK;
}

static enum err_code batch_check(const struct encoder *e, const struct packed_batch *b,
                                 struct err *err)
{
    if (lengths_check(e, b, err)) return err->code;
    const struct model_config *c = &e->model->config;
    for (int32_t t = 0; t < b->tokens; t++) {
        if (b->ids[t] < 0 || b->ids[t] >= c->vocab_count)
            return err_set(err, ERR_BAD_INPUT, "token %d has id %d; the vocabulary has 0 to %d",
                           (int)t, (int)b->ids[t], (int)c->vocab_count - 1);
        if (b->types && (b->types[t] < 0 || b->types[t] >= c->types))
            return err_set(err, ERR_BAD_INPUT, "token %d has type %d; the model has 0 to %d",
                           (int)t, (int)b->types[t], (int)c->types - 1);
    }
    return ERR_OK;
}

static void batch_take(struct encoder *e, const struct packed_batch *b)
{
    e->batch = *b;
    for (int32_t i = 0; i < b->sequences; i++)
        for (int32_t t = b->cu_len[i]; t < b->cu_len[i + 1]; t++) e->position[t] = t - b->cu_len[i];
    if (e->options.training) encoder_place_layers(e, b->tokens);
    e->backward_done = false;
}

enum err_code encoder_forward(struct encoder *e, const struct packed_batch *b, struct err *err)
{
    if (batch_check(e, b, err)) return err->code;
    batch_take(e, b);
    e->drop = false;
    if (e->lowp && !e->options.training)
        lowp_forward_pass(e);
    else
        forward_pass(e);
    return ERR_OK;
}

static enum err_code targets_check(const struct encoder *e, const struct packed_batch *b,
                                   int32_t *ret_count, struct err *err)
{
    int32_t count = 0;
    for (int32_t t = 0; t < b->tokens; t++) {
        if (b->targets[t] < -1 || b->targets[t] >= e->labels)
            return err_set(err, ERR_BAD_INPUT, "token %d has target %d; the head has 0 to %d",
                           (int)t, (int)b->targets[t], (int)e->labels - 1);
        count += b->targets[t] >= 0;
    }
    if (count == 0) return err_set(err, ERR_BAD_INPUT, "no token of the batch has a target");
    *ret_count = count;
    return ERR_OK;
}

enum err_code encoder_train_step(struct encoder *e, const struct packed_batch *b,
                                 struct dropout_key key, float *ret_loss, struct err *err)
{
    BUG_IF(!e->options.training);
    int32_t target_count = 0;
    if (batch_check(e, b, err)) return err->code;
    if (targets_check(e, b, &target_count, err)) return err->code;
    batch_take(e, b);
    gradient_rows(e);
    e->key = key;
    e->drop = e->options.dropout;
    forward_pass(e);
    const double loss = loss_of_batch(e, target_count);
    *ret_loss = (float)loss;
    if (!(loss - loss == 0.0)) return ERR_OK; /* activations stay, to be asked where it began */
    backward_pass(e);
    e->backward_done = true;
    return ERR_OK;
}

const float *encoder_logits(const struct encoder *e)
{
    return e->logits;
}
const float *encoder_hidden(const struct encoder *e)
{
    return e->last;
}
const struct gradients *encoder_gradients(const struct encoder *e)
{
    return &e->gradients;
}

/* ------------------------------------------------------------------------------- diagnosis */

static bool all_finite(const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(x[i] - x[i] == 0.0f)) return false;
    return true;
}

static const char *bad_layer(const struct encoder *e, int32_t layer, const char *part)
{
    snprintf(e->bad_name, MODEL_NAME_BYTES_MAX, "encoder.layer.%d.%s", (int)layer, part);
    return e->bad_name;
}

/* The tables are the first tensors of the layout, in the order of enum embedding. */
static const char *bad_gradient(const struct encoder *e)
{
    const struct gradients *g = &e->gradients;
    for (int32_t i = e->model->tensor_count - 1; i >= 0; i--) {
        const struct tensor *t = &e->model->tensors[i];
        const bool table = i < EMBED_TABLES;
        const float *x = table ? g->table[i].values : g->block + t->offset;
        const size_t count = table ? (size_t)g->table[i].count * (size_t)e->hidden : t->count;
        if (!all_finite(x, count)) return t->name;
    }
    return NULL;
}

const char *encoder_first_bad(const struct encoder *e)
{
    const size_t tokens = (size_t)e->last_tokens, floats = tokens * (size_t)e->hidden;
    if (!e->options.training && e->last && !all_finite(e->last, floats)) return "encoder";
    if (e->options.training && !all_finite(e->embed_y, floats)) return "embeddings";
    const bool kept = e->options.training && e->last && !e->backward_done;
    for (int32_t i = 0; kept && i < e->model->config.layers; i++) {
        if (!all_finite(e->layer[i].y1, floats)) return bad_layer(e, i, "attention");
        if (!all_finite(e->layer[i].y2, floats)) return bad_layer(e, i, "output");
    }
    if (e->logits && !all_finite(e->logits, tokens * (size_t)e->labels)) return "classifier";
    return e->backward_done ? bad_gradient(e) : NULL;
}
