/* live/feedback/replay.c - old examples beside the new ones, so that a model does not forget what
 * it knew.
 *
 * An old example whose text is also among the fresh ones is not replayed: the reviewed one is the
 * newer truth, and the two would contradict each other.
 */
#include "base/limits.h"
#include "base/map.h"
#include "base/rng.h"
#include "live/feedback/training.h"
#include "proof/data/text_fold.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum err_code fold(struct arena *a, const struct example *e, char **ret, size_t *ret_len,
                          struct err *err)
{
    *ret = arena_try(a, (size_t)e->text_bytes + 1, 1, err);
    if (!*ret) return err->code;
    *ret_len = text_fold(e->text, (size_t)e->text_bytes, *ret);
    return ERR_OK;
}

/* The indexes of old examples that may be replayed, in order. */
static enum err_code eligible(const struct dataset *fresh, const struct dataset *old,
                              struct arena *a, int **ret, int32_t *ret_count, struct err *err)
{
    struct map texts;
    char *text = NULL;
    size_t len = 0;
    enum err_code code = ERR_OK;
    int *list = arena_try(a, (size_t)old->count + 1, sizeof *list, err);
    if (!list) return err->code;
    map_init(&texts, EXAMPLE_COUNT_MAX);
    for (int32_t i = 0; !code && i < fresh->count; i++) {
        code = fold(a, &fresh->examples[i], &text, &len, err);
        if (!code) code = map_put(&texts, text, len, (union map_value){.i = 1}, err);
    }
    *ret_count = 0;
    for (int32_t i = 0; !code && i < old->count; i++) {
        code = fold(a, &old->examples[i], &text, &len, err);
        if (!code && !map_get(&texts, text, len)) list[(*ret_count)++] = i;
    }
    map_release(&texts);
    *ret = list;
    return code;
}

static int by_value(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static enum err_code mix(const struct dataset *fresh, const struct dataset *old, double ratio,
                         uint64_t seed, struct arena *a, struct dataset **ret, int32_t *ret_count,
                         struct err *err)
{
    struct rng rng;
    struct dataset *picked = NULL;
    int *list = NULL;
    int32_t count = 0;
    if (eligible(fresh, old, a, &list, &count, err)) return err->code;
    double wanted = round(ratio * (double)fresh->count);
    int32_t take = wanted < (double)count ? (int32_t)wanted : count;
    rng_init(&rng, seed, RNG_REPLAY, 0);
    rng_shuffle(&rng, list, (size_t)count);
    qsort(list, (size_t)take, sizeof *list, by_value);
    int32_t *indexes = arena_try(a, (size_t)take + 1, sizeof *indexes, err);
    if (!indexes) return err->code;
    for (int32_t i = 0; i < take; i++) indexes[i] = list[i];
    if (dataset_pick(old, indexes, take, &picked, err)) return err->code;
    enum err_code code = dataset_join(fresh, picked, ret, err);
    dataset_free(picked);
    if (!code) *ret_count = take;
    return code;
}

enum err_code replay_mix(const struct dataset *fresh, const struct dataset *old, double ratio,
                         uint64_t seed, struct dataset **ret, int32_t *ret_replayed,
                         struct err *err)
{
    struct arena a;
    if (!(ratio >= 0 && ratio <= 1000))
        return err_set(err, ERR_BAD_INPUT, "the replay ratio must be between 0 and 1000");
    arena_init(&a, ARENA_JOB_BYTES_MAX);
    enum err_code code = mix(fresh, old, ratio, seed, &a, ret, ret_replayed, err);
    arena_release(&a);
    return code;
}
