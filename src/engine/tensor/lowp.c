/* How: a level without a table of its own for a precision uses the next lower one that has it. The
 * bits are the same. */
#include "engine/tensor/lowp.h"
#include "engine/tensor/int8_internal.h"

const struct lowp *lowp_get(enum precision p, enum isa isa)
{
    (void)isa_resolve(isa);
    switch (p) {
    case PRECISION_AUTO:
    case PRECISION_FP32:
    case PRECISION_BF16:
    case PRECISION_FP16:
        return NULL;
    case PRECISION_INT8:
        return &int8_ref;
    }
    return NULL;
}
