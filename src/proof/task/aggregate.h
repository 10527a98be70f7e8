/* proof/task/aggregate.h - token probabilities to the entities that go over the wire.
 *
 * Takes:  what a model said of every token of one text, in one window or in several that overlap.
 * Gives:  the list that transformers' TokenClassificationPipeline gives for it: same groups, words,
 *         offsets and order, with scores equal up to the last bits of fp32.
 *
 *     struct aggregate_options o = aggregate_options_default();
 *     if (aggregate_strategy_parse("average", &o.strategy, err)) return err->code;
 *     if (aggregate(&scores, &o, &arena, &entities, &count, err)) return err->code;
 *     aggregate_write(entities, count, o.strategy, &out);          // [{"entity_group": ...}, ...]
 *
 * Strategies: none gives one item a token, with its index in the model's input ([CLS] is 0);
 * simple joins neighbours of one label; first, average and max do so after every word got one
 * label, by its first piece, the mean of its pieces, or the surest one. Several windows: each is
 * aggregated alone; of two entities that overlap the longer stays, then the surer.
 * Quirks of the original are kept, since clients rely on them:
 *  1. A piece continues a word when its length in characters differs from that of its span.
 *  2. A B- label opens a group, and so does an I- label of another type than the one before.
 *  3. A label without B- or I- counts as I-; what follows its first '-' names the group.
 *  4. `word` is the WordPiece decoder's text (lower-cased where the model is); [UNK] shows the
 *     original characters.
 * Owner:   everything given lives in the caller's arena. Threads: pure.
 * Source:  transformers 5.23, pipelines/token_classification.py (tools/oracle/aggregate.py).
 */
#ifndef PROOF_TASK_AGGREGATE_H
#define PROOF_TASK_AGGREGATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/text/tokenizer.h"

enum aggregate_strategy {
    AGGREGATE_NONE,
    AGGREGATE_SIMPLE,
    AGGREGATE_FIRST,
    AGGREGATE_AVERAGE,
    AGGREGATE_MAX
};

struct aggregate_options {
    enum aggregate_strategy strategy;
    const char *const *ignore_labels; /* compared with `entity` (none) or `entity_group` */
    int32_t ignore_count;
};
/* first, ignoring "O": the decoding that training aims at (a tag stands on the first piece of its
 * word). */
struct aggregate_options aggregate_options_default(void);
/* "none", "simple", "first", "average", "max" in any case; ERR_BAD_INPUT names what is allowed. */
enum err_code aggregate_strategy_parse(const char *name, enum aggregate_strategy *ret,
                                       struct err *err) MUST_CHECK;
const char *aggregate_strategy_name(enum aggregate_strategy s);

struct score_window { /* tokens [first, first + count) of the encoding; row: of probs */
    int32_t first, count;
    int32_t row;
};
struct token_scores { /* borrowed: nothing here is owned */
    const char *text; /* valid UTF-8 */
    size_t text_bytes;
    const struct tokenizer *tokenizer;
    const struct encoding *encoding; /* [T] of the whole text, no special tokens */
    const char *const *labels;       /* [label_count] */
    int32_t label_count;
    const float *probs; /* [rows, label_count], each row sums to 1 */
    const struct score_window *windows;
    int32_t window_count;
};

struct wire_entity {
    const char *label; /* `entity` for none, else `entity_group` */
    float score;
    int32_t index; /* none only; else -1 */
    const char *word;
    int32_t start, end; /* code points */
};

/* ERR_NO_MEMORY only: the scores are ours. */
enum err_code aggregate(const struct token_scores *s, const struct aggregate_options *o,
                        struct arena *a, struct wire_entity **ret, int32_t *ret_count,
                        struct err *err) MUST_CHECK;
/* Appends the JSON list, keys in the order of transformers. */
void aggregate_write(const struct wire_entity *entities, int32_t count,
                     enum aggregate_strategy strategy, struct buf *out);

#endif
