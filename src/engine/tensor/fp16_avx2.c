/* Half precision in double on level avx2: fp16_body.h. */
#define TABLE        fp16_avx2
#define ISA_OF_LEVEL ISA_AVX2
#include "engine/tensor/fp16_body.h"
