/* proof/task/task_internal.h - what the files of this room share. */
#ifndef PROOF_TASK_INTERNAL_H
#define PROOF_TASK_INTERNAL_H

#include "proof/task/token_task.h"

struct pieces { /* one encoded text */
    const struct encoding *e;
    const int32_t *word; /* [count] dense word index of each piece */
    int32_t count;       /* pieces */
    int32_t cls, sep;
};

/* Cuts te's pieces into windows (rules 1 and 2 of token_task.h) and marks where each word is
 * judged. */
enum err_code windows_cut(struct arena *a, struct arena *scratch, const struct pieces *p,
                          int32_t tokens_max, int32_t stride, struct token_example *te,
                          struct err *err) MUST_CHECK;

#endif
