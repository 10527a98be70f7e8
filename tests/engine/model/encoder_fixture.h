/* encoder_fixture.h - a small random model and a ragged batch, sizes chosen to miss every
 * multiple. */
#ifndef TESTS_ENCODER_FIXTURE_H
#define TESTS_ENCODER_FIXTURE_H

#include "engine/model/encoder.h"

enum { FIXTURE_TOKENS = 41, FIXTURE_SEQUENCES = 5, FIXTURE_LABELS = 5 };

/* H 24, 3 heads, I 40, 2 layers, V 50, P 19: weights uniform in +-0.3, gammas near 1. */
struct model *fixture_model(float dropout);
struct model *fixture_model_sized(int32_t hidden, int32_t heads, int32_t intermediate,
                                  float dropout);
/* Lengths 17, 1, 3, 19, 1; ids, types and targets random, some targets -1. */
struct packed_batch fixture_batch(void);
struct pool *fixture_pool(int threads);
struct encoder *fixture_encoder(const struct model *m, struct pool *pool, enum isa isa,
                                bool training, bool dropout);

#endif
