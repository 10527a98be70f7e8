/* proof/task/token_task.h - token classification: examples to model input, model output to entities.
 *
 * Takes:  examples (proof/data), a tokenizer, a tag set.
 * Gives:  for every example its words, gold tags, and windows of ids with targets; for logits, tags and entities.
 *
 * Tags are IOB2: 0 is "O", 1 + 2l is "B-label l", 2 + 2l is "I-label l"; these are the model's label names.
 * Words are the example's own (CoNLL) or BERT's pre-tokens. A tag stands on the first piece of its word; special tokens
 * and continuations are ignored (target -1). A text longer than the model's window becomes several windows that overlap
 * by `stride` tokens and begin at words; every word is judged in exactly one of them (the one where it has most context).
 * Nothing is truncated.
 */
#ifndef PROOF_TASK_TOKEN_TASK_H
#define PROOF_TASK_TOKEN_TASK_H

#include "engine/text/tokenizer.h"
#include "engine/train/train.h"
#include "proof/data/dataset.h"

struct tag_set {
    char **labels; /* entity labels, sorted */
    int32_t label_count;
    char **tags;       /* [tag_count] "O", "B-X", "I-X", ... */
    int32_t tag_count; /* 1 + 2 * label_count */
};
/* In the arena. */
enum err_code tag_set_from_labels(struct arena *a, const char *const *labels, int32_t count,
                                  struct tag_set *ret, struct err *err) MUST_CHECK;
/* From a model's label names in any order, with B-/I- pairs or plain classes; ret_map[model label] = tag or -1. */
enum err_code tag_set_from_model(struct arena *a, const struct model *m, struct tag_set *ret,
                                 int32_t **ret_map, struct err *err) MUST_CHECK;

struct window {             /* one model input */
    const int32_t *ids;     /* [count], with [CLS] and [SEP] */
    const int32_t *targets; /* [count], tag or -1 */
    const int32_t *word;    /* [count], word of each token, -1 for specials */
    const bool *judged;     /* [count], first piece of a word that this window decides */
    int32_t count;
};
struct token_example {
    const struct example *example;
    struct word_span *words; /* [word_count], code points */
    int32_t *gold;           /* [word_count], tags */
    int32_t word_count;
    struct window *windows;
    int32_t window_count;
    int32_t token_count, unknown_count; /* pieces without specials, and how many are [UNK] */
};
struct token_data {
    struct arena arena;
    struct tag_set tags;
    struct token_example *examples;
    int32_t count;
};
/* Spans whose label is not in `tags` are counted in *ret_unknown_labels (NULL: refused). */
enum err_code token_data_prepare(const struct dataset *d, const struct tokenizer *tok,
                                 const struct tag_set *tags, int32_t tokens_max, int32_t stride,
                                 struct token_data **ret, struct err *err) MUST_CHECK;
void token_data_free(struct token_data *t);
/* The windows as train sequences (arena of t). */
enum err_code token_data_sequences(const struct token_data *t, struct train_sequence **ret,
                                   int32_t *ret_count, struct err *err) MUST_CHECK;

struct entity {
    int32_t start, end; /* code points */
    int32_t label;      /* index into tag_set.labels */
    float score;        /* mean probability of its words; 1 for gold */
};
/* Tags of words to entities, as seqeval reads them (default mode: a stray I- opens an entity; strict: IOB2 only). */
int32_t tags_to_entities(const struct word_span *words, const int32_t *tags, const float *scores,
                         int32_t count, bool strict, struct entity *ret);

#endif
