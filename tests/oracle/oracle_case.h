/* tests/oracle/oracle_case.h - what PyTorch computed for one batch (tools/oracle/bert.py), as C
 * sees it.
 *
 *     struct oracle_case c;
 *     oracle_case_open(test_source("oracle/bert/tiny"), &c);
 *     // or oracle_case_minilm(&c), which may skip the test
 *     c.model, c.batch, c.loss, c.recipe, c.train_losses
 *     oracle_case_expect(&c, "grad.classifier.weight", &count)     // floats, valid until _close
 *     oracle_case_close(&c);
 *
 * MiniLM's case is made by `make oracle` in the folder CAIRN_TEST_ORACLE, or else the user's cache.
 * Its hashes must be those of oracle/bert/minilm.json, so that a stale cache is found out.
 */
#ifndef ORACLE_CASE_H
#define ORACLE_CASE_H

#include "engine/model/encoder.h"
#include "engine/model/safetensors.h"
#include "engine/train/train.h"

#define ORACLE_STEPS 10

struct oracle_case {
    struct model *model; /* dropout rates are 0 */
    struct packed_batch batch;
    double loss;
    struct train_recipe recipe; /* each epoch is one step over the batch */
    double train_losses[ORACLE_STEPS];
    struct train_sequence *sequences; /* the batch, for train_run */
    int32_t *ids, *targets, *cu_len;
    struct safetensors expected;
    float *values;
};

void oracle_case_open(const char *folder, struct oracle_case *c);
void oracle_case_minilm(struct oracle_case *c);
void oracle_case_close(struct oracle_case *c);
const float *oracle_case_expect(struct oracle_case *c, const char *name, size_t *ret_count);

#endif
