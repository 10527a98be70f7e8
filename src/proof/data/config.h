/* proof/data/config.h - the keys of `data:`: where examples are, and how they are split. */
#ifndef PROOF_DATA_CONFIG_H
#define PROOF_DATA_CONFIG_H

#include "base/config.h"
#include "proof/data/split.h"

struct data_config {
    const char *source;           /* one file to split, or NULL */
    const char *file[PART_COUNT]; /* the user's own train, dev, test; all or none */
    struct split_spec split;
    const char *group_by; /* JSONL key; NULL: "group" */
    int format;           /* enum data_format */
};
enum err_code data_config_read(const struct yaml_node *n, struct data_config *ret,
                               struct err *err) MUST_CHECK;

#endif
