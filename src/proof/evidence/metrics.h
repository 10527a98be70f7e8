/* proof/evidence/metrics.h - how good tags are, told honestly.
 *
 * Takes:  prepared data with gold tags (proof/task) and predictions of the same words.
 * Gives:  entity precision, recall, F1 (equal to seqeval, default and strict) overall and per
 *         label; the token-level report with its accuracy and the all-O accuracy beside it; seen
 *         against unseen entities; the worst errors; bootstrap intervals over groups; paired
 *         differences.
 *
 *     struct evaluation *e = NULL;
 *     if (evaluate(data, predictions, &options, &e, err)) return err->code;
 *     ... e->overall.f1, e->labels[i].f1, e->token_accuracy ...
 *     if (evaluation_bound(e, "entity_f1", NULL, 0.95, &m, err)) ...  // with bounds
 *     evaluation_free(e);
 *
 * Intervals: percentile bootstrap over groups when there are at least GROUPS_MIN, else over
 *            examples; resamples drawn
 * by rng.h (RNG_BOOTSTRAP) from the options' seed, so that the same input gives the same bounds
 * everywhere. An entity is *seen* when its case-folded text with its label is a training span.
 * Source: CoNLL-2003 evaluation; seqeval 1.2.2 (tests/oracle/seqeval); Efron & Tibshirani 1993,
 *         chapter 13.
 */
#ifndef PROOF_EVIDENCE_METRICS_H
#define PROOF_EVIDENCE_METRICS_H

#include "proof/evidence/gate.h"
#include "proof/task/predictor.h"

struct prf {
    int64_t true_positive, predicted, gold;
    double precision, recall, f1; /* 0 when undefined, as seqeval's zero_division=0 */
};
struct interval {
    double low, high; /* two-sided 95 % */
};
struct prf_report {
    const char *label; /* NULL: overall (micro) */
    struct prf prf, strict;
    struct interval precision, recall, f1;
};
struct token_row { /* of the token-level classification report */
    const char *tag;
    double precision, recall, f1;
    int64_t support;
};
enum error_kind { ERROR_MISSED, ERROR_SPURIOUS, ERROR_LABEL, ERROR_BOUNDARY };
struct error_item {
    const struct example *example;
    enum error_kind kind;
    struct entity gold, predicted;     /* start < 0: none */
    const char *before, *text, *after; /* context, cut at characters */
};
struct evaluate_options {
    uint64_t seed;
    int32_t resamples;              /* 0: 1000 */
    const struct token_data *train; /* for seen and unseen; NULL: not measured */
    int32_t errors_max;             /* 0: 10 */
};
struct evaluation {
    struct arena arena;
    struct prf_report overall;
    struct prf_report *labels;
    int32_t label_count;
    struct prf_report macro;        /* label "macro" */
    struct prf_report seen, unseen; /* recall is what they measure: gold == 0 when not measured */
    struct token_row *tokens;
    int32_t token_row_count;
    double token_accuracy, all_o_accuracy;
    const char *token_sentence; /* one plain sentence on why the token table flatters */
    struct error_item *errors;  /* worst first: by the model's confidence in being wrong */
    int32_t error_count;
    int32_t example_count, group_count, word_count;
    bool by_group;
    void *samples; /* private: per-unit counts for bounds */
};
enum err_code evaluate(const struct token_data *data, const struct tag_prediction *predictions,
                       const struct evaluate_options *o, struct evaluation **ret,
                       struct err *err) MUST_CHECK;
void evaluation_free(struct evaluation *e);
/* metric: entity_f1, entity_precision, entity_recall, unseen_recall, token_accuracy. One-sided
 * bounds at `confidence`. */
enum err_code evaluation_bound(const struct evaluation *e, const char *metric, const char *label,
                               double confidence, struct measurement *ret,
                               struct err *err) MUST_CHECK;
/* Paired bootstrap of candidate - reference over the same units; both must be evaluations of the
 * same data. */
enum err_code evaluation_difference(const struct evaluation *candidate,
                                    const struct evaluation *reference, const char *metric,
                                    const char *label, double confidence, struct measurement *ret,
                                    struct err *err) MUST_CHECK;
json_t *evaluation_json(const struct evaluation *e);

#endif
