/* proof/data/config.c - either one source that cairn splits, or three files that the user has
 * split: never both. */
#include "proof/data/config.h"
#include "base/limits.h"
#include "base/str.h"
#include <math.h>
#include <stddef.h>

static const char *const formats[] = {"auto", "jsonl", "conll", NULL};

const char *const LEAKAGE_NAMES[] = {"refuse", "allow", NULL};

struct raw_data { /* as written, before the two forms are told apart */
    const char *source, *train, *dev, *test, *group_by;
    const struct yaml_node *split;
    int format, leakage;
};
struct raw_split {
    double train, dev, test;
    int64_t seed;
    const char *group_by;
};

#define AT(field) offsetof(struct raw_data, field)
static const struct config_key data_keys[] = {
    {"source", CONFIG_STRING, AT(source), 0, 0, NULL},
    {"train", CONFIG_STRING, AT(train), 0, 0, NULL},
    {"dev", CONFIG_STRING, AT(dev), 0, 0, NULL},
    {"test", CONFIG_STRING, AT(test), 0, 0, NULL},
    {"group_by", CONFIG_STRING, AT(group_by), 0, 0, NULL},
    {"split", CONFIG_NODE, AT(split), 0, 0, NULL},
    {"format", CONFIG_CHOICE, AT(format), 0, 0, formats},
    {"leakage", CONFIG_CHOICE, AT(leakage), 0, 0, LEAKAGE_NAMES},
};
#undef AT
#define AT(field) offsetof(struct raw_split, field)
static const struct config_key split_keys[] = {
    {"train", CONFIG_REAL, AT(train), 0, 1, NULL},
    {"dev", CONFIG_REAL, AT(dev), 0, 1, NULL},
    {"test", CONFIG_REAL, AT(test), 0, 1, NULL},
    {"group_by", CONFIG_STRING, AT(group_by), 0, 0, NULL},
    {"seed", CONFIG_INT, AT(seed), 0, 4294967295.0, NULL},
};

static enum err_code read_split(const struct yaml_node *n, struct data_config *c, struct err *err)
{
    struct raw_split s = {.train = 0.8, .dev = 0.1, .test = 0.1, .seed = 7};
    if (n && config_read(n, split_keys, ARRAY_COUNT(split_keys), &s, err)) return err->code;
    if (fabs(s.train + s.dev + s.test - 1) > 1e-6) {
        return yaml_error(n, err, "split: the shares of train, dev and test add up to %g, not 1",
                          s.train + s.dev + s.test);
    }
    c->split.share[PART_TRAIN] = s.train;
    c->split.share[PART_DEV] = s.dev;
    c->split.share[PART_TEST] = s.test;
    c->split.seed = (uint64_t)s.seed;
    if (s.group_by) c->group_by = s.group_by;
    return ERR_OK;
}

enum err_code data_config_read(const struct yaml_node *n, struct data_config *ret, struct err *err)
{
    struct raw_data raw = {0};
    struct data_config c = {0};
    if (config_read(n, data_keys, ARRAY_COUNT(data_keys), &raw, err)) return err->code;
    c.group_by = raw.group_by;
    c.format = raw.format;
    c.leakage = raw.leakage;
    c.source = raw.source;
    c.file[PART_TRAIN] = raw.train;
    c.file[PART_DEV] = raw.dev;
    c.file[PART_TEST] = raw.test;
    int files = !!raw.train + !!raw.dev + !!raw.test;
    if (raw.source && files) {
        yaml_error(n, err, "data: has both source and files of its own");
        return err_hint(err, "keep source: (cairn splits it) or train:, dev: and test:");
    }
    if (!raw.source && files != PART_COUNT) {
        yaml_error(n, err, "data: needs source:, or all of train:, dev: and test:");
        return err_hint(err, "e.g. data: {source: data/letters.jsonl}");
    }
    if (raw.split && files)
        return yaml_error(raw.split, err, "split: has no meaning beside files of one's own");
    if (raw.source && read_split(raw.split, &c, err)) return err->code;
    *ret = c;
    return ERR_OK;
}
