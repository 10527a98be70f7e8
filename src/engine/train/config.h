/* engine/train/config.h - the keys of a recipe: `train:` in a configuration file. */
#ifndef ENGINE_TRAIN_CONFIG_H
#define ENGINE_TRAIN_CONFIG_H

#include "base/config.h"
#include "engine/tensor/precision.h"
#include "engine/train/train.h"

struct train_config {
    int64_t epochs, batch_size, seed;
    double learning_rate, weight_decay, warmup, max_grad_norm;
    int64_t max_tokens; /* of one window, with [CLS] and [SEP] */
    int64_t
        stride;    /* overlap of windows of a long text, in tokens; unset: 32, less in short ones */
    int precision; /* enum precision: auto, fp32 or bf16 */
};
struct train_config train_config_default(void);
enum err_code train_config_read(const struct yaml_node *n, struct train_config *ret,
                                struct err *err) MUST_CHECK;
/* What auto stands for on this machine: bf16 where the CPU has tiles for it, else fp32. It is asked
 * once, when a run begins; the run's recipe names the answer. */
enum precision train_config_precision(const struct train_config *c);
struct train_recipe train_config_recipe(const struct train_config *c);

#endif
