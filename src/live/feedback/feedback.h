/* live/feedback/feedback.h - what people say about answers: add, list, review, acceptance.
 *
 *     struct feedback_item item;
 *     if (feedback_item_parse(json, a, &item, err)) return err->code;
 *     struct feedback_rules rules = {.labels = labels, .label_count = n};
 *     struct feedback_added added;
 *     if (feedback_add(r, &item, &rules, &added, err)) return err->code;   // committed: fsync done
 *     ... a person looks: feedback_review(r, added.id, true, "jane", NULL, err) ...
 *
 * An item is {"prediction_id", "verdict": "accept" | "correct" | "reject", "spans": [{"start",
 * "end", "label"}], "text", "complete", "by", "group" | "key", "simulated"}.
 *  - accept:  the entities shown are right. With complete: true the whole text was checked, so that
 *    none is missing.
 *  - correct: spans are all entities that the text has, in place of those shown. Needs spans and
 *    the text.
 *  - reject:  the answer is wrong. With spans (and the text) they are all entities of the text, as
 *    in correct; without, only the verdict is kept.
 * Checks: the prediction exists; the text's keyed hash is that of the prediction (the text comes
 * with the item, or was captured); spans are inside the text, cut no word (by the rule of
 * proof/data/text_fold.h), do not overlap; labels are known to the model. Further keys of a span
 * (score, text) are ignored.
 * Rules that always hold:
 *  1. OK means committed. The same item again by the same person changes nothing and says so.
 *  2. A later, different item of the same person on the same prediction replaces the earlier one,
 *     unless that was reviewed.
 *  3. Nothing trains before a review accepted it (training.h reads accepted rows only).
 *  4. No text is kept that capture did not keep, but what a person sent to be learned from: with a
 *     correction, or with an accept that is complete.
 * Errors:  ERR_NOT_FOUND (no such prediction), ERR_BAD_INPUT (the item), ERR_CONFLICT (text is not
 *          the one that was predicted on; already reviewed otherwise), ERR_LIMIT.
 * Threads: any.
 */
#ifndef LIVE_FEEDBACK_FEEDBACK_H
#define LIVE_FEEDBACK_FEEDBACK_H

#include "base/json.h"
#include "live/feedback/config.h"
#include "live/registry/feedback_rows.h"
#include "proof/evidence/gate.h"

struct feedback_span {
    int32_t start, end; /* code points, [start, end) */
    const char *label;
};
struct feedback_item {
    const char *prediction_id;
    enum feedback_verdict verdict;
    struct feedback_span *spans;
    int32_t span_count;
    bool has_spans;   /* "spans" was there: an empty list says that there is no entity */
    const char *text; /* NULL: not sent */
    bool complete, simulated;
    const char *by;    /* NULL: unknown */
    const char *group; /* NULL: the text's keyed hash, so that equal texts stay together */
};
/* Strings are borrowed from the document. Unknown keys are refused by name. */
enum err_code feedback_item_parse(const json_t *o, struct arena *a, struct feedback_item *ret,
                                  struct err *err) MUST_CHECK;

/* Is the text of this prediction kept: by the configuration and the id alone. */
bool feedback_captures(const struct feedback_config *c, const char *prediction_id);

struct feedback_rules {
    const char *const *labels; /* of the model: entity labels, not tags */
    int32_t label_count;
};
struct feedback_added {
    char id[REGISTRY_ID_BYTES];
    bool is_new; /* false: it was there already */
};
enum err_code feedback_add(struct registry *r, const struct feedback_item *item,
                           const struct feedback_rules *rules, struct feedback_added *ret,
                           struct err *err) MUST_CHECK;

/* feedback_row_list of feedback_rows.h lists. id: whole or a prefix of 6 and more. */
enum err_code feedback_review(struct registry *r, const char *id, bool accept, const char *by,
                              const char *note, struct err *err) MUST_CHECK;

/* Acceptance: of the predictions with a verdict, the share whose verdict is accept. One verdict a
 * prediction: the newest that was neither refused by review nor replaced. A refused one says
 *             nothing about the model, so it is in neither number. */
struct acceptance {
    int64_t accepted, corrected, rejected, total;
    int64_t reviewed;  /* verdicts confirmed by a review */
    int64_t simulated; /* verdicts of a simulated reviewer */
    double rate;       /* accepted / total; NaN when total == 0 */
    double low, high;  /* two-sided 95 %, Clopper-Pearson; NaN when total == 0 */
};
struct acceptance_filter {
    const char *model;          /* NULL: any */
    int64_t since_us, until_us; /* when the verdict came; until 0: no end */
    bool reviewed_only;
};
enum err_code feedback_acceptance(struct registry *r, const struct acceptance_filter *f,
                                  struct acceptance *ret, struct err *err) MUST_CHECK;
/* As metric acceptance_rate for a gate: one-sided exact bounds at `confidence`, n = total; how is
 * "simulated" when any verdict is. */
enum err_code acceptance_measurement(const struct acceptance *a, double confidence,
                                     struct measurement *ret, struct err *err) MUST_CHECK;
json_t *acceptance_json(const struct acceptance *a);

#endif
