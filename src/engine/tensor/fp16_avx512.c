/* Half precision in double on level avx512: fp16_body.h. */
#define TABLE        fp16_avx512
#define ISA_OF_LEVEL ISA_AVX512
#include "engine/tensor/fp16_body.h"
