/* tile_trap.h - a CPU with AMX on any machine with AVX-512, for the kernels as they were compiled.
 *
 *     if (!tile_trap_start()) cr_skip_test("this CPU lacks what the kernels use beside tiles");
 *     cr_assert(isa_available(ISA_AMX));               // isa.c finds a CPU with tiles, and asks
 *     lowp_bf16_amx.gemm(...);                         // the objects of the program itself
 *     cr_expect(tile_trap_native() || tile_trap_count() > 0);
 *
 * A CPU without tiles refuses their instructions: SIGILL. From the start on, a handler decodes the
 * machine code at that place (Intel SDM, volume 2, chapters 2 and 3: VEX, ModRM, SIB and the fields
 * that must have one value), lets tile_unit.h do it with the registers of the thread, and goes on
 * behind it. So encodings, operands, strides, the 64 bytes of a configuration and what the compiler
 * moved across them are all asked. Whatever would fault on a CPU with tiles prints one line and
 * aborts, also a tile instruction before the process was permitted to use them. Any other illegal
 * instruction ends the process as ever.
 *
 * On a CPU that has tiles nothing is trapped: the same tests then run on them.
 * Threads: all of the process, each with its tiles. A start is for the process's life.
 */
#ifndef TESTS_TILE_TRAP_H
#define TESTS_TILE_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)
/* false: this CPU cannot run the kernels even so. Call it before anything asks isa.c for the best
 * level, which it keeps. */
bool tile_trap_start(void);
bool tile_trap_native(void);   /* the CPU has tiles itself */
int64_t tile_trap_count(void); /* instructions executed here */
#else
static inline bool tile_trap_start(void)
{
    return false;
}
#endif

#endif
