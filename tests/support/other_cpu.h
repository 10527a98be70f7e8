/* other_cpu.h - isa.c on another machine: what CPUID, XGETBV and the kernel's permission say is
 * what a test puts here.
 *
 *     struct isa_words words = other_cpu_sapphire_rapids();
 *     words.xcr0 = OTHER_CPU_XCR0_AVX512;           // a kernel that does not keep tiles
 *     other_cpu_set(&words, true);
 *     cr_expect(!isa_available(ISA_AMX));
 *
 * The linker sends isa.c's two calls here (--wrap, in tests/meson.build); until other_cpu_set they
 * reach the machine itself. Not a line of the program knows of it. What isa.c keeps for the process
 * (isa_best, isa_has) is asked once: set a machine before, a test a process.
 */
#ifndef TESTS_OTHER_CPU_H
#define TESTS_OTHER_CPU_H

#include "engine/tensor/isa_internal.h"
#include <stdbool.h>

#define OTHER_CPU_XCR0_AVX512 0xe7u    /* x87, SSE, AVX, the three parts of AVX-512 */
#define OTHER_CPU_XCR0_TILES  0x600e7u /* and both parts of tiles */

struct isa_words other_cpu_sapphire_rapids(void);
/* permits: whether the kernel lets a process that asks for tiles have them. */
void other_cpu_set(const struct isa_words *words, bool permits);
/* Whether this process has asked and was permitted; on the machine itself too. */
bool other_cpu_permitted(void);

#endif
