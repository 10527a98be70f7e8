/* How: tables are constants of their level's file; here the right one is picked, and the few things
 * that belong to no level are computed. */
#include "engine/tensor/kernels.h"
#include "base/rng.h"
#include "engine/tensor/kernels_internal.h"

const struct kernels *kernels_get(enum isa isa)
{
    switch (isa_resolve(isa)) {
#if defined(__x86_64__)
    case ISA_AVX2:
        return &kernels_avx2;
    case ISA_AVX512:
    case ISA_AMX: /* tiles know no fp32 */
        return &kernels_avx512;
#endif
#if defined(__aarch64__)
    case ISA_NEON:
        return &kernels_neon;
#endif
    default:
        return &kernels_ref;
    }
}

size_t gemm_scratch_floats(int32_t depth, bool a_transposed)
{
    const size_t panels = (size_t)PANELS_MAX * PANEL * DEPTH_CHUNK;
    return panels + (a_transposed ? (size_t)GEMM_ROWS_MAX * (size_t)depth : 0);
}

size_t gemm_packed_floats(int32_t depth, int32_t cols)
{
    const size_t panels = ((size_t)cols + PANEL - 1) / PANEL;
    return panels * (size_t)depth * PANEL;
}

struct dropout dropout_site(uint64_t seed, uint64_t step, uint32_t site, uint32_t part, float rate)
{
    if (!(rate > 0.0f)) return (struct dropout){.scale = 1.0f};
    BUG_IF(rate >= 1.0f || site >> 24);
    uint32_t r[4];
    rng_philox(seed, step, ((uint64_t)RNG_DROPOUT << 56) | ((uint64_t)site << 32) | part, r);
    return (struct dropout){.key0 = r[0],
                            .key1 = r[1],
                            .threshold = (uint32_t)((double)rate * 4294967296.0),
                            .scale = 1.0f / (1.0f - rate)};
}
