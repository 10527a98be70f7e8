/* engine/tensor/isa_internal.h - what an x86 CPU and its kernel say of themselves, apart from what
 * isa.c makes of it, so that a test can put the words of another machine there (tests/support/
 * other_cpu.h).
 */
#ifndef ENGINE_TENSOR_ISA_INTERNAL_H
#define ENGINE_TENSOR_ISA_INTERNAL_H

#include <stdint.h>

/* Words of CPUID by leaf, subleaf and register; what a CPU does not have is 0. */
struct isa_words {
    uint32_t l1_c;
    uint32_t l7_b, l7_c, l7_d, l7_1_a;
    uint32_t l1d_a;            /* the highest palette of tiles */
    uint32_t l1d_1_b, l1d_1_c; /* palette 1: tiles << 16 | bytes of a row; rows */
    uint32_t l1e_b;            /* products: columns in bytes << 8 | depth in 4 bytes */
    uint64_t xcr0;             /* registers that the kernel keeps across a switch */
};

struct isa_words isa_words_read(void);

#endif
