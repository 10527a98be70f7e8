/* engine/tensor/peak.h - what one core multiplies when neither memory nor cache can slow it down.
 *
 * A loop of independent multiply-adds between registers, per precision and level: the roof that a
 * product's speed is compared with, measured in the same run because it moves with the clock.
 *
 *     int64_t began = os_monotonic_ns();
 *     int64_t done = peak_spin(PRECISION_FP32, ISA_AVX512, 1000);     // operations
 *     double per_s = (double)done * 1e9 / (double)(os_monotonic_ns() - began);
 *
 * A multiply-add counts as two operations. Operands are no round numbers: zeroes draw less power
 * and clock higher. Threads: pure; run one a thread for the roof of several.
 */
#ifndef ENGINE_TENSOR_PEAK_H
#define ENGINE_TENSOR_PEAK_H

#include "engine/tensor/precision.h"
#include <stdint.h>

/* Spins about `rounds` x 1,000 instructions and gives how many operations that was; 0 when this CPU
 * has no instructions for the precision at this level. */
int64_t peak_spin(enum precision p, enum isa isa, int64_t rounds);

#endif
