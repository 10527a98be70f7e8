/* front/app/bench_data.c - what is measured on: sentences and a model, both with defaults that are
 * on every machine. A shape has random weights, because time does not depend on their values as
 * long as they are no zeroes (which draw less power and clock higher). */
#include "base/embed.h"
#include "base/limits.h"
#include "base/rng.h"
#include "base/str.h"
#include "front/app/bench_internal.h"
#include <string.h>

#define DEFAULT_DATA  "clinical-ner/data/train.jsonl"
#define DEFAULT_MODEL "models/minilm-l6"
#define WEIGHT_RANGE  0.0346f /* uniform in +-: a deviation of 0.02, as BERT begins with */

extern const struct embedded_file TEMPLATE_FILES[];

static const struct shape {
    const char *name;
    int32_t hidden, layers, heads, intermediate;
} SHAPES[] = {{"base", 768, 12, 12, 3072}, {"minilm", 384, 6, 12, 1536}};

static const struct shape *find_shape(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(SHAPES); i++)
        if (str_eq(SHAPES[i].name, name)) return &SHAPES[i];
    return NULL;
}

enum err_code bench_check_shape(const char *name, struct err *err)
{
    if (!name || find_shape(name)) return ERR_OK;
    err_set(err, ERR_BAD_INPUT, "\"%s\" is no shape", name);
    return err_hint(err, "base or minilm");
}

/* ---- sentences ---- */
static enum err_code default_data(struct findings *f, struct dataset **ret, struct err *err)
{
    const struct embedded_file *file = TEMPLATE_FILES;
    while (file->name && !str_eq(file->name, DEFAULT_DATA)) file++;
    BUG_IF(!file->name);
    return dataset_parse(file->name, (const char *)file->data, file->len, DATA_FORMAT_JSONL, NULL,
                         f, ret, err);
}

/* A text a line, written as JSON Lines and read as such, so that one reader checks all texts. */
static enum err_code plain_lines(const char *path, struct findings *f, struct dataset **ret,
                                 struct err *err)
{
    struct buf text, lines;
    buf_init(&text, DATA_BYTES_MAX);
    buf_init(&lines, DATA_BYTES_MAX);
    if (os_read_file(path, DATA_BYTES_MAX, &text, err)) goto out;
    for (const char *at = text.data, *all = at + text.len; at < all;) {
        const char *end = memchr(at, '\n', (size_t)(all - at));
        size_t len = end ? (size_t)(end - at) : (size_t)(all - at);
        json_t *line = json_pack("{s:o?}", "text", json_stringn(at, len));
        if (line && len) {
            json_write(line, false, &lines);
            buf_add(&lines, "\n", 1);
        }
        json_decref(line);
        at += len + 1;
    }
    if (buf_check(&lines, err)) goto out;
    (void)!dataset_parse(path, lines.data, lines.len, DATA_FORMAT_JSONL, NULL, f, ret, err);
out:
    buf_release(&text);
    buf_release(&lines);
    return err->code;
}

static bool is_plain(const char *path)
{
    size_t len = strlen(path);
    return len > 4 && str_eq(path + len - 4, ".txt");
}

enum err_code bench_load_data(struct bench *b, struct err *err)
{
    const char *path = b->request->data;
    struct findings f;
    struct dataset *all = NULL;
    if (b->data) return ERR_OK;
    findings_init(&f, FINDINGS_MAX);
    enum err_code code = !path ? default_data(&f, &all, err)
                         : is_plain(path)
                             ? plain_lines(path, &f, &all, err)
                             : dataset_read(path, DATA_FORMAT_AUTO, NULL, &f, &all, err);
    if (code && f.count)
        err_detail(err, "%s:%d: %s", f.items[0].file, (int)f.items[0].line, f.items[0].message);
    findings_release(&f);
    if (code) return code;
    int64_t wanted = b->request->sentences;
    if (wanted <= 0 || wanted >= all->count) {
        b->data = all;
        return ERR_OK;
    }
    int32_t *first = arena_alloc(&b->arena, (size_t)wanted * sizeof *first);
    for (int32_t i = 0; i < wanted; i++) first[i] = i;
    code = dataset_pick(all, first, (int32_t)wanted, &b->data, err);
    dataset_free(all);
    return code;
}

/* ---- the model ---- */
enum err_code bench_model_dir(struct bench *b, struct err *err)
{
    if (b->request->model) {
        if (str_format(b->model_dir, sizeof b->model_dir, "%s", b->request->model)) return ERR_OK;
        return err_set(err, ERR_LIMIT, "the path of the model is too long");
    }
    if (os_join(b->model_dir, b->host->cache_dir, DEFAULT_MODEL, err)) return err->code;
    if (os_is_dir(b->model_dir)) return ERR_OK;
    err_set(err, ERR_NOT_FOUND, "there is no model to measure");
    err_detail(err, "looked for %s", b->model_dir);
    return err_hint(err, "tools/setup weights fetches minilm-l6; or --model DIR names any BERT");
}

static void fill_random(struct model *m)
{
    for (int32_t t = 0; t < m->tensor_count; t++) {
        const struct tensor *w = &m->tensors[t];
        bool gamma = !w->decay && strstr(w->name, "LayerNorm.weight");
        float *at = m->params + w->offset;
        for (size_t i = 0; i < w->count; i += 4) {
            uint32_t r[4];
            if (w->decay) rng_philox(1, (uint64_t)RNG_INIT << 48 | (uint64_t)t, i, r);
            for (size_t k = 0; k < 4 && i + k < w->count; k++)
                at[i + k] = w->decay ? ((float)r[k] * 0x1p-31f - 1) * WEIGHT_RANGE : (float)gamma;
        }
    }
}

static enum err_code new_of_shape(struct bench *b, const struct shape *s, struct err *err)
{
    struct tokenizer *tok = NULL;
    if (tokenizer_open(b->model_dir, &tok, err)) return err->code;
    struct model_config c = {.vocab_count = tokenizer_vocab_count(tok),
                             .hidden = s->hidden,
                             .layers = s->layers,
                             .heads = s->heads,
                             .intermediate = s->intermediate,
                             .positions = 512,
                             .types = 2,
                             .layer_norm_eps = 1e-12f,
                             .dropout_hidden = 0.1f,
                             .dropout_attention = 0.1f,
                             .dropout_head = 0.1f,
                             .initializer_range = 0.02f};
    if (model_new(&c, &b->model, err) || model_take_tokenizer(b->model, tok, err)) {
        tokenizer_free(tok);
        return err->code;
    }
    fill_random(b->model);
    return ERR_OK;
}

static enum err_code open_model(struct bench *b, struct err *err)
{
    const char *shape = b->request->shape;
    if (bench_model_dir(b, err)) return err->code;
    if (!shape) return model_open(b->model_dir, &b->model, err);
    return new_of_shape(b, find_shape(shape), err);
}

/* A model with a token head stays as it is; any other gets one for the data's labels. */
enum err_code bench_load_model(struct bench *b, struct err *err)
{
    const char *one[] = {"LABEL"};
    if (b->model) return ERR_OK;
    if (bench_load_data(b, err) || open_model(b, err)) return err->code;
    struct model *m = b->model;
    int32_t *map = NULL;
    if (m->config.head != HEAD_TOKEN) {
        const struct dataset *d = b->data;
        bool none = d->label_count == 0; /* plain lines */
        if (tag_set_from_labels(&b->arena, none ? one : (const char *const *)d->labels,
                                none ? 1 : d->label_count, &b->tags, err) ||
            model_set_head(m, HEAD_TOKEN, (const char *const *)b->tags.tags, b->tags.tag_count, 1,
                           err))
            return err->code;
    }
    return tag_set_from_model(&b->arena, m, &b->tags, &map, err);
}

enum err_code bench_prepare(struct bench *b, struct err *err)
{
    if (bench_load_model(b, err)) return err->code;
    int32_t most = b->model->config.positions, stride = 32;
    if (most > BENCH_TOKENS_MAX) most = BENCH_TOKENS_MAX;
    if (stride > (most - 2) / 2) stride = (most - 2) / 2;
    return token_data_prepare(b->data, b->model->tokenizer, &b->tags, most, stride, &b->tokens,
                              err);
}

json_t *bench_model_json(const struct bench *b)
{
    const struct model_config *c = &b->model->config;
    return json_pack("{s:s?, s:i, s:i, s:i, s:i, s:I}", "shape", b->request->shape, "layers",
                     c->layers, "hidden", c->hidden, "intermediate", c->intermediate, "vocabulary",
                     c->vocab_count, "parameters", (json_int_t)b->model->param_count);
}
