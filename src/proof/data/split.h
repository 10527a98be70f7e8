/* proof/data/split.h - who trains and who judges: decided once, by seed, and frozen by fingerprint.
 *
 * Groups (patients, documents) and duplicates of a text never stand on two sides: examples that
 * share a group or a folded text, also through others, form one cluster, and clusters are dealt
 * whole. The result depends on the texts, groups, shares and seed alone, not on the order of the
 * lines; each part keeps file order. When the user brings own files, there is nothing to split: use
 * data_check_leakage (check.h).
 *
 *     struct split_spec spec = {.share = {0.8, 0.1, 0.1}, .seed = 7};
 *     struct dataset *parts[PART_COUNT] = {0};
 *     if (data_split(d, &spec, parts, err)) return err->code;
 */
#ifndef PROOF_DATA_SPLIT_H
#define PROOF_DATA_SPLIT_H

#include "proof/data/dataset.h"

enum split_part { PART_TRAIN, PART_DEV, PART_TEST, PART_COUNT };
const char *split_part_name(enum split_part p); /* "train", "dev", "test" */

struct split_spec {
    double share[PART_COUNT]; /* each 0 to 1, sum 1; a share may be 0 */
    uint64_t seed;
};
/* ret_parts[part] are new datasets (dataset_free each; without examples for a share of 0);
 * ERR_BAD_INPUT when the shares are not usable or a part with a share > 0 would be empty. */
enum err_code data_split(const struct dataset *d, const struct split_spec *spec,
                         struct dataset *ret_parts[PART_COUNT], struct err *err) MUST_CHECK;

#endif
