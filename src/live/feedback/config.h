/* live/feedback/config.h - the keys of `feedback:`: whether served texts are kept, and how
 * corrections train. */
#ifndef LIVE_FEEDBACK_CONFIG_H
#define LIVE_FEEDBACK_CONFIG_H

#include "base/config.h"

/* Off: a served text is never stored; a correction must bring its text, which is checked by its
 * keyed hash. */
enum capture { CAPTURE_OFF, CAPTURE_SAMPLE, CAPTURE_ON };
extern const char *const CAPTURE_NAMES[]; /* by enum capture, NULL-terminated */

struct feedback_config {
    int capture;   /* enum capture */
    double sample; /* share of texts kept under CAPTURE_SAMPLE */
    double
        hold_out; /* share of reviewed items, by group, that become new test data and never train */
    double replay; /* old training examples for each new one */
};
struct feedback_config feedback_config_default(void);
enum err_code feedback_config_read(const struct yaml_node *n, struct feedback_config *ret,
                                   struct err *err) MUST_CHECK;

#endif
