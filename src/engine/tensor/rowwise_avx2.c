/* The row-wise kernels and the table of level avx2: rowwise_body.h over vec_avx2.h. */
#include <math.h>
#include "engine/tensor/vec_avx2.h"
#define LEVEL        avx2
#define ISA_OF_LEVEL ISA_AVX2
#include "engine/tensor/rowwise_body.h"
