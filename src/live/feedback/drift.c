/* live/feedback/drift.c - PSI against its own permutation null.
 *
 * Why not PSI against the usual table (0.1, 0.25): with few texts PSI is far from 0 by chance alone
 * (its mean under the null is about (bins - 1)(1/n + 1/m)), with many the slightest change is
 * certain. So both are asked: is it more than chance (p), and is it more than a trifle (excess over
 * the null's mean).
 *
 * Whole texts are dealt, so that entities of one text stay together: they are not independent of
 * each other. One deal serves all three measures. Everything is prepared as "which bins does this
 * text count in", so that a deal is additions only.
 */
#include "live/feedback/drift.h"
#include "base/rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PERMUTATIONS_MAX 100000
#define QUANTILE_BINS    10
#define BINS_MAX         (DRIFT_LABELS_MAX + 2)

struct binned {      /* one measure of all texts, reference first */
    int32_t bins;    /* K */
    int32_t *counts; /* [texts, K] */
    double total[BINS_MAX];
    double *null; /* [permutations] PSI of each deal */
};

struct pooled {
    const struct drift_point **points; /* [n] */
    int32_t reference, n;
};

const char *drift_kind_name(enum drift_kind k)
{
    static const char *const names[] = {"label rate", "confidence", "unknown-piece rate"};
    return names[k];
}

static double psi(const double *part, const double *total, int32_t bins)
{
    double sum_part = 0, sum_rest = 0, value = 0;
    for (int32_t k = 0; k < bins; k++) {
        sum_part += part[k];
        sum_rest += total[k] - part[k];
    }
    for (int32_t k = 0; k < bins; k++) {
        double p = (part[k] + 0.5) / (sum_part + 0.5 * bins);
        double q = (total[k] - part[k] + 0.5) / (sum_rest + 0.5 * bins);
        value += (p - q) * log(p / q);
    }
    return value;
}

static double value_of(const struct drift_point *p, enum drift_kind k)
{
    if (k == DRIFT_CONFIDENCE) return p->confidence;
    return p->tokens > 0 ? (double)p->unknown / (double)p->tokens : 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Upper edges of the bins: the distinct deciles of all values together, but for the highest. */
static int32_t make_edges(const struct pooled *all, enum drift_kind k, double *values,
                          double edges[QUANTILE_BINS])
{
    int32_t n = 0, count = 0;
    for (int32_t i = 0; i < all->n; i++) {
        double v = value_of(all->points[i], k);
        if (!isnan(v)) values[n++] = v;
    }
    qsort(values, (size_t)n, sizeof *values, by_value);
    for (int32_t d = 1; d < QUANTILE_BINS && n > 0; d++) {
        double edge = values[(int64_t)n * d / QUANTILE_BINS];
        if (edge < values[n - 1] && (count == 0 || edge > edges[count - 1])) edges[count++] = edge;
    }
    return count;
}

/* Bins 0..edges are quantiles; the last one is for texts that have no value. */
static enum err_code bin_values(const struct pooled *all, enum drift_kind k, struct arena *a,
                                struct binned *b, struct err *err)
{
    double edges[QUANTILE_BINS];
    double *values = arena_try(a, (size_t)all->n + 1, sizeof *values, err);
    if (!values) return err->code;
    int32_t edge_count = make_edges(all, k, values, edges);
    b->bins = edge_count + 2;
    b->counts = arena_try(a, (size_t)all->n * (size_t)b->bins + 1, sizeof *b->counts, err);
    if (!b->counts) return err->code;
    for (int32_t i = 0; i < all->n; i++) {
        double v = value_of(all->points[i], k);
        int32_t bin = isnan(v) ? b->bins - 1 : 0;
        while (bin < edge_count && v > edges[bin]) bin++;
        b->counts[(size_t)i * (size_t)b->bins + (size_t)bin] = 1;
    }
    return ERR_OK;
}

/* One bin a label, and one for texts without any entity. */
static enum err_code bin_labels(const struct pooled *all, int32_t label_count, struct arena *a,
                                struct binned *b, struct err *err)
{
    b->bins = label_count + 1;
    b->counts = arena_try(a, (size_t)all->n * (size_t)b->bins + 1, sizeof *b->counts, err);
    if (!b->counts) return err->code;
    for (int32_t i = 0; i < all->n; i++) {
        int32_t *row = b->counts + (size_t)i * (size_t)b->bins;
        bool none = true;
        for (int32_t l = 0; l < label_count; l++) {
            row[l] = all->points[i]->labels[l];
            none = none && row[l] == 0;
        }
        row[label_count] = none;
    }
    return ERR_OK;
}

static double psi_of(const struct binned *b, const int *order, int32_t take)
{
    double part[BINS_MAX] = {0};
    for (int32_t i = 0; i < take; i++) {
        const int32_t *row = b->counts + (size_t)order[i] * (size_t)b->bins;
        for (int32_t k = 0; k < b->bins; k++) part[k] += row[k];
    }
    return psi(part, b->total, b->bins);
}

static double mean_of(const struct pooled *all, int32_t from, int32_t to, enum drift_kind k,
                      int32_t label_count)
{
    double sum = 0, weight = 0;
    for (int32_t i = from; i < to; i++) {
        const struct drift_point *p = all->points[i];
        if (k == DRIFT_UNKNOWN_RATE) {
            sum += (double)p->unknown;
            weight += (double)p->tokens;
        } else if (k == DRIFT_CONFIDENCE) {
            if (isnan(p->confidence)) continue;
            sum += p->confidence;
            weight += 1;
        } else {
            for (int32_t l = 0; l < label_count; l++) sum += p->labels[l];
            weight += 1;
        }
    }
    return weight > 0 ? sum / weight : (double)NAN;
}

static void summarise(struct binned *b, int32_t permutations, struct drift_result *ret)
{
    double sum = 0;
    int32_t beyond = 0;
    for (int32_t i = 0; i < permutations; i++) {
        sum += b->null[i];
        beyond += b->null[i] >= ret->psi;
    }
    qsort(b->null, (size_t)permutations, sizeof *b->null, by_value);
    ret->null_mean = sum / permutations;
    ret->null_q95 = b->null[(int64_t)permutations * 95 / 100];
    ret->p = (1.0 + beyond) / (1.0 + permutations);
}

/* Holm: the smallest p times 3, the next times 2, the last as it is, never decreasing. */
static void adjust(struct drift_result *results)
{
    int order[DRIFT_KIND_COUNT] = {0, 1, 2};
    double floor_p = 0;
    for (int i = 0; i < DRIFT_KIND_COUNT; i++) {
        for (int j = i + 1; j < DRIFT_KIND_COUNT; j++) {
            if (results[order[j]].p >= results[order[i]].p) continue;
            int swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        double p = results[order[i]].p * (DRIFT_KIND_COUNT - i);
        floor_p = fmax(floor_p, fmin(p, 1));
        results[order[i]].p_adjusted = floor_p;
    }
}

static void write_sentence(const struct drift_options *o, struct drift_report *d)
{
    struct buf b;
    buf_init(&b, sizeof d->sentence);
    if (d->verdict == DRIFT_TOO_LITTLE) {
        buf_addf(&b,
                 "too little data to tell: %d recent and %d reference texts; %d of each are needed",
                 d->recent_count, d->reference_count, o->least);
    } else if (d->verdict == DRIFT_NONE) {
        buf_addf(&b, "no drift seen in %d recent texts against %d reference texts", d->recent_count,
                 d->reference_count);
    } else {
        const char *between = "drift in ";
        for (int k = 0; k < DRIFT_KIND_COUNT; k++) {
            const struct drift_result *r = &d->result[k];
            if (!r->drift) continue;
            buf_addf(&b, "%s%s (PSI %.2f, p %.3g; %.3g before, %.3g now)", between,
                     drift_kind_name((enum drift_kind)k), r->psi, r->p_adjusted, r->reference,
                     r->recent);
            between = ", ";
        }
    }
    size_t len = b.len < sizeof d->sentence ? b.len : sizeof d->sentence - 1;
    memcpy(d->sentence, b.data, len);
    d->sentence[len] = 0;
    buf_release(&b);
}

static enum err_code bin_all(const struct drift_set *s, const struct pooled *all,
                             int32_t permutations, struct arena *a,
                             struct binned b[DRIFT_KIND_COUNT], struct err *err)
{
    if (bin_labels(all, s->label_count, a, &b[DRIFT_LABEL_RATE], err)) return err->code;
    if (bin_values(all, DRIFT_CONFIDENCE, a, &b[DRIFT_CONFIDENCE], err)) return err->code;
    if (bin_values(all, DRIFT_UNKNOWN_RATE, a, &b[DRIFT_UNKNOWN_RATE], err)) return err->code;
    for (int k = 0; k < DRIFT_KIND_COUNT; k++) {
        b[k].null = arena_try(a, (size_t)permutations, sizeof *b[k].null, err);
        if (!b[k].null) return err->code;
        for (int32_t i = 0; i < all->n; i++) {
            const int32_t *row = b[k].counts + (size_t)i * (size_t)b[k].bins;
            for (int32_t bin = 0; bin < b[k].bins; bin++) b[k].total[bin] += row[bin];
        }
    }
    return ERR_OK;
}

static void permute(const struct drift_set *s, const struct drift_options *o,
                    const struct pooled *all, int *order, struct binned b[DRIFT_KIND_COUNT],
                    struct drift_report *d)
{
    for (int32_t i = 0; i < all->n; i++) order[i] = i;
    for (int k = 0; k < DRIFT_KIND_COUNT; k++)
        d->result[k].psi = psi_of(&b[k], order, all->reference);
    for (int32_t i = 0; i < o->permutations; i++) {
        struct rng rng;
        rng_init(&rng, o->seed, RNG_PERMUTE, (uint32_t)i);
        rng_shuffle(&rng, order, (size_t)all->n);
        for (int k = 0; k < DRIFT_KIND_COUNT; k++)
            b[k].null[i] = psi_of(&b[k], order, all->reference);
    }
    for (int k = 0; k < DRIFT_KIND_COUNT; k++) {
        summarise(&b[k], o->permutations, &d->result[k]);
        d->result[k].reference =
            mean_of(all, 0, all->reference, (enum drift_kind)k, s->label_count);
        d->result[k].recent =
            mean_of(all, all->reference, all->n, (enum drift_kind)k, s->label_count);
    }
}

static enum err_code measure(const struct drift_set *s, const struct drift_options *o,
                             struct arena *a, struct drift_report *d, struct err *err)
{
    struct binned b[DRIFT_KIND_COUNT] = {{0}};
    struct pooled all = {.reference = s->reference.count,
                         .n = s->reference.count + s->recent.count};
    int *order = arena_try(a, (size_t)all.n, sizeof *order, err);
    if (!order) return err->code;
    all.points = arena_try(a, (size_t)all.n, sizeof *all.points, err);
    if (!all.points) return err->code;
    for (int32_t i = 0; i < all.reference; i++) all.points[i] = &s->reference.points[i];
    for (int32_t i = 0; i < s->recent.count; i++)
        all.points[all.reference + i] = &s->recent.points[i];
    if (bin_all(s, &all, o->permutations, a, b, err)) return err->code;
    permute(s, o, &all, order, b, d);
    adjust(d->result);
    d->verdict = DRIFT_NONE;
    for (int k = 0; k < DRIFT_KIND_COUNT; k++) {
        struct drift_result *r = &d->result[k];
        r->drift = r->p_adjusted <= o->alpha && r->psi - r->null_mean >= o->psi_least;
        if (r->drift) d->verdict = DRIFT_SEEN;
    }
    return ERR_OK;
}

static struct drift_options with_defaults(const struct drift_options *given)
{
    struct drift_options o = *given;
    if (!o.permutations) o.permutations = 999;
    if (!o.least) o.least = 50;
    if (o.alpha == 0) o.alpha = 0.01;
    if (o.psi_least == 0) o.psi_least = 0.1;
    return o;
}

enum err_code drift_measure(const struct drift_set *s, const struct drift_options *given,
                            struct drift_report *ret, struct err *err)
{
    struct drift_options o = with_defaults(given);
    struct arena a;
    enum err_code code = ERR_OK;
    struct drift_report d = {.verdict = DRIFT_TOO_LITTLE,
                             .reference_count = s->reference.count,
                             .recent_count = s->recent.count};
    if (o.permutations < 1 || o.permutations > PERMUTATIONS_MAX || o.least < 1 ||
        !(o.alpha > 0 && o.alpha < 1) || !(o.psi_least > 0))
        return err_set(err, ERR_BAD_INPUT, "the options of the drift measure are out of range");
    BUG_IF(s->label_count > DRIFT_LABELS_MAX);
    for (int k = 0; k < DRIFT_KIND_COUNT; k++) {
        double none = (double)NAN;
        d.result[k] = (struct drift_result){none, none, none, none, none, none, none, false};
    }
    arena_init(&a, 1u << 30);
    if (s->reference.count >= o.least && s->recent.count >= o.least)
        code = measure(s, &o, &a, &d, err);
    arena_release(&a);
    if (code) return code;
    write_sentence(&o, &d);
    *ret = d;
    return ERR_OK;
}

json_t *drift_json(const struct drift_report *d)
{
    static const char *const verdicts[] = {"too-little-data", "no-drift", "drift"};
    json_t *measures = json_array();
    for (int k = 0; k < DRIFT_KIND_COUNT; k++) {
        const struct drift_result *r = &d->result[k];
        json_array_append_new(measures, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}",
                                                  "measure", drift_kind_name((enum drift_kind)k),
                                                  "psi", json_real_or_null(r->psi), "null_mean",
                                                  json_real_or_null(r->null_mean), "null_q95",
                                                  json_real_or_null(r->null_q95), "p",
                                                  json_real_or_null(r->p), "p_adjusted",
                                                  json_real_or_null(r->p_adjusted), "reference",
                                                  json_real_or_null(r->reference), "recent",
                                                  json_real_or_null(r->recent), "drift", r->drift));
    }
    return json_pack("{s:s, s:s, s:i, s:i, s:o}", "verdict", verdicts[d->verdict], "sentence",
                     d->sentence, "reference_texts", d->reference_count, "recent_texts",
                     d->recent_count, "measures", measures);
}
