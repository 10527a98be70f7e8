/* kernel_check.h - how many outputs of a level differ from the reference (0 is a pass, -1: no
 * memory). */
#ifndef TESTS_KERNEL_CHECK_H
#define TESTS_KERNEL_CHECK_H

#include "engine/tensor/kernels.h"

int kernel_check(const struct kernels *level);

#endif
