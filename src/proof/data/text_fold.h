/* proof/data/text_fold.h - when two texts are the same, and where words are cut.
 *
 * Folding turns every run of white space (Unicode White_Space) into one space and drops it at both
 * ends. Case, accents and punctuation stay: "No MI." and "no MI." are two texts. All input is valid
 * UTF-8. Pure functions.
 */
#ifndef PROOF_DATA_TEXT_FOLD_H
#define PROOF_DATA_TEXT_FOLD_H

#include "base/err.h"
#include <stdint.h>

/* Writes the folded text to out[len] (it never grows) and returns its length; no NUL is added. */
size_t text_fold(const char *text, size_t len, char *out);
/* Where the code point `at` of the text stands in the folded text, in code points. */
int32_t text_fold_position(const char *text, size_t len, int32_t at);
bool text_is_blank(const char *text, size_t len);
bool char_is_space(uint32_t cp);
/* True when BERT's pre-tokenizer sees both characters as parts of one word, so that a span that
 * begins or ends between them cuts a word: neither is white space, punctuation or a CJK ideograph.
 * */
bool char_pair_is_inside_word(uint32_t before, uint32_t after);

#endif
