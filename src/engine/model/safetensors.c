/* engine/model/safetensors.c - reading and writing safetensors.
 *
 * The header comes from strangers, so all of it is checked before any of it is used: the length
 * before the JSON is parsed, depth and bytes before jansson allocates, each shape's product against
 * overflow, and at last the tensors sorted by offset, of which each must begin where the one before
 * ends. That one rule excludes overlaps, holes and a truncated or over-long file at once.
 */
#include "engine/model/safetensors.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

#define HEADER_DEPTH_MAX 4

static const struct {
    const char *name;
    size_t bytes;
} DTYPES[] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"I16", 2},
              {"I8", 1},  {"U8", 1},  {"U16", 2},  {"U32", 4}, {"U64", 8}, {"BOOL", 1}};

struct source { /* what errors name */
    const char *path;
    size_t data_bytes;
};

static enum err_code parse_shape(const json_t *shape, const struct source *src,
                                 struct safetensors_tensor *t, struct err *err)
{
    size_t dims = json_array_size(shape);
    if (dims > SAFETENSORS_DIMS_MAX)
        return err_set(err, ERR_LIMIT, "%s: tensor \"%s\" has %zu dimensions, the limit is %d",
                       src->path, t->name, dims, SAFETENSORS_DIMS_MAX);
    t->count = 1;
    t->dims = (int)dims;
    for (size_t i = 0; i < dims; i++) {
        const json_t *item = json_array_get(shape, i);
        json_int_t n = json_is_integer(item) ? json_integer_value(item) : -1;
        if (n < 0)
            return err_set(err, ERR_BAD_INPUT, "%s: tensor \"%s\": the shape is not of counts",
                           src->path, t->name);
        t->shape[i] = n;
        if (__builtin_mul_overflow(t->count, (size_t)n, &t->count))
            return err_set(err, ERR_BAD_INPUT, "%s: tensor \"%s\": the shape overflows", src->path,
                           t->name);
    }
    return ERR_OK;
}

static enum err_code parse_offsets(const json_t *offsets, const struct source *src,
                                   struct safetensors_tensor *t, struct err *err)
{
    const json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
    json_int_t begin = json_is_integer(first) ? json_integer_value(first) : -1;
    json_int_t end = json_is_integer(last) ? json_integer_value(last) : -1;
    if (json_array_size(offsets) != 2 || begin < 0 || end < begin)
        return err_set(err, ERR_BAD_INPUT, "%s: tensor \"%s\": data_offsets are not [begin, end]",
                       src->path, t->name);
    if ((uint64_t)end > src->data_bytes) {
        err_set(err, ERR_BAD_INPUT, "%s: tensor \"%s\" ends past the end of the file", src->path,
                t->name);
        return err_detail(err, "it ends at byte %lld of the data, of which the file has %zu",
                          (long long)end, src->data_bytes);
    }
    t->offset = (size_t)begin;
    t->bytes = (size_t)(end - begin);
    return ERR_OK;
}

static enum err_code parse_dtype(const char *dtype, const struct source *src,
                                 struct safetensors_tensor *t, struct err *err)
{
    size_t bytes;
    for (size_t i = 0; i < ARRAY_COUNT(DTYPES); i++) {
        if (!str_eq(dtype, DTYPES[i].name)) continue;
        BUG_IF(!str_format(t->dtype, sizeof t->dtype, "%s", dtype));
        if (!__builtin_mul_overflow(t->count, DTYPES[i].bytes, &bytes) && bytes == t->bytes)
            return ERR_OK;
        return err_set(err, ERR_BAD_INPUT,
                       "%s: tensor \"%s\" has %zu bytes, which is not its shape in %s", src->path,
                       t->name, t->bytes, dtype);
    }
    return err_set(err, ERR_BAD_INPUT, "%s: tensor \"%s\" has the unknown type \"%.40s\"",
                   src->path, t->name, dtype);
}

static enum err_code parse_tensor(const char *name, const json_t *entry, const struct source *src,
                                  struct safetensors_tensor *t, struct err *err)
{
    json_t *shape = NULL, *offsets = NULL;
    const char *dtype = NULL;
    if (!str_format(t->name, sizeof t->name, "%s", name) || name[0] == '\0')
        return err_set(err, ERR_LIMIT, "%s: a tensor's name is empty or over %d bytes: \"%.60s\"",
                       src->path, MODEL_NAME_BYTES_MAX - 1, name);
    if (!json_is_object(entry))
        return err_set(err, ERR_BAD_INPUT, "%s: tensor \"%s\" is not an object", src->path, name);
    if (json_need_string(entry, "dtype", &dtype, err) ||
        json_need_array(entry, "shape", &shape, err) ||
        json_need_array(entry, "data_offsets", &offsets, err))
        return err_detail(err, "%s: in the header, at tensor \"%s\"", src->path, name);
    if (parse_shape(shape, src, t, err) || parse_offsets(offsets, src, t, err) ||
        parse_dtype(dtype, src, t, err))
        return err->code;
    return ERR_OK;
}

static enum err_code check_metadata(const json_t *metadata, const char *path, struct err *err)
{
    const char *key;
    json_t *value;
    bool good = json_is_object(metadata);
    json_object_foreach((json_t *)metadata, key, value) good = good && json_is_string(value);
    if (good) return ERR_OK;
    return err_set(err, ERR_BAD_INPUT, "%s: __metadata__ is not an object of strings", path);
}

static int by_offset(const void *a, const void *b)
{
    const struct safetensors_tensor *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static enum err_code check_cover(struct safetensors *st, const char *path, struct err *err)
{
    size_t at = 0;
    qsort(st->tensors, (size_t)st->count, sizeof *st->tensors, by_offset);
    for (int i = 0; i < st->count; i++) {
        const struct safetensors_tensor *t = &st->tensors[i];
        if (t->offset != at)
            return err_set(err, ERR_BAD_INPUT, "%s: tensor \"%s\" %s", path, t->name,
                           t->offset < at ? "overlaps the one before it"
                                          : "leaves a hole before it");
        at += t->bytes;
    }
    if (at == st->data_bytes) return ERR_OK;
    return err_set(err, ERR_BAD_INPUT, "%s: %zu bytes after the last tensor", path,
                   st->data_bytes - at);
}

static enum err_code parse_header(json_t *header, const char *path, struct safetensors *st,
                                  struct err *err)
{
    const char *name;
    json_t *entry;
    struct source src = {.path = path, .data_bytes = st->data_bytes};
    size_t count = json_object_size(header);
    if (!json_is_object(header))
        return err_set(err, ERR_BAD_INPUT, "%s: the header is not a JSON object", path);
    if (count > SAFETENSORS_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "%s: %zu tensors, the limit is %d", path, count,
                       SAFETENSORS_COUNT_MAX);
    st->tensors = mem_try(count + 1, sizeof *st->tensors, err);
    if (!st->tensors) return err->code;
    json_object_foreach(header, name, entry)
    {
        if (str_eq(name, "__metadata__")) {
            if (check_metadata(entry, path, err)) return err->code;
        } else if (parse_tensor(name, entry, &src, &st->tensors[st->count++], err)) {
            return err->code;
        }
    }
    return check_cover(st, path, err);
}

enum err_code safetensors_parse(const void *bytes, size_t len, const char *name,
                                struct safetensors *ret, struct err *err)
{
    static const struct json_limits limits = {.bytes_max = SAFETENSORS_HEADER_BYTES_MAX,
                                              .depth_max = HEADER_DEPTH_MAX};
    const unsigned char *b = bytes;
    struct safetensors st = {0};
    json_t *header = NULL;
    uint64_t header_len = 0;
    if (len < 8)
        return err_set(err, ERR_BAD_INPUT, "%s: %zu bytes is no safetensors file", name, len);
    for (int i = 7; i >= 0; i--) header_len = header_len << 8 | b[i];
    if (header_len > len - 8)
        return err_set(err, ERR_BAD_INPUT, "%s: the header's length %llu is more than the file has",
                       name, (unsigned long long)header_len);
    if (header_len > SAFETENSORS_HEADER_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "%s: the header has %llu bytes, the limit is %u", name,
                       (unsigned long long)header_len, SAFETENSORS_HEADER_BYTES_MAX);
    if (header_len == 0 || b[8] != '{')
        return err_set(err, ERR_BAD_INPUT, "%s: the header does not begin with {", name);
    st.data = b + 8 + header_len;
    st.data_bytes = len - 8 - (size_t)header_len;
    if (json_parse((const char *)b + 8, (size_t)header_len, &limits, &header, err))
        return err_detail(err, "in the header of %s", name);
    enum err_code code = parse_header(header, name, &st, err);
    json_decref(header);
    if (code)
        mem_free(st.tensors);
    else
        *ret = st;
    return code;
}

enum err_code safetensors_open(const char *path, struct safetensors *ret, struct err *err)
{
    struct os_map map;
    int64_t bytes;
    if (os_file_bytes(path, &bytes, err)) return err->code;
    if ((uint64_t)bytes > MODEL_FILE_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "%s: %lld bytes, the limit is %llu", path, (long long)bytes,
                       (unsigned long long)MODEL_FILE_BYTES_MAX);
    if (os_map_file(path, &map, err)) return err->code;
    if (safetensors_parse(map.data, map.len, path, ret, err)) {
        os_unmap(&map);
        return err->code;
    }
    ret->map = map;
    return ERR_OK;
}

void safetensors_close(struct safetensors *st)
{
    mem_free(st->tensors);
    if (st->map.data) os_unmap(&st->map);
    *st = (struct safetensors){0};
}

const struct safetensors_tensor *safetensors_find(const struct safetensors *st, const char *name)
{
    for (int i = 0; i < st->count; i++)
        if (str_eq(st->tensors[i].name, name)) return &st->tensors[i];
    return NULL;
}

bool safetensors_is_float(const struct safetensors_tensor *t)
{
    return str_eq(t->dtype, "F32") || str_eq(t->dtype, "F16") || str_eq(t->dtype, "BF16");
}

static float float_of_bits(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* IEEE binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. A subnormal is fraction x 2^-24,
 * exact in fp32. */
static float float_of_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31,
             fraction = half & 0x3ff;
    if (exponent == 31) return float_of_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent > 0) return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float v = (float)fraction * 0x1p-24f;
    return sign ? -v : v;
}

void safetensors_read(const struct safetensors *st, const struct safetensors_tensor *t,
                      size_t first, size_t count, float *out)
{
    BUG_IF(!safetensors_is_float(t) || first > t->count || count > t->count - first);
    const unsigned char *from = st->data + t->offset;
    if (str_eq(t->dtype, "F32")) {
        if (count > 0) memcpy(out, from + first * 4, count * 4);
        return;
    }
    bool brain = str_eq(t->dtype, "BF16");
    for (size_t i = 0; i < count; i++) { /* the data may lie at an odd address */
        uint16_t half;
        memcpy(&half, from + (first + i) * 2, sizeof half);
        out[i] = brain ? float_of_bits((uint32_t)half << 16) : float_of_half(half);
    }
}

/* The header as text, padded with spaces so that the data starts at a multiple of 64. */
static enum err_code build_header(const struct safetensors_item *items, int count, struct buf *out,
                                  size_t *ret_data_bytes, struct err *err)
{
    size_t at = 0;
    json_t *header = json_pack("{s:{s:s}}", "__metadata__", "format", "pt");
    for (int i = 0; i < count; i++) {
        const struct safetensors_item *item = &items[i];
        size_t bytes = sizeof(float);
        json_t *shape = json_array();
        for (int d = 0; d < item->dims; d++) {
            json_array_append_new(shape, json_integer(item->shape[d]));
            bytes *= (size_t)item->shape[d];
        }
        json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape,
                                  "data_offsets", (json_int_t)at, (json_int_t)(at + bytes));
        if (json_object_set_new(header, item->name, entry)) { /* the one sign of no memory */
            json_decref(header);
            return err_set(err, ERR_NO_MEMORY, "the header of %d tensors", count);
        }
        at += bytes;
    }
    json_write(header, false, out);
    json_decref(header);
    while ((out->len + 8) % 64 != 0 && !out->failed) buf_addc(out, ' ');
    *ret_data_bytes = at;
    return buf_check(out, err);
}

enum err_code safetensors_write(const char *path, const struct safetensors_item *items, int count,
                                struct err *err)
{
    struct buf header;
    size_t data_bytes = 0;
    buf_init(&header, SAFETENSORS_HEADER_BYTES_MAX);
    if (build_header(items, count, &header, &data_bytes, err)) goto out;
    size_t total = 8 + header.len + data_bytes, at = 8 + header.len;
    unsigned char *file = mem_try(total, 1, err);
    if (!file) goto out;
    for (int i = 0; i < 8; i++) file[i] = (unsigned char)((uint64_t)header.len >> 8 * i);
    memcpy(file + 8, header.data, header.len);
    for (int i = 0; i < count; i++) {
        size_t values = (size_t)items[i].shape[0];
        if (items[i].dims == 2) values *= (size_t)items[i].shape[1];
        memcpy(file + at, items[i].values, values * sizeof(float));
        at += values * sizeof(float);
    }
    enum err_code code = os_write_atomic(path, file, total, err);
    mem_free(file);
    buf_release(&header);
    return code;
out:
    buf_release(&header);
    return err->code;
}
