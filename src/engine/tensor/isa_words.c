/* CPUID is read directly, not by __builtin_cpu_supports, because the same bits feed isa_describe.
 * XGETBV faults where the kernel has not switched XSAVE on (OSXSAVE): nothing is read then. CPUID
 * leaves a virtual machine each time, so that a leaf is read once, and those of tiles where there
 * are any. */
#include "engine/tensor/isa_internal.h"
#include <cpuid.h>
#include <stddef.h>

#define OSXSAVE  (1u << 27) /* leaf 1, c */
#define AMX_TILE (1u << 24) /* leaf 7, d */

static uint64_t read_xcr0(void)
{
    uint32_t low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

struct isa_words isa_words_read(void)
{
    struct isa_words w = {0};
    const uint32_t leaves = (uint32_t)__get_cpuid_max(0, NULL);
    uint32_t a, b, c, d;
    if (leaves < 7) return w;
    __cpuid_count(1, 0, a, b, w.l1_c, d);
    if (!(w.l1_c & OSXSAVE)) return w;
    w.xcr0 = read_xcr0();
    __cpuid_count(7, 0, a, w.l7_b, w.l7_c, w.l7_d);
    if (a >= 1) __cpuid_count(7, 1, w.l7_1_a, b, c, d);
    if (!(w.l7_d & AMX_TILE) || leaves < 0x1e) return w;
    __cpuid_count(0x1d, 0, w.l1d_a, b, c, d);
    if (w.l1d_a >= 1) __cpuid_count(0x1d, 1, a, w.l1d_1_b, w.l1d_1_c, d);
    __cpuid_count(0x1e, 0, a, w.l1e_b, c, d);
    return w;
}
