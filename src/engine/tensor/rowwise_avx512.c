/* The row-wise kernels and the table of level avx512: rowwise_body.h over vec_avx512.h. */
#include <math.h>
#include "engine/tensor/vec_avx512.h"
#define LEVEL        avx512
#define ISA_OF_LEVEL ISA_AVX512
#include "engine/tensor/rowwise_body.h"
