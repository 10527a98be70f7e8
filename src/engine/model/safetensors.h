/* engine/model/safetensors.h - the file format of weights: a JSON header, then raw tensors.
 *
 *     struct safetensors st;
 *     if (safetensors_open(path, &st, err)) return err->code;   // maps, checks all of the header
 *     const struct safetensors_tensor *t = safetensors_find(&st, "bert.pooler.dense.bias");
 *     if (t && safetensors_is_float(t)) safetensors_read(&st, t, 0, t->count, out);
 *     safetensors_close(&st);
 *
 * Layout: u64 header length N, little-endian; N bytes of JSON {"name": {"dtype", "shape",
 * "data_offsets": [begin, end]}, "__metadata__": {string: string}}, space-padded; then the data,
 * little-endian, row-major.
 * Rules that hold after _open: names differ; every tensor's bytes are inside the data, equal its
 * shape times its type, overlap no other tensor, and leave no hole. Anything else is
 * ERR_BAD_INPUT, past a limit ERR_LIMIT.
 * Owner:   the caller closes; tensors and names live as long as the struct.
 * Threads: read-only after _open.
 * Source:  huggingface/safetensors, README "Format"; what transformers writes and reads.
 */
#ifndef ENGINE_MODEL_SAFETENSORS_H
#define ENGINE_MODEL_SAFETENSORS_H

#include "base/limits.h"
#include "base/os.h"

#define SAFETENSORS_DIMS_MAX 8

struct safetensors_tensor {
    char name[MODEL_NAME_BYTES_MAX];
    char dtype[12]; /* as the file spells it: "F32" */
    int dims;       /* 0: a scalar */
    int64_t shape[SAFETENSORS_DIMS_MAX];
    size_t count;         /* product of the shape */
    size_t offset, bytes; /* in the data */
};

struct safetensors {
    struct os_map map; /* empty when parsed from memory */
    const unsigned char *data;
    size_t data_bytes;
    struct safetensors_tensor *tensors; /* in the order of the data */
    int count;
};

enum err_code safetensors_open(const char *path, struct safetensors *ret,
                               struct err *err) MUST_CHECK;
/* From memory, which must outlive *ret; `name` stands for the path in errors. */
enum err_code safetensors_parse(const void *bytes, size_t len, const char *name,
                                struct safetensors *ret, struct err *err) MUST_CHECK;
void safetensors_close(struct safetensors *st);
const struct safetensors_tensor *safetensors_find(const struct safetensors *st, const char *name);

/* F32, F16 or BF16: what _read turns into floats. */
bool safetensors_is_float(const struct safetensors_tensor *t);
/* Values [first, first + count) of a float tensor as fp32; exact for all three types. */
void safetensors_read(const struct safetensors *st, const struct safetensors_tensor *t,
                      size_t first, size_t count, float *out);

struct safetensors_item { /* to write: fp32 */
    const char *name;
    int dims; /* 1 or 2 */
    int64_t shape[2];
    const float *values;
};
/* Writes atomically, in the given order, with metadata {"format": "pt"}, which transformers asks
 * for. */
enum err_code safetensors_write(const char *path, const struct safetensors_item *items, int count,
                                struct err *err) MUST_CHECK;

#endif
