/* live/feedback/training.c - from reviewed rows to a dataset, by way of the format that every
 * dataset comes from.
 *
 * Gold rows are written as JSON lines and read back by proof/data: one reader decides what an
 * example is, here as for a file, and what it finds wrong is left out and counted.
 *
 * The side of a group is a function of the seed and its name alone, so that it cannot move when
 * other groups come or go. The price is that shares are only met on average; with few groups a side
 * may be empty, which the caller sees.
 */
#include "live/feedback/training.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/str.h"
#include "live/registry/feedback_rows.h"
#include "live/registry/predictions.h"
#include "proof/data/text_fold.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum side { SIDE_NONE, SIDE_TRAIN, SIDE_TEST };

struct gathering {
    struct registry *r;
    const struct feedback_split_options *o;
    struct arena a;
    struct map old;    /* folded texts ("t...") and groups ("g...") of old data, to a side */
    struct map newest; /* prediction ids and folded texts of the new rows, to the row that counts */
    struct map groups[3]; /* names, by side */
    struct buf lines[3];  /* JSONL, by side */
    struct feedback_data d;
};

/* "t" + folded text, or "g" + group, as a key. */
static char *key_of(struct arena *a, char kind, const char *s, size_t *ret_len, struct err *err)
{
    size_t len = strlen(s);
    char *key = arena_try(a, len + 2, 1, err);
    if (!key) return NULL;
    key[0] = kind;
    if (kind == 't') {
        *ret_len = 1 + text_fold(s, len, key + 1);
    } else {
        memcpy(key + 1, s, len);
        *ret_len = 1 + len;
    }
    return key;
}

static enum err_code remember(struct gathering *g, struct map *m, char kind, const char *s,
                              int64_t value, struct err *err)
{
    size_t len = 0;
    char *key = key_of(&g->a, kind, s, &len, err);
    if (!key) return err->code;
    return map_put(m, key, len, (union map_value){.i = value}, err);
}

static enum err_code look_up(struct gathering *g, const struct map *m, char kind, const char *s,
                             int64_t *ret, struct err *err)
{
    size_t len = 0;
    char *key = key_of(&g->a, kind, s, &len, err);
    if (!key) return err->code;
    const union map_value *v = map_get(m, key, len);
    *ret = v ? v->i : SIDE_NONE;
    return ERR_OK;
}

static enum err_code remember_old(struct gathering *g, const struct dataset *d, enum side side,
                                  struct err *err)
{
    for (int32_t i = 0; d && i < d->count; i++) {
        if (remember(g, &g->old, 't', d->examples[i].text, side, err)) return err->code;
        if (remember(g, &g->old, 'g', d->examples[i].group, side, err)) return err->code;
    }
    return ERR_OK;
}

/* Train first, test after it: what stands in both must not train. */
static enum err_code remember_all_old(struct gathering *g, struct err *err)
{
    if (remember_old(g, g->o->old_train, SIDE_TRAIN, err)) return err->code;
    for (int32_t i = 0; i < g->o->old_test_count; i++) {
        if (remember_old(g, g->o->old_test[i], SIDE_TEST, err)) return err->code;
    }
    return ERR_OK;
}

static enum side draw_side(const struct feedback_split_options *o, const char *group)
{
    char hex[HASH_HEX_BYTES];
    struct rng rng;
    hash_bytes(group, strlen(group), hex);
    hex[8] = 0;
    rng_init(&rng, o->seed, RNG_SPLIT, (uint32_t)strtoul(hex, NULL, 16));
    return rng_unit(&rng) < o->holdout ? SIDE_TEST : SIDE_TRAIN;
}

static enum err_code choose_side(struct gathering *g, const char *text, const char *group,
                                 enum side *ret, struct err *err)
{
    int64_t of_text = 0, of_group = 0;
    if (look_up(g, &g->old, 't', text, &of_text, err)) return err->code;
    if (look_up(g, &g->old, 'g', group, &of_group, err)) return err->code;
    if (of_text == SIDE_TEST) {
        g->d.skipped_old_test++;
        *ret = SIDE_NONE;
    } else if (of_group == SIDE_TEST) {
        g->d.test_forced++;
        *ret = SIDE_TEST;
    } else if (of_group == SIDE_TRAIN || of_text == SIDE_TRAIN) {
        g->d.train_forced++;
        *ret = SIDE_TRAIN;
    } else {
        *ret = draw_side(g->o, group);
    }
    return ERR_OK;
}

/* Only start, end and label of each span: answers carry scores, too. */
static json_t *plain_spans(const char *json)
{
    json_t *list = json_loads(json, 0, NULL), *out = json_array(), *span;
    size_t i;
    json_array_foreach(list, i, span)
    {
        json_t *o =
            json_pack("{s:O, s:O, s:O}", "start", json_object_get(span, "start"), "end",
                      json_object_get(span, "end"), "label", json_object_get(span, "label"));
        if (o && json_array_append_new(out, o) == 0) continue;
        json_decref(out);
        out = NULL;
        break;
    }
    bool good = json_is_array(list);
    json_decref(list);
    if (good) return out;
    json_decref(out);
    return NULL;
}

static enum err_code add_line(struct gathering *g, const struct feedback_row *f, const char *text,
                              const char *spans, enum side side, struct err *err)
{
    json_t *list = plain_spans(spans);
    json_t *line = list ? json_pack("{s:s, s:s, s:s, s:o}", "id", f->id, "group", f->group, "text",
                                    text, "spans", list)
                        : NULL;
    if (!line) {
        return err_set(err, ERR_CORRUPT, "the spans of feedback %.12s are no list of spans", f->id);
    }
    json_write(line, false, &g->lines[side]);
    json_decref(line);
    buf_addc(&g->lines[side], '\n');
    if (remember(g, &g->groups[side], 'g', f->group, 1, err)) return err->code;
    g->d.simulated += f->simulated;
    return buf_check(&g->lines[side], err);
}

/* The text and spans that a row stands for; NULL when it is no gold, and then it is counted. */
static void gold_of(struct gathering *g, const struct feedback_row *f,
                    const struct prediction_row *p, const char **ret_text, const char **ret_spans)
{
    *ret_text = f->text ? f->text : p->text;
    *ret_spans = f->spans;
    if (f->verdict == FEEDBACK_ACCEPT) *ret_spans = f->complete ? p->entities : NULL;
    if (f->verdict == FEEDBACK_ACCEPT && !f->complete)
        g->d.skipped_incomplete++;
    else if (!*ret_spans)
        g->d.skipped_no_spans++;
    else if (!*ret_text)
        g->d.skipped_no_text++;
    if (!*ret_text) *ret_spans = NULL;
}

/* Walks the rows newest first, so that the first one met of a prediction, or of a text, is the one
 * that counts. */
static enum err_code add_row(struct gathering *g, const struct feedback_row *f, struct err *err)
{
    struct prediction_row p;
    const char *text = NULL, *spans = NULL;
    int64_t seen = 0;
    enum side side = SIDE_NONE;
    if (look_up(g, &g->newest, 'p', f->prediction, &seen, err)) return err->code;
    if (seen) return ERR_OK;
    if (remember(g, &g->newest, 'p', f->prediction, 1, err)) return err->code;
    if (prediction_get(g->r, f->prediction, &g->a, &p, err)) return err->code;
    gold_of(g, f, &p, &text, &spans);
    if (!spans) return ERR_OK;
    if (look_up(g, &g->newest, 't', text, &seen, err)) return err->code;
    if (seen) {
        g->d.skipped_duplicate++;
        return ERR_OK;
    }
    if (remember(g, &g->newest, 't', text, 1, err)) return err->code;
    if (choose_side(g, text, f->group, &side, err)) return err->code;
    return side == SIDE_NONE ? ERR_OK : add_line(g, f, text, spans, side, err);
}

static enum err_code gather(struct gathering *g, struct err *err)
{
    struct feedback_row *rows = NULL;
    size_t count = 0;
    struct feedback_filter f = {.state = FEEDBACK_ACCEPTED, .since_us = g->o->since_us};
    struct feedback_counts c;
    if (feedback_row_list(g->r, &f, &g->a, &rows, &count, err)) return err->code;
    if (feedback_row_count(g->r, &f, true, &c, err)) return err->code;
    g->d.pending = c.pending;
    for (size_t i = count; i-- > 0;) {
        if (add_row(g, &rows[i], err)) return err->code;
    }
    return ERR_OK;
}

static enum err_code read_side(struct gathering *g, enum side side, const char *name,
                               struct dataset **ret, struct err *err)
{
    struct findings findings;
    struct dataset *d = NULL;
    struct err none = {0};
    if (g->lines[side].len == 0) return ERR_OK;
    findings_init(&findings, FINDINGS_MAX);
    enum err_code code = dataset_parse(name, g->lines[side].data, g->lines[side].len,
                                       DATA_FORMAT_JSONL, "group", &findings, &d, &none);
    g->d.skipped_invalid += findings.errors;
    findings_release(&findings);
    *ret = d;
    if (!code || code == ERR_BAD_INPUT) return ERR_OK; /* BAD_INPUT: none of its lines is usable */
    *err = none;
    return code;
}

static enum err_code nothing_gold(const struct feedback_data *d, struct err *err)
{
    err_set(err, ERR_CONFLICT, "no reviewed feedback can be learned from");
    err_detail(err,
               "%lld wait for review; left out: %lld accepts that were not complete, %lld without"
               " spans, %lld without text, %lld old test texts, %lld invalid",
               (long long)d->pending, (long long)d->skipped_incomplete,
               (long long)d->skipped_no_spans, (long long)d->skipped_no_text,
               (long long)d->skipped_old_test, (long long)d->skipped_invalid);
    return err_hint(err, "review it with `cairn feedback review`");
}

static void release(struct gathering *g)
{
    map_release(&g->old);
    map_release(&g->newest);
    for (int side = 0; side < 3; side++) {
        map_release(&g->groups[side]);
        buf_release(&g->lines[side]);
    }
    arena_release(&g->a);
}

enum err_code feedback_data_open(struct registry *r, const struct feedback_split_options *o,
                                 struct feedback_data *ret, struct err *err)
{
    struct gathering g = {.r = r, .o = o};
    if (!(o->holdout >= 0 && o->holdout <= 1))
        return err_set(err, ERR_BAD_INPUT, "the share to hold out must be between 0 and 1");
    arena_init(&g.a, ARENA_JOB_BYTES_MAX);
    map_init(&g.old, EXAMPLE_COUNT_MAX);
    map_init(&g.newest, EXAMPLE_COUNT_MAX);
    for (int side = 0; side < 3; side++) {
        map_init(&g.groups[side], EXAMPLE_COUNT_MAX);
        buf_init(&g.lines[side], (size_t)DATA_BYTES_MAX);
    }
    enum err_code code = remember_all_old(&g, err);
    if (!code) code = gather(&g, err);
    if (!code) code = read_side(&g, SIDE_TRAIN, "reviewed feedback", &g.d.train, err);
    if (!code) code = read_side(&g, SIDE_TEST, "held-out feedback", &g.d.test, err);
    g.d.train_groups = (int64_t)g.groups[SIDE_TRAIN].count;
    g.d.test_groups = (int64_t)g.groups[SIDE_TEST].count;
    if (!code && !g.d.train && !g.d.test) code = nothing_gold(&g.d, err);
    if (code)
        feedback_data_close(&g.d);
    else
        *ret = g.d;
    release(&g);
    return code;
}

void feedback_data_close(struct feedback_data *d)
{
    dataset_free(d->train);
    dataset_free(d->test);
    *d = (struct feedback_data){.train = NULL};
}
