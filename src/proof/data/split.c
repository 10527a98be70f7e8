/* proof/data/split.c - clusters of examples that must stay together, dealt by seed.
 *
 * 1. Union-find joins examples that share a group or a folded text; a chain of such links is one
 *    cluster.
 * 2. A cluster is named by the smallest SHA-256 of its folded texts. Clusters are sorted by name
 *    and then shuffled, so that neither the order of lines nor a file's name has a say.
 * 3. Each cluster in turn goes to the part that is furthest from its share. When only as many
 *    clusters are left as parts still empty, each of those gets one: a test set is never lost to
 *    rounding.
 */
#include "proof/data/split.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/rng.h"
#include "proof/data/text_fold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *split_part_name(enum split_part p)
{
    static const char *const names[] = {"train", "dev", "test"};
    BUG_IF(p < 0 || p >= PART_COUNT);
    return names[p];
}

struct cluster {
    char name[HASH_HEX_BYTES];
    int32_t root, size;
};
struct dealing {
    const struct dataset *d;
    int32_t *parent; /* [count] union-find */
    struct cluster *clusters;
    int32_t cluster_count;
    int *order;    /* [cluster_count] */
    int32_t *part; /* [count], by root */
    int32_t *picked;
};

/* ---- union-find ---- */

static int32_t root_of(int32_t *parent, int32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static void unite(int32_t *parent, int32_t a, int32_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

/* Joins example i with the first one that had this key. */
static enum err_code link_key(struct dealing *s, struct map *seen, const void *key, size_t len,
                              int32_t i, struct err *err)
{
    const union map_value *first = map_get(seen, key, len);
    if (!first) return map_put(seen, key, len, (union map_value){.i = i}, err);
    unite(s->parent, (int32_t)first->i, i);
    return ERR_OK;
}

/* ret_names[i] is the SHA-256 of example i's folded text. */
static enum err_code link_all(struct dealing *s, char (*ret_names)[HASH_HEX_BYTES], struct err *err)
{
    struct map texts, groups;
    enum err_code code = ERR_OK;
    map_init(&texts, EXAMPLE_COUNT_MAX);
    map_init(&groups, EXAMPLE_COUNT_MAX);
    for (int32_t i = 0; i < s->d->count && !code; i++) {
        const struct example *x = &s->d->examples[i];
        char *folded = mem_try((size_t)x->text_bytes + 1, 1, err);
        if (!folded) {
            code = err->code;
            break;
        }
        size_t len = text_fold(x->text, (size_t)x->text_bytes, folded);
        hash_bytes(folded, len, ret_names[i]);
        mem_free(folded);
        code = link_key(s, &texts, ret_names[i], HASH_HEX_BYTES - 1, i, err);
        if (!code) code = link_key(s, &groups, x->group, strlen(x->group), i, err);
    }
    map_release(&texts);
    map_release(&groups);
    return code;
}

/* ---- clusters in their order ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct cluster *)a)->name, ((const struct cluster *)b)->name);
}

static void collect(struct dealing *s, char (*names)[HASH_HEX_BYTES])
{
    int32_t *place = s->picked; /* cluster of a root; free to use until parts are picked */
    for (int32_t i = 0; i < s->d->count; i++) {
        int32_t root = root_of(s->parent, i); /* the smallest index of its cluster */
        if (root == i) {
            place[i] = s->cluster_count;
            s->clusters[s->cluster_count++] = (struct cluster){.root = i};
            memcpy(s->clusters[place[i]].name, names[i], HASH_HEX_BYTES);
        }
        struct cluster *c = &s->clusters[place[root]];
        c->size++;
        if (strcmp(names[i], c->name) < 0) memcpy(c->name, names[i], HASH_HEX_BYTES);
    }
    qsort(s->clusters, (size_t)s->cluster_count, sizeof *s->clusters, by_name);
}

static void shuffle(struct dealing *s, uint64_t seed)
{
    struct rng rng;
    rng_init(&rng, seed, RNG_SPLIT, 0);
    for (int32_t i = 0; i < s->cluster_count; i++) s->order[i] = i;
    rng_shuffle(&rng, s->order, (size_t)s->cluster_count);
}

/* ---- dealing ---- */

static int empty_parts(const struct split_spec *spec, const int32_t have[PART_COUNT])
{
    int n = 0;
    for (int p = 0; p < PART_COUNT; p++) n += spec->share[p] > 0 && have[p] == 0;
    return n;
}

/* The part that is furthest from its share; among empty ones only, when `only_empty`. */
static int neediest(const struct split_spec *spec, const int32_t have[PART_COUNT], int32_t total,
                    bool only_empty)
{
    int best = -1;
    double best_need = 0;
    for (int p = 0; p < PART_COUNT; p++) {
        if (spec->share[p] <= 0 || (only_empty && have[p])) continue;
        double need = spec->share[p] * total - have[p];
        if (best < 0 || need > best_need) {
            best = p;
            best_need = need;
        }
    }
    return best;
}

static void deal(struct dealing *s, const struct split_spec *spec, int32_t have[PART_COUNT])
{
    for (int32_t i = 0; i < s->cluster_count; i++) {
        const struct cluster *c = &s->clusters[s->order[i]];
        bool only_empty = s->cluster_count - i <= empty_parts(spec, have);
        int p = neediest(spec, have, s->d->count, only_empty);
        s->part[c->root] = p;
        have[p] += c->size;
    }
}

static enum err_code pick_part(struct dealing *s, int p, struct dataset **ret, struct err *err)
{
    int32_t n = 0;
    for (int32_t i = 0; i < s->d->count; i++)
        if (s->part[root_of(s->parent, i)] == p) s->picked[n++] = i;
    return dataset_pick(s->d, s->picked, n, ret, err);
}

static enum err_code check_spec(const struct split_spec *spec, struct err *err)
{
    double sum = 0;
    for (int p = 0; p < PART_COUNT; p++) {
        if (!(spec->share[p] >= 0 && spec->share[p] <= 1))
            return err_set(err, ERR_BAD_INPUT, "the share of %s is not between 0 and 1",
                           split_part_name((enum split_part)p));
        sum += spec->share[p];
    }
    if (fabs(sum - 1) > 1e-6) {
        err_set(err, ERR_BAD_INPUT, "the shares of a split sum to %g, not to 1", sum);
        return err_hint(err, "for example: train 0.8, dev 0.1, test 0.1");
    }
    return ERR_OK;
}

static enum err_code check_parts(const struct dealing *s, const struct split_spec *spec,
                                 const int32_t have[PART_COUNT], struct err *err)
{
    for (int p = 0; p < PART_COUNT; p++) {
        if (spec->share[p] <= 0 || have[p]) continue;
        err_set(err, ERR_BAD_INPUT, "nothing is left for %s", split_part_name((enum split_part)p));
        err_detail(err, "%d examples form %d groups that must stay together", s->d->count,
                   s->cluster_count);
        return err_hint(err, "bring data of more groups, or group by a finer key");
    }
    return ERR_OK;
}

static enum err_code prepare(struct dealing *s, uint64_t seed, struct err *err)
{
    size_t n = (size_t)s->d->count + 1;
    char(*names)[HASH_HEX_BYTES] = mem_try(n, sizeof *names, err);
    s->parent = names ? mem_try(n, sizeof *s->parent, err) : NULL;
    s->part = s->parent ? mem_try(n, sizeof *s->part, err) : NULL;
    s->picked = s->part ? mem_try(n, sizeof *s->picked, err) : NULL;
    s->clusters = s->picked ? mem_try(n, sizeof *s->clusters, err) : NULL;
    s->order = s->clusters ? mem_try(n, sizeof *s->order, err) : NULL;
    enum err_code code = s->order ? ERR_OK : err->code;
    for (int32_t i = 0; i < s->d->count && !code; i++) s->parent[i] = i;
    if (!code) code = link_all(s, names, err);
    if (!code) {
        collect(s, names);
        shuffle(s, seed);
    }
    mem_free(names);
    return code;
}

enum err_code data_split(const struct dataset *d, const struct split_spec *spec,
                         struct dataset *ret_parts[PART_COUNT], struct err *err)
{
    struct dealing s = {.d = d};
    struct dataset *parts[PART_COUNT] = {0};
    int32_t have[PART_COUNT] = {0};
    if (check_spec(spec, err)) return err->code;
    enum err_code code = prepare(&s, spec->seed, err);
    if (!code) {
        deal(&s, spec, have);
        code = check_parts(&s, spec, have, err);
    }
    for (int p = 0; p < PART_COUNT && !code; p++) code = pick_part(&s, p, &parts[p], err);
    for (int p = 0; p < PART_COUNT; p++) {
        if (code)
            dataset_free(parts[p]);
        else
            ret_parts[p] = parts[p];
    }
    mem_free(s.parent);
    mem_free(s.part);
    mem_free(s.picked);
    mem_free(s.clusters);
    mem_free(s.order);
    return code;
}
