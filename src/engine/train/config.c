/* engine/train/config.c - defaults are those of BERT fine-tuning (Devlin et al. 2018, A.3), with
 * the higher learning rate that small encoders want. */
#include "engine/train/config.h"
#include "base/str.h"
#include <stddef.h>

/* What a recipe may ask for: what training runs in. */
static const char *const precisions[] = {"auto", "fp32", "bf16", NULL};

#define AT(field) offsetof(struct train_config, field)
static const struct config_key keys[] = {
    {"epochs", CONFIG_INT, AT(epochs), 1, TRAIN_EPOCHS_MAX, NULL},
    {"batch_size", CONFIG_INT, AT(batch_size), 1, 4096, NULL},
    {"learning_rate", CONFIG_REAL, AT(learning_rate), 1e-9, 1, NULL},
    {"weight_decay", CONFIG_REAL, AT(weight_decay), 0, 1, NULL},
    {"warmup", CONFIG_REAL, AT(warmup), 0, 1, NULL},
    {"max_grad_norm", CONFIG_REAL, AT(max_grad_norm), 0, 1e6, NULL},
    {"max_tokens", CONFIG_INT, AT(max_tokens), 16, MODEL_POSITIONS_MAX, NULL},
    {"stride", CONFIG_INT, AT(stride), 0, MODEL_POSITIONS_MAX / 2, NULL},
    {"precision", CONFIG_CHOICE, AT(precision), 0, 0, precisions},
    {"seed", CONFIG_INT, AT(seed), 0, 4294967295.0, NULL},
};

struct train_config train_config_default(void)
{
    return (struct train_config){.epochs = 3,
                                 .batch_size = 16,
                                 .seed = 1,
                                 .learning_rate = 1e-4,
                                 .weight_decay = 0.01,
                                 .warmup = 0.1,
                                 .max_grad_norm = 1.0,
                                 .max_tokens = 128,
                                 .stride = 32,
                                 .precision = PRECISION_AUTO};
}

enum err_code train_config_read(const struct yaml_node *n, struct train_config *ret,
                                struct err *err)
{
    struct train_config c = *ret;
    if (config_read(n, keys, ARRAY_COUNT(keys), &c, err)) return err->code;
    bool fits = c.stride * 2 <= c.max_tokens - 2;
    if (!fits && !yaml_get(n, "stride")) { /* short windows, and nobody asked for this overlap */
        c.stride = (c.max_tokens - 2) / 4;
    } else if (!fits) {
        return yaml_error(n, err, "stride: %lld leaves no room in windows of %lld tokens",
                          (long long)c.stride, (long long)c.max_tokens);
    }
    *ret = c;
    return ERR_OK;
}

/* bf16 alone is a precision that can be trained in and that some CPUs run faster than fp32. */
enum precision train_config_precision(const struct train_config *c)
{
    if (c->precision != PRECISION_AUTO) return (enum precision)c->precision;
    return precision_is_fast(PRECISION_BF16, ISA_BEST) ? PRECISION_BF16 : PRECISION_FP32;
}

struct train_recipe train_config_recipe(const struct train_config *c)
{
    struct train_recipe r = train_recipe_default();
    r.epochs = (int32_t)c->epochs;
    r.batch_size = (int32_t)c->batch_size;
    r.seed = (uint64_t)c->seed;
    r.learning_rate = c->learning_rate;
    r.weight_decay = c->weight_decay;
    r.warmup = c->warmup;
    r.max_grad_norm = c->max_grad_norm;
    r.precision = train_config_precision(c);
    return r;
}
