/* proof/evidence/evidence_internal.h - counts a unit, from which every number and bound is made. */
#ifndef PROOF_EVIDENCE_INTERNAL_H
#define PROOF_EVIDENCE_INTERNAL_H

#include "proof/evidence/metrics.h"

/* Columns of counts: three for each label l, three for all labels (l = label_count), then these. */
enum prf_column { COL_TRUE_POSITIVE, COL_PREDICTED, COL_GOLD, PRF_COLUMNS };
enum other_column {
    COL_SEEN_FOUND,
    COL_SEEN_GOLD,
    COL_UNSEEN_FOUND,
    COL_UNSEEN_GOLD,
    COL_WORDS_RIGHT,
    COL_WORDS,
    OTHER_COLUMNS
};
struct count_entry { /* sparse: most units say nothing on most labels */
    int32_t unit, column, n;
};
struct counts {
    int32_t label_count, columns, unit_count;
    struct count_entry *entries; /* sorted by unit */
    int64_t *row;                /* [unit_count + 1], first entry of each unit */
    int64_t *total;              /* [columns] */
    int64_t *strict_total;       /* [3 * (label_count + 1)] */
    int64_t *tag_total;          /* [3 * tag_count], right, predicted, gold */
};
struct samples {
    struct counts counts;
    struct tag_set tags; /* a copy */
    int32_t resamples;
    int64_t *sums; /* [resamples, columns] */
};
int32_t prf_column(int32_t label, enum prf_column c);
int32_t other_column(const struct counts *c, enum other_column o);

/* Gold and predicted entities of one example in default mode; arrays are reused. */
struct entity_lists {
    struct entity *gold, *predicted;
    int32_t gold_count, predicted_count;
    bool *gold_found, *predicted_right; /* exact matches */
    int32_t cap;
    struct arena arena;
};
void entity_lists_init(struct entity_lists *l);
void entity_lists_release(struct entity_lists *l);
enum err_code entity_lists_set(struct entity_lists *l, const struct token_example *te,
                               const struct tag_prediction *p, bool strict,
                               struct err *err) MUST_CHECK;

/* Which entities training has shown: folded words with label. */
struct seen_set;
enum err_code seen_set_new(const struct token_data *train, struct seen_set **ret,
                           struct err *err) MUST_CHECK;
void seen_set_free(struct seen_set *s);
/* seen[i] for each of the `count` entities of te, in order. */
enum err_code seen_set_ask(struct seen_set *s, const struct token_example *te,
                           const struct tag_set *tags, const struct entity *entities, int32_t count,
                           bool *seen, struct err *err) MUST_CHECK;

/* units[i] is the unit of example i. seen may be NULL. */
enum err_code counts_make(struct arena *a, const struct token_data *data,
                          const struct tag_prediction *p, const int32_t *units, int32_t unit_count,
                          struct seen_set *seen, struct counts *ret, struct err *err) MUST_CHECK;

/* Draws all resamples. */
enum err_code samples_draw(struct arena *a, struct samples *s, uint64_t seed,
                           struct err *err) MUST_CHECK;
struct prf prf_of(int64_t true_positive, int64_t predicted, int64_t gold);
/* Sorts the values; two-sided 95 %. */
struct interval interval_of(double *values, int32_t count);
/* numpy's default (type 7) of sorted values. */
double quantile_sorted(const double *values, int32_t count, double p);
int double_order(const void *a, const void *b);

enum err_code errors_collect(struct evaluation *e, const struct token_data *data,
                             const struct tag_prediction *p, int32_t errors_max,
                             struct err *err) MUST_CHECK;

#endif
