/* proof/evidence/record.h - a stone of the path: canonical JSON, linked by hash to the one below.
 *
 *     struct record_head head = {.kind = "evaluation", .how = "measured", .previous = chain_head,
 *                                .at_us = os_now_us(), .code = version, .cpu = cpu};
 *     if (record_make(&head, body, &bytes, digest, err)) return err->code;
 *     ... store the bytes under the digest; the digest is the new head of the chain ...
 *
 *     struct chain_walk w;
 *     chain_begin(&w);
 *     for each record, in order: if (chain_next(&w, bytes, len, digest, err)) ...  // names it
 *
 * A record is {"schema": "cairn.evidence/v1", "kind", "how", "at", "previous": digest of the
 * record below or null, "code": version, "cpu", "body": {...}} and nothing else
 * (docs/formats/evidence.md). Its digest is the SHA-256 of its canonical bytes (base/json.h). The
 * order of the chain is the order of `previous`.
 *
 * Rules: a record has one spelling: bytes that parse to a record but are not its canonical bytes
 *        are
 * corrupt. So any changed byte is found, by the digest; and a record whose digest was changed
 * with it is found by the `previous` of the next; and the newest by the head that reports print.
 * Limits: EVIDENCE_BYTES_MAX a record. Threads: pure.
 */
#ifndef PROOF_EVIDENCE_RECORD_H
#define PROOF_EVIDENCE_RECORD_H

#include "base/hash.h"
#include "base/json.h"

#define RECORD_SCHEMA         "cairn.evidence/v1"
#define RECORD_KIND_BYTES_MAX 40

struct record_head {
    const char *kind; /* lower-case letters and "-": data-split, training, evaluation, gate, ... */
    const char *how;  /* measured, attested, simulated */
    const char *previous; /* hex, or NULL for the first */
    int64_t at_us;
    const char *code; /* program version */
    const char *cpu;
};
/* Takes no reference on body (an object). Appends the canonical bytes to `out`, their digest into
 * hex. ERR_BAD_INPUT when the head is not sound, ERR_LIMIT past EVIDENCE_BYTES_MAX. */
enum err_code record_make(const struct record_head *head, const json_t *body, struct buf *out,
                          char hex[HASH_HEX_BYTES], struct err *err) MUST_CHECK;
/* Parses and checks one record's bytes against its digest; *ret is the document (json_decref)
 * unless ret is NULL. ERR_CORRUPT, and the error's detail says what is wrong. */
enum err_code record_check(const char *bytes, size_t len, const char *hex, json_t **ret,
                           struct err *err) MUST_CHECK;

/* Walks a chain from the first: feed records in order; the first broken one is named (index from
 * 1, digest, what is wrong), as ERR_CORRUPT. After an error the walk is over. */
struct chain_walk {
    char head[HASH_HEX_BYTES]; /* "" before the first */
    int64_t count;
};
void chain_begin(struct chain_walk *w);
enum err_code chain_next(struct chain_walk *w, const char *bytes, size_t len, const char *hex,
                         struct err *err) MUST_CHECK;

#endif
