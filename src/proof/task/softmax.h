/* proof/task/softmax.h - logits to probabilities, the same bits on every CPU.
 *
 * In double, with our own exponential of plain additions and multiplications (no libm, whose
 * variants for FMA differ in the last bit), rounded to float once. Rows that are not finite give
 * index 0 and score 0.
 */
#ifndef PROOF_TASK_SOFTMAX_H
#define PROOF_TASK_SOFTMAX_H

#include <stdint.h>

/* logits [n] -> out [n]; out may be logits. n >= 1. */
void softmax_row(const float *logits, int32_t n, float *out);
/* The first largest logit and its probability. */
int32_t softmax_top(const float *logits, int32_t n, float *ret_score);

#endif
