/* Half precision in double on level ref: fp16_body.h. */
#define TABLE        fp16_ref
#define ISA_OF_LEVEL ISA_REF
#include "engine/tensor/fp16_body.h"
