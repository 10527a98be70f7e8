/* proof/evidence/bootstrap.c - how far a number could be off by the luck of the sample.
 *
 * Resample r draws unit_count units with replacement by the generator (seed, RNG_BOOTSTRAP, r)
 * and sums their counts; metrics are then ratios of those sums. The draws depend on nothing else,
 * so candidate and reference, evaluated on the same data with the same seed, were drawn alike:
 * the difference of resample r of one and resample r of the other is a paired bootstrap without
 * drawing again.
 */
#include "proof/evidence/evidence_internal.h"

#include "base/rng.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>

enum err_code samples_draw(struct arena *a, struct samples *s, uint64_t seed, struct err *err)
{
    const struct counts *c = &s->counts;
    size_t columns = (size_t)c->columns;
    s->sums = arena_try(a, (size_t)s->resamples * columns, sizeof *s->sums, err);
    int32_t *times = s->sums ? arena_try(a, (size_t)c->unit_count, sizeof *times, err) : NULL;
    if (!times) return err->code;
    for (int32_t r = 0; r < s->resamples; r++) {
        int64_t *sum = s->sums + (size_t)r * columns;
        struct rng rng;
        rng_init(&rng, seed, RNG_BOOTSTRAP, (uint32_t)r);
        for (int32_t i = 0; i < c->unit_count; i++)
            times[rng_below(&rng, (uint32_t)c->unit_count)]++;
        for (int32_t u = 0; u < c->unit_count; u++) { /* in order: a third was not drawn at all */
            if (times[u] == 0) continue;
            const struct count_entry *end = c->entries + c->row[u + 1];
            for (const struct count_entry *e = c->entries + c->row[u]; e < end; e++)
                sum[e->column] += (int64_t)times[u] * e->n;
            times[u] = 0;
        }
    }
    return ERR_OK;
}

struct prf prf_of(int64_t true_positive, int64_t predicted, int64_t gold)
{
    struct prf p = {.true_positive = true_positive, .predicted = predicted, .gold = gold};
    if (predicted) p.precision = (double)true_positive / (double)predicted;
    if (gold) p.recall = (double)true_positive / (double)gold;
    double sum = p.precision + p.recall; /* in seqeval's order of operations: the same bits */
    if (sum > 0) p.f1 = 2 * p.precision * p.recall / sum;
    return p;
}

int double_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double quantile_sorted(const double *values, int32_t count, double p)
{
    if (count == 0) return (double)NAN;
    double at = p * (count - 1), below = floor(at);
    int32_t i = (int32_t)below;
    if (i + 1 >= count) return values[count - 1];
    return values[i] + (at - below) * (values[i + 1] - values[i]);
}

struct interval interval_of(double *values, int32_t count)
{
    qsort(values, (size_t)count, sizeof *values, double_order);
    return (struct interval){quantile_sorted(values, count, 0.025),
                             quantile_sorted(values, count, 0.975)};
}

enum metric_id { ID_F1, ID_PRECISION, ID_RECALL, ID_UNSEEN, ID_ACCURACY, ID_COUNT };
static const char *const id_names[] = {"entity_f1", "entity_precision", "entity_recall",
                                       "unseen_recall", "token_accuracy"};

static enum err_code find_id(const char *metric, enum metric_id *ret, struct err *err)
{
    for (int i = 0; i < ID_COUNT; i++) {
        if (!str_eq(metric, id_names[i])) continue;
        *ret = (enum metric_id)i;
        return ERR_OK;
    }
    return err_set(err, ERR_BAD_INPUT, "%s is not measured on a split", metric);
}

/* NaN when undefined and not a seqeval ratio. label -1: one that the tag set lacks. */
static double value_of(const struct counts *c, const int64_t *sums, enum metric_id id,
                       int32_t label)
{
    if (label < 0) return 0;
    const int64_t *p = sums + prf_column(label, COL_TRUE_POSITIVE);
    const int64_t *other = sums + other_column(c, COL_SEEN_FOUND);
    struct prf prf = prf_of(p[COL_TRUE_POSITIVE], p[COL_PREDICTED], p[COL_GOLD]);
    switch (id) {
    case ID_F1:
        return prf.f1;
    case ID_PRECISION:
        return prf.precision;
    case ID_RECALL:
        return prf.recall;
    case ID_UNSEEN:
        if (other[COL_UNSEEN_GOLD] == 0) return (double)NAN;
        return (double)other[COL_UNSEEN_FOUND] / (double)other[COL_UNSEEN_GOLD];
    case ID_ACCURACY:
        if (other[COL_WORDS] == 0) return (double)NAN;
        return (double)other[COL_WORDS_RIGHT] / (double)other[COL_WORDS];
    case ID_COUNT:
        break;
    }
    return (double)NAN;
}

static bool has_say(const struct counts *c, const struct count_entry *e, enum metric_id id,
                    int32_t label)
{
    if (id == ID_UNSEEN) return e->column == other_column(c, COL_UNSEEN_GOLD);
    if (id == ID_ACCURACY) return e->column == other_column(c, COL_WORDS);
    bool gold = e->column == prf_column(label, COL_GOLD);
    bool predicted = e->column == prf_column(label, COL_PREDICTED);
    return (gold && id != ID_PRECISION) || (predicted && id != ID_RECALL);
}

static int64_t units_with_say(const struct counts *c, enum metric_id id, int32_t label)
{
    int64_t n = 0;
    if (label < 0) return 0;
    for (int32_t u = 0; u < c->unit_count; u++) {
        bool any = false;
        for (int64_t i = c->row[u]; i < c->row[u + 1] && !any; i++)
            any = has_say(c, &c->entries[i], id, label);
        n += any;
    }
    return n;
}

static int32_t column_label(const struct samples *s, const char *label)
{
    return label ? tag_set_label(&s->tags, label) : s->counts.label_count;
}

/* Fills bounds from the values of all resamples (NaN ones are left out). Sorts. */
static void fill_bounds(double *values, int32_t count, double confidence, struct measurement *m)
{
    int32_t kept = 0;
    for (int32_t r = 0; r < count; r++)
        if (!isnan(values[r])) values[kept++] = values[r];
    qsort(values, (size_t)kept, sizeof *values, double_order);
    m->lower = quantile_sorted(values, kept, 1 - confidence);
    m->upper = quantile_sorted(values, kept, confidence);
}

static struct measurement blank(const char *metric, const char *label, double confidence)
{
    return (struct measurement){.metric = metric,
                                .label = label,
                                .value = (double)NAN,
                                .lower = (double)NAN,
                                .upper = (double)NAN,
                                .confidence = confidence,
                                .how = "measured"};
}

static enum err_code check_confidence(double confidence, struct err *err)
{
    if (confidence >= 0.5 && confidence < 1) return ERR_OK;
    return err_set(err, ERR_BAD_INPUT, "confidence %g must be 0.5 or more and below 1", confidence);
}

enum err_code evaluation_bound(const struct evaluation *e, const char *metric, const char *label,
                               double confidence, struct measurement *ret, struct err *err)
{
    const struct samples *s = e->samples;
    enum metric_id id;
    if (find_id(metric, &id, err) || check_confidence(confidence, err)) return err->code;
    struct measurement m = blank(metric, label, confidence);
    int32_t l = column_label(s, label);
    m.n = units_with_say(&s->counts, id, l);
    if (m.n > 0) {
        double *values = mem_try((size_t)s->resamples, sizeof *values, err);
        if (!values) return err->code;
        m.value = value_of(&s->counts, s->counts.total, id, l);
        for (int32_t r = 0; r < s->resamples; r++)
            values[r] =
                value_of(&s->counts, s->sums + (size_t)r * (size_t)s->counts.columns, id, l);
        fill_bounds(values, s->resamples, confidence, &m);
        mem_free(values);
    }
    *ret = m;
    return ERR_OK;
}

static enum err_code check_paired(const struct evaluation *a, const struct evaluation *b,
                                  struct err *err)
{
    if (!str_eq(a->data_digest, b->data_digest)) {
        err_set(err, ERR_BAD_INPUT, "the two evaluations are not of the same data");
        return err_detail(err, "%.12s and %.12s", a->data_digest, b->data_digest);
    }
    if (a->seed != b->seed || a->resamples != b->resamples || a->by_group != b->by_group)
        return err_set(err, ERR_BAD_INPUT, "the two evaluations were not resampled alike");
    return ERR_OK;
}

enum err_code evaluation_difference(const struct evaluation *candidate,
                                    const struct evaluation *reference, const char *metric,
                                    const char *label, double confidence, struct measurement *ret,
                                    struct err *err)
{
    enum metric_id id;
    if (find_id(metric, &id, err) || check_confidence(confidence, err) ||
        check_paired(candidate, reference, err))
        return err->code;
    const struct samples *a = candidate->samples, *b = reference->samples;
    struct measurement m = blank(metric, label, confidence);
    m.difference = true;
    int32_t la = column_label(a, label), lb = column_label(b, label);
    /* a model that lacks the label finds none of it: its F1, precision and recall are 0 */
    int64_t na = units_with_say(&a->counts, id, la), nb = units_with_say(&b->counts, id, lb);
    m.n = na > nb ? na : nb;
    if (m.n > 0) {
        double *values = mem_try((size_t)a->resamples, sizeof *values, err);
        if (!values) return err->code;
        m.value = value_of(&a->counts, a->counts.total, id, la) -
                  value_of(&b->counts, b->counts.total, id, lb);
        for (int32_t r = 0; r < a->resamples; r++)
            values[r] =
                value_of(&a->counts, a->sums + (size_t)r * (size_t)a->counts.columns, id, la) -
                value_of(&b->counts, b->sums + (size_t)r * (size_t)b->counts.columns, id, lb);
        fill_bounds(values, a->resamples, confidence, &m);
        mem_free(values);
    }
    *ret = m;
    return ERR_OK;
}
