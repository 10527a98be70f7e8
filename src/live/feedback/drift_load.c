/* live/feedback/drift_load.c - points of drift from rows of predictions.
 *
 * The labels of both samples together, sorted, are the places of the counts; past DRIFT_LABELS_MAX
 * the last place is shared, so that a hostile row cannot make the table wide.
 */
#include "base/json.h"
#include "base/map.h"
#include "base/str.h"
#include "live/feedback/drift.h"
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 5000
#define COUNT_MAX     1000000

struct loading {
    struct map labels; /* name to place */
    struct arena *a;
};

static enum err_code counts_of(const struct prediction_row *p, json_t **ret, struct err *err)
{
    struct err why = {0};
    if (json_parse(p->label_counts, strlen(p->label_counts), &JSON_LIMITS_BODY, ret, &why)) {
        err_set(err, ERR_CORRUPT, "the label counts of prediction %.12s are not JSON", p->id);
        return err_detail(err, "%s", why.message);
    }
    if (json_is_object(*ret)) return ERR_OK;
    json_decref(*ret);
    return err_set(err, ERR_CORRUPT, "the label counts of prediction %.12s are no object", p->id);
}

static enum err_code learn_labels(struct loading *l, const struct prediction_row *rows,
                                  size_t count, struct err *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; !code && i < count; i++) {
        json_t *o = NULL, *value;
        const char *key;
        if (counts_of(&rows[i], &o, err)) return err->code;
        json_object_foreach(o, key, value)
        {
            size_t len = strlen(key);
            if (code || map_get(&l->labels, key, len)) continue;
            if (l->labels.count == l->labels.count_max) break; /* the rest shares the last place */
            code = map_put(&l->labels, key, len, (union map_value){.i = 0}, err);
        }
        json_decref(o);
    }
    return code;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum err_code place_labels(struct loading *l, struct drift_set *set, struct err *err)
{
    set->label_count = (int32_t)l->labels.count;
    set->labels = arena_try(l->a, l->labels.count + 1, sizeof *set->labels, err);
    if (!set->labels) return err->code;
    for (size_t i = 0; i < l->labels.count; i++) {
        size_t len = 0;
        union map_value *value = NULL;
        set->labels[i] = arena_strdup(l->a, map_at(&l->labels, i, &len, &value));
    }
    qsort(set->labels, l->labels.count, sizeof *set->labels, by_name);
    for (int32_t i = 0; i < set->label_count; i++)
        map_get(&l->labels, set->labels[i], strlen(set->labels[i]))->i = i;
    return ERR_OK;
}

static enum err_code fill(struct loading *l, const struct prediction_row *rows, size_t count,
                          int32_t label_count, struct drift_sample *ret, struct err *err)
{
    ret->points = arena_try(l->a, count + 1, sizeof *ret->points, err);
    int32_t *all = arena_try(l->a, count + 1, sizeof *all * ((size_t)label_count + 1), err);
    if (!ret->points || !all) return err->code;
    for (size_t i = 0; i < count; i++) {
        json_t *o = NULL, *value;
        const char *key;
        int32_t *row = all + i * ((size_t)label_count + 1);
        if (counts_of(&rows[i], &o, err)) return err->code;
        json_object_foreach(o, key, value)
        {
            const union map_value *place = map_get(&l->labels, key, strlen(key));
            json_int_t n = json_integer_value(value);
            if (n > 0)
                row[place ? place->i : label_count - 1] += (int32_t)(n < COUNT_MAX ? n : COUNT_MAX);
        }
        json_decref(o);
        ret->points[i] = (struct drift_point){.labels = row,
                                              .confidence = rows[i].confidence_mean,
                                              .tokens = rows[i].token_count,
                                              .unknown = rows[i].unknown_count};
    }
    ret->count = (int32_t)count;
    return ERR_OK;
}

enum err_code drift_load(struct registry *r, const char *model, int64_t since_us, int32_t limit,
                         struct arena *a, struct drift_set *ret, struct err *err)
{
    struct prediction_row *old = NULL, *now = NULL;
    size_t old_count = 0, now_count = 0, most = limit > 0 ? (size_t)limit : LIMIT_DEFAULT;
    struct drift_set set = {.label_count = 0};
    struct loading l = {.a = a};
    struct prediction_filter f = {
        .role = PREDICTION_LIVE, .model = model, .since_us = since_us, .limit = most};
    if (prediction_list(r, &f, a, &now, &now_count, err)) return err->code;
    f = (struct prediction_filter){.role = PREDICTION_REFERENCE, .model = model, .limit = most};
    if (prediction_list(r, &f, a, &old, &old_count, err)) return err->code;
    map_init(&l.labels, DRIFT_LABELS_MAX);
    enum err_code code = learn_labels(&l, old, old_count, err);
    if (!code) code = learn_labels(&l, now, now_count, err);
    if (!code) code = place_labels(&l, &set, err);
    if (!code) code = fill(&l, old, old_count, set.label_count, &set.reference, err);
    if (!code) code = fill(&l, now, now_count, set.label_count, &set.recent, err);
    map_release(&l.labels);
    if (!code) *ret = set;
    return code;
}
