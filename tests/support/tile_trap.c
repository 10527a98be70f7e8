/* All tile instructions have the three bytes of VEX, map 0F38, W 0 and L 0:
 *
 *     C4  [~R ~X ~B mmmmm]  [W ~vvvv L pp]  opcode  ModRM [mod reg rm]  [SIB]  [displacement]
 *
 *     opcode  pp: none         66            F3           F2
 *       49    ldtilecfg        sttilecfg                  tilezero        (register: tilerelease)
 *       4B                     tileloaddt1   tilestored   tileloadd       memory by SIB only
 *       5C                                   tdpbf16ps                    reg += rm * vvvv
 *       5E                     tdpbusd                    tdpbssd
 *
 * What is not in this table, or has a field that must be otherwise, is no instruction: SIGILL stays
 * one. The loads of a tile start at base + displacement; index << scale is the stride, none is 0.
 */
#define _GNU_SOURCE /* REG_RIP and its like */
#include "support/tile_trap.h"
#include "engine/tensor/isa.h"
#include "support/other_cpu.h"
#include "support/tile_unit.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { NONE, P66, PF3, PF2 }; /* pp */

struct instruction {
    int pp, opcode, vvvv, mod, reg, rm;
    char *address; /* of memory */
    ptrdiff_t stride;
    bool by_sib;
    const uint8_t *end;
};

static _Atomic int64_t count;
static bool native;

static int64_t register_of(const ucontext_t *u, unsigned number)
{
    static const int names[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                  REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                  REG_R12, REG_R13, REG_R14, REG_R15};
    return u->uc_mcontext.gregs[names[number]];
}

static int64_t displacement(const uint8_t **at, int bytes)
{
    int8_t one;
    int32_t four;
    memcpy(bytes == 1 ? (void *)&one : (void *)&four, *at, (size_t)bytes);
    *at += bytes;
    return bytes == 1 ? one : four;
}

/* The address behind ModRM; mod is not 3. B and X are 0 or 8. */
static void address_of(const ucontext_t *u, unsigned b, unsigned x, struct instruction *i)
{
    int64_t address = 0;
    unsigned base = (unsigned)i->rm;
    i->by_sib = i->rm == 4;
    if (i->by_sib) {
        const unsigned sib = *i->end++, index = (sib >> 3 & 7) | x;
        if (index != 4) i->stride = register_of(u, index) * (1 << (sib >> 6));
        base = sib & 7;
    }
    const bool absent = i->mod == 0 && base == 5; /* rip without SIB, nothing with */
    if (!absent) address = register_of(u, base | b);
    if (i->mod == 1) address += displacement(&i->end, 1);
    if (i->mod == 2 || absent) address += displacement(&i->end, 4);
    if (absent && !i->by_sib) address += (int64_t)(intptr_t)i->end;
    i->address = (char *)(intptr_t)address;
}

static bool decode(const ucontext_t *u, struct instruction *i)
{
    const uint8_t *at = (const uint8_t *)(intptr_t)u->uc_mcontext.gregs[REG_RIP];
    if (at[0] != 0xc4 || (at[1] & 0x1f) != 2 || (at[2] & 0x84) != 0) return false;
    const unsigned b = at[1] & 0x20 ? 0 : 8, x = at[1] & 0x40 ? 0 : 8;
    const bool r = !(at[1] & 0x80);
    *i = (struct instruction){.pp = at[2] & 3,
                              .opcode = at[3],
                              .vvvv = ~(at[2] >> 3) & 15,
                              .mod = at[4] >> 6,
                              .reg = at[4] >> 3 & 7,
                              .rm = at[4] & 7,
                              .end = at + 5};
    if (r || (i->mod == 3 && b) || i->vvvv > 7) return false; /* there are 8 tiles */
    if (i->mod != 3) address_of(u, b, x, i);
    return true;
}

/* Opcode 49. */
static bool run_configuration(const struct instruction *i)
{
    if (i->vvvv != 0) return false;
    if (i->pp == NONE && i->mod != 3 && i->reg == 0)
        tile_unit_loadconfig(i->address);
    else if (i->pp == NONE && i->mod == 3 && i->reg == 0 && i->rm == 0)
        tile_unit_release();
    else if (i->pp == PF2 && i->mod == 3 && i->rm == 0)
        tile_unit_zero(i->reg);
    else
        return false;
    return true;
}

/* Opcode 4B. */
static bool run_memory(const struct instruction *i)
{
    if (i->vvvv != 0 || i->mod == 3 || !i->by_sib || i->pp == NONE) return false;
    if (i->pp == PF3)
        tile_unit_stored(i->reg, i->address, i->stride);
    else
        tile_unit_loadd(i->reg, i->address, i->stride);
    return true;
}

/* Opcodes 5C and 5E. */
static bool run_product(const struct instruction *i)
{
    if (i->mod != 3) return false;
    if (i->opcode == 0x5c && i->pp == PF3)
        tile_unit_dpbf16ps(i->reg, i->rm, i->vvvv);
    else if (i->opcode == 0x5e && i->pp == PF2)
        tile_unit_dpbssd(i->reg, i->rm, i->vvvv);
    else if (i->opcode == 0x5e && i->pp == P66)
        tile_unit_dpbusd(i->reg, i->rm, i->vvvv);
    else
        return false;
    return true;
}

static bool run(const struct instruction *i)
{
    switch (i->opcode) {
    case 0x49:
        return run_configuration(i);
    case 0x4b:
        return run_memory(i);
    case 0x5c:
    case 0x5e:
        return run_product(i);
    default:
        return false;
    }
}

static void on_illegal(int number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    struct instruction i;
    (void)info;
    if (!decode(u, &i)) {
        signal(number, SIG_DFL); /* it comes again, and ends the process */
        return;
    }
    if (!other_cpu_permitted()) {
        fputs("tile trap: a tile instruction before os_tiles_permit\n", stderr);
        abort();
    }
    if (!run(&i)) {
        signal(number, SIG_DFL);
        return;
    }
    u->uc_mcontext.gregs[REG_RIP] = (greg_t)(intptr_t)i.end;
    atomic_fetch_add(&count, 1);
}

bool tile_trap_start(void)
{
    native = isa_available(ISA_AMX);
    if (native) return true;
    struct isa_words here = isa_words_read();
    const struct isa_words tiles = other_cpu_sapphire_rapids();
    here.l7_d |= tiles.l7_d & (1u << 22 | 1u << 24 | 1u << 25);
    here.l1d_a = tiles.l1d_a;
    here.l1d_1_b = tiles.l1d_1_b;
    here.l1d_1_c = tiles.l1d_1_c;
    here.l1e_b = tiles.l1e_b;
    here.xcr0 |= tiles.xcr0 & ~(uint64_t)OTHER_CPU_XCR0_AVX512;
    other_cpu_set(&here, true);
    struct sigaction action = {.sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    return isa_available(ISA_AMX) && sigaction(SIGILL, &action, NULL) == 0;
}

bool tile_trap_native(void)
{
    return native;
}

int64_t tile_trap_count(void)
{
    return atomic_load(&count);
}
