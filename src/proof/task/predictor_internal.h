/* proof/task/predictor_internal.h - where every predictor begins. */
#ifndef PROOF_TASK_PREDICTOR_INTERNAL_H
#define PROOF_TASK_PREDICTOR_INTERNAL_H

#include "proof/task/predictor.h"

/* Makes room in `a` for every example; all words O with probability 1. */
enum err_code prediction_clear(const struct token_data *data, struct arena *a,
                               struct tag_prediction *ret, struct err *err) MUST_CHECK;

#endif
