/* The row-wise kernels and the table of level neon: rowwise_body.h over vec_neon.h. */
#include <math.h>
#include "engine/tensor/vec_neon.h"
#define LEVEL        neon
#define ISA_OF_LEVEL ISA_NEON
#include "engine/tensor/rowwise_body.h"
