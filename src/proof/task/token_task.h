/* proof/task/token_task.h - token classification: examples to model input, model output to
 * entities.
 *
 * Takes:  examples (proof/data), a tokenizer, a tag set.
 * Gives:  for every example its words, gold tags, and windows of ids with targets; from tags,
 *         entities.
 *
 *     struct tag_set tags;
 *     if (tag_set_from_labels(&arena, labels, count, &tags, err)) return err->code;
 *     struct token_data *t = NULL;
 *     if (token_data_prepare(dataset, tok, &tags, 128, 32, &t, err)) return err->code;
 *     if (token_data_sequences(t, &job.sequences, &job.sequence_count, err)) ...
 *     token_data_free(t);
 *
 * Tags are IOB2: 0 is "O", 1 + 2l is "B-label l", 2 + 2l is "I-label l"; these are the model's
 * label names. Words are the example's own (CoNLL) or BERT's pre-tokens. A tag stands on the
 * first piece of its word; special tokens and continuations are ignored (target -1).
 *
 * Rules that always hold:
 *  1. A text longer than the model's window becomes several windows that overlap by at most
 *     `stride` tokens and begin at words. Every word that has a piece is judged in exactly one of
 *     them: the one where it has most context on its poorer side (the earlier one on a tie). No
 *     word is dropped.
 *  2. A word longer than a whole window is judged by the pieces that fit.
 *  3. A word without a piece (the clean-up removed all of it) is never judged; predictors call it
 *     O.
 *  4. A gold span covers every word that it touches. A span that IOB2 cannot say (its label is
 *     not in the tag set, it touches no word, or another span took one of its words) is kept in
 *     `lost` and counts as missed wherever recall is measured: nobody's score gains by what the
 *     form cannot hold.
 *  5. A dataset without spans (raw texts to tag) is prepared alike; its gold is all O.
 *
 * Owner:   token_data owns its memory (one arena), but borrows the examples: the dataset must
 *          outlive it.
 * Threads: read-only once prepared; share it freely.
 */
#ifndef PROOF_TASK_TOKEN_TASK_H
#define PROOF_TASK_TOKEN_TASK_H

#include "engine/text/tokenizer.h"
#include "engine/train/train.h"
#include "proof/data/dataset.h"

#define TAG_O 0

struct tag_set {
    char **labels; /* entity labels, sorted by bytes, each once */
    int32_t label_count;
    char **tags;       /* [tag_count] "O", "B-X", "I-X", ... */
    int32_t tag_count; /* 1 + 2 * label_count */
};
/* Both in the arena. ERR_BAD_INPUT for an empty label, ERR_LIMIT past LABEL_COUNT_MAX. */
enum err_code tag_set_from_labels(struct arena *a, const char *const *labels, int32_t count,
                                  struct tag_set *ret, struct err *err) MUST_CHECK;
/* From a model's label names in any order; ret_map[model label] = tag. "O" is O; B-X and I-X are
 * themselves; where the model has a B-X, E-X and M-X are I-X and S-X is B-X; any other name is a
 * plain class, read as I-NAME, as transformers' pipeline does. Without a token head:
 * ERR_BAD_INPUT. */
enum err_code tag_set_from_model(struct arena *a, const struct model *m, struct tag_set *ret,
                                 int32_t **ret_map, struct err *err) MUST_CHECK;
int32_t tag_set_label(const struct tag_set *t, const char *label); /* index, or -1 when absent */
bool tag_set_equal(const struct tag_set *a, const struct tag_set *b);

struct window {                    /* one model input */
    const int32_t *ids;            /* [count], with [CLS] and [SEP] */
    const int32_t *targets;        /* [count], tag or -1 */
    const int32_t *word;           /* [count], word of each token, -1 for specials */
    const struct word_span *spans; /* [count], code points of each token; [0, 0) for specials */
    const bool *judged;            /* [count], first piece of a word that this window decides */
    int32_t count;
};
struct token_example {
    const struct example *example;
    struct word_span *words; /* [word_count], code points */
    int32_t *gold;           /* [word_count], tags */
    int32_t word_count;
    struct window *windows; /* none for a text without pieces */
    int32_t window_count;
    int32_t
        *lost; /* [lost_count] label of each span that tags cannot say; -1: not in the tag set */
    int32_t lost_count;
    int32_t token_count, unknown_count; /* pieces without specials, and how many are [UNK] */
};
struct token_data {
    struct arena arena;
    struct tag_set tags; /* a copy */
    struct token_example *examples;
    int32_t count;
    int64_t word_count, token_count, unknown_count, lost_count; /* sums over the examples */
    char fingerprint[65]; /* of the dataset: the same whatever the tag set and windows */
};
/* tokens_max counts [CLS] and [SEP]: 3 and more. stride is the overlap: 0..(tokens_max - 2) / 2. */
enum err_code token_data_prepare(const struct dataset *d, const struct tokenizer *tok,
                                 const struct tag_set *tags, int32_t tokens_max, int32_t stride,
                                 struct token_data **ret, struct err *err) MUST_CHECK;
void token_data_free(struct token_data *t);
/* The windows that have a target, as train sequences, in order. The array is the caller's
 * (mem_free); ids and targets stay in t. ERR_BAD_INPUT when there is none. */
enum err_code token_data_sequences(const struct token_data *t, struct train_sequence **ret,
                                   int32_t *ret_count, struct err *err) MUST_CHECK;

struct entity {
    int32_t start, end; /* code points */
    int32_t label;      /* index into tag_set.labels */
    float score;        /* mean probability of its words; 1 without scores */
};
/* Tags of words to entities, as seqeval 1.2.2 reads them: in default mode a stray I- opens an
 * entity and a change of label begins another; strict is IOB2 only (B-X I-X*), stray I- tags are
 * nothing. `ret` has room for `count`; scores may be NULL. Gives the count of entities, in order.
 */
int32_t tags_to_entities(const struct word_span *words, const int32_t *tags, const float *scores,
                         int32_t count, bool strict, struct entity *ret);

#endif
