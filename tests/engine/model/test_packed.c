/* The block of packed weights: its plan, and that a layout's name stands for its bytes. */
#include "base/hash.h"
#include "encoder_fixture.h"
#include "engine/model/packed.h"
#include "engine/tensor/lowp.h"
#include "support/tile_trap.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const enum precision PRECISIONS[] = {PRECISION_FP32, PRECISION_BF16, PRECISION_FP16,
                                            PRECISION_INT8};

static bool is_built(enum precision p)
{
    return p == PRECISION_FP32 || lowp_get(p, ISA_REF);
}

static char *make_all(const struct packed_plan *plan, const struct model *m, int fill)
{
    char *block = aligned_alloc(64, plan->bytes);
    memset(block, fill, plan->bytes);
    for (int32_t layer = 0; layer < plan->layers; layer++)
        for (int i = 0; i < PACKED_MATRICES; i++)
            packed_make(plan, m, layer, (enum packed_matrix)i, block);
    return block;
}

Test(packed, matrices_are_aligned_and_follow_each_other)
{
    struct model *m = fixture_model(0);
    for (size_t p = 0; p < sizeof PRECISIONS / sizeof *PRECISIONS; p++) {
        if (!is_built(PRECISIONS[p])) continue;
        struct packed_plan plan;
        packed_plan_init(&plan, &m->config, PRECISIONS[p], ISA_BEST);
        cr_expect_eq(plan.bytes, plan.layer_bytes * (size_t)m->config.layers);
        const char *block = NULL, *last = block;
        for (int32_t layer = 0; layer < plan.layers; layer++)
            for (int i = 0; i < PACKED_MATRICES; i++) {
                const char *at = packed_find(&plan, block, layer, (enum packed_matrix)i);
                cr_expect_eq((uintptr_t)at % 64, 0);
                cr_expect((layer == 0 && i == 0) || at > last);
                last = at;
            }
        cr_expect_lt((size_t)(last - block), plan.bytes);
    }
    model_free(m);
}

/* All levels whose layout has one name make the same bytes, and what was in the block before does
 * not show but in gaps, which are equal in both. */
Test(packed, a_layout_has_one_form)
{
    static const enum isa levels[] = {ISA_AVX2, ISA_AVX512, ISA_AMX, ISA_NEON};
    (void)tile_trap_start();
    struct model *m = fixture_model(0);
    for (size_t p = 0; p < sizeof PRECISIONS / sizeof *PRECISIONS; p++) {
        if (!is_built(PRECISIONS[p])) continue;
        struct packed_plan ref, other;
        packed_plan_init(&ref, &m->config, PRECISIONS[p], ISA_REF);
        char *wanted = make_all(&ref, m, 0);
        for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
            if (!isa_available(levels[i])) continue;
            packed_plan_init(&other, &m->config, PRECISIONS[p], levels[i]);
            if (strcmp(other.layout, ref.layout) != 0) continue;
            char *seen = make_all(&other, m, 0);
            cr_assert_eq(other.bytes, ref.bytes);
            cr_expect_eq(memcmp(wanted, seen, ref.bytes), 0, "%s on %s", ref.layout,
                         isa_name(levels[i]));
            free(seen);
        }
        free(wanted);
    }
    model_free(m);
}

/* Caches of older programs are read by the name: other bytes need another name. */
Test(packed, the_name_stands_for_these_bytes)
{
    static const struct {
        const char *layout, *sha256;
    } known[] = {
        {"fp32-panels-16.1", "3ca1d886a976d62caf75b25a656c89b8bd42029cedf80fb56693696d8070457d"},
    };
    struct model *m = fixture_model(0);
    struct packed_plan plan;
    char hex[HASH_HEX_BYTES];
    packed_plan_init(&plan, &m->config, PRECISION_FP32, ISA_REF);
    char *block = make_all(&plan, m, 0);
    hash_bytes(block, plan.bytes, hex);
    bool found = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].layout, plan.layout) != 0) continue;
        found = true;
        cr_expect_str_eq(hex, known[i].sha256);
    }
    cr_expect(found, "%s is new: add it here with its digest %s", plan.layout, hex);
    free(block);
    model_free(m);
}
