/* Which level is fast in what: true where a table of lowp.h has instructions of its own. */
#include "engine/tensor/precision.h"
#include "engine/tensor/lowp.h"
#include <string.h>

const char *const PRECISION_NAMES[] = {"auto", "fp32", "bf16", "fp16", "int8", NULL};

enum err_code precision_parse(const char *name, enum precision *ret, struct err *err)
{
    for (int i = 0; PRECISION_NAMES[i]; i++) {
        if (strcmp(name, PRECISION_NAMES[i]) != 0) continue;
        *ret = (enum precision)i;
        return ERR_OK;
    }
    err_set(err, ERR_BAD_INPUT, "\"%s\" is not a precision that cairn knows", name);
    return err_hint(err, "use fp32, bf16, fp16 or int8");
}

bool precision_is_fast(enum precision p, enum isa isa)
{
    if (p == PRECISION_FP32 || p == PRECISION_AUTO) return true;
    const struct lowp *k = lowp_get(p, isa);
    return k && k->fast;
}
