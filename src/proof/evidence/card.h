/* proof/evidence/card.h - the model card: what a stranger must know before using the model.
 *
 *     struct card_input in = {.name = "clinic", .digest = hex, .evaluation = json, ...};
 *     buf_init(&md, CARD_BYTES_MAX);
 *     if (card_write(&in, &md, err)) return err->code;      // README.md beside the weights
 *
 * Markdown with the YAML head that Hugging Face's hub reads (Mitchell et al. 2019: intended use,
 * data, measures with intervals, limits). The card is detached: it is made at export and no part
 * of the model's digest. Texts of users are escaped: a name cannot break the head or a table.
 */
#ifndef PROOF_EVIDENCE_CARD_H
#define PROOF_EVIDENCE_CARD_H

#include "base/json.h"

#define CARD_BYTES_MAX (1u << 20)

struct card_fingerprint {
    const char *part;   /* "train", "dev", "test" */
    const char *digest; /* hex */
    int64_t examples;
};
struct card_baseline {
    const char *name;         /* "dictionary" */
    const json_t *evaluation; /* of the same data */
};
struct card_input {
    const char *name, *goal, *owner; /* goal, owner may be NULL */
    const char *digest;
    const char *base_model;   /* what training began from; NULL */
    const char *precision;    /* that the evaluation ran at, "fp32"; NULL: unknown */
    const json_t *evaluation; /* evaluation_json; NULL: not evaluated, and the card says so */
    const char *recipe;       /* canonical JSON, one line; NULL */
    const struct card_baseline *baselines;
    size_t baseline_count;
    const struct card_fingerprint *fingerprints;
    size_t fingerprint_count;
    const char *evidence_head; /* digest of the chain's newest record; NULL */
    const char *how;           /* "measured" or "simulated"; NULL: measured */
};
/* ERR_BAD_INPUT when the evaluation is not one that evaluation_json writes. */
enum err_code card_write(const struct card_input *in, struct buf *out, struct err *err) MUST_CHECK;

#endif
