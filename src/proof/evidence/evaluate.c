/* proof/evidence/evaluate.c - from counts to what a person reads.
 *
 * Units first (groups when there are enough, else examples), then counts a unit, then resamples,
 * then the report: every number in it is a ratio of the same counts, so tables, bounds and gates
 * agree.
 */
#include "proof/evidence/evidence_internal.h"

#include "base/map.h"

#include <math.h>
#include <string.h>

/* units[i] of each example. Groups count as units when GROUPS_MIN of them hold fewer than all. */
static enum err_code find_units(struct evaluation *e, const struct token_data *data, int32_t *units,
                                struct err *err)
{
    struct map groups;
    map_init(&groups, EXAMPLE_COUNT_MAX);
    enum err_code code = ERR_OK;
    for (int32_t i = 0; i < data->count && code == ERR_OK; i++) {
        const char *group = data->examples[i].example->group;
        size_t len = 0;
        while (group[len]) len++;
        union map_value *known = map_get(&groups, group, len);
        units[i] = known ? (int32_t)known->i : (int32_t)groups.count;
        if (!known) code = map_put(&groups, group, len, (union map_value){.i = units[i]}, err);
    }
    e->group_count = (int32_t)groups.count;
    map_release(&groups);
    e->by_group = e->group_count >= GROUPS_MIN && e->group_count < data->count;
    for (int32_t i = 0; !e->by_group && i < data->count; i++) units[i] = i;
    return code;
}

/* Intervals of columns [true positive, predicted, gold] at `column`; `values` is room for all
 * resamples. */
static void fill_intervals(const struct samples *s, int32_t column, double *values,
                           struct prf_report *ret)
{
    struct interval *const into[] = {&ret->precision, &ret->recall, &ret->f1};
    for (int which = 0; which < 3; which++) {
        for (int32_t r = 0; r < s->resamples; r++) {
            const int64_t *p = s->sums + (size_t)r * (size_t)s->counts.columns + column;
            struct prf prf = prf_of(p[COL_TRUE_POSITIVE], p[COL_PREDICTED], p[COL_GOLD]);
            values[r] = which == 0 ? prf.precision : which == 1 ? prf.recall : prf.f1;
        }
        *into[which] = interval_of(values, s->resamples);
    }
}

static void report_label(const struct samples *s, int32_t label, const char *name, double *values,
                         struct prf_report *ret)
{
    int32_t column = prf_column(label, COL_TRUE_POSITIVE);
    const int64_t *t = s->counts.total + column, *strict = s->counts.strict_total + column;
    ret->label = name;
    ret->prf = prf_of(t[COL_TRUE_POSITIVE], t[COL_PREDICTED], t[COL_GOLD]);
    ret->strict = prf_of(strict[COL_TRUE_POSITIVE], strict[COL_PREDICTED], strict[COL_GOLD]);
    fill_intervals(s, column, values, ret);
}

/* Mean over the labels that occur in `in`, an array of (label_count + 1) * 3 sums. */
static struct prf macro_of(const struct counts *c, const int64_t *in, const int64_t *occurs)
{
    const int64_t *all = in + prf_column(c->label_count, COL_TRUE_POSITIVE);
    struct prf sum = {all[COL_TRUE_POSITIVE], all[COL_PREDICTED], all[COL_GOLD], 0, 0, 0};
    int32_t labels = 0;
    for (int32_t l = 0; l < c->label_count; l++) {
        const int64_t *o = occurs + prf_column(l, COL_TRUE_POSITIVE);
        if (o[COL_PREDICTED] == 0 && o[COL_GOLD] == 0) continue;
        const int64_t *p = in + prf_column(l, COL_TRUE_POSITIVE);
        struct prf one = prf_of(p[COL_TRUE_POSITIVE], p[COL_PREDICTED], p[COL_GOLD]);
        sum.precision += one.precision;
        sum.recall += one.recall;
        sum.f1 += one.f1;
        labels++;
    }
    if (labels) sum.precision /= labels, sum.recall /= labels, sum.f1 /= labels;
    return sum;
}

static void report_macro(const struct samples *s, double *values, struct prf_report *ret)
{
    const struct counts *c = &s->counts;
    ret->label = "macro";
    ret->prf = macro_of(c, c->total, c->total);
    ret->strict = macro_of(c, c->strict_total, c->strict_total);
    struct interval *const into[] = {&ret->precision, &ret->recall, &ret->f1};
    for (int which = 0; which < 3; which++) {
        for (int32_t r = 0; r < s->resamples; r++) {
            struct prf m = macro_of(c, s->sums + (size_t)r * (size_t)c->columns, c->total);
            values[r] = which == 0 ? m.precision : which == 1 ? m.recall : m.f1;
        }
        *into[which] = interval_of(values, s->resamples);
    }
}

/* Recall alone: there is no telling whether a wrong prediction was "seen". */
static void report_recall(const struct samples *s, enum other_column found, const char *name,
                          double *values, struct prf_report *ret)
{
    int32_t column = other_column(&s->counts, found); /* gold stands one after found */
    int32_t kept = 0;
    ret->label = name;
    ret->prf = prf_of(s->counts.total[column], 0, s->counts.total[column + 1]);
    for (int32_t r = 0; r < s->resamples; r++) {
        const int64_t *p = s->sums + (size_t)r * (size_t)s->counts.columns + column;
        if (p[1]) values[kept++] = (double)p[0] / (double)p[1];
    }
    ret->recall = interval_of(values, kept);
    ret->precision = ret->f1 = (struct interval){(double)NAN, (double)NAN};
}

static void report_tokens(struct evaluation *e, const struct tag_set *tags)
{
    const struct counts *c = &e->samples->counts;
    e->tokens = arena_alloc(&e->arena, (size_t)tags->tag_count * sizeof *e->tokens);
    for (int32_t t = 0; t < tags->tag_count; t++) {
        const int64_t *n = c->tag_total + (size_t)t * 3;
        if (n[1] == 0 && n[2] == 0) continue;
        struct prf p = prf_of(n[0], n[1], n[2]);
        e->tokens[e->token_row_count++] =
            (struct token_row){tags->tags[t], p.precision, p.recall, p.f1, n[2]};
    }
    int64_t words = c->total[other_column(c, COL_WORDS)];
    e->word_count = words;
    if (words == 0) return;
    e->token_accuracy = (double)c->total[other_column(c, COL_WORDS_RIGHT)] / (double)words;
    e->all_o_accuracy = (double)c->tag_total[TAG_O * 3 + 2] / (double)words;
}

static const char *say_why_it_flatters(struct evaluation *e)
{
    double accuracy = e->token_accuracy * 100, none = e->all_o_accuracy * 100;
    double f1 = e->overall.prf.f1 * 100;
    if (accuracy <= f1)
        return arena_printf(&e->arena,
                            "Here the token table does not flatter: %.1f %% of the words have the "
                            "right tag, and entity F1 is %.1f %%; a tagger that finds nothing "
                            "would have %.1f %% of the words right.",
                            accuracy, f1, none);
    if (none >= 50)
        return arena_printf(&e->arena,
                            "%.1f %% of the words belong to no entity, so a tagger that finds "
                            "nothing already has %.1f %% token accuracy; this one has %.1f %%, but "
                            "counted by whole entities its F1 is %.1f %%.",
                            none, none, accuracy, f1);
    return arena_printf(
        &e->arena,
        "The token table counts words, so an entity with one wrong word still counts "
        "as mostly right: %.1f %% of the words have the right tag, but counted by "
        "whole entities F1 is %.1f %% (a tagger that finds nothing: %.1f %% of the "
        "words, no entity).",
        accuracy, f1, none);
}

static enum err_code report(struct evaluation *e, struct err *err)
{
    const struct samples *s = e->samples;
    const struct tag_set *tags = &s->tags;
    double *values = mem_try((size_t)s->resamples, sizeof *values, err);
    if (!values) return err->code;
    e->label_count = tags->label_count;
    e->labels = arena_alloc(&e->arena, ((size_t)e->label_count + 1) * sizeof *e->labels);
    for (int32_t l = 0; l < e->label_count; l++)
        report_label(s, l, tags->labels[l], values, &e->labels[l]);
    report_label(s, e->label_count, NULL, values, &e->overall);
    report_macro(s, values, &e->macro);
    report_recall(s, COL_SEEN_FOUND, "seen", values, &e->seen);
    report_recall(s, COL_UNSEEN_FOUND, "unseen", values, &e->unseen);
    mem_free(values);
    report_tokens(e, tags);
    e->token_sentence = say_why_it_flatters(e);
    return ERR_OK;
}

static enum err_code count_all(struct evaluation *e, const struct token_data *data,
                               const struct tag_prediction *p, const struct token_data *train,
                               struct err *err)
{
    struct seen_set *seen = NULL;
    int32_t *units = mem_try((size_t)data->count, sizeof *units, err);
    enum err_code code = units ? ERR_OK : err->code;
    if (code == ERR_OK) code = find_units(e, data, units, err);
    if (code == ERR_OK && train) code = seen_set_new(train, &seen, err);
    if (code == ERR_OK)
        code = counts_make(&e->arena, data, p, units, e->by_group ? e->group_count : data->count,
                           seen, &e->samples->counts, err);
    seen_set_free(seen);
    mem_free(units);
    return code;
}

/* An evaluation is often kept longer than the data that it came from. */
static enum err_code copy_tags(struct evaluation *e, const struct tag_set *tags, struct err *err)
{
    return tag_set_from_labels(&e->arena, (const char *const *)tags->labels, tags->label_count,
                               &e->samples->tags, err);
}

enum err_code evaluate(const struct token_data *data, const struct tag_prediction *predictions,
                       const struct evaluate_options *o, struct evaluation **ret, struct err *err)
{
    if (data->count == 0) return err_set(err, ERR_BAD_INPUT, "no examples to evaluate");
    if (o->resamples < 0 || o->resamples > RESAMPLE_COUNT_MAX)
        return err_set(err, ERR_BAD_INPUT, "%d resamples: 1 to %d are allowed", o->resamples,
                       RESAMPLE_COUNT_MAX);
    struct evaluation *e = mem_try(1, sizeof *e, err);
    if (!e) return err->code;
    arena_init(&e->arena, ARENA_JOB_BYTES_MAX);
    e->seed = o->seed;
    e->resamples = o->resamples ? o->resamples : RESAMPLES_DEFAULT;
    e->example_count = data->count;
    e->lost_count = data->lost_count;
    e->samples = arena_alloc(&e->arena, sizeof *e->samples);
    e->samples->resamples = e->resamples;
    memcpy(e->data_digest, data->fingerprint, sizeof e->data_digest);
    if (copy_tags(e, &data->tags, err) || count_all(e, data, predictions, o->train, err) ||
        samples_draw(&e->arena, e->samples, o->seed, err) || report(e, err) ||
        errors_collect(e, data, predictions, o->errors_max ? o->errors_max : 10, err)) {
        evaluation_free(e);
        return err->code;
    }
    *ret = e;
    return ERR_OK;
}

void evaluation_free(struct evaluation *e)
{
    if (!e) return;
    arena_release(&e->arena);
    mem_free(e);
}
