/* tests/proof/evidence/sample.h - prepared data made of tags alone, without tokenizer or model. */
#ifndef TEST_SAMPLE_H
#define TEST_SAMPLE_H

#include "proof/evidence/metrics.h"

struct sample {
    struct token_data data;
    struct tag_prediction *said;
};
/* Arrays of arrays of tag names; words are "w0 w1 ..." unless `text` gives them
 * (space-separated). */
void sample_from_tags(struct sample *s, const json_t *labels, const json_t *gold,
                      const json_t *said);
/* The same from JSON text: {"labels": [..], "gold": [[..]], "said": [[..]], "texts": [".."]}. */
void sample_from_json(struct sample *s, const char *json);
/* `count` examples of 12 words over two labels; about one word in ten is wrong. Groups of
 * `group`. */
void sample_random(struct sample *s, uint64_t seed, int32_t count, int32_t group);
void sample_release(struct sample *s);
/* evaluate() with these options, or the test fails. */
struct evaluation *sample_evaluate(const struct sample *s, struct evaluate_options o);

#endif
