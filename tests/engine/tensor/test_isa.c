/* What isa.c makes of a machine: this one, and a table of others (support/other_cpu.h). */
#include "engine/tensor/isa.h"
#include <criterion/criterion.h>
#include <string.h>

Test(isa, names_are_parsed_and_unknown_ones_are_errors)
{
    enum isa isa = ISA_REF;
    struct err err = {0};
    cr_expect_eq(isa_parse("ref", &isa, &err), ERR_OK);
    cr_expect_eq(isa, ISA_REF);
    cr_expect_eq(isa_parse("sse9", &isa, &err), ERR_BAD_INPUT);
    cr_expect_not_null(strstr(err.hint, "avx2"));
#if defined(__x86_64__)
    cr_expect_eq(isa_parse("neon", &isa, &err), ERR_UNAVAILABLE);
#endif
    char line[128];
    isa_describe(line);
    cr_expect(strncmp(line, isa_name(isa_best()), strlen(isa_name(isa_best()))) == 0, "%s", line);
}

#if defined(__x86_64__)
#include "support/other_cpu.h"

enum word { NOTHING, L1_C, L7_B, L7_C, L7_D, L7_1_A, L1D_A, L1D_1_B, L1D_1_C, L1E_B, XCR0 };

static void change(struct isa_words *w, enum word word, uint32_t value)
{
    uint32_t *const words[] = {NULL,       &w->l1_c,  &w->l7_b,    &w->l7_c,    &w->l7_d,
                               &w->l7_1_a, &w->l1d_a, &w->l1d_1_b, &w->l1d_1_c, &w->l1e_b};
    if (word == XCR0)
        w->xcr0 = value;
    else if (word != NOTHING)
        *words[word] = value;
}

/* A Xeon with tiles, with one word changed: which levels are left. */
static const struct machine {
    const char *what;
    enum word word;
    uint32_t value;
    bool permits, avx2, avx512, amx;
} MACHINES[] = {
    {"nothing changed", NOTHING, 0, true, true, true, true},
    {"the kernel refuses tiles to the process", NOTHING, 0, false, true, true, false},
    {"no registers of tiles kept", XCR0, OTHER_CPU_XCR0_AVX512, true, true, true, false},
    {"tile configuration kept, data not", XCR0, 0x200e7, true, true, true, false},
    {"tile data kept, configuration not", XCR0, 0x400e7, true, true, true, false},
    {"tiles kept, zmm not", XCR0, 0x60007, true, true, false, false},
    {"zmm 16-31 not kept", XCR0, 0x60067, true, true, false, false},
    {"only SSE kept", XCR0, 0x3, true, false, false, false},
    {"no XSAVE", L1_C, 1u << 12, true, false, false, false},
    {"no FMA", L1_C, 1u << 27, true, false, false, false},
    {"no AVX-512", L7_B, 1u << 5, true, true, false, false},
    {"no AMX-TILE", L7_D, 0xbu << 22, true, true, true, false},
    {"no AMX-BF16", L7_D, 0xeu << 22, true, true, true, false},
    {"no AMX-INT8", L7_D, 0x7u << 22, true, true, true, false},
    {"no AVX512-BF16", L7_1_A, 1u << 4, true, true, true, false},
    {"no VNNI", L7_C, 0, true, true, true, false},
    {"no palette of tiles", L1D_A, 0, true, true, true, false},
    {"four tiles", L1D_1_B, 4u << 16 | 64, true, true, true, false},
    {"rows of 32 bytes", L1D_1_B, 8u << 16 | 32, true, true, true, false},
    {"eight rows", L1D_1_C, 8, true, true, true, false},
    {"products of 32 bytes of columns", L1E_B, 32u << 8 | 16, true, true, true, false},
    {"products of eight steps", L1E_B, 64u << 8 | 8, true, true, true, false},
};

Test(isa, levels_of_other_machines)
{
    for (size_t i = 0; i < sizeof MACHINES / sizeof MACHINES[0]; i++) {
        const struct machine *m = &MACHINES[i];
        struct isa_words words = other_cpu_sapphire_rapids();
        change(&words, m->word, m->value);
        other_cpu_set(&words, m->permits);
        cr_expect_eq(isa_available(ISA_AVX2), m->avx2, "%s", m->what);
        cr_expect_eq(isa_available(ISA_AVX512), m->avx512, "%s", m->what);
        cr_expect_eq(isa_available(ISA_AMX), m->amx, "%s", m->what);
        cr_expect(isa_available(ISA_REF) && !isa_available(ISA_NEON), "%s", m->what);
    }
}

static void expect_machine(const struct isa_words *words, bool permits, enum isa best,
                           const char *line)
{
    char got[128];
    other_cpu_set(words, permits);
    cr_expect_eq(isa_best(), best);
    isa_describe(got);
    cr_expect_str_eq(got, line);
}

Test(isa, tiles_are_the_best_where_they_are_permitted)
{
    const struct isa_words words = other_cpu_sapphire_rapids();
    expect_machine(&words, true, ISA_AMX, "amx (avx512f bw dq vl vnni bf16 fp16; amx)");
    enum isa isa = ISA_REF;
    struct err err = {0};
    cr_expect_eq(isa_parse("amx", &isa, &err), ERR_OK);
    cr_expect(isa == ISA_AMX && other_cpu_permitted());
}

/* An old kernel, a container's filter, or an alternate signal stack too small for tiles. */
Test(isa, without_permission_there_are_no_tiles)
{
    const struct isa_words words = other_cpu_sapphire_rapids();
    expect_machine(&words, false, ISA_AVX512,
                   "avx512 (avx512f bw dq vl vnni bf16 fp16; amx not permitted)");
    enum isa isa = ISA_REF;
    struct err err = {0};
    cr_expect_eq(isa_parse("amx", &isa, &err), ERR_UNAVAILABLE);
    cr_expect_eq(isa, ISA_REF);
    cr_expect_not_null(strstr(err.hint, "avx512"), "%s", err.hint);
}

Test(isa, a_kernel_that_does_not_keep_tiles_has_none)
{
    struct isa_words words = other_cpu_sapphire_rapids();
    words.xcr0 = OTHER_CPU_XCR0_AVX512;
    expect_machine(&words, true, ISA_AVX512, "avx512 (avx512f bw dq vl vnni bf16 fp16; no amx)");
    cr_expect(!other_cpu_permitted(), "nothing was asked for");
}
#endif
