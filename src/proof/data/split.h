/* proof/data/split.h - who trains and who judges: a split is decided once, by seed, and frozen by fingerprint.
 *
 * Groups (patients, documents) and duplicates of a text never stand on two sides. The result depends on the texts,
 * groups, shares and seed alone.
 */
#ifndef PROOF_DATA_SPLIT_H
#define PROOF_DATA_SPLIT_H

#include "proof/data/dataset.h"

enum split_part { PART_TRAIN, PART_DEV, PART_TEST, PART_COUNT };
const char *split_part_name(enum split_part p); /* "train", "dev", "test" */

struct split_spec {
    double share[PART_COUNT]; /* sum 1; a share may be 0 */
    uint64_t seed;
};
/* ret_parts[part] are new datasets (dataset_free each); ERR_BAD_INPUT when a part with a share > 0 would be empty. */
enum err_code data_split(const struct dataset *d, const struct split_spec *spec,
                         struct dataset *ret_parts[PART_COUNT], struct err *err) MUST_CHECK;

#endif
