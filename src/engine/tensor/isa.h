/* engine/tensor/isa.h - which instruction set runs, and what this machine has.
 *
 * Dispatch is at run time by CPUID and XCR0 (x86) or at build time (NEON). All fp32 levels give the
 * same bits, so the choice is one of speed; a test or a user may force a level.
 */
#ifndef ENGINE_TENSOR_ISA_H
#define ENGINE_TENSOR_ISA_H

#include "base/err.h"

/* ISA_AMX is ISA_AVX512 with tiles for bf16 and int8 products; fp32 is the same code in both. It is
 * there when CPUID shows tiles, the kernel keeps them across a switch (XCR0), and this process may
 * use them (os_tiles_permit). */
enum isa { ISA_BEST, ISA_REF, ISA_AVX2, ISA_AVX512, ISA_AMX, ISA_NEON };

const char *isa_name(enum isa isa); /* "ref", "avx2", ... */
/* ERR_BAD_INPUT when the name is unknown, ERR_UNAVAILABLE when this CPU lacks the level. */
enum err_code isa_parse(const char *name, enum isa *ret, struct err *err) MUST_CHECK;
bool isa_available(enum isa isa);
enum isa isa_best(void);
/* The level that ISA_BEST stands for in this process from now on (CAIRN_ISA; set once, at start,
 * before other threads exist). A level that the CPU lacks is our bug. */
void isa_set_default(enum isa isa);
/* ISA_BEST becomes what it stands for; any other level stays. */
enum isa isa_resolve(enum isa isa);
/* What a CPU of level avx512 may have beside it; level amx has the first two. ISA_AVX_VNNI is an
 * extra of level avx2, ISA_SDOT (Armv8.2's dot product of bytes) one of neon. */
enum isa_extra { ISA_VNNI, ISA_BF16, ISA_FP16, ISA_AVX_VNNI, ISA_SDOT };
bool isa_has(enum isa_extra extra);
/* One line for evidence and doctor: "avx512 (avx512f bw dq vl vnni bf16 fp16; no amx)". */
void isa_describe(char out[128]);

#endif
