/* engine/model/init_internal.h - numbers that a new head starts from. Private to this room. */
#ifndef ENGINE_MODEL_INIT_INTERNAL_H
#define ENGINE_MODEL_INIT_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/* out[i] = normal(0, deviation), a function of (seed, stream, i) alone: the same bits on every
 * machine. */
void init_normal(float *out, size_t count, float deviation, uint64_t seed, uint32_t stream);

#endif
