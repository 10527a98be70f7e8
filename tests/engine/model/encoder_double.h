/* encoder_double.h - the encoder again, in double, one loop an equation: what the fast one is held
 * to.
 *
 * Independent of src/engine/tensor but for dropout_site, so that masks are the same: it shares no
 * sum, no polynomial and no layout trick with what it checks.
 */
#ifndef TESTS_ENCODER_DOUBLE_H
#define TESTS_ENCODER_DOUBLE_H

#include "engine/model/encoder.h"

/* Mean cross-entropy over the targets; `params` replaces m->params. logits [T, N] may be NULL. */
double encoder_double_loss(const struct model *m, const double *params,
                           const struct packed_batch *b, const struct dropout_key *drop,
                           double *logits);

#endif
