/* live/feedback/drift.h - is today's traffic still what the model was proven on: a first measure.
 *
 * Takes:  recent predictions and reference predictions (the same model on held-out data), one point
 *         a text.
 * Gives:  for each of three measures the population stability index (PSI), a p-value from a
 *         permutation null, and one plain sentence.
 *
 *     struct drift_set set;
 *     if (drift_load(r, model, since_us, 0, a, &set, err)) return err->code;
 *     if (drift_measure(&set, &(struct drift_options){.seed = 7}, &report, err)) ...
 *     puts(report.sentence);  // "no drift seen ..." | "drift in confidence ..." | "too little ..."
 *
 * Measures: label rate (entities by label, and texts without any, as shares), confidence (mean over
 * the words of a text), unknown-piece rate ([UNK] / pieces of a text). PSI = sum over bins of (p -
 * q) ln(p / q), shares smoothed by half a count; bins are quantiles of both samples together, so
 * that under the null they do not depend on which text came from where.
 * Null: the two samples are pooled and dealt anew `permutations` times (RNG_PERMUTE), whole texts
 * at a time. p = (1 + number of dealt PSI >= the seen one) / (1 + permutations), then Holm over the
 * three measures.
 * Drift is said when p <= alpha and PSI exceeds the null's mean by psi_least: many texts make any
 * trifle significant.
 * Source: Siddiqi 2006 (PSI); Phipson & Smyth 2010 (permutation p-values are never zero); Holm
 *         1979.
 */
#ifndef LIVE_FEEDBACK_DRIFT_H
#define LIVE_FEEDBACK_DRIFT_H

#include "base/json.h"
#include "live/registry/predictions.h"

#define DRIFT_LABELS_MAX 64 /* further labels share the last place */

struct drift_point {       /* one text */
    const int32_t *labels; /* [label_count of the set] entities by label */
    double confidence;     /* NaN: none */
    int64_t tokens, unknown;
};
struct drift_sample {
    struct drift_point *points;
    int32_t count;
};
struct drift_set { /* both samples over the same labels */
    struct drift_sample reference, recent;
    const char **labels;
    int32_t label_count;
};
/* The newest `limit` (0: 5000) predictions of each role of a model. recent: at or after since_us.
 * */
enum err_code drift_load(struct registry *r, const char *model, int64_t since_us, int32_t limit,
                         struct arena *a, struct drift_set *ret, struct err *err) MUST_CHECK;

enum drift_kind { DRIFT_LABEL_RATE, DRIFT_CONFIDENCE, DRIFT_UNKNOWN_RATE, DRIFT_KIND_COUNT };
const char *
drift_kind_name(enum drift_kind k); /* "label rate", "confidence", "unknown-piece rate" */

struct drift_options {
    uint64_t seed;
    int32_t permutations; /* 0: 999 */
    int32_t least;        /* texts needed on each side; 0: 50 */
    double alpha;         /* 0: 0.01 */
    double psi_least;     /* 0: 0.1 */
};
struct drift_result {
    double psi, null_mean, null_q95; /* NaN: not measured */
    double p, p_adjusted;            /* raw; after Holm */
    double reference, recent; /* means: entities a text, confidence, share of unknown pieces */
    bool drift;
};
enum drift_verdict { DRIFT_TOO_LITTLE, DRIFT_NONE, DRIFT_SEEN };
struct drift_report {
    enum drift_verdict verdict;
    struct drift_result result[DRIFT_KIND_COUNT];
    int32_t reference_count, recent_count;
    char sentence[300];
};
/* ERR_NO_MEMORY, ERR_BAD_INPUT for options out of range. */
enum err_code drift_measure(const struct drift_set *s, const struct drift_options *o,
                            struct drift_report *ret, struct err *err) MUST_CHECK;
json_t *drift_json(const struct drift_report *d);

#endif
