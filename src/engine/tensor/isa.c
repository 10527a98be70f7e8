/* How: CPUID says what the CPU decodes; XCR0 says which registers the kernel saves. Both are
 * needed: a virtual machine may show AVX-512 while its kernel does not keep zmm across a switch.
 * isa_words.c reads both. */
#include "engine/tensor/isa.h"
#include "engine/tensor/isa_internal.h"
#include "base/os.h"
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const NAMES[] = {"best", "ref", "avx2", "avx512", "amx", "neon"};
static enum isa default_isa = ISA_BEST;

struct cpu_bits {
    bool avx2, avx512, vnni, avx_vnni, bf16, fp16, sdot,
        tiles; /* tiles: with bf16 and int8 products */
};

#if defined(__x86_64__)
static bool bit(uint32_t word, int index)
{
    return ((word >> index) & 1u) != 0;
}

/* Tiles as bf16_amx.c and int8_amx.c configure and multiply them: palette 1 with 8 tiles of 16 rows
 * of 64 bytes, products of 16 steps of 4 bytes and 64 bytes of columns. */
static bool tiles_fit(const struct isa_words *w)
{
    const uint32_t tiles = w->l1d_1_b >> 16, row_bytes = w->l1d_1_b & 0xffffu;
    const uint32_t columns = w->l1e_b >> 8 & 0xffffu, depth = w->l1e_b & 0xffu;
    return w->l1d_a >= 1 && tiles >= 8 && row_bytes >= 64 && (w->l1d_1_c & 0xffffu) >= 16 &&
           columns >= 64 && depth >= 16;
}

/* CPUID leaves a virtual machine each time: the callers below keep what they learn. */
static struct cpu_bits cpu_bits_read(void)
{
    const struct isa_words w = isa_words_read();
    struct cpu_bits c = {0};
    const bool fma = bit(w.l1_c, 12), osxsave = bit(w.l1_c, 27);
    if (!osxsave) return c;
    const bool ymm = (w.xcr0 & 0x6) == 0x6, zmm = (w.xcr0 & 0xe6) == 0xe6;
    c.avx2 = fma && ymm && bit(w.l7_b, 5);
    /* f, dq, bw and vl: what the AVX-512 kernels are compiled for */
    c.avx512 =
        c.avx2 && zmm && bit(w.l7_b, 16) && bit(w.l7_b, 17) && bit(w.l7_b, 30) && bit(w.l7_b, 31);
    c.vnni = c.avx512 && bit(w.l7_c, 11);
    c.fp16 = c.avx512 && bit(w.l7_d, 23);
    c.bf16 = c.avx512 && bit(w.l7_1_a, 5);
    c.avx_vnni = c.avx2 && bit(w.l7_1_a, 4);
    const bool tile_state = (w.xcr0 & 0x60000) == 0x60000;
    c.tiles = tile_state && bit(w.l7_d, 24) && bit(w.l7_d, 22) && bit(w.l7_d, 25) && tiles_fit(&w);
    return c;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

static struct cpu_bits cpu_bits_read(void)
{
    const unsigned long asimddp = 1ul << 20; /* HWCAP_ASIMDDP */
    return (struct cpu_bits){.sdot = (getauxval(AT_HWCAP) & asimddp) != 0};
}
#else
static struct cpu_bits cpu_bits_read(void)
{
    return (struct cpu_bits){0};
}
#endif

/* The kernels of this level also use AVX512-BF16 and VNNI, which every CPU with tiles has. */
static bool amx_usable(struct cpu_bits c)
{
    return c.avx512 && c.tiles && c.bf16 && c.vnni && os_tiles_permit();
}

const char *isa_name(enum isa isa)
{
    return NAMES[isa];
}

bool isa_available(enum isa isa)
{
    switch (isa) {
    case ISA_BEST:
    case ISA_REF:
        return true;
    case ISA_AVX2:
        return cpu_bits_read().avx2;
    case ISA_AVX512:
        return cpu_bits_read().avx512;
    case ISA_AMX:
        return amx_usable(cpu_bits_read());
    case ISA_NEON:
#if defined(__aarch64__)
        return true;
#else
        return false;
#endif
    }
    return false;
}

enum isa isa_best(void)
{
    static const enum isa order[] = {ISA_AMX, ISA_AVX512, ISA_AVX2, ISA_NEON};
    static atomic_int best = ISA_BEST; /* not looked for yet; every thread would find the same */
    int found = atomic_load(&best);
    if (found != ISA_BEST) return (enum isa)found;
    found = ISA_REF;
    for (size_t i = 0; i < sizeof order / sizeof order[0] && found == ISA_REF; i++)
        if (isa_available(order[i])) found = (int)order[i];
    atomic_store(&best, found);
    return (enum isa)found;
}

bool isa_has(enum isa_extra extra)
{
    static atomic_uint found; /* a bit an extra, and one that says that they were looked for */
    const unsigned looked = 1u << 31;
    unsigned bits = atomic_load(&found);
    if (!bits) {
        const struct cpu_bits c = cpu_bits_read();
        bits = looked | (unsigned)c.vnni << ISA_VNNI | (unsigned)c.bf16 << ISA_BF16 |
               (unsigned)c.fp16 << ISA_FP16 | (unsigned)c.avx_vnni << ISA_AVX_VNNI |
               (unsigned)c.sdot << ISA_SDOT;
        atomic_store(&found, bits);
    }
    return (bits >> extra & 1u) != 0;
}

void isa_set_default(enum isa isa)
{
    BUG_IF(!isa_available(isa));
    default_isa = isa;
}

enum isa isa_resolve(enum isa isa)
{
    if (isa == ISA_BEST) isa = default_isa;
    return isa == ISA_BEST ? isa_best() : isa;
}

enum err_code isa_parse(const char *name, enum isa *ret, struct err *err)
{
    for (int i = 0; i < (int)(sizeof NAMES / sizeof NAMES[0]); i++) {
        if (strcmp(name, NAMES[i]) != 0) continue;
        if (!isa_available((enum isa)i)) {
            err_set(err, ERR_UNAVAILABLE, "this CPU does not run instruction set \"%s\"", name);
            return err_hint(err, "the best that it runs is \"%s\"", isa_name(isa_best()));
        }
        *ret = (enum isa)i;
        return ERR_OK;
    }
    err_set(err, ERR_BAD_INPUT, "\"%s\" is not an instruction set that cairn knows", name);
    return err_hint(err, "use best, ref, avx2, avx512, amx or neon");
}

void isa_describe(char out[128])
{
    const struct cpu_bits c = cpu_bits_read();
    const enum isa isa = isa_resolve(ISA_BEST);
    const char *amx = !c.tiles ? "no amx" : amx_usable(c) ? "amx" : "amx not permitted";
    if (c.avx512)
        snprintf(out, 128, "%s (avx512f bw dq vl%s%s%s; %s)", isa_name(isa), c.vnni ? " vnni" : "",
                 c.bf16 ? " bf16" : "", c.fp16 ? " fp16" : "", amx);
    else
        snprintf(out, 128, "%s (%s)", isa_name(isa), c.avx2 ? "avx2 fma; no avx512" : "baseline");
}
