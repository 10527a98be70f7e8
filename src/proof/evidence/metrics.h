/* proof/evidence/metrics.h - how good tags are, told honestly.
 *
 * Takes:  prepared data with gold tags (proof/task) and predictions of the same words.
 * Gives:  entity precision, recall, F1 (equal to seqeval, default and strict) overall and per
 *         label; the token-level report with its accuracy and the all-O accuracy beside it; seen
 *         against unseen entities; the worst errors; bootstrap intervals; paired differences.
 *
 *     struct evaluation *e = NULL;
 *     if (evaluate(data, predictions, &options, &e, err)) return err->code;
 *     ... e->overall.prf.f1, e->labels[i].prf.f1, e->token_accuracy ...
 *     if (evaluation_bound(e, "entity_f1", NULL, 0.95, &m, err)) ...  // value, lower, upper, n
 *     evaluation_free(e);
 *
 * Rules that always hold:
 *  1. Intervals are a percentile bootstrap over groups when there are at least GROUPS_MIN and
 *     any holds two examples, else over examples. The draws come from (seed, resample)
 *     alone, so the same input gives the same bounds everywhere, and two evaluations of the same
 *     data with the same seed are resampled in pairs.
 *  2. A gold span that tags cannot say (token_example.lost) counts as missed.
 *  3. An entity is *seen* when its folded words with its label are an entity of the training
 *     data.
 *  4. A ratio without a denominator is 0, as seqeval's zero_division=0; seen and unseen recall
 *     are then not measured (NaN).
 * Owner:   the evaluation owns its memory; only its errors point into the examples of the data.
 * Threads: read-only once made.
 * Source:  CoNLL-2003 evaluation; seqeval 1.2.2 (tests/oracle/seqeval); Efron & Tibshirani 1993,
 *          chapter 13; docs/internals/statistics.md.
 */
#ifndef PROOF_EVIDENCE_METRICS_H
#define PROOF_EVIDENCE_METRICS_H

#include "proof/evidence/gate.h"
#include "proof/task/predictor.h"

#define GROUPS_MIN         20 /* fewer groups make a bootstrap over them far too narrow */
#define RESAMPLES_DEFAULT  1000
#define RESAMPLE_COUNT_MAX 100000

struct prf {
    int64_t true_positive, predicted, gold;
    double precision, recall, f1; /* 0 when undefined, as seqeval's zero_division=0 */
};
struct interval {
    double low, high; /* two-sided 95 %; NaN when not measured */
};
struct prf_report {
    const char *label; /* NULL: overall (micro) */
    struct prf prf, strict;
    struct interval precision, recall, f1; /* of prf */
};
struct token_row { /* of the token-level classification report */
    const char *tag;
    double precision, recall, f1;
    int64_t support;
};
enum error_kind { ERROR_MISSED, ERROR_SPURIOUS, ERROR_LABEL, ERROR_BOUNDARY };
const char *error_kind_name(enum error_kind k); /* "missed", ... */
struct error_item {
    const struct example *example;
    enum error_kind kind;
    struct entity gold, predicted;     /* start < 0: none */
    float confidence;                  /* of the model in what it said, 0..1 */
    const char *before, *text, *after; /* what is at stake and its context, cut at characters */
};
struct evaluate_options {
    uint64_t seed;
    int32_t resamples;              /* 0: RESAMPLES_DEFAULT */
    const struct token_data *train; /* for seen and unseen; NULL: not measured */
    int32_t errors_max;             /* 0: 10 */
};
struct evaluation {
    struct arena arena;
    struct prf_report overall;
    struct prf_report *labels; /* [label_count], every label of the tag set */
    int32_t label_count;
    struct prf_report macro; /* label "macro": mean over labels that gold or prediction has */
    struct prf_report seen, unseen; /* recall is what they measure: gold == 0 when not measured */
    struct token_row *tokens;       /* tags that gold or prediction has, in the order of the set */
    int32_t token_row_count;
    double token_accuracy, all_o_accuracy;
    const char *token_sentence; /* one plain sentence on why the token table flatters */
    struct error_item *errors;  /* worst first: by the model's confidence in being wrong */
    int32_t error_count;
    int64_t errors_all; /* how many there are */
    int32_t example_count, group_count;
    int64_t word_count, lost_count;
    bool by_group;
    uint64_t seed;
    int32_t resamples;
    char data_digest[HASH_HEX_BYTES]; /* fingerprint of the dataset that was judged */
    struct samples *samples;          /* private: per-unit counts for bounds */
};
/* ERR_BAD_INPUT without examples or with more than RESAMPLE_COUNT_MAX resamples. */
enum err_code evaluate(const struct token_data *data, const struct tag_prediction *predictions,
                       const struct evaluate_options *o, struct evaluation **ret,
                       struct err *err) MUST_CHECK;
/* Counts and ratios alone (default mode), as evaluate() gives them in overall.prf. */
enum err_code evaluate_prf(const struct token_data *data, const struct tag_prediction *predictions,
                           struct prf *ret, struct err *err) MUST_CHECK;
void evaluation_free(struct evaluation *e);
/* metric: entity_f1, entity_precision, entity_recall, unseen_recall, token_accuracy. One-sided
 * bounds at `confidence`. n counts the units (groups or examples) that have anything to say on
 * it. A label that the data does not know is not measured (NaN, n = 0). The strings of *ret are
 * the caller's own arguments. */
enum err_code evaluation_bound(const struct evaluation *e, const char *metric, const char *label,
                               double confidence, struct measurement *ret,
                               struct err *err) MUST_CHECK;
/* Paired bootstrap of candidate - reference over the same units. ERR_BAD_INPUT when the two are not
 * evaluations of the same data with the same seed and resamples. A model whose tag set lacks the
 * label scores 0 on it. `against` is left to the caller. */
enum err_code evaluation_difference(const struct evaluation *candidate,
                                    const struct evaluation *reference, const char *metric,
                                    const char *label, double confidence, struct measurement *ret,
                                    struct err *err) MUST_CHECK;
/* Everything but the errors: numbers only, no text of the data, so that it may go into evidence. */
json_t *evaluation_json(const struct evaluation *e);
/* The errors with their texts: for who may read the data. */
json_t *evaluation_errors_json(const struct evaluation *e);

#endif
