/* tests/support/tiny_model.h - a random token tagger, small enough to be made in each test.
 *
 *     struct model *m = tiny_model(&folder, 32, 7);      // window of 32 tokens, seed 7
 *     char *text = tiny_text(&rng, 12);          // 12 words, known and unknown; mem_free
 *
 * One layer, hidden 32, labels O, B-/I-DRUG, B-/I-TEST; a vocabulary of our own. Different seeds
 * answer differently.
 */
#ifndef SUPPORT_TINY_MODEL_H
#define SUPPORT_TINY_MODEL_H

#include "base/rng.h"
#include "engine/model/model.h"
#include "support/test_folder.h"

struct model *tiny_model(struct test_folder *folder, int32_t positions, uint64_t seed);
char *tiny_text(struct rng *r, int32_t words);

#endif
