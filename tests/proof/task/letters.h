/* tests/proof/task/letters.h - a vocabulary of letters: a word of n letters has n pieces. */
#ifndef TEST_LETTERS_H
#define TEST_LETTERS_H

#include "proof/task/token_task.h"

struct letters {
    struct tokenizer *tok;
    struct arena arena;
    struct tag_set tags; /* DRUG, TEST */
};
void letters_open(struct letters *l);
void letters_close(struct letters *l);
/* Data from JSON lines, or the test fails; its labels need not be those of the tag set. */
struct dataset *letters_dataset(const char *jsonl);
struct token_data *letters_prepare(const struct letters *l, const struct dataset *d,
                                   int32_t tokens_max, int32_t stride);
/* `count` texts of random words as JSON lines, without spans (mem_free). */
char *letters_random(uint64_t seed, int32_t count, int32_t words_max, int32_t letters_max);

#endif
