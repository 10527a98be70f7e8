/* engine/train/schedule.c - pure functions of (recipe, step): a resumed run asks them again and
 * gets the same answers.
 */
#include "engine/train/schedule_internal.h"
#include "base/rng.h"

int64_t schedule_warmup_steps(const struct train_recipe *r, int64_t steps)
{
    return (int64_t)(r->warmup * (double)steps);
}

double schedule_rate(const struct train_recipe *r, int64_t step, int64_t steps)
{
    int64_t done = step - 1, warmup = schedule_warmup_steps(r, steps);
    double share;
    if (done < warmup)
        share = (double)done / (double)warmup;
    else
        share = (double)(steps - done) / (double)(steps > warmup ? steps - warmup : 1);
    return r->learning_rate * share;
}

double schedule_clip(double max_norm, double norm)
{
    double scale = max_norm / (norm + 1e-6);
    return max_norm > 0 && scale < 1 ? scale : 1;
}

void schedule_order(uint64_t seed, int32_t epoch, int *order, int32_t count)
{
    struct rng r;
    rng_init(&r, seed, RNG_SHUFFLE, (uint32_t)epoch);
    for (int32_t i = 0; i < count; i++) order[i] = i;
    rng_shuffle(&r, order, (size_t)count);
}
