/* __wrap_f and __real_f are the linker's names for whom a call of f reaches, and for f. */
#include "support/other_cpu.h"
#include "base/os.h"
#include <stdatomic.h>

struct isa_words __real_isa_words_read(void);
struct isa_words __wrap_isa_words_read(void);
bool __real_os_tiles_permit(void);
bool __wrap_os_tiles_permit(void);

static struct isa_words other;
static bool set, permits;
static atomic_bool permitted;

struct isa_words __wrap_isa_words_read(void)
{
    return set ? other : __real_isa_words_read();
}

bool __wrap_os_tiles_permit(void)
{
    const bool yes = set ? permits : __real_os_tiles_permit();
    atomic_store(&permitted, yes);
    return yes;
}

void other_cpu_set(const struct isa_words *words, bool permits_tiles)
{
    other = *words;
    permits = permits_tiles;
    set = true;
}

bool other_cpu_permitted(void)
{
    return atomic_load(&permitted);
}

/* By bit: FMA 12, OSXSAVE 27; AVX2 5, AVX512F 16, DQ 17, BW 30, VL 31; VNNI 11; AMX-BF16 22,
 * AVX512-FP16 23, AMX-TILE 24, AMX-INT8 25; AVX-VNNI 4, AVX512-BF16 5. Leaves 1Dh and 1Eh as the
 * SDM gives palette 1. */
struct isa_words other_cpu_sapphire_rapids(void)
{
    return (struct isa_words){.l1_c = 1u << 12 | 1u << 27,
                              .l7_b = 1u << 5 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31,
                              .l7_c = 1u << 11,
                              .l7_d = 0xfu << 22,
                              .l7_1_a = 1u << 4 | 1u << 5,
                              .l1d_a = 1,
                              .l1d_1_b = 8u << 16 | 64,
                              .l1d_1_c = 16,
                              .l1e_b = 64u << 8 | 16,
                              .xcr0 = OTHER_CPU_XCR0_TILES};
}
