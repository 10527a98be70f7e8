/* live/registry/history.h - runs (one training each) and splits (data frozen by fingerprint).
 *
 *     char id[REGISTRY_ID_BYTES];
 *     struct run_new n = {.kind = "train", .config = recipe_json, ...};
 *     if (run_begin(r, &n, id, err)) return err->code;
 *     ... train ...
 *     if (run_end(r, id, RUN_DONE, digest, metrics_json, NULL, err)) return err->code;
 *
 * A split is a named set of parts: name "source" for the use case's own data, "feedback-1", ... for
 * what improve made; part "train", "dev", "test" or "replay". Its examples are kept as a JSONL
 * blob, so that what was measured can be measured again.
 */
#ifndef LIVE_REGISTRY_HISTORY_H
#define LIVE_REGISTRY_HISTORY_H

#include "live/registry/registry.h"

enum run_state { RUN_RUNNING, RUN_DONE, RUN_FAILED, RUN_INTERRUPTED, RUN_STATE_COUNT };
const char *run_state_name(enum run_state s); /* "running", "done", "failed", "interrupted" */

struct run_new {
    const char *kind;       /* "train", "improve" */
    const char *config;     /* JSON: the resolved recipe */
    const char *base;       /* digest of the model that it starts from, or a name or NULL */
    const char *train_data; /* fingerprints */
    const char *dev_data;   /* NULL: none */
    const char *precision;  /* resolved: "fp32" */
    const char *cpu;        /* NULL: this machine's */
    int64_t seed;
    int32_t threads;
};
struct run {
    const char *id, *kind, *config, *base, *train_data, *dev_data, *precision, *cpu;
    const char *model;                  /* result; NULL: none yet */
    const char *metrics;                /* JSON; NULL */
    const char *why;                    /* of a failure; NULL */
    int64_t seed, started_us, ended_us; /* ended 0: not yet */
    int32_t threads;
    enum run_state state;
};
enum err_code run_begin(struct registry *r, const struct run_new *n, char id[REGISTRY_ID_BYTES],
                        struct err *err) MUST_CHECK;
/* Also from RUN_INTERRUPTED or RUN_FAILED back to RUN_RUNNING (a resumed run). A done run is final:
 * ERR_CONFLICT. */
enum err_code run_resume(struct registry *r, const char *id, struct err *err) MUST_CHECK;
/* model, metrics, why may be NULL. The model must have been added before. */
enum err_code run_end(struct registry *r, const char *id, enum run_state state, const char *model,
                      const char *metrics, const char *why, struct err *err) MUST_CHECK;
/* id or a prefix of 6 and more, as for models. */
enum err_code run_find(struct registry *r, const char *prefix, struct arena *a, struct run *ret,
                       struct err *err) MUST_CHECK;
/* Newest first, at most limit (0: 1000). */
enum err_code run_list(struct registry *r, size_t limit, struct arena *a, struct run **ret,
                       size_t *ret_count, struct err *err) MUST_CHECK;

struct split {
    const char *name, *part; /* "source", "train" */
    const char *fingerprint; /* dataset_fingerprint */
    const char *blob;        /* JSONL */
    const char *origin;      /* JSON: source file, shares, seed, group key; NULL */
    int64_t examples, groups, spans;
    int64_t at_us; /* ignored by split_put */
};
/* Freezes a part. The same fingerprint again is no error; another one under the same name and part
 * is ERR_CONFLICT. */
enum err_code split_put(struct registry *r, const struct split *s, struct err *err) MUST_CHECK;
/* ERR_NOT_FOUND when not frozen yet. */
enum err_code split_get(struct registry *r, const char *name, const char *part, struct arena *a,
                        struct split *ret, struct err *err) MUST_CHECK;
/* Oldest first. */
enum err_code split_list(struct registry *r, struct arena *a, struct split **ret, size_t *ret_count,
                         struct err *err) MUST_CHECK;

#endif
