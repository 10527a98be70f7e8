/* proof/data/tag_scheme.h - tags of words to spans of words, in the four schemes that people use.
 *
 *     IOB1   I-X inside; B-X only where an entity touches one of the same label
 *     IOB2   B-X begins every entity, I-X goes on
 *     IOBES  B- I- E- and S- for an entity of one word (also written BILOU, BIOES)
 *     BMES   the same with M- for I-
 *
 *     struct tag t;
 *     if (!tag_parse("B-creative-work", 15, &t.prefix, &at)) ...  // the first dash ends the prefix
 *     tag_census_add(&census, tags, n);                   // every sentence of the file
 *     enum tag_scheme scheme = tag_scheme_of(&census);
 *     n = tags_decode(scheme, tags, n, runs, bad, &bad_count);  // never fails: repairs
 *
 * Repair. IOB1, IOB2: as conlleval reads them, a tag that goes on with nothing begins an entity.
 * IOBES, BMES: a beginning is written, so a piece without one is no entity; an entity whose end is
 * missing ends where the next tag does not go on with it. Pure functions.
 * Source: Ramshaw & Marcus 1995 (IOB1); Sang & Veenstra 1999 (the others).
 */
#ifndef PROOF_DATA_TAG_SCHEME_H
#define PROOF_DATA_TAG_SCHEME_H

#include "base/err.h"
#include <stdint.h>

enum tag_scheme { TAG_IOB1, TAG_IOB2, TAG_IOBES, TAG_BMES };
const char *tag_scheme_name(enum tag_scheme s); /* "IOB1" */

struct tag {
    char prefix;   /* as written: O B I M E L S U W */
    int32_t label; /* number given by the caller; not read when prefix is O */
};
/* Splits a written tag: *ret_prefix, and where its label begins (0 for O). False when it is not O
 * or PREFIX-LABEL. */
bool tag_parse(const char *s, size_t len, char *ret_prefix, size_t *ret_label_at);

struct tag_census {             /* zero at first */
    int64_t middle_m, middle_i; /* how often M- and I- are seen */
    int64_t ends;               /* E- L- S- U- W- */
    int64_t start_i, start_b;   /* entities that begin with I-, with B- where IOB1 writes I- */
};
void tag_census_add(struct tag_census *c, const struct tag *tags, int32_t count);
enum tag_scheme tag_scheme_of(const struct tag_census *c);

struct tag_run { /* words [first, end) */
    int32_t first, end, label;
};
struct tag_illegal {
    int32_t word;
    const char *why; /* "goes on with no entity", ... */
};
/* `runs` has room for `count`, `illegal` for count + 1. Returns the number of runs. */
int32_t tags_decode(enum tag_scheme scheme, const struct tag *tags, int32_t count,
                    struct tag_run *runs, struct tag_illegal *illegal, int32_t *ret_illegal_count);

#endif
