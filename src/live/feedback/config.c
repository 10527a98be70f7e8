/* live/feedback/config.c - texts are not kept unless someone asked for it. */
#include "live/feedback/config.h"
#include "base/str.h"
#include <stddef.h>

const char *const CAPTURE_NAMES[] = {"off", "sample", "on", NULL};

#define AT(field) offsetof(struct feedback_config, field)
static const struct config_key keys[] = {
    {"capture", CONFIG_CHOICE, AT(capture), 0, 0, CAPTURE_NAMES},
    {"sample", CONFIG_REAL, AT(sample), 0, 1, NULL},
    {"hold_out", CONFIG_REAL, AT(hold_out), 0.05, 0.9, NULL},
    {"replay", CONFIG_REAL, AT(replay), 0, 20, NULL},
};

struct feedback_config feedback_config_default(void)
{
    return (struct feedback_config){
        .capture = CAPTURE_OFF, .sample = 0.1, .hold_out = 0.4, .replay = 1.0};
}

enum err_code feedback_config_read(const struct yaml_node *n, struct feedback_config *ret,
                                   struct err *err)
{
    return config_read(n, keys, ARRAY_COUNT(keys), ret, err);
}
