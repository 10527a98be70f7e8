/* proof/data/jsonl_internal.h - one line of JSON on its way to an example.
 *
 * read_jsonl.c reads the object, read_spans.c its spans and words. Findings are told by column; at
 * most FINDINGS_PER_LINE_MAX errors and as many warnings a line, so that a line with a hundred
 * thousand bad spans costs what a good one does.
 */
#ifndef PROOF_DATA_JSONL_INTERNAL_H
#define PROOF_DATA_JSONL_INTERNAL_H

#include "proof/data/dataset_internal.h"

#include <jansson.h>

#define FINDINGS_PER_LINE_MAX 10

struct jsonl {
    const struct source *source;
    struct builder *builder;
    const char *file; /* the source's name, in the dataset's arena */
    int32_t lines, grouped_lines, first_ungrouped;
};
struct row { /* the line at hand */
    struct jsonl *r;
    const struct line *line;
    const json_t *doc;
    const char *text;
    size_t text_bytes;
    int32_t chars;
    uint32_t *cps;            /* [chars] of the text */
    int32_t errors, warnings; /* found on this line */
};

void row_tell(struct row *w, enum finding_level level, const char *check, int32_t column,
              const char *hint, const char *message);
/* An error at the value of a key of the object; at column 1 when it is not there. */
void row_tell_key(struct row *w, const char *check, const char *key, const char *hint,
                  const char *message);

/* Both leave w->errors > 0 when the example must be left out; an error code is not about the line.
 */
enum err_code row_read_spans(struct row *w, struct example *x, struct err *err) MUST_CHECK;
enum err_code row_read_words(struct row *w, struct example *x, struct err *err) MUST_CHECK;
/* Warnings about spans that do not stand on words. */
void row_check_borders(struct row *w, const struct example *x);

#endif
