/* proof/data/dataset.h - examples in one in-memory form, whatever file they came from.
 *
 *     struct dataset *d = NULL;
 *     struct findings f;
 *     findings_init(&f, FINDINGS_MAX);
 *     if (dataset_read("letters.jsonl", DATA_FORMAT_AUTO, &f, &d, err)) return err->code;  // I/O or nothing usable
 *     if (f.errors) ...                       // what is wrong in the file, each with its place
 *     for (int i = 0; i < d->count; i++) use(&d->examples[i]);
 *     dataset_free(d);
 *
 * Formats: JSONL, one {"text", "spans"|"entities": [{"start", "end", "label"}], "id", "group" or any named key,
 * "meta"} a line, offsets in code points; CoNLL, 2 to n columns (word first, tag last; tabs or spaces), IOB1, IOB2,
 * IOBES, BMES detected from the tags, -DOCSTART- lines (a new group each), blank lines (also with a TAB) between
 * sentences, LF or CRLF, with or without BOM. CoNLL words become a text joined by one space and keep their boundaries.
 * Rules: spans are sorted, [start, end) in code points, inside the text; labels are indexes into dataset.labels, which
 * are sorted by bytes, so that equal data gives equal labels. Examples keep file order.
 * Owner: the dataset owns everything (one arena). Threads: read-only after reading.
 */
#ifndef PROOF_DATA_DATASET_H
#define PROOF_DATA_DATASET_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/text/tokenizer.h" /* struct word_span */

struct span {
    int32_t start, end; /* code points */
    int32_t label;      /* index into dataset.labels */
};

struct example {
    const char *id;    /* as given, else "FILE:LINE" */
    const char *group; /* what must stay on one side of a split; the id when none is given */
    const char *text;  /* valid UTF-8, NUL-terminated */
    int32_t text_bytes, chars;
    struct span *spans;
    int32_t span_count;
    struct word_span *words; /* pre-tokenised input only, else NULL */
    int32_t word_count;
    const char *file;
    int32_t line; /* where it begins, from 1 */
};

struct dataset {
    struct arena arena;
    struct example *examples;
    int32_t count;
    char **labels;
    int32_t label_count;
};

enum data_format { DATA_FORMAT_AUTO, DATA_FORMAT_JSONL, DATA_FORMAT_CONLL };

enum finding_level { FINDING_ERROR, FINDING_WARNING };
struct finding {
    enum finding_level level;
    const char *
        check; /* "bad-utf8", "span-outside", "span-splits-word", "illegal-tag", "rare-label", ... */
    const char *file;
    int32_t line, column;       /* from 1; 0: the whole file */
    const char *message, *hint; /* in the findings' arena */
};
#define FINDINGS_MAX 10000
struct findings { /* past the maximum they are counted, not kept */
    struct arena arena;
    struct finding *items;
    int32_t count, cap, count_max;
    int32_t errors, warnings;
};
void findings_init(struct findings *f, int32_t count_max);
void findings_release(struct findings *f);

/* group_key: which JSONL key is the group (NULL: "group"). */
enum err_code dataset_read(const char *path, enum data_format format, const char *group_key,
                           struct findings *f, struct dataset **ret, struct err *err) MUST_CHECK;
void dataset_free(struct dataset *d);
/* A new dataset of chosen examples (copied; labels kept, so that indexes mean the same in every part). */
enum err_code dataset_pick(const struct dataset *d, const int32_t *indexes, int32_t count,
                           struct dataset **ret, struct err *err) MUST_CHECK;
/* All examples of both; labels united. */
enum err_code dataset_join(const struct dataset *a, const struct dataset *b, struct dataset **ret,
                           struct err *err) MUST_CHECK;
/* SHA-256 over texts, words, spans with label names, groups, in order; not over ids, files, or lines. */
void dataset_fingerprint(const struct dataset *d, char hex[65]);
/* JSONL that dataset_read reads back to the same dataset. */
void dataset_write_jsonl(const struct dataset *d, struct buf *out);

#endif
