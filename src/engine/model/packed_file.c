/* engine/model/packed_file.c - writing, opening and checking the file of packed_file.h.
 *
 *     safetensors header
 *     parameters  F32 [param_count]   the block of model.h; holes for the matrices of layers
 *     packed      U8  [bytes]         packed.h
 *     tokenizer   U8  [bytes]         tokenizer_image_write
 *     about       U8  [bytes]         JSON: format, model, layout, config, recipe
 *     sha256      U8  [128]           hex: of header and about; of all bytes before this tensor
 *
 * The reader of safetensors, which trusts nothing, does the bounds: tensors that neither overlap
 * nor leave gaps. The head's digest is checked before anything that the head says is used, so that
 * a flipped bit cannot change, say, the epsilon of a LayerNorm. Everything is 64-byte aligned,
 * since the header is padded and the first two tensors have such sizes.
 *
 * The writer streams: it makes one matrix at a time and hashes what it writes.
 */
#include "engine/model/packed_file.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/model/hf_config_internal.h"
#include "engine/model/model_internal.h"
#include "engine/model/safetensors.h"
#include "engine/text/tokenizer.h"
#include <string.h>

#define FORMAT      "cairn.packed/v1"
#define ALIGN_BYTES 64
#define HEX_BYTES   64 /* of a digest */
#define CHUNK_BYTES (1u << 20)

/* ---- writing ---- */

struct writer {
    struct os_replace file;
    struct hash all;
    packed_stop_fn *stop;
    void *ctx;
    struct err *err;
    enum err_code code; /* sticky */
};

struct parts { /* what goes into the file beside the model */
    struct packed_plan plan;
    struct buf header, about, tokenizer;
};

static void put(struct writer *w, const void *bytes, size_t len)
{
    if (w->code) return;
    if (w->stop && w->stop(w->ctx)) {
        w->code = err_set(w->err, ERR_INTERRUPTED, "writing %s was given up", w->file.path);
        return;
    }
    hash_add(&w->all, bytes, len);
    w->code = os_replace_write(&w->file, bytes, len, w->err);
}

static void put_hole(struct writer *w, size_t len)
{
    static const char zeros[4096];
    if (w->code) return;
    for (size_t left = len, n; left > 0; left -= n) {
        n = left < sizeof zeros ? left : sizeof zeros;
        hash_add(&w->all, zeros, n);
    }
    w->code = os_replace_skip(&w->file, len, w->err);
}

/* A matrix of a layer: it is in the packed weights. */
static bool is_packed(const struct tensor *t)
{
    return t->dims == 2 && str_starts(t->name, "bert.encoder.layer.");
}

static void put_parameters(struct writer *w, const struct model *m)
{
    size_t at = 0; /* floats */
    for (int32_t i = 0; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        if (is_packed(t)) continue;
        put_hole(w, (t->offset - at) * sizeof(float));
        put(w, m->params + t->offset, t->count * sizeof(float));
        at = t->offset + t->count;
    }
    put_hole(w, (m->param_count - at) * sizeof(float));
}

/* One layer at a time, in a room of its own. */
static void put_packed(struct writer *w, const struct model *m, const struct packed_plan *plan)
{
    void *room = NULL, *block = mem_try_pages(plan->layer_bytes, 1, &room, w->err);
    if (!block) {
        w->code = w->err->code;
        return;
    }
    for (int32_t layer = 0; layer < plan->layers && !w->code; layer++)
        for (int i = 0; i < PACKED_MATRICES && !w->code; i++) {
            const size_t next = i + 1 < PACKED_MATRICES ? plan->offset[i + 1] : plan->layer_bytes;
            packed_make_at(plan, m, layer, (enum packed_matrix)i, (char *)room + plan->offset[i]);
            put(w, (char *)room + plan->offset[i], next - plan->offset[i]);
        }
    mem_free(block);
}

static enum err_code build_about(const struct model *m, const char *digest,
                                 const struct packed_plan *plan, struct buf *out, struct err *err)
{
    json_t *config = hf_config_build(m, err);
    if (!config) return err->code;
    json_t *about = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s?}", "format", FORMAT, "model", digest,
                              "layout", plan->layout, "precision", PRECISION_NAMES[plan->precision],
                              "config", config, "recipe", m->recipe);
    if (!about) return err_set(err, ERR_NO_MEMORY, "no memory for a packed file's description");
    json_write(about, false, out);
    json_decref(about);
    return buf_check(out, err);
}

/* Adds a tensor to the header; *at moves behind it. */
static void add_entry(json_t *header, const char *name, const char *dtype, size_t item_bytes,
                      size_t count, size_t *at)
{
    const size_t end = *at + count * item_bytes;
    json_object_set_new(header, name,
                        json_pack("{s:s, s:[I], s:[I, I]}", "dtype", dtype, "shape",
                                  (json_int_t)count, "data_offsets", (json_int_t)*at,
                                  (json_int_t)end));
    *at = end;
}

static enum err_code build_header(const struct model *m, struct parts *p, struct err *err)
{
    json_t *header = json_object();
    size_t at = 0;
    uint64_t len = 0;
    add_entry(header, "parameters", "F32", sizeof(float), m->param_count, &at);
    add_entry(header, "packed", "U8", 1, p->plan.bytes, &at);
    add_entry(header, "tokenizer", "U8", 1, p->tokenizer.len, &at);
    add_entry(header, "about", "U8", 1, p->about.len, &at);
    add_entry(header, "sha256", "U8", 1, 2 * HEX_BYTES, &at);
    buf_add(&p->header, &len, sizeof len); /* its place */
    json_write(header, false, &p->header);
    json_decref(header);
    while (p->header.len % ALIGN_BYTES != 0 && !p->header.failed) buf_addc(&p->header, ' ');
    if (buf_check(&p->header, err)) return err->code;
    len = p->header.len - sizeof len;
    memcpy(p->header.data, &len, sizeof len); /* little-endian, as digest.c asserts */
    return ERR_OK;
}

static void hash_head(const void *header, size_t header_len, const void *about, size_t about_len,
                      char hex[HASH_HEX_BYTES])
{
    struct hash h;
    hash_init(&h);
    hash_add(&h, header, header_len);
    hash_add(&h, about, about_len);
    hash_finish(&h, hex);
}

static void put_all(struct writer *w, const struct model *m, const struct parts *p)
{
    char digests[2][HASH_HEX_BYTES];
    put(w, p->header.data, p->header.len);
    put_parameters(w, m);
    put_packed(w, m, &p->plan);
    put(w, p->tokenizer.data, p->tokenizer.len);
    put(w, p->about.data, p->about.len);
    hash_head(p->header.data, p->header.len, p->about.data, p->about.len, digests[0]);
    hash_finish(&w->all, digests[1]);
    for (int i = 0; i < 2 && !w->code; i++)
        w->code = os_replace_write(&w->file, digests[i], HEX_BYTES, w->err);
}

static enum err_code build_parts(const struct model *m, const char *digest, struct parts *p,
                                 struct err *err)
{
    if (tokenizer_image_write(m->tokenizer, &p->tokenizer, err) ||
        build_about(m, digest, &p->plan, &p->about, err) || build_header(m, p, err))
        return err->code;
    return ERR_OK;
}

static enum err_code write_parts(const char *path, const struct model *m, const struct parts *p,
                                 packed_stop_fn *stop, void *ctx, struct err *err)
{
    struct writer w = {.stop = stop, .ctx = ctx, .err = err};
    if (os_replace_begin(path, &w.file, err)) return err->code;
    w.code = os_replace_private(&w.file, err);
    hash_init(&w.all);
    put_all(&w, m, p);
    if (!w.code) return os_replace_commit(&w.file, err);
    os_replace_abandon(&w.file);
    return w.code;
}

enum err_code packed_file_write(const char *path, const struct model *m, const char *digest,
                                enum precision precision, enum isa isa, packed_stop_fn *stop,
                                void *ctx, struct err *err)
{
    struct parts p;
    BUG_IF(m->packed || !m->tokenizer || m->config.head != HEAD_TOKEN);
    packed_plan_init(&p.plan, &m->config, precision, isa);
    buf_init(&p.header, SAFETENSORS_HEADER_BYTES_MAX);
    buf_init(&p.about, SAFETENSORS_HEADER_BYTES_MAX);
    buf_init(&p.tokenizer, SIZE_MAX / 4);
    enum err_code code = build_parts(m, digest, &p, err);
    if (!code) code = write_parts(path, m, &p, stop, ctx, err);
    buf_release(&p.header);
    buf_release(&p.about);
    buf_release(&p.tokenizer);
    return code;
}

/* ---- opening ---- */

struct opening {
    struct packed_file *packed;
    struct safetensors file;
    const struct safetensors_tensor *parameters, *weights, *tokenizer, *about, *sha256;
    json_t *doc;
    struct model *model;
    const char *digest;
};

static enum err_code damaged(const char *what, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "the packed file is damaged: %s", what);
}

static enum err_code find_parts(struct opening *o, struct err *err)
{
    const struct safetensors *f = &o->file;
    o->parameters = safetensors_find(f, "parameters");
    o->weights = safetensors_find(f, "packed");
    o->tokenizer = safetensors_find(f, "tokenizer");
    o->about = safetensors_find(f, "about");
    o->sha256 = safetensors_find(f, "sha256");
    if (!o->parameters || !o->weights || !o->tokenizer || !o->about || !o->sha256)
        return damaged("a part is missing", err);
    if ((uintptr_t)f->data % ALIGN_BYTES || o->parameters->offset % ALIGN_BYTES ||
        o->weights->offset % ALIGN_BYTES || o->tokenizer->offset % ALIGN_BYTES ||
        !str_eq(o->parameters->dtype, "F32") || o->sha256->bytes != (size_t)2 * HEX_BYTES)
        return damaged("a part is out of place", err);
    return ERR_OK;
}

static enum err_code check_head(const struct opening *o, struct err *err)
{
    const struct safetensors *f = &o->file;
    const struct os_map *map = &o->packed->map;
    char hex[HASH_HEX_BYTES];
    hash_head(map->data, map->len - f->data_bytes, f->data + o->about->offset, o->about->bytes,
              hex);
    if (memcmp(hex, f->data + o->sha256->offset, HEX_BYTES) != 0)
        return damaged("its head has another digest", err);
    return ERR_OK;
}

static enum err_code read_about(struct opening *o, struct err *err)
{
    const char *format = NULL, *model = NULL, *layout = NULL, *recipe = NULL;
    json_t *config = NULL;
    const char *labels[LABEL_COUNT_MAX];
    struct model_config c;
    if (json_parse((const char *)o->file.data + o->about->offset, o->about->bytes,
                   &JSON_LIMITS_FILE, &o->doc, err) ||
        json_need_string(o->doc, "format", &format, err) ||
        json_need_string(o->doc, "model", &model, err) ||
        json_need_string(o->doc, "layout", &layout, err) ||
        json_need_object(o->doc, "config", &config, err) ||
        json_opt_string(o->doc, "recipe", &recipe, err))
        return err->code;
    if (!str_eq(format, FORMAT)) return damaged("it has another format", err);
    if (!str_eq(model, o->digest)) return damaged("it holds another model", err);
    if (!str_format(o->packed->layout, sizeof o->packed->layout, "%s", layout))
        return damaged("its layout has too long a name", err);
    if (hf_config_parse(config, &c, labels, err)) return err->code;
    if (c.head != HEAD_TOKEN) return damaged("its model has no head over tokens", err);
    if (model_new_bare(&c, &o->model, err)) return err->code;
    if (labels[0] && model_set_labels(o->model, labels, err)) return err->code;
    return recipe ? model_set_recipe(o->model, recipe, err) : ERR_OK;
}

static enum err_code place_parts(struct opening *o, struct err *err)
{
    struct model *m = o->model;
    struct tokenizer *tokenizer = NULL;
    const unsigned char *data = o->file.data;
    if (o->parameters->count != m->param_count)
        return damaged("its parameters have another size", err);
    m->params = (float *)(uintptr_t)(data + o->parameters->offset);
    o->packed->data = data + o->weights->offset;
    o->packed->bytes = o->weights->bytes;
    if (tokenizer_image_open(data + o->tokenizer->offset, o->tokenizer->bytes, &tokenizer, err))
        return err->code;
    if (tokenizer_vocab_count(tokenizer) > m->config.vocab_count) {
        tokenizer_free(tokenizer);
        return damaged("its tokenizer has more pieces than its model", err);
    }
    if (model_take_tokenizer(m, tokenizer, err)) {
        tokenizer_free(tokenizer);
        return err->code;
    }
    return ERR_OK;
}

static enum err_code open_parts(struct opening *o, const char *path, struct err *err)
{
    if (os_map_own_file(path, &o->packed->map, err)) return err->code;
    if (safetensors_parse(o->packed->map.data, o->packed->map.len, path, &o->file, err))
        return err->code;
    if (find_parts(o, err) || check_head(o, err) || read_about(o, err) || place_parts(o, err))
        return err->code;
    return ERR_OK;
}

enum err_code packed_file_open(const char *path, const char *digest, struct model **ret,
                               struct err *err)
{
    struct opening o = {.digest = digest};
    o.packed = mem_try(1, sizeof *o.packed, err);
    if (!o.packed) return err->code;
    enum err_code code = open_parts(&o, path, err);
    json_decref(o.doc);
    safetensors_close(&o.file);
    if (code) {
        model_free(o.model); /* its tokenizer points into the mapping */
        packed_file_close(o.packed);
        return code;
    }
    o.model->packed = o.packed;
    *ret = o.model;
    return ERR_OK;
}

bool packed_file_fits(const struct packed_file *p, const struct packed_plan *plan)
{
    return p->bytes == plan->bytes && str_eq(p->layout, plan->layout);
}

void packed_file_close(struct packed_file *p)
{
    if (!p) return;
    os_unmap(&p->map);
    mem_free(p);
}

/* ---- checking ---- */

/* Hashes all but the last two digests, which it keeps. */
static enum err_code hash_file_body(struct os_reader *r, size_t body, char *chunk,
                                    packed_stop_fn *stop, void *ctx, char hex[HASH_HEX_BYTES],
                                    char tail[2 * HEX_BYTES], struct err *err)
{
    struct hash h;
    size_t at = 0, got = 1;
    enum err_code code = ERR_OK;
    hash_init(&h);
    while (!code && got > 0 && at < body + (size_t)2 * HEX_BYTES) {
        if (stop && stop(ctx)) code = err_set(err, ERR_INTERRUPTED, "the check was given up");
        if (!code) code = os_reader_next(r, chunk, CHUNK_BYTES, &got, err);
        if (code) break;
        const size_t in_body = at >= body ? 0 : got < body - at ? got : body - at;
        hash_add(&h, chunk, in_body);
        for (size_t i = in_body; i < got && at + i - body < (size_t)2 * HEX_BYTES; i++)
            tail[at + i - body] = chunk[i];
        at += got;
    }
    hash_finish(&h, hex);
    return code;
}

enum err_code packed_file_check(const char *path, packed_stop_fn *stop, void *ctx, struct err *err)
{
    struct os_reader r;
    int64_t bytes = 0;
    char hex[HASH_HEX_BYTES], tail[2 * HEX_BYTES] = {0};
    if (os_file_bytes(path, &bytes, err)) return err->code;
    if (bytes < (int64_t)2 * HEX_BYTES) return damaged("it is cut off", err);
    char *chunk = mem_try(1, CHUNK_BYTES, err);
    if (!chunk) return err->code;
    enum err_code code = os_reader_open(path, &r, err);
    if (!code) {
        code = hash_file_body(&r, (size_t)bytes - 2 * HEX_BYTES, chunk, stop, ctx, hex, tail, err);
        os_reader_close(&r);
    }
    mem_free(chunk);
    if (!code && memcmp(hex, tail + HEX_BYTES, HEX_BYTES) != 0)
        code = damaged("its contents have another digest", err);
    return code;
}
