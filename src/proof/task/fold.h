/* proof/task/fold.h - the form in which two mentions count as the same words.
 *
 * Unicode case folding and NFC (utf8proc), runs of white space as one space, none at the ends:
 * "Aspirin", "ASPIRIN" and "aspirin " are one. The dictionary and "seen in training" use it.
 */
#ifndef PROOF_TASK_FOLD_H
#define PROOF_TASK_FOLD_H

#include "base/buf.h"
#include "proof/task/token_task.h"

/* Appends the folded text (valid UTF-8 in); failures are the buffer's (buf_check). */
void case_fold(const char *s, size_t len, struct buf *out);

/* The folded words of one example, joined by one space, so that the words [i, j) are one slice:
 * text.data[start[i]] to text.data[end[j - 1]]. */
struct folded_words {
    struct buf text;
    size_t *start, *end; /* [word_count], bytes */
    size_t cap;
};
void folded_words_init(struct folded_words *f);
void folded_words_release(struct folded_words *f);
/* Replaces what f held. */
enum err_code folded_words_set(struct folded_words *f, const struct token_example *te,
                               struct err *err) MUST_CHECK;

#endif
