/* proof/data/config.h - the keys of `data:`: where examples are, and how they are split. */
#ifndef PROOF_DATA_CONFIG_H
#define PROOF_DATA_CONFIG_H

#include "base/config.h"
#include "proof/data/split.h"

/* Published benchmarks repeat texts between their parts; whoever keeps such a split says so. */
enum data_leakage { LEAKAGE_REFUSE, LEAKAGE_ALLOW };
extern const char *const LEAKAGE_NAMES[]; /* by enum data_leakage, NULL-terminated */

struct data_config {
    const char *source;           /* one file to split, or NULL */
    const char *file[PART_COUNT]; /* the user's own train, dev, test; all or none */
    struct split_spec split;
    const char *group_by; /* JSONL key; NULL: "group" */
    int format;           /* enum data_format */
    int leakage;          /* enum data_leakage */
};
enum err_code data_config_read(const struct yaml_node *n, struct data_config *ret,
                               struct err *err) MUST_CHECK;

#endif
