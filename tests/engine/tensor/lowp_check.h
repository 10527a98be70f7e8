/* lowp_check - compares a table of products below fp32 with the reference of its precision. */
#ifndef TESTS_LOWP_CHECK_H
#define TESTS_LOWP_CHECK_H

#include "engine/tensor/lowp.h"

enum lowp_fill { FILL_RANDOM, FILL_EXTREME, FILL_ZERO };

/* How many products differ in a bit, or wrote outside c; the first ten are named on stderr. */
int lowp_check(const struct lowp *reference, const struct lowp *level);

#endif
