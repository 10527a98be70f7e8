/* proof/data/check.h - what is wrong with data as a whole, before a model learns it.
 *
 * Reading finds what is wrong with a line (dataset.h); this finds what only all lines together
 * show, and adds to the same findings:
 *     unknown-label   error    a label that is not in `known_labels`
 *     rare-label      warning  fewer spans of a label than rare_min
 *     duplicate-text  warning  the same text again, with the same spans
 *     contradiction   warning  the same text again, with other spans
 *     leaked-text     error    a text of another part is also in train
 *     leaked-group    error    a group of another part is also in train
 * Texts are the same when they are equal after folding white space (text_fold.h). Nothing is left
 * out here. Threads: datasets are only read; findings have one owner.
 */
#ifndef PROOF_DATA_CHECK_H
#define PROOF_DATA_CHECK_H

#include "proof/data/dataset.h"

struct data_check_options {
    const char *const *known_labels; /* NULL: any */
    int32_t known_label_count;
    int32_t rare_min; /* spans of a label below which a warning is given; 0: 10 */
};
/* o may be NULL. */
void data_check(const struct dataset *d, const struct data_check_options *o, struct findings *f);
/* The same text or the same group in `other` ("dev", "test") as in train; places are in `other`. */
void data_check_leakage(const struct dataset *train, const struct dataset *other,
                        const char *other_name, struct findings *f);

#endif
