/* live/registry/stages.h - criteria as they were frozen, gates that were decided, and who is
 * champion.
 *
 * Freezing: stage_freeze keeps every version of a stage's criteria in order; the first is the
 * frozen one. A later, different version is kept beside it and shows as changed.
 *
 * Champion: promotions form a stack. registry_promote puts a model on top of the one in force;
 * registry_rollback takes the top off, so that the one below is champion again; a second rollback
 * goes one further back, never to and fro:
 *
 *     promote A, promote B, promote C     stack A B C    champion C
 *     rollback                            stack A B      champion B
 *     rollback                            stack A        champion A
 *     promote D                           stack A D      champion D
 *     rollback                            stack A        champion A       (B and C are not met
 *     again) rollback                            ERR_CONFLICT: no earlier champion
 *
 * Every promotion and rollback is a row that stays, written in one transaction with its evidence
 * record.
 */
#ifndef LIVE_REGISTRY_STAGES_H
#define LIVE_REGISTRY_STAGES_H

#include "live/registry/evidence_chain.h"
#include "live/registry/registry.h"

struct stage_version {
    const char *stage;    /* "poc", "mvp", "production" */
    const char *digest;   /* criteria_digest */
    const char *criteria; /* JSON, for people and reports */
    int64_t deadline_us;  /* 0: none */
    int64_t at_us;        /* ignored by stage_freeze; 0 there: now */
};
/* Adds the version unless it is the stage's newest already. *ret_changed: it differs from the
 * first. */
enum err_code stage_freeze(struct registry *r, const struct stage_version *v, bool *ret_changed,
                           struct err *err) MUST_CHECK;
/* In order of freezing; stage NULL: all stages. The first of a stage is the frozen one. */
enum err_code stage_list(struct registry *r, const char *stage, struct arena *a,
                         struct stage_version **ret, size_t *ret_count, struct err *err) MUST_CHECK;

struct gate_row {
    int64_t seq, at_us; /* given by the registry */
    const char *stage, *model, *precision;
    const char *data;     /* fingerprint of what it was measured on; NULL: live only */
    const char *criteria; /* digest */
    const char *verdict;  /* "PASS", "FAIL", "STOP" */
    const char *evidence; /* digest of its record */
};
/* Records the gate with its evidence in one transaction; g->evidence is ignored. */
enum err_code gate_record(struct registry *r, const struct gate_row *g,
                          const struct evidence_new *evidence, char digest[HASH_HEX_BYTES],
                          struct err *err) MUST_CHECK;
struct gate_filter { /* NULL: any */
    const char *stage, *model, *precision, *data, *criteria, *verdict;
    size_t limit; /* 0: 1000 */
};
/* Newest first. "Has this very model a PASS": all fields set, limit 1, and the newest row without
 * the verdict filter is what counts: a later FAIL undoes an earlier PASS. */
enum err_code gate_list(struct registry *r, const struct gate_filter *f, struct arena *a,
                        struct gate_row **ret, size_t *ret_count, struct err *err) MUST_CHECK;

struct promotion_new {
    const char *model, *precision, *stage;
    const char *gate;     /* evidence digest of the PASS; NULL with override */
    const char *why, *by; /* why is needed with override_gate; by: who, NULL: unknown */
    bool override_gate;
};
struct promotion {
    int64_t seq, at_us;
    const char *action;                  /* "promote", "rollback" */
    const char *model, *precision;       /* champion after this row */
    const char *previous;                /* champion before; NULL: none */
    const char *stage, *gate, *why, *by; /* NULL: none */
    const char *evidence;
    bool override_gate;
};
/* The model must have been added. The champion in the same precision again: ERR_CONFLICT. A
 * candidate that is promoted is no candidate any more. `evidence` is appended in the same
 * transaction. */
enum err_code registry_promote(struct registry *r, const struct promotion_new *p,
                               const struct evidence_new *evidence, struct promotion *ret,
                               struct arena *a, struct err *err) MUST_CHECK;
/* ERR_CONFLICT when there is no earlier champion. evidence may be NULL: then {"model", "previous",
 * "why"} is recorded. */
enum err_code registry_rollback_champion(struct registry *r, const char *why, const char *by,
                                         const struct evidence_new *evidence, struct promotion *ret,
                                         struct arena *a, struct err *err) MUST_CHECK;
/* What a rollback would restore, without doing it; ERR_CONFLICT when none. */
enum err_code registry_rollback_target(struct registry *r, struct arena *a, struct promotion *ret,
                                       struct err *err) MUST_CHECK;
/* The row of the promotion in force; ERR_NOT_FOUND when nothing was promoted yet. Cheap: a server
 * may ask every second. */
enum err_code registry_champion(struct registry *r, struct arena *a, struct promotion *ret,
                                struct err *err) MUST_CHECK;
/* All promotions and rollbacks, newest first. */
enum err_code promotion_list(struct registry *r, struct arena *a, struct promotion **ret,
                             size_t *ret_count, struct err *err) MUST_CHECK;
/* The model that training or improving proposes. NULL clears. */
enum err_code registry_candidate_set(struct registry *r, const char *model,
                                     struct err *err) MUST_CHECK;
/* ERR_NOT_FOUND when there is none. */
enum err_code registry_candidate(struct registry *r, char digest[HASH_HEX_BYTES],
                                 struct err *err) MUST_CHECK;

#endif
