/* tests/proof/data/finding_text.h - findings as text, one a line, so that a test can compare them.
 *
 *     "error bad-utf8 x.conll:3:2\n"
 */
#ifndef TESTS_FINDING_TEXT_H
#define TESTS_FINDING_TEXT_H

#include "proof/data/dataset.h"

/* Lives until the next call. */
const char *finding_text(const struct findings *f);
/* Parses `text`; the dataset is NULL when nothing was usable. Findings are made and stay the
 * caller's. */
struct dataset *parse_text(const char *text, enum data_format format, const char *group_key,
                           struct findings *f);
/* "0-5 DRUG|7-9 TEST" of one example. Lives until the next call. */
const char *span_text(const struct dataset *d, int32_t example);

#endif
