/* live/registry/predictions.h - what was answered: a bounded queue, one writer thread, groups of
 * rows.
 *
 *     struct prediction_log *log = NULL;
 *     if (prediction_log_start(r, 0, &log, err)) return err->code;
 *     prediction_log_put(log, &p);    // never waits, never fails: a full queue drops and counts
 *     ...
 *     prediction_log_stop(log);       // writes what waits; then registry_close(r)
 *
 * Rows may be lost in a crash (at most what waits in the queue and the group being written); an
 * answer never waits for them. Feedback on a prediction that still waits finds it: prediction_get
 * writes the queue first. Roles: "live" is served traffic; "reference" are the champion's answers
 * on held-out data, for drift.
 * Threads: put from any thread; start and stop by the owner.
 */
#ifndef LIVE_REGISTRY_PREDICTIONS_H
#define LIVE_REGISTRY_PREDICTIONS_H

#include "live/registry/registry.h"

#define PREDICTION_QUEUE_MAX 4096 /* rows that wait */
#define PREDICTION_LIST_MAX  100000

enum prediction_role { PREDICTION_LIVE, PREDICTION_REFERENCE };

struct prediction_row {
    const char *id; /* registry_id_make, made before the answer is sent */
    enum prediction_role role;
    int64_t at_us;            /* 0: now */
    const char *model;        /* digest; in the models table */
    const char *text_hash;    /* registry_text_hash */
    const char *text;         /* NULL unless captured */
    const char *entities;     /* JSON: [{"start", "end", "label", "score"}], code points */
    const char *label_counts; /* JSON: {"DISEASE": 2} */
    double confidence_mean, confidence_min; /* over words; NaN: none */
    int64_t latency_us;
    int64_t token_count, unknown_count; /* pieces without specials; [UNK] among them */
};

struct prediction_log;
/* queue_max 0: PREDICTION_QUEUE_MAX. One log a registry. */
enum err_code prediction_log_start(struct registry *r, size_t queue_max,
                                   struct prediction_log **ret, struct err *err) MUST_CHECK;
void prediction_log_put(struct prediction_log *log, const struct prediction_row *p);
/* Returns when all that was put before has been written or has failed. */
void prediction_log_flush(struct prediction_log *log);
void prediction_log_stop(struct prediction_log *log);
struct prediction_log_counts {
    int64_t written, waiting;
    int64_t dropped; /* the queue was full */
    int64_t failed;  /* the database refused */
};
void prediction_log_get_counts(struct prediction_log *log, struct prediction_log_counts *ret);

/* Writes rows at once, in one transaction, committed on return (reference predictions; the command
 * line). */
enum err_code prediction_put(struct registry *r, const struct prediction_row *rows, size_t count,
                             struct err *err) MUST_CHECK;
enum err_code prediction_get(struct registry *r, const char *id, struct arena *a,
                             struct prediction_row *ret, struct err *err) MUST_CHECK;
struct prediction_filter {
    enum prediction_role role;
    const char *model;          /* NULL: any */
    int64_t since_us, until_us; /* [since, until); until 0: no end */
    size_t limit;               /* 0: PREDICTION_LIST_MAX */
};
/* Newest first. */
enum err_code prediction_list(struct registry *r, const struct prediction_filter *f,
                              struct arena *a, struct prediction_row **ret, size_t *ret_count,
                              struct err *err) MUST_CHECK;
/* Retention: texts captured before that moment are erased; their rows stay. */
enum err_code prediction_forget_texts(struct registry *r, int64_t before_us, int64_t *ret_count,
                                      struct err *err) MUST_CHECK;
/* Forgets references of a model (before new ones are written). */
enum err_code prediction_clear_reference(struct registry *r, const char *model,
                                         struct err *err) MUST_CHECK;

struct prediction_stats {
    int64_t count;                          /* predictions */
    int64_t with_feedback;                  /* of them, those with any feedback */
    int64_t active_days;                    /* UTC days with at least one */
    int64_t first_us, last_us;              /* 0 when count == 0 */
    int64_t latency_p50_us, latency_p99_us; /* 0 when count == 0; nearest rank */
};
enum err_code prediction_measure(struct registry *r, const struct prediction_filter *f,
                                 struct prediction_stats *ret, struct err *err) MUST_CHECK;

#endif
