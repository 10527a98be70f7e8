/* proof/evidence/gate.h - written criteria over measurements: PASS, FAIL or STOP.
 *
 *     struct gate_line lines[8];               // criterion_count + stop_count
 *     struct gate_result r;
 *     gate_decide(&input, lines, &r);   // r.verdict, r.why; each line's bound and reason
 *
 * gate_decide is a pure function of (criteria, measurements, now). Rules (design section 3):
 *  - at_least passes when the one-sided lower bound reaches the threshold; at_most when the upper
 *    does.
 *  - not_worse_than passes when the lower bound of the paired difference >= -margin (for a metric
 *    where lower is better: when its upper bound <= margin).
 *  - too little data (n below `over` or the metric's own least, no measurement, no bound, a bound
 *    at less confidence than asked) is INSUFFICIENT, hence FAIL.
 *  - STOP when even the upper bound is below a `stop_if: below`, or the lower bound above a
 *    `stop_if: above`, or the deadline has passed without a PASS. STOP wins over PASS and FAIL; a
 *    deadline does not undo a PASS. A stop criterion without enough data does nothing, and its
 *    line says so.
 *  - no criteria: FAIL. In a stage of two steps (offline_only, live_only) a step that has no
 *    criteria of its own passes when the stage has others, and says so.
 * Threads: pure. Lines borrow criteria and measurements.
 */
#ifndef PROOF_EVIDENCE_GATE_H
#define PROOF_EVIDENCE_GATE_H

#include "base/hash.h"
#include "base/json.h"

enum criterion_kind {
    CRITERION_AT_LEAST,
    CRITERION_AT_MOST,
    CRITERION_NOT_WORSE,
    STOP_BELOW,
    STOP_ABOVE
};
enum metric_source { METRIC_OFFLINE, METRIC_LIVE };

struct metric_info {  /* every metric that a criterion may name */
    const char *name; /* "entity_f1" */
    enum metric_source source;
    const char *unit; /* "", "ms", "per month" */
    bool takes_label;
    bool higher_is_better;
    bool paired;         /* not_worse_than may name it: a paired difference can be measured */
    int64_t least_n;     /* below it a bound means nothing, whatever `over` says */
    const char *meaning; /* one sentence */
};
const struct metric_info *metric_find(const char *name); /* NULL: unknown */
const struct metric_info *metric_at(size_t i);           /* NULL past the end */

#define CONFIDENCE_DEFAULT 0.95
struct criterion {
    enum criterion_kind kind;
    const char *metric; /* borrowed */
    const char *label;  /* NULL: overall */
    double threshold;   /* at_least, at_most, below, above */
    double margin;      /* not_worse */
    double confidence;  /* one-sided; 0: CONFIDENCE_DEFAULT */
    int64_t over;       /* least n; 0: the metric's own least */
};
/* Is it one that gate_decide can judge? ERR_BAD_INPUT names what is wrong: an unknown metric
 * (with "did you mean"), a label on a metric without labels, a threshold or margin that is not a
 * number or negative, a confidence outside [0.5, 1), a difference that nobody measures. */
enum err_code criterion_check(const struct criterion *c, struct err *err) MUST_CHECK;

struct measurement {
    const char *metric, *label;
    bool difference;     /* against champion or best baseline (not_worse) */
    const char *against; /* digest or "dictionary"; NULL */
    double value;        /* NaN: not measured */
    double lower, upper; /* one-sided bounds at `confidence`; NaN: none */
    double confidence;
    int64_t n;       /* examples or groups that it rests on */
    const char *how; /* "measured", "attested", "simulated", "assumed" */
};
enum gate_verdict { GATE_PASS, GATE_FAIL, GATE_STOP };
enum criterion_verdict {
    CRITERION_PASS,
    CRITERION_FAIL,
    CRITERION_INSUFFICIENT,
    CRITERION_STOP, /* stop criteria: it holds, stop */
    CRITERION_CLEAR /* stop criteria: it does not */
};

struct gate_line { /* one for each judged criterion, in order, then one for each stop criterion */
    const struct criterion *criterion;
    const struct measurement *measurement; /* NULL: none found */
    double bound;                          /* the one that decided; NaN */
    enum criterion_verdict verdict;
    char why[160];
};
struct gate_input {
    const struct criterion *criteria, *stops;
    size_t criterion_count, stop_count;
    const struct measurement *measurements;
    size_t measurement_count;
    int64_t now_us, deadline_us;  /* deadline 0: none */
    bool offline_only, live_only; /* judge only criteria of this source (a stage in two steps) */
};
struct gate_result {
    enum gate_verdict verdict;
    struct gate_line *lines; /* caller's array of criterion_count + stop_count */
    size_t line_count;
    bool deadline_passed;
    char why[200];
};
void gate_decide(const struct gate_input *in, struct gate_line *lines, struct gate_result *ret);
const char *gate_verdict_name(enum gate_verdict v);           /* "PASS" */
const char *criterion_verdict_name(enum criterion_verdict v); /* "INSUFFICIENT" */
const char *criterion_kind_name(enum criterion_kind k);       /* "at_least", as in cairn.yaml */
/* "entity_f1[DISEASE] >= 0.75 (95 %)" */
void criterion_text(const struct criterion *c, char *out, size_t cap);
/* Digest of criteria, stop criteria and deadline, whatever their order: what is frozen before the
 * test split is read. */
void criteria_digest(const struct criterion *c, size_t count, const struct criterion *stops,
                     size_t stop_count, int64_t deadline_us, char hex[HASH_HEX_BYTES]);
/* {"verdict", "why", "deadline_passed", "criteria": [{"criterion", "verdict", "value", "bound",
 * ...}]} */
json_t *gate_json(const struct gate_result *r);
json_t *measurement_json(const struct measurement *m);

#endif
