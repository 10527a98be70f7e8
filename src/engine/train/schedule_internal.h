/* engine/train/schedule_internal.h - what one step of the recipe does: the rate, the clip. Private
 * to this room. */
#ifndef ENGINE_TRAIN_SCHEDULE_INTERNAL_H
#define ENGINE_TRAIN_SCHEDULE_INTERNAL_H

#include "engine/train/train.h"

/* Steps of warm-up: floor(warmup * steps). */
int64_t schedule_warmup_steps(const struct train_recipe *r, int64_t steps);
/* The rate of a step, counted from 1, of `steps`: as transformers' get_linear_schedule_with_warmup,
 * whose first step has rate 0 when there is a warm-up. */
double schedule_rate(const struct train_recipe *r, int64_t step, int64_t steps);
/* What gradients are multiplied by: min(1, max_norm / (norm + 1e-6)), as
 * torch.nn.utils.clip_grad_norm_; 1 when max_norm is 0. */
double schedule_clip(double max_norm, double norm);
/* The order of sequences in an epoch (from 0): a function of seed and epoch alone. order has room
 * for count. */
void schedule_order(uint64_t seed, int32_t epoch, int *order, int32_t count);

#endif
