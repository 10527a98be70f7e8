/* proof/data/check.h - what is wrong with data, before a model learns it. Adds to the findings that reading began.
 *
 * Checks: spans across words, overlapping spans, unknown labels (against `known`), rare labels (under rare_min),
 * duplicate texts, the same text with different spans, train/test leakage between parts, empty texts.
 */
#ifndef PROOF_DATA_CHECK_H
#define PROOF_DATA_CHECK_H

#include "proof/data/dataset.h"

struct data_check_options {
    const char *const *known_labels; /* NULL: any */
    int32_t known_label_count;
    int32_t rare_min; /* spans of a label below which a warning is given; 0: 10 */
};
void data_check(const struct dataset *d, const struct data_check_options *o, struct findings *f);
/* The same text (after folding white space) or the same group on both sides. */
void data_check_leakage(const struct dataset *train, const struct dataset *other,
                        const char *other_name, struct findings *f);

#endif
