/* How: a level without a table of its own for a precision uses the next lower one that has it. The
 * bits are the same. */
#include "engine/tensor/lowp.h"
#include "engine/tensor/bf16_layout.h"
#include "engine/tensor/fp16_internal.h"
#include "engine/tensor/int8_internal.h"

static const struct lowp *bf16_get(enum isa isa)
{
    switch (isa) {
#if defined(__x86_64__)
    case ISA_AVX2:
        return &lowp_bf16_avx2;
    case ISA_AVX512:
        return &lowp_bf16_avx512;
    case ISA_AMX:
        return &lowp_bf16_amx;
#endif
    default:
        return &lowp_bf16_ref;
    }
}

static const struct lowp *fp16_get(enum isa isa)
{
#if defined(__x86_64__)
    if (isa == ISA_AVX512 || isa == ISA_AMX) return isa_has(ISA_FP16) ? &fp16_native : &fp16_avx512;
    if (isa == ISA_AVX2) return &fp16_avx2;
#endif
    (void)isa;
    return &fp16_ref;
}

static const struct lowp *int8_get(enum isa isa)
{
#if defined(__x86_64__)
    if (isa == ISA_AMX) return &lowp_int8_amx;
    if (isa == ISA_AVX512 && isa_has(ISA_VNNI)) return &lowp_int8_avx512;
    if (isa == ISA_AVX512 || isa == ISA_AVX2)
        return isa_has(ISA_AVX_VNNI) ? &lowp_int8_avxvnni : &lowp_int8_avx2;
#endif
#if defined(__aarch64__)
    if (isa == ISA_NEON && isa_has(ISA_SDOT)) return &lowp_int8_neon;
#endif
    (void)isa;
    return &lowp_int8_ref;
}

const struct lowp *lowp_get(enum precision p, enum isa isa)
{
    isa = isa_resolve(isa);
    switch (p) {
    case PRECISION_AUTO:
    case PRECISION_FP32:
        return NULL;
    case PRECISION_BF16:
        return bf16_get(isa);
    case PRECISION_FP16:
        return fp16_get(isa);
    case PRECISION_INT8:
        return int8_get(isa);
    }
    return NULL;
}
