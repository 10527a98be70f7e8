/* live/registry/feedback_rows.h - the table of feedback. Checks and meaning live in live/feedback;
 * this only keeps rows.
 *
 * A row is never changed but for its review (once). The last row of the same person on a prediction
 * is the one that counts: earlier ones become "superseded" when a new one is put, unless they were
 * reviewed.
 */
#ifndef LIVE_REGISTRY_FEEDBACK_ROWS_H
#define LIVE_REGISTRY_FEEDBACK_ROWS_H

#include "live/registry/registry.h"

enum feedback_verdict {
    FEEDBACK_ACCEPT,
    FEEDBACK_CORRECT,
    FEEDBACK_REJECT,
    FEEDBACK_VERDICT_COUNT
};
const char *feedback_verdict_name(enum feedback_verdict v); /* "accept", "correct", "reject" */
enum feedback_state {
    FEEDBACK_PENDING,
    FEEDBACK_ACCEPTED,
    FEEDBACK_REFUSED,
    FEEDBACK_SUPERSEDED,
    FEEDBACK_STATE_COUNT
};
const char *
feedback_state_name(enum feedback_state s); /* "pending", "accepted", "refused", "superseded" */

struct feedback_row {
    const char *id;         /* given by feedback_row_put */
    const char *prediction; /* id */
    const char *model;      /* of the prediction; on reading */
    enum feedback_verdict verdict;
    enum feedback_state state;
    const char *spans; /* JSON [{"start", "end", "label"}]; NULL: none given ("[]": no entity) */
    const char *text;  /* NULL: not kept */
    bool complete;     /* the whole text was checked */
    bool simulated;    /* the reviewer is a program that knows the gold */
    const char *by;    /* who; "" when unknown */
    const char *group; /* what must stay on one side of a split */
    int64_t at_us;     /* 0 on put: now */
    const char *reviewed_by, *review_note; /* NULL until reviewed */
    int64_t reviewed_us;
};
/* Committed on return. *ret_new = false when the newest row of the same person on the prediction
 * says the same: then id is that row's. */
enum err_code feedback_row_put(struct registry *r, const struct feedback_row *row,
                               char id[REGISTRY_ID_BYTES], bool *ret_new,
                               struct err *err) MUST_CHECK;
enum err_code feedback_row_get(struct registry *r, const char *prefix, struct arena *a,
                               struct feedback_row *ret, struct err *err) MUST_CHECK;
struct feedback_filter {
    int state;                  /* enum feedback_state; -1: any */
    const char *model;          /* NULL: any */
    const char *prediction;     /* NULL: any */
    int64_t since_us, until_us; /* when it was given; until 0: no end */
    size_t limit;               /* 0: FEEDBACK_LIST_MAX */
};
#define FEEDBACK_LIST_MAX 100000
/* Oldest first. */
enum err_code feedback_row_list(struct registry *r, const struct feedback_filter *f,
                                struct arena *a, struct feedback_row **ret, size_t *ret_count,
                                struct err *err) MUST_CHECK;
/* From pending to accepted or refused. The same decision again is no error; another one is
 * ERR_CONFLICT that says who and when; a superseded row is ERR_CONFLICT. */
enum err_code feedback_row_review(struct registry *r, const char *id, bool accept, const char *by,
                                  const char *note, struct err *err) MUST_CHECK;

/* One verdict a prediction: its newest row that was neither refused nor superseded. */
struct feedback_counts {
    int64_t predictions; /* with such a verdict */
    int64_t verdict[FEEDBACK_VERDICT_COUNT];
    int64_t reviewed;                               /* of them, accepted by review */
    int64_t simulated;                              /* of them, given by a simulated reviewer */
    int64_t pending, accepted, refused, superseded; /* rows, all */
};
/* reviewed_only: count verdicts that a review accepted, only. f->state and f->limit are ignored. */
enum err_code feedback_row_count(struct registry *r, const struct feedback_filter *f,
                                 bool reviewed_only, struct feedback_counts *ret,
                                 struct err *err) MUST_CHECK;

#endif
