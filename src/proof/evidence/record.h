/* proof/evidence/record.h - a stone of the path: canonical JSON, linked by hash to the one below.
 *
 * A record is {"schema": "cairn.evidence/v1", "kind":
 * "data-split|training|evaluation|gate|promotion|rollback| improvement|attested|override|...",
 * "at", "previous": digest of the record below or null, "code": version, "cpu", "how", "body":
 * {...}}. Its digest is the SHA-256 of its canonical bytes. The order of the chain is the order
 * of `previous`.
 */
#ifndef PROOF_EVIDENCE_RECORD_H
#define PROOF_EVIDENCE_RECORD_H

#include "base/json.h"

struct record_head {
    const char *kind;
    const char *how;      /* measured, attested, simulated */
    const char *previous; /* hex or NULL */
    int64_t at_us;
    const char *code; /* program version */
    const char *cpu;
};
/* Takes no reference on body. Canonical bytes into `out`, their digest into hex. */
enum err_code record_make(const struct record_head *head, const json_t *body, struct buf *out,
                          char hex[65], struct err *err) MUST_CHECK;
/* Parses and checks one record's bytes against its digest; *ret is the document (json_decref).
 * ERR_CORRUPT. */
enum err_code record_check(const char *bytes, size_t len, const char *hex, json_t **ret,
                           struct err *err) MUST_CHECK;

/* Walks a chain from the first: feed records in order; the first broken one is named (index,
 * digest, what is wrong). */
struct chain_walk {
    char head[65];
    int64_t count;
};
void chain_begin(struct chain_walk *w);
enum err_code chain_next(struct chain_walk *w, const char *bytes, size_t len, const char *hex,
                         struct err *err) MUST_CHECK;

#endif
