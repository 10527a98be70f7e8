/* live/registry/evidence_chain.h - the chain of evidence of a use case: append, read, head.
 *
 *     struct evidence_new n = {.kind = "gate", .how = "measured", .stage = "poc", .model = digest,
 *     .body = body}; char digest[HASH_HEX_BYTES];
 *     if (evidence_append(r, &n, digest, err)) return err->code;
 *
 * The record (proof/evidence/record.h) carries the digest of the record below it. Reading the head,
 * making the record and writing it are one transaction, and the table allows one record on each
 * one: two commands at once cannot fork the chain. Nothing here is changed or deleted ever. `cairn
 *      verify` feeds evidence_list to chain_next.
 */
#ifndef LIVE_REGISTRY_EVIDENCE_CHAIN_H
#define LIVE_REGISTRY_EVIDENCE_CHAIN_H

#include "base/json.h"
#include "live/registry/registry.h"

struct evidence_new {
    const char *kind;   /* see record.h */
    const char *how;    /* "measured", "attested", "simulated" */
    const char *stage;  /* for look-up, not in the record; NULL: none */
    const char *model;  /* digest, for look-up; NULL: none */
    const json_t *body; /* borrowed */
    int64_t at_us;      /* 0: now */
};
struct evidence_row {
    int64_t seq, at_us;
    const char *digest, *kind, *how, *previous; /* previous: NULL for the first */
    const char *stage, *model;                  /* NULL: none */
    const char *bytes;                          /* the canonical record; NULL when not asked for */
    size_t len;
};
struct evidence_filter {
    const char *kind, *stage, *model; /* NULL: any */
    bool newest_first;                /* default: in chain order */
    bool with_bytes;
    size_t limit; /* 0: all (at most EVIDENCE_LIST_MAX) */
};
#define EVIDENCE_LIST_MAX 100000

enum err_code evidence_append(struct registry *r, const struct evidence_new *n,
                              char digest[HASH_HEX_BYTES], struct err *err) MUST_CHECK;
enum err_code evidence_list(struct registry *r, const struct evidence_filter *f, struct arena *a,
                            struct evidence_row **ret, size_t *ret_count,
                            struct err *err) MUST_CHECK;
/* Whole digest or a prefix of 6 and more, with bytes. The bytes are not checked against the digest
 * (record_check does). */
enum err_code evidence_get(struct registry *r, const char *prefix, struct arena *a,
                           struct evidence_row *ret, struct err *err) MUST_CHECK;
/* Empty string and count 0 when there is none. */
enum err_code evidence_head(struct registry *r, char digest[HASH_HEX_BYTES], int64_t *ret_count,
                            struct err *err) MUST_CHECK;

#endif
