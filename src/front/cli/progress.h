/* front/cli/progress.h - what long work looks like while it runs: a bar on a terminal, plain lines
 * off it, both on stderr; the table of epochs is stdout's business of `cairn train`.
 */
#ifndef FRONT_CLI_PROGRESS_H
#define FRONT_CLI_PROGRESS_H

#include "engine/train/train.h"

struct progress {
    bool bar_shown, head_shown;
    int64_t drawn_ns; /* last time: at most ten bars a second */
};
void progress_init(struct progress *p);
void progress_train(void *ctx, const struct train_event *event);
void progress_step(void *ctx, const char *what, int64_t done, int64_t total);
void progress_end(struct progress *p); /* takes the bar off the screen */

#endif
