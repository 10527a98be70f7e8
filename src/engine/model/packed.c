/* engine/model/packed.c - one walk gives each matrix its place; kernels do the packing.
 *
 * All layers have the same shapes, so a matrix's place is its layer times a layer's bytes plus its
 * place in the layer. fp32 packs by kernels.h, every other precision by its table in lowp.h.
 */
#include "engine/model/packed.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/lowp.h"

#define ALIGN_BYTES 64

static size_t matrix_bytes(const struct lowp *lowp, int32_t depth, int32_t cols)
{
    const size_t bytes =
        lowp ? lowp->weights_bytes(depth, cols) : gemm_packed_floats(depth, cols) * sizeof(float);
    return (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
}

void packed_plan_init(struct packed_plan *ret, const struct model_config *config,
                      enum precision precision, enum isa isa)
{
    BUG_IF(precision == PRECISION_AUTO);
    const struct lowp *lowp = lowp_get(precision, isa);
    const int32_t h = config->hidden, inter = config->intermediate;
    *ret = (struct packed_plan){
        .precision = precision,
        .isa = isa,
        .layout = lowp ? lowp->layout : GEMM_PACKED_LAYOUT,
        .layers = config->layers,
        .depth = {[PACKED_QKV] = h, [PACKED_OUT] = h, [PACKED_UP] = h, [PACKED_DOWN] = inter},
        .cols = {[PACKED_QKV] = 3 * h, [PACKED_OUT] = h, [PACKED_UP] = inter, [PACKED_DOWN] = h}};
    for (int i = 0; i < PACKED_MATRICES; i++) {
        ret->offset[i] = ret->layer_bytes;
        ret->layer_bytes += matrix_bytes(lowp, ret->depth[i], ret->cols[i]);
    }
    ret->bytes = ret->layer_bytes * (size_t)config->layers;
}

static size_t offset_of(const struct packed_plan *plan, int32_t layer, enum packed_matrix which)
{
    BUG_IF(layer < 0 || layer >= plan->layers);
    return (size_t)layer * plan->layer_bytes + plan->offset[which];
}

/* w [cols, depth] in the parameter block */
static const float *matrix_of(const struct model *m, int32_t layer, enum packed_matrix which)
{
    const struct layer_offsets *o = &m->layer[layer];
    const size_t at[PACKED_MATRICES] = {[PACKED_QKV] = o->qkv_weight,
                                        [PACKED_OUT] = o->out_weight,
                                        [PACKED_UP] = o->up_weight,
                                        [PACKED_DOWN] = o->down_weight};
    return m->params + at[which];
}

void packed_make(const struct packed_plan *plan, const struct model *m, int32_t layer,
                 enum packed_matrix which, void *block)
{
    packed_make_at(plan, m, layer, which, packed_place(plan, block, layer, which));
}

void packed_make_at(const struct packed_plan *plan, const struct model *m, int32_t layer,
                    enum packed_matrix which, void *out)
{
    const struct lowp *lowp = lowp_get(plan->precision, plan->isa);
    const int32_t depth = plan->depth[which], cols = plan->cols[which];
    const int32_t panel = lowp ? PANEL_COLUMNS : PANEL, panels = (cols + panel - 1) / panel;
    const float *w = matrix_of(m, layer, which);
    if (lowp)
        lowp->weights_pack(w, depth, 1, depth, cols, 0, panels, out);
    else
        kernels_get(plan->isa)->pack(w, depth, 1, depth, cols, 0, panels, out);
}

void *packed_place(const struct packed_plan *plan, void *block, int32_t layer,
                   enum packed_matrix which)
{
    return (char *)block + offset_of(plan, layer, which);
}

const void *packed_find(const struct packed_plan *plan, const void *block, int32_t layer,
                        enum packed_matrix which)
{
    return (const char *)block + offset_of(plan, layer, which);
}
