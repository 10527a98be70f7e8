/* live/feedback/training.h - reviewed feedback as data: what may train, and what is held out to
 * judge.
 *
 *     struct feedback_data fd;
 *     struct feedback_split_options o = {.holdout = 0.3, .seed = 7, .old_train = train,
 *                                        .old_test = tests, .old_test_count = 2};
 *     if (feedback_data_open(r, &o, &fd, err)) return err->code;
 *     fd.train, fd.test ...                        // either may be NULL: nothing on that side yet
 *     if (replay_mix(fd.train, train, 1.0, 7, &mixed, &replayed, err)) ...
 *     feedback_data_close(&fd);
 *
 * Gold are reviewed and accepted items, one a prediction: a correction or a rejection with spans,
 * whose spans are the whole truth; an accept only when it is complete. The rest is counted, by
 * reason, and never trained on.
 * Which side: a text that stands in old dev or test data is left out (it is old data, not new). A
 * group that stands in the old training data trains; one that stands in old dev or test data is
 * held out; else the group's own number, drawn from (seed, name of the group), is compared with
 * `holdout`. So a group never changes sides when more feedback arrives, and no candidate is judged
 * on what an earlier one trained on.
 */
#ifndef LIVE_FEEDBACK_TRAINING_H
#define LIVE_FEEDBACK_TRAINING_H

#include "live/registry/registry.h"
#include "proof/data/dataset.h"

struct feedback_split_options {
    double holdout; /* share of groups held out, 0..1 */
    uint64_t seed;
    const struct dataset *old_train;       /* what the champion trained on; NULL: unknown */
    const struct dataset *const *old_test; /* dev and test data that must never train */
    int32_t old_test_count;
    int64_t since_us; /* feedback given from then on; 0: all */
};
struct feedback_data {
    struct dataset *train, *test; /* NULL: none */
    int64_t train_groups, test_groups;
    int64_t train_forced, test_forced; /* examples whose side old data decided */
    int64_t skipped_incomplete;        /* accepts that were not complete */
    int64_t skipped_no_spans;          /* rejections without spans */
    int64_t skipped_no_text;           /* nothing was captured or sent */
    int64_t skipped_old_test;          /* the text stands in old dev or test data */
    int64_t skipped_duplicate;         /* the same text again; the newest stays */
    int64_t skipped_invalid;           /* findings of proof/data, such as spans that overlap */
    int64_t pending;                   /* wait for review */
    int64_t simulated;                 /* of the examples used */
};
/* ERR_CONFLICT when no gold item is there, with the counts in the detail. */
enum err_code feedback_data_open(struct registry *r, const struct feedback_split_options *o,
                                 struct feedback_data *ret, struct err *err) MUST_CHECK;
void feedback_data_close(struct feedback_data *d);

/* fresh and min(old, round(ratio * fresh)) examples of old, drawn without repetition by (seed,
 * RNG_REPLAY); old examples keep their order and come after the fresh ones. One whose text is also
 * among the fresh ones is not replayed. */
enum err_code replay_mix(const struct dataset *fresh, const struct dataset *old, double ratio,
                         uint64_t seed, struct dataset **ret, int32_t *ret_replayed,
                         struct err *err) MUST_CHECK;

#endif
