/* proof/task/predictor.h - whatever tags words: the transformer, a dictionary, the all-O tagger. One evaluation code
 * judges them all.
 */
#ifndef PROOF_TASK_PREDICTOR_H
#define PROOF_TASK_PREDICTOR_H

#include "base/pool.h"
#include "proof/task/token_task.h"

struct tag_prediction { /* of one example, in the caller's arena */
    int32_t *tags;      /* [word_count] */
    float *scores;      /* [word_count] probability of that tag */
};
struct predictor {
    const char *name; /* "model 1f3a...", "dictionary", "all-O" */
    void *self;
    enum err_code (*predict)(void *self, const struct token_data *data, struct arena *a,
                             struct tag_prediction *ret /* [data->count] */, struct err *err);
    void (*release)(void *self);
};
void predictor_release(struct predictor *p);

/* Borrows the model, whose labels must be those of data->tags; runs windows in token-budget batches sorted by length. */
enum err_code predictor_encoder(const struct model *m, struct pool *pool, enum isa isa,
                                struct predictor *ret, struct err *err) MUST_CHECK;
/* Memorises the training spans (longest match first, case-folded, majority label). */
enum err_code predictor_dictionary(const struct token_data *train, struct predictor *ret,
                                   struct err *err) MUST_CHECK;
void predictor_all_o(struct predictor *ret);

#endif
