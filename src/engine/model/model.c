/* engine/model/model.c - the one block of parameters and its layout.
 *
 * Every tensor gets its place from one walk (layout_build). The order is that of the forward pass,
 * so that a step reads the block from front to back, and the optimiser is one pass over one array.
 * Gaps up to the next multiple of 16 floats are zero, have zero gradient, and so stay zero.
 *
 * The tokenizer is shared between copies by a counted reference: a vocabulary never changes after
 * it is read, and a model and what is trained from it use the same one.
 */
#include "engine/model/model.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/model/init_internal.h"
#include "engine/model/model_internal.h"
#include "engine/model/packed_file.h"
#include "engine/text/tokenizer.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN_FLOATS        16
#define INIT_STREAM_HEAD    0 /* the counter's upper half: one a tensor that starts at random */
#define INIT_STREAM_POOLER  1
#define TENSORS_FIXED       5  /* embeddings */
#define TENSORS_A_LAYER     16 /* see layout_layer */
#define TENSORS_POOLER_HEAD 4

struct model_users {
    atomic_int count;
};

struct layout { /* where the walk stands */
    struct model *m;
    size_t next; /* floats used so far */
    bool joined; /* the next tensor follows without a gap: K after Q, V after K */
};

static size_t layout_add(struct layout *l, bool decay, int32_t rows, int32_t cols, int32_t dims,
                         const char *name)
{
    if (!l->joined) l->next = (l->next + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
    struct tensor *t = &l->m->tensors[l->m->tensor_count++];
    BUG_IF(!str_format(t->name, sizeof t->name, "%s", name));
    t->rows = rows;
    t->cols = cols;
    t->dims = dims;
    t->offset = l->next;
    t->count = (size_t)rows * (size_t)cols;
    t->decay = decay;
    l->next += t->count;
    return t->offset;
}

static size_t layout_matrix(struct layout *l, int32_t rows, int32_t cols, const char *name)
{
    return layout_add(l, true, rows, cols, 2, name);
}

static size_t layout_vector(struct layout *l, int32_t count, const char *name)
{
    return layout_add(l, false, 1, count, 1, name);
}

static const char *layer_name(char out[MODEL_NAME_BYTES_MAX], int32_t layer, const char *rest)
{
    BUG_IF(!str_format(out, MODEL_NAME_BYTES_MAX, "bert.encoder.layer.%d.%s", (int)layer, rest));
    return out;
}

static void layout_qkv(struct layout *l, int32_t layer, struct layer_offsets *o)
{
    static const char *const part[3] = {"query", "key", "value"};
    char name[MODEL_NAME_BYTES_MAX], rest[64];
    int32_t hidden = l->m->config.hidden;
    size_t first[2][3];
    for (int kind = 0; kind < 2; kind++) {
        for (int p = 0; p < 3; p++) {
            l->joined = p > 0;
            BUG_IF(!str_format(rest, sizeof rest, "attention.self.%s.%s", part[p],
                               kind == 0 ? "weight" : "bias"));
            layer_name(name, layer, rest);
            first[kind][p] =
                kind == 0 ? layout_matrix(l, hidden, hidden, name) : layout_vector(l, hidden, name);
        }
        l->joined = false;
    }
    o->qkv_weight = first[0][0];
    o->qkv_bias = first[1][0];
}

static void layout_layer(struct layout *l, int32_t layer, struct layer_offsets *o)
{
    char n[MODEL_NAME_BYTES_MAX];
    int32_t h = l->m->config.hidden, inter = l->m->config.intermediate;
    layout_qkv(l, layer, o);
    o->out_weight = layout_matrix(l, h, h, layer_name(n, layer, "attention.output.dense.weight"));
    o->out_bias = layout_vector(l, h, layer_name(n, layer, "attention.output.dense.bias"));
    o->norm1_gamma = layout_vector(l, h, layer_name(n, layer, "attention.output.LayerNorm.weight"));
    o->norm1_beta = layout_vector(l, h, layer_name(n, layer, "attention.output.LayerNorm.bias"));
    o->up_weight = layout_matrix(l, inter, h, layer_name(n, layer, "intermediate.dense.weight"));
    o->up_bias = layout_vector(l, inter, layer_name(n, layer, "intermediate.dense.bias"));
    o->down_weight = layout_matrix(l, h, inter, layer_name(n, layer, "output.dense.weight"));
    o->down_bias = layout_vector(l, h, layer_name(n, layer, "output.dense.bias"));
    o->norm2_gamma = layout_vector(l, h, layer_name(n, layer, "output.LayerNorm.weight"));
    o->norm2_beta = layout_vector(l, h, layer_name(n, layer, "output.LayerNorm.bias"));
}

static void layout_build(struct model *m)
{
    const struct model_config *c = &m->config;
    struct layout l = {.m = m};
    m->word_embeddings =
        layout_matrix(&l, c->vocab_count, c->hidden, "bert.embeddings.word_embeddings.weight");
    m->position_embeddings =
        layout_matrix(&l, c->positions, c->hidden, "bert.embeddings.position_embeddings.weight");
    m->type_embeddings =
        layout_matrix(&l, c->types, c->hidden, "bert.embeddings.token_type_embeddings.weight");
    m->embed_gamma = layout_vector(&l, c->hidden, "bert.embeddings.LayerNorm.weight");
    m->embed_beta = layout_vector(&l, c->hidden, "bert.embeddings.LayerNorm.bias");
    for (int32_t i = 0; i < c->layers; i++) layout_layer(&l, i, &m->layer[i]);
    if (c->pooler) {
        m->pooler_weight = layout_matrix(&l, c->hidden, c->hidden, "bert.pooler.dense.weight");
        m->pooler_bias = layout_vector(&l, c->hidden, "bert.pooler.dense.bias");
    }
    if (c->head != HEAD_NONE) {
        m->head_weight = layout_matrix(&l, c->labels, c->hidden, "classifier.weight");
        m->head_bias = layout_vector(&l, c->labels, "classifier.bias");
    }
    m->param_count = (l.next + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
}

static enum err_code check_range(const char *what, int32_t v, int32_t max, struct err *err)
{
    if (v < 1)
        return err_set(err, ERR_BAD_INPUT, "model: %s is %d, must be at least 1", what, (int)v);
    if (v > max)
        return err_set(err, ERR_LIMIT, "model: %s is %d, the limit is %d", what, (int)v, (int)max);
    return ERR_OK;
}

static enum err_code check_rate(const char *what, float v, struct err *err)
{
    if (v >= 0 && v < 1) return ERR_OK;
    return err_set(err, ERR_BAD_INPUT, "model: %s is %g, must be from 0 to below 1", what,
                   (double)v);
}

static enum err_code check_head(const struct model_config *c, struct err *err)
{
    bool pools = c->head == HEAD_SEQUENCE || c->head == HEAD_REGRESSION;
    if (c->head == HEAD_NONE && c->labels != 0)
        return err_set(err, ERR_BAD_INPUT, "model: %d labels without a head", (int)c->labels);
    if (c->head == HEAD_REGRESSION && c->labels != 1)
        return err_set(err, ERR_BAD_INPUT, "model: a regression head has 1 output, not %d",
                       (int)c->labels);
    if (pools && !c->pooler)
        return err_set(err, ERR_BAD_INPUT, "model: a head over whole texts needs the pooler");
    if (c->head == HEAD_TOKEN && c->pooler)
        return err_set(err, ERR_BAD_INPUT, "model: a token head has no pooler");
    return c->head == HEAD_NONE ? ERR_OK
                                : check_range("label count", c->labels, LABEL_COUNT_MAX, err);
}

static enum err_code check_config(const struct model_config *c, struct err *err)
{
    if (check_range("vocab_size", c->vocab_count, VOCAB_COUNT_MAX, err) ||
        check_range("hidden_size", c->hidden, MODEL_HIDDEN_MAX, err) ||
        check_range("num_hidden_layers", c->layers, MODEL_LAYERS_MAX, err) ||
        check_range("num_attention_heads", c->heads, MODEL_HEADS_MAX, err) ||
        check_range("intermediate_size", c->intermediate, MODEL_INTERMEDIATE_MAX, err) ||
        check_range("max_position_embeddings", c->positions, MODEL_POSITIONS_MAX, err) ||
        check_range("type_vocab_size", c->types, MODEL_TYPES_MAX, err))
        return err->code;
    if (c->hidden % c->heads != 0)
        return err_set(err, ERR_BAD_INPUT,
                       "model: hidden_size %d is not a multiple of num_attention_heads %d",
                       (int)c->hidden, (int)c->heads);
    if (!(c->layer_norm_eps > 0 && c->layer_norm_eps < 1))
        return err_set(err, ERR_BAD_INPUT, "model: layer_norm_eps is %g, must be in (0, 1)",
                       (double)c->layer_norm_eps);
    if (!(c->initializer_range >= 0 && c->initializer_range <= 1))
        return err_set(err, ERR_BAD_INPUT, "model: initializer_range is %g, must be in [0, 1]",
                       (double)c->initializer_range);
    if (check_rate("hidden_dropout_prob", c->dropout_hidden, err) ||
        check_rate("attention_probs_dropout_prob", c->dropout_attention, err) ||
        check_rate("classifier_dropout", c->dropout_head, err))
        return err->code;
    return check_head(c, err);
}

static enum err_code labels_default(struct model *m, struct err *err)
{
    m->label_names = mem_try((size_t)m->config.labels + 1, sizeof *m->label_names, err);
    if (!m->label_names) return err->code;
    for (int32_t i = 0; i < m->config.labels; i++) {
        char name[32];
        BUG_IF(!str_format(name, sizeof name, "LABEL_%d", (int)i));
        m->label_names[i] = mem_try(1, sizeof name, err);
        if (!m->label_names[i]) return err->code;
        memcpy(m->label_names[i], name, sizeof name);
    }
    return ERR_OK;
}

enum err_code model_new_bare(const struct model_config *config, struct model **ret, struct err *err)
{
    if (check_config(config, err)) return err->code;
    struct model *m = mem_try(1, sizeof *m, err);
    if (!m) return err->code;
    m->config = *config;
    m->precision = PRECISION_FP32;
    int32_t tensors_max = TENSORS_FIXED + TENSORS_A_LAYER * config->layers + TENSORS_POOLER_HEAD;
    m->layer = mem_try((size_t)config->layers, sizeof *m->layer, err);
    if (!m->layer) goto fail;
    m->tensors = mem_try((size_t)tensors_max, sizeof *m->tensors, err);
    if (!m->tensors) goto fail;
    layout_build(m);
    if (m->param_count > MODEL_FILE_BYTES_MAX / sizeof(float)) {
        err_set(err, ERR_LIMIT, "model: %zu parameters, the limit is %llu bytes", m->param_count,
                (unsigned long long)MODEL_FILE_BYTES_MAX);
        goto fail;
    }
    if (labels_default(m, err)) goto fail;
    *ret = m;
    return ERR_OK;
fail:
    model_free(m);
    return err->code;
}

enum err_code model_new(const struct model_config *config, struct model **ret, struct err *err)
{
    struct model *m = NULL;
    void *data = NULL;
    if (model_new_bare(config, &m, err)) return err->code;
    m->params_block = mem_try_pages(m->param_count, sizeof *m->params, &data, err);
    if (!m->params_block) {
        model_free(m);
        return err->code;
    }
    m->params = data;
    *ret = m;
    return ERR_OK;
}

static void labels_free(char **names, int32_t count)
{
    if (!names) return;
    for (int32_t i = 0; i < count; i++) mem_free(names[i]);
    mem_free(names);
}

void model_free(struct model *m)
{
    if (!m) return;
    if (m->tokenizer && atomic_fetch_sub(&m->tokenizer_users->count, 1) == 1) {
        tokenizer_free(m->tokenizer);
        mem_free(m->tokenizer_users);
    }
    labels_free(m->label_names, m->config.labels);
    mem_free(m->recipe);
    mem_free(m->params_block);
    packed_file_close(m->packed);
    mem_free(m->tensors);
    mem_free(m->layer);
    mem_free(m);
}

enum err_code model_take_tokenizer(struct model *m, struct tokenizer *tokenizer, struct err *err)
{
    BUG_IF(m->tokenizer != NULL);
    struct model_users *users = mem_try(1, sizeof *users, err);
    if (!users) return err->code;
    atomic_init(&users->count, 1);
    m->tokenizer = tokenizer;
    m->tokenizer_users = users;
    return ERR_OK;
}

enum err_code model_set_labels(struct model *m, const char *const *labels, struct err *err)
{
    int32_t count = m->config.labels;
    char **names = mem_try((size_t)count + 1, sizeof *names, err);
    if (!names) return err->code;
    for (int32_t i = 0; i < count; i++) {
        size_t len = strlen(labels[i]);
        if (len == 0 || len > LABEL_BYTES_MAX || utf8_valid_prefix(labels[i], len) != len) {
            err_set(err, ERR_BAD_INPUT, "label %d: the name must be 1 to %d bytes of UTF-8", (int)i,
                    LABEL_BYTES_MAX);
            goto fail;
        }
        for (int32_t j = 0; j < i; j++)
            if (str_eq(names[j], labels[i])) {
                err_set(err, ERR_BAD_INPUT, "label \"%s\" stands twice, at %d and %d", labels[i],
                        (int)j, (int)i);
                goto fail;
            }
        names[i] = mem_try(len + 1, 1, err);
        if (!names[i]) goto fail;
        memcpy(names[i], labels[i], len + 1);
    }
    labels_free(m->label_names, count);
    m->label_names = names;
    return ERR_OK;
fail:
    labels_free(names, count);
    return err->code;
}

enum err_code model_copy(const struct model *m, struct model **ret, struct err *err)
{
    struct model *copy = NULL;
    BUG_IF(m->packed != NULL);
    if (model_new(&m->config, &copy, err)) return err->code;
    if (model_set_labels(copy, (const char *const *)m->label_names, err) ||
        (m->recipe && model_set_recipe(copy, m->recipe, err))) {
        model_free(copy);
        return err->code;
    }
    memcpy(copy->params, m->params, m->param_count * sizeof *m->params);
    if (m->tokenizer) {
        atomic_fetch_add(&m->tokenizer_users->count, 1);
        copy->tokenizer = m->tokenizer;
        copy->tokenizer_users = m->tokenizer_users;
    }
    *ret = copy;
    return ERR_OK;
}

const struct tensor *model_find(const struct model *m, const char *name)
{
    for (int32_t i = 0; i < m->tensor_count; i++)
        if (str_eq(m->tensors[i].name, name)) return &m->tensors[i];
    return NULL;
}

/* Fills what `next` shares with `m`, and starts the rest. */
static void head_fill(const struct model *m, struct model *next, uint64_t seed)
{
    const struct model_config *c = &next->config;
    size_t h = (size_t)c->hidden;
    for (int32_t i = 0; i < next->tensor_count; i++) {
        const struct tensor *to = &next->tensors[i], *from = model_find(m, to->name);
        if (from && !str_starts(to->name, "classifier."))
            memcpy(next->params + to->offset, m->params + from->offset, to->count * sizeof(float));
    }
    if (c->pooler && !m->config.pooler)
        init_normal(next->params + next->pooler_weight, h * h, c->initializer_range, seed,
                    INIT_STREAM_POOLER);
    if (c->head == HEAD_NONE) return;
    init_normal(next->params + next->head_weight, (size_t)c->labels * h, c->initializer_range, seed,
                INIT_STREAM_HEAD);
    for (int32_t to = 0; c->head == m->config.head && to < c->labels; to++)
        for (int32_t from = 0; from < m->config.labels; from++)
            if (str_eq(next->label_names[to], m->label_names[from])) {
                memcpy(next->params + next->head_weight + (size_t)to * h,
                       m->params + m->head_weight + (size_t)from * h, h * sizeof(float));
                next->params[next->head_bias + (size_t)to] = m->params[m->head_bias + (size_t)from];
            }
}

enum err_code model_set_head(struct model *m, enum model_head head, const char *const *labels,
                             int32_t count, uint64_t seed, struct err *err)
{
    struct model_config config = m->config;
    BUG_IF(m->packed != NULL);
    config.head = head;
    config.labels = count;
    if (head != HEAD_NONE) config.pooler = head != HEAD_TOKEN;
    struct model *next = NULL;
    if (model_new(&config, &next, err)) return err->code;
    if (model_set_labels(next, labels, err)) {
        model_free(next);
        return err->code;
    }
    head_fill(m, next, seed);
    struct model old = *m;
    *m = *next;
    m->tokenizer = old.tokenizer;
    m->tokenizer_users = old.tokenizer_users;
    m->recipe = old.recipe;
    m->precision = old.precision;
    old.tokenizer = NULL;
    old.recipe = NULL;
    *next = old; /* so that one free takes the old parts */
    model_free(next);
    return ERR_OK;
}
