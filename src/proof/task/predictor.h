/* proof/task/predictor.h - whatever tags words: the transformer, a dictionary, the all-O tagger.
 * One evaluation code judges them all.
 *
 *     struct predictor p;
 *     if (predictor_encoder(model, pool, ISA_BEST, &p, err)) return err->code;
 *     struct tag_prediction *out = arena_try(&arena, data->count, sizeof *out, err);
 *     if (!out || p.predict(p.self, data, &arena, out, err)) ...
 *     predictor_release(&p);
 *
 * Rules that always hold:
 *  1. A prediction depends on the text and the predictor alone, not on batch mates, order or
 *     threads.
 *  2. Words that no window judges are O with probability 1.
 * Threads: one predictor, one caller at a time.
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
    const char *name; /* "model 1f3a...", "dictionary", "all-O"; lives in the predictor */
    void *self;
    enum err_code (*predict)(void *self, const struct token_data *data, struct arena *a,
                             struct tag_prediction *ret /* [data->count] */, struct err *err);
    void (*release)(void *self);
};
void predictor_release(struct predictor *p);

/* Borrows the model and the pool. The model's labels must be those of data->tags (ERR_BAD_INPUT
 * at predict). Runs windows in token-budget batches sorted by length, always with the model's
 * present parameters. */
enum err_code predictor_encoder(const struct model *m, struct pool *pool, enum isa isa,
                                struct predictor *ret, struct err *err) MUST_CHECK;
/* The same predictions of a model that is being trained, with little memory beside the trainer's:
 * weights are read where they are, and batches are shorter. */
enum err_code predictor_learner(const struct model *m, struct pool *pool, enum isa isa,
                                struct predictor *ret, struct err *err) MUST_CHECK;
/* Memorises the training spans: longest match first, case-folded, the label that the words bore
 * most often (the first by bytes on a tie); its probability is that label's share. Borrows
 * nothing. */
enum err_code predictor_dictionary(const struct token_data *train, struct predictor *ret,
                                   struct err *err) MUST_CHECK;
void predictor_all_o(struct predictor *ret);

#endif
