/* proof/data/dataset.h - examples in one in-memory form, whatever file they came from.
 *
 *     struct dataset *d = NULL;
 *     struct findings f;
 *     findings_init(&f, FINDINGS_MAX);
 *     if (dataset_read("letters.jsonl", DATA_FORMAT_AUTO, "patient", &f, &d, err))
 *         return err->code;                   // I/O failed, or nothing in the file is usable
 *     if (f.errors) ...                       // what is wrong in the file, each with its place
 *     for (int i = 0; i < d->count; i++) use(&d->examples[i]);
 *     dataset_free(d);
 *     findings_release(&f);
 *
 * Formats (docs/formats/data.md): JSONL, one {"text", "spans"|"entities": [{"start", "end",
 * "label"}], "id", "group" or any named key, "words", "meta"} a line, offsets in code points;
 * CoNLL, 2 to n columns (word first, tag last; tabs or spaces), IOB1, IOB2, IOBES or BMES detected
 * from all tags of the file, -DOCSTART- lines (a new group each), blank lines (also with a TAB)
 * between sentences, LF or CRLF, with or without BOM. CoNLL words become a text joined by one space
 * and keep their boundaries.
 * Rules that always hold:
 *  1. A finding of level error that reading adds leaves the example it names out; a warning keeps
 *     it.
 *  2. Spans are sorted by start, do not overlap, are not empty and lie inside the text, [start,
 *     end) in code points; the same holds for words.
 *  3. Labels are indexes into dataset.labels, which are sorted by bytes, so that equal data gives
 *     equal labels. Examples keep file order.
 * Owner:   the dataset owns everything (one arena). Findings own their texts and copy file names.
 * Threads: read-only after reading.
 * Limits:  DATA_BYTES_MAX, LINE_BYTES_MAX, TEXT_BYTES_MAX, SPANS_PER_EXAMPLE_MAX,
 *          EXAMPLE_COUNT_MAX, LABEL_COUNT_MAX, LABEL_BYTES_MAX.
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

struct place {
    int32_t line, column; /* from 1; the column counts code points */
};

struct example {
    const char *id;    /* as given, else "FILE:LINE" */
    const char *group; /* what must stay on one side of a split; "FILE:LINE" when none is given */
    const char *text;  /* valid UTF-8, NUL-terminated, not blank */
    int32_t text_bytes, chars;
    struct span *spans;
    int32_t span_count;
    struct word_span *words; /* pre-tokenised input only, else NULL */
    int32_t word_count;
    const char *file;
    int32_t line;               /* where it begins, from 1 */
    const struct place *places; /* [span_count], where each span is written; NULL: unknown */
    const char *meta;           /* the "meta" value as JSON text; NULL when there is none */
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
    const char *check; /* "bad-utf8", "span-outside", ...: all in docs/formats/data.md */
    const char *file;
    int32_t line, column;       /* from 1; 0: the whole file */
    const char *message, *hint; /* in the findings' arena; hint may be "" */
};
#define FINDINGS_MAX 10000
struct findings { /* past the maximum they are counted, not kept */
    struct arena arena;
    struct finding *items;
    int32_t count, cap, count_max;
    int32_t errors, warnings; /* all, kept or not; of one JSON line at most 10 each */
};
void findings_init(struct findings *f, int32_t count_max);
void findings_release(struct findings *f);
const char *finding_level_name(enum finding_level level); /* "error", "warning" */

/* Reads a file. AUTO: JSONL when the first line with anything on it begins with '{' or '[', or the
 * name ends in .jsonl, .ndjson or .json; else CoNLL.
 * group_key: which JSONL key is the group (NULL: "group", if there). When it is named and no line
 * has it, that is an error in the findings: a split by patient must not silently become one by
 * line. ERR_NOT_FOUND, ERR_IO, ERR_LIMIT; ERR_BAD_INPUT when no usable example is left (see f). */
enum err_code dataset_read(const char *path, enum data_format format, const char *group_key,
                           struct findings *f, struct dataset **ret, struct err *err) MUST_CHECK;
/* The same from memory; `name` stands for the file in findings, ids and groups. */
enum err_code dataset_parse(const char *name, const char *bytes, size_t len,
                            enum data_format format, const char *group_key, struct findings *f,
                            struct dataset **ret, struct err *err) MUST_CHECK;
void dataset_free(struct dataset *d);
/* A new dataset of chosen examples (copied; all labels kept, so that indexes mean the same in every
 * part). Indexes may repeat. */
enum err_code dataset_pick(const struct dataset *d, const int32_t *indexes, int32_t count,
                           struct dataset **ret, struct err *err) MUST_CHECK;
/* All examples of a, then all of b; labels united. */
enum err_code dataset_join(const struct dataset *a, const struct dataset *b, struct dataset **ret,
                           struct err *err) MUST_CHECK;
/* SHA-256 over texts, words, spans with label names, and which examples share a group, in order;
 * not over ids, names of groups, files, lines or meta: the same data from another folder is the
 * same. */
void dataset_fingerprint(const struct dataset *d, char hex[65]);
/* JSONL that dataset_read reads back to the same dataset (group under "group"). */
void dataset_write_jsonl(const struct dataset *d, struct buf *out);

#endif
