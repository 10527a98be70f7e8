/* The row-wise kernels and the table of level ref: rowwise_body.h over vec_ref.h. */
#include <math.h>
#include "engine/tensor/vec_ref.h"
#define LEVEL        ref
#define ISA_OF_LEVEL ISA_REF
#include "engine/tensor/rowwise_body.h"
