/* engine/model/hf_dir.c - a Hugging Face directory to a model and back.
 *
 * Reading: config.json gives the sizes, model.safetensors the weights, each tensor of the file must
 * have a place here or be one that is known not to matter, and each place must be filled exactly
 * once. So a file that holds more than this program computes (adapters, a CRF) is refused by the
 * name of the tensor, not quietly computed without it.
 *
 * Speed: opening is on the way to a server's first answer. The weights are copied from the mapping
 * in pieces by a pool of their own, with the tokenizer as one more piece: most of the time goes
 * into page faults of the new block, which scale with threads. Nothing is hashed here.
 *
 * Writing: weights first and config.json last, so that a directory cut short by a crash lacks
 * config.json and says so.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/os.h"
#include "base/pool.h"
#include "base/str.h"
#include "engine/model/hf_config_internal.h"
#include "engine/model/model.h"
#include "engine/model/safetensors.h"
#include "engine/text/tokenizer.h"
#include <string.h>

#define WEIGHTS_NAME  "model.safetensors"
#define PREFIX        "bert."
#define PIECE_FLOATS  (1u << 19) /* 2 MiB: short enough to balance, long enough to stream */
#define READ_THREADS  4          /* more do not help: memory binds */
#define PLACE_IGNORED (-1)
#define PLACE_UNKNOWN (-2)

struct piece { /* one contiguous part of one tensor */
    const struct safetensors_tensor *from;
    float *to;
    size_t first, count;
};

struct opening {
    const char *dir;
    json_t *config;
    struct model *model;
    struct safetensors weights;
    const struct safetensors_tensor **source; /* [tensor_count] */
    struct piece *pieces;
    int piece_count;
    struct tokenizer *tokenizer;
    struct err tokenizer_err;
};

/* The file's spelling to ours: with "bert.", and gamma/beta of early checkpoints as weight/bias. */
static bool canonical_name(const char *name, char out[MODEL_NAME_BYTES_MAX])
{
    bool plain =
        str_starts(name, PREFIX) || str_starts(name, "classifier.") || str_starts(name, "cls.");
    if (!str_format(out, MODEL_NAME_BYTES_MAX, "%s%s", plain ? "" : PREFIX, name)) return false;
    size_t len = strlen(out);
    if (str_ends(out, ".LayerNorm.gamma"))
        return str_format(out + len - 5, MODEL_NAME_BYTES_MAX - len + 5, "weight");
    if (str_ends(out, ".LayerNorm.beta"))
        return str_format(out + len - 4, MODEL_NAME_BYTES_MAX - len + 4, "bias");
    return true;
}

/* Index of the tensor that a name of the file fills. Ignored: heads for pretraining, the constant
 * 0..P-1, and the pooler of a model that does not use one. */
static int place_of(const struct model *m, const char *name)
{
    char own[MODEL_NAME_BYTES_MAX];
    if (!canonical_name(name, own)) return PLACE_UNKNOWN;
    for (int32_t i = 0; i < m->tensor_count; i++)
        if (str_eq(m->tensors[i].name, own)) return (int)i;
    if (str_starts(own, "cls.") || str_eq(own, "bert.embeddings.position_ids") ||
        str_eq(own, "bert.pooler.dense.weight") || str_eq(own, "bert.pooler.dense.bias"))
        return PLACE_IGNORED;
    return PLACE_UNKNOWN;
}

static enum err_code check_tensor(const struct opening *o, const struct tensor *t,
                                  const struct safetensors_tensor *from, struct err *err)
{
    bool same =
        from->dims == t->dims && from->count == t->count && from->shape[from->dims - 1] == t->cols;
    if (!same) {
        err_set(err, ERR_BAD_INPUT, "%s: tensor \"%s\" has another shape than config.json says",
                o->dir, from->name);
        return t->dims == 1 ? err_detail(err, "expected [%d]", (int)t->cols)
                            : err_detail(err, "expected [%d, %d]", (int)t->rows, (int)t->cols);
    }
    if (safetensors_is_float(from)) return ERR_OK;
    err_set(err, ERR_BAD_INPUT, "%s: tensor \"%s\" has type %s", o->dir, from->name, from->dtype);
    return err_detail(err, "fp32, fp16 and bf16 weights are read (F32, F16, BF16)");
}

/* Finds the source of every tensor. */
static enum err_code match_tensors(struct opening *o, struct err *err)
{
    const struct model *m = o->model;
    o->source = mem_try((size_t)m->tensor_count, sizeof(void *), err);
    if (!o->source) return err->code;
    for (int i = 0; i < o->weights.count; i++) {
        const struct safetensors_tensor *from = &o->weights.tensors[i];
        int place = place_of(m, from->name);
        if (place == PLACE_IGNORED) continue;
        if (place == PLACE_UNKNOWN) {
            err_set(err, ERR_BAD_INPUT, "%s: unknown tensor \"%s\"", o->dir, from->name);
            return err_detail(err, "config.json describes a model without it, so its answers would "
                                   "differ from what was trained");
        }
        if (o->source[place])
            return err_set(err, ERR_BAD_INPUT, "%s: \"%s\" and \"%s\" are the same tensor", o->dir,
                           o->source[place]->name, from->name);
        if (check_tensor(o, &m->tensors[place], from, err)) return err->code;
        o->source[place] = from;
    }
    for (int32_t i = 0; i < m->tensor_count; i++)
        if (!o->source[i])
            return err_set(err, ERR_BAD_INPUT, "%s: %s lacks the tensor \"%s\"", o->dir,
                           WEIGHTS_NAME, m->tensors[i].name);
    return ERR_OK;
}

static enum err_code cut_pieces(struct opening *o, struct err *err)
{
    const struct model *m = o->model;
    size_t count = 0;
    for (int32_t i = 0; i < m->tensor_count; i++)
        count += (m->tensors[i].count + PIECE_FLOATS - 1) / PIECE_FLOATS;
    o->pieces = mem_try(count, sizeof *o->pieces, err);
    if (!o->pieces) return err->code;
    for (int32_t i = 0; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        for (size_t at = 0; at < t->count; at += PIECE_FLOATS) {
            size_t left = t->count - at;
            o->pieces[o->piece_count++] = (struct piece){
                .from = o->source[i],
                .to = m->params + t->offset + at,
                .first = at,
                .count = left < PIECE_FLOATS ? left : PIECE_FLOATS,
            };
        }
    }
    return ERR_OK;
}

static void open_piece(void *ctx, int piece, int thread)
{
    struct opening *o = ctx;
    (void)thread;
    if (piece == 0) { /* first, because it is the longest */
        if (tokenizer_open(o->dir, &o->tokenizer, &o->tokenizer_err)) o->tokenizer = NULL;
        return;
    }
    const struct piece *p = &o->pieces[piece - 1];
    safetensors_read(&o->weights, p->from, p->first, p->count, p->to);
}

static enum err_code read_all(struct opening *o, struct err *err)
{
    struct pool *pool = NULL;
    int threads = os_cpu_count();
    if (match_tensors(o, err) || cut_pieces(o, err)) return err->code;
    if (pool_new(threads < READ_THREADS ? threads : READ_THREADS, &pool, err)) return err->code;
    pool_run(pool, o->piece_count + 1, open_piece, o);
    pool_free(pool);
    if (!o->tokenizer) {
        *err = o->tokenizer_err;
        return err->code;
    }
    if (tokenizer_vocab_count(o->tokenizer) > o->model->config.vocab_count)
        return err_set(err, ERR_BAD_INPUT, "%s: the tokenizer has %d pieces, the model %d", o->dir,
                       (int)tokenizer_vocab_count(o->tokenizer), (int)o->model->config.vocab_count);
    if (model_take_tokenizer(o->model, o->tokenizer, err)) return err->code;
    o->tokenizer = NULL;
    return ERR_OK;
}

static enum err_code open_weights(struct opening *o, struct err *err)
{
    char path[PATH_BYTES_MAX], other[PATH_BYTES_MAX];
    if (os_join(path, o->dir, WEIGHTS_NAME, err)) return err->code;
    if (os_exists(path)) return safetensors_open(path, &o->weights, err);
    if (os_join(other, o->dir, "pytorch_model.bin", err)) return err->code;
    if (os_exists(other)) {
        err_set(err, ERR_BAD_INPUT, "%s has its weights only in pytorch_model.bin", o->dir);
        err_detail(err, "that is a pickle, a program that runs when it is read: never loaded here");
        return err_hint(err, "convert it where you trust it: python -c \"import transformers as t; "
                             "t.AutoModel.from_pretrained('DIR').save_pretrained('DIR')\"");
    }
    if (os_join(other, o->dir, WEIGHTS_NAME ".index.json", err)) return err->code;
    if (os_exists(other)) {
        err_set(err, ERR_BAD_INPUT, "%s has its weights in several files", o->dir);
        return err_hint(err, "save it as one: save_pretrained(DIR, max_shard_size='16GB')");
    }
    return err_set(err, ERR_NOT_FOUND, "%s has no %s", o->dir, WEIGHTS_NAME);
}

static enum err_code read_config(struct opening *o, struct err *err)
{
    char path[PATH_BYTES_MAX];
    if (!os_is_dir(o->dir)) {
        err_set(err, ERR_NOT_FOUND, "%s is not a directory", o->dir);
        return err_hint(err, "a model is a directory with config.json and %s", WEIGHTS_NAME);
    }
    if (os_join(path, o->dir, "config.json", err)) return err->code;
    if (os_exists(path)) return json_read_file(path, &o->config, err);
    err_set(err, ERR_NOT_FOUND, "%s has no config.json: it is no model directory", o->dir);
    return err_hint(err, "name a Hugging Face directory: config.json, %s, tokenizer files",
                    WEIGHTS_NAME);
}

/* A model of the sizes that config.json says, parameters still zero. */
static enum err_code build_model(struct opening *o, struct err *err)
{
    const char *labels[LABEL_COUNT_MAX];
    struct model_config config;
    if (hf_config_parse(o->config, &config, labels, err)) return err->code;
    if (config.head == HEAD_NONE)
        config.pooler = safetensors_find(&o->weights, "pooler.dense.weight") ||
                        safetensors_find(&o->weights, PREFIX "pooler.dense.weight");
    if (model_new(&config, &o->model, err)) return err->code;
    return labels[0] ? model_set_labels(o->model, labels, err) : ERR_OK;
}

static enum err_code open_recipe(struct opening *o, struct err *err)
{
    char path[PATH_BYTES_MAX];
    struct buf text;
    if (os_join(path, o->dir, "cairn.json", err)) return err->code;
    if (!os_exists(path)) return ERR_OK;
    buf_init(&text, CONFIG_BYTES_MAX);
    enum err_code code = os_read_file(path, CONFIG_BYTES_MAX, &text, err);
    if (!code) code = model_set_recipe(o->model, text.data, err);
    if (code) err_detail(err, "in %s", path);
    buf_release(&text);
    return code;
}

enum err_code model_open(const char *dir, struct model **ret, struct err *err)
{
    struct opening o = {.dir = dir};
    enum err_code code = read_config(&o, err);
    if (!code) code = open_weights(&o, err);
    if (!code) code = build_model(&o, err);
    if (!code) code = read_all(&o, err);
    if (!code) code = open_recipe(&o, err);
    json_decref(o.config);
    mem_free(o.source);
    mem_free(o.pieces);
    safetensors_close(&o.weights);
    tokenizer_free(o.tokenizer);
    if (code)
        model_free(o.model);
    else
        *ret = o.model;
    return code;
}

static enum err_code save_weights(const struct model *m, const char *dir, struct err *err)
{
    char path[PATH_BYTES_MAX];
    bool plain = m->config.head == HEAD_NONE; /* BertModel's own names have no prefix */
    if (os_join(path, dir, WEIGHTS_NAME, err)) return err->code;
    struct safetensors_item *items = mem_try((size_t)m->tensor_count, sizeof *items, err);
    if (!items) return err->code;
    for (int32_t i = 0; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        items[i] = (struct safetensors_item){
            .name = t->name + (plain ? strlen(PREFIX) : 0),
            .dims = (int)t->dims,
            .shape = {t->dims == 2 ? t->rows : t->cols, t->cols},
            .values = m->params + t->offset,
        };
    }
    enum err_code code = safetensors_write(path, items, (int)m->tensor_count, err);
    mem_free(items);
    return code;
}

static enum err_code save_json(const char *dir, const char *name, const struct buf *text,
                               struct err *err)
{
    char path[PATH_BYTES_MAX];
    if (buf_check(text, err) || os_join(path, dir, name, err)) return err->code;
    return os_write_atomic(path, text->data, text->len, err);
}

static enum err_code save_recipe(const struct model *m, const char *dir, struct err *err)
{
    char path[PATH_BYTES_MAX];
    if (os_join(path, dir, "cairn.json", err)) return err->code;
    if (!m->recipe) return os_remove(path, err); /* of a model that was here before */
    return os_write_atomic(path, m->recipe, strlen(m->recipe), err);
}

static enum err_code save_config(const struct model *m, const char *dir, struct err *err)
{
    struct buf text;
    json_t *doc = hf_config_build(m, err);
    if (!doc) return err->code;
    buf_init(&text, CONFIG_BYTES_MAX);
    json_write(doc, true, &text);
    enum err_code code = save_json(dir, "config.json", &text, err);
    buf_release(&text);
    json_decref(doc);
    return code;
}

enum err_code model_save(const struct model *m, const char *dir, struct err *err)
{
    char config[PATH_BYTES_MAX];
    BUG_IF(m->packed != NULL);
    if (os_mkdirs(dir, err) || os_join(config, dir, "config.json", err) ||
        os_remove(config, err)) /* of a model that was here before: see above */
        return err->code;
    if (save_weights(m, dir, err) || (m->tokenizer && tokenizer_save(m->tokenizer, dir, err)) ||
        save_recipe(m, dir, err) || save_config(m, dir, err))
        return err->code;
    return ERR_OK;
}
