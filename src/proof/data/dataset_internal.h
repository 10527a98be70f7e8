/* proof/data/dataset_internal.h - how the readers of this room put a dataset together.
 *
 * A reader fills a builder; builder_finish sorts the labels and moves everything into a dataset.
 * Labels are numbered in order of appearance until then. One owner, no threads.
 */
#ifndef PROOF_DATA_DATASET_INTERNAL_H
#define PROOF_DATA_DATASET_INTERNAL_H

#include "base/map.h"
#include "proof/data/dataset.h"

/* Adds a finding, or counts it when the maximum is kept already. `file` is copied, `check` is a
 * literal, `hint` may be "". */
void findings_add(struct findings *f, enum finding_level level, const char *check, const char *file,
                  int32_t line, int32_t column, const char *hint, const char *fmt, ...)
    PRINTF_LIKE(8, 9);
/* What the user wrote, short enough for a message: cut at a character, control characters as '?'.
 * The bytes are valid UTF-8. Returns out. */
#define CLIP_BYTES 64
const char *text_clip(const char *s, size_t len, char out[CLIP_BYTES]);

struct builder {
    struct dataset *d; /* its arena holds all strings and arrays of the examples */
    struct map labels; /* name to number of appearance */
    struct example *items;
    int32_t count, cap;
};
enum err_code builder_init(struct builder *b, struct err *err) MUST_CHECK;
void builder_release(struct builder *b); /* frees the unfinished dataset too */
/* The number of a label; ERR_LIMIT past LABEL_COUNT_MAX. The name must be usable (label_problem).
 * */
enum err_code builder_label(struct builder *b, const char *name, size_t len, int32_t *ret,
                            struct err *err) MUST_CHECK;
/* A new zeroed example at the end; valid until the next call. */
enum err_code builder_example(struct builder *b, struct example **ret, struct err *err) MUST_CHECK;
enum err_code builder_finish(struct builder *b, struct dataset **ret, struct err *err) MUST_CHECK;
/* A copy of the string in the dataset's arena. NULL + ERR_NO_MEMORY. */
char *builder_string(struct builder *b, const char *s, size_t len, struct err *err) MUST_CHECK;

/* Why a label's name cannot be used ("is empty", ...), or NULL when it can. */
const char *label_problem(const char *name, size_t len);

/* One source in memory, cut into lines. */
struct source {
    const char *name;
    const char *bytes;
    size_t len;
    const char *group_key; /* NULL: not named */
    struct findings *findings;
};
struct line {
    const char *bytes; /* without its LF, CRLF or BOM */
    size_t len;
    int32_t number; /* from 1 */
};
/* The next line from *pos on; false at the end. */
bool source_line(const struct source *s, size_t *pos, struct line *l);
/* False, with a finding, when the line is too long, not UTF-8 or holds a NUL byte. */
bool line_check(const struct source *s, const struct line *l);
/* Column, from 1, in code points, of a byte offset in a line whose bytes before it are valid UTF-8.
 * */
int32_t line_column(const struct line *l, size_t offset);

enum err_code read_jsonl(const struct source *s, struct builder *b, struct err *err) MUST_CHECK;
enum err_code read_conll(const struct source *s, struct builder *b, struct err *err) MUST_CHECK;

#endif
