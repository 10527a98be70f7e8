/* engine/model/packed.h - the weights of a model's layers as products read them.
 *
 * Serving packs the four matrices of a layer once, in the order that its kernels stream. All of
 * them lie in one block, which an encoder makes or a file brings (packed_file.h):
 *
 *     layer 0: QKV | out | up | down    layer 1: QKV | out | up | down    ...
 *
 *     struct packed_plan plan;
 *     packed_plan_init(&plan, &model->config, PRECISION_FP32, ISA_BEST);
 *     packed_make(&plan, model, layer, PACKED_UP, block);          // plan.bytes, 64-byte aligned
 *     packed_find(&plan, block, layer, PACKED_UP)                  // what a product takes as b
 *
 * Rules: every matrix starts at a multiple of 64 bytes; the bytes depend on the weights and the
 * layout's name alone, not on thread or CPU; gaps are left as they were.
 * Threads: pure; matrices may be made in parallel.
 */
#ifndef ENGINE_MODEL_PACKED_H
#define ENGINE_MODEL_PACKED_H

#include "engine/model/model.h"
#include "engine/tensor/precision.h"

enum packed_matrix { PACKED_QKV, PACKED_OUT, PACKED_UP, PACKED_DOWN, PACKED_MATRICES };

struct packed_plan {
    enum precision precision;
    enum isa isa;
    const char *layout; /* names the bytes: two plans with one name read each other's blocks */
    int32_t layers;
    int32_t depth[PACKED_MATRICES], cols[PACKED_MATRICES];
    size_t offset[PACKED_MATRICES]; /* in a layer, in bytes */
    size_t layer_bytes, bytes;
};

/* `precision` is not PRECISION_AUTO. */
void packed_plan_init(struct packed_plan *ret, const struct model_config *config,
                      enum precision precision, enum isa isa);
/* Packs one matrix of the model into its place in the block. */
void packed_make(const struct packed_plan *plan, const struct model *m, int32_t layer,
                 enum packed_matrix which, void *block);
/* The same into `out`, where this matrix alone lies. */
void packed_make_at(const struct packed_plan *plan, const struct model *m, int32_t layer,
                    enum packed_matrix which, void *out);
/* The same place, to write. */
void *packed_place(const struct packed_plan *plan, void *block, int32_t layer,
                   enum packed_matrix which);
const void *packed_find(const struct packed_plan *plan, const void *block, int32_t layer,
                        enum packed_matrix which);

#endif
