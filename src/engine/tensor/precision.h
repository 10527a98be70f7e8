/* engine/tensor/precision.h - in which numbers a model computes.
 *
 * A model answers in one precision, which its recipe names, and in it gives the same bits on every
 * machine: each precision has a reference that any CPU runs, and kernels that are fast where the
 * CPU has the instructions. So what was measured of a model holds wherever it is served; only the
 * speed differs (docs/decisions/0009-precision-of-a-model.md).
 *
 *     fp32  operands and sums in fp32: the canonical order of kernels.h
 *     bf16  operands rounded to bfloat16, sums in fp32 in the order of AMX's TDPBF16PS
 *     fp16  operands and short sums in IEEE half, flushed into fp32 every FP16_FLUSH of depth
 *     int8  weights to int8 by output channel, activations to int8 by token, sums in int32
 *
 * Softmax, LayerNorm, residuals, biases and the loss are fp32 in all of them, and so is GELU but in
 * fp16, whose GELU is in halves (docs/internals/fp16.md).
 */
#ifndef ENGINE_TENSOR_PRECISION_H
#define ENGINE_TENSOR_PRECISION_H

#include "engine/tensor/isa.h"

enum precision { PRECISION_AUTO, PRECISION_FP32, PRECISION_BF16, PRECISION_FP16, PRECISION_INT8 };
extern const char *const PRECISION_NAMES[]; /* by enum precision, NULL-terminated */

/* ERR_BAD_INPUT for a name that is none of PRECISION_NAMES. */
enum err_code precision_parse(const char *name, enum precision *ret, struct err *err) MUST_CHECK;
/* Whether this level has instructions for it; else the reference stands in, at a fraction of the
 * speed of fp32. */
bool precision_is_fast(enum precision p, enum isa isa);

#endif
