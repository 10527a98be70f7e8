/* proof/data/builder.c - a dataset while it is being read.
 *
 * Labels get numbers as they appear and are sorted at the end, because equal data must give equal
 * indexes whatever order its lines have. The example array grows on the heap and moves into the
 * arena once, when its size is known.
 */
#include "proof/data/dataset_internal.h"

#include "base/limits.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum err_code builder_init(struct builder *b, struct err *err)
{
    *b = (struct builder){0};
    map_init(&b->labels, LABEL_COUNT_MAX);
    b->d = mem_try(1, sizeof *b->d, err);
    if (!b->d) {
        builder_release(b);
        return err->code;
    }
    arena_init(&b->d->arena, ARENA_JOB_BYTES_MAX);
    return ERR_OK;
}

void builder_release(struct builder *b)
{
    map_release(&b->labels);
    mem_free(b->items);
    dataset_free(b->d);
    *b = (struct builder){0};
}

const char *label_problem(const char *name, size_t len)
{
    if (len == 0) return "is empty";
    if (len > LABEL_BYTES_MAX) return "is too long";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c <= ' ' || c == 0x7F) return "holds white space or a control character";
    }
    return NULL;
}

enum err_code builder_label(struct builder *b, const char *name, size_t len, int32_t *ret,
                            struct err *err)
{
    BUG_IF(label_problem(name, len));
    const union map_value *known = map_get(&b->labels, name, len);
    if (known) {
        *ret = (int32_t)known->i;
        return ERR_OK;
    }
    int32_t number = (int32_t)b->labels.count;
    if (number >= LABEL_COUNT_MAX) {
        err_set(err, ERR_LIMIT, "more than %d labels", LABEL_COUNT_MAX);
        return err_hint(err, "check that the last column, or \"label\", holds labels");
    }
    if (map_put(&b->labels, name, len, (union map_value){.i = number}, err)) return err->code;
    *ret = number;
    return ERR_OK;
}

enum err_code builder_example(struct builder *b, struct example **ret, struct err *err)
{
    if (b->count >= EXAMPLE_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "more than %d examples", EXAMPLE_COUNT_MAX);
    if (b->count == b->cap) {
        int32_t cap = b->cap ? b->cap * 2 : 256;
        void *items = mem_grow(b->items, (size_t)b->cap, (size_t)cap, sizeof *b->items, err);
        if (!items) return err->code;
        b->items = items;
        b->cap = cap;
    }
    *ret = &b->items[b->count++];
    **ret = (struct example){0};
    return ERR_OK;
}

char *builder_string(struct builder *b, const char *s, size_t len, struct err *err)
{
    char *copy = arena_try(&b->d->arena, len + 1, 1, err);
    if (copy) memcpy(copy, s, len);
    return copy;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the label names and gives to_sorted[number of appearance] = index. */
static enum err_code sort_labels(struct builder *b, int32_t *to_sorted, struct err *err)
{
    struct dataset *d = b->d;
    size_t count = b->labels.count, len = 0;
    union map_value *value = NULL;
    d->labels = arena_try(&d->arena, count ? count : 1, sizeof *d->labels, err);
    if (!d->labels) return err->code;
    for (size_t i = 0; i < count; i++) {
        const char *name = map_at(&b->labels, i, &len, &value);
        d->labels[i] = builder_string(b, name, len, err);
        if (!d->labels[i]) return err->code;
    }
    qsort(d->labels, count, sizeof *d->labels, by_bytes);
    d->label_count = (int32_t)count;
    for (size_t i = 0; i < count; i++) {
        value = map_get(&b->labels, d->labels[i], strlen(d->labels[i]));
        BUG_IF(!value);
        to_sorted[value->i] = (int32_t)i;
    }
    return ERR_OK;
}

enum err_code builder_finish(struct builder *b, struct dataset **ret, struct err *err)
{
    struct dataset *d = b->d;
    int32_t to_sorted[LABEL_COUNT_MAX];
    if (sort_labels(b, to_sorted, err)) return err->code;
    size_t count = (size_t)b->count;
    d->examples = arena_try(&d->arena, count ? count : 1, sizeof *d->examples, err);
    if (!d->examples) return err->code;
    if (count) memcpy(d->examples, b->items, count * sizeof *d->examples);
    d->count = b->count;
    for (int32_t i = 0; i < d->count; i++)
        for (int32_t k = 0; k < d->examples[i].span_count; k++)
            d->examples[i].spans[k].label = to_sorted[d->examples[i].spans[k].label];
    *ret = d;
    b->d = NULL;
    return ERR_OK;
}
