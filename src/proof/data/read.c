/* proof/data/read.c - from a file to lines, and from lines to the right reader.
 *
 * The whole file is read at once, not mapped: a mapped file that is cut short by another program
 * ends the process. Which format it is depends on the name and the first line alone, so that one
 * bad line in the middle cannot change how the others are read.
 */
#include "proof/data/dataset_internal.h"

#include "base/limits.h"
#include "base/os.h"
#include "base/str.h"

#include <string.h>

static const char BOM[] = "\xEF\xBB\xBF";

bool source_line(const struct source *s, size_t *pos, struct line *l)
{
    if (*pos == 0 && s->len >= 3 && memcmp(s->bytes, BOM, 3) == 0) *pos = 3;
    if (*pos >= s->len) return false;
    const char *begin = s->bytes + *pos;
    const char *end = memchr(begin, '\n', s->len - *pos);
    size_t len = end ? (size_t)(end - begin) : s->len - *pos;
    *pos += len + (end ? 1 : 0);
    if (len && begin[len - 1] == '\r') len--;
    *l = (struct line){.bytes = begin, .len = len, .number = l->number + 1};
    return true;
}

int32_t line_column(const struct line *l, size_t offset)
{
    return 1 + (int32_t)utf8_count(l->bytes, offset);
}

bool line_check(const struct source *s, const struct line *l)
{
    if (l->len > LINE_BYTES_MAX) {
        findings_add(s->findings, FINDING_ERROR, "long-line", s->name, l->number, 1, "",
                     "the line has %zu bytes; the limit is %u", l->len, LINE_BYTES_MAX);
        return false;
    }
    size_t good = utf8_valid_prefix(l->bytes, l->len);
    if (good < l->len) {
        findings_add(s->findings, FINDING_ERROR, "bad-utf8", s->name, l->number,
                     line_column(l, good), "convert the file: iconv -f WINDOWS-1252 -t UTF-8",
                     "byte 0x%02X does not belong to any UTF-8 character",
                     (unsigned)(unsigned char)l->bytes[good]);
        return false;
    }
    const char *nul = memchr(l->bytes, '\0', l->len);
    if (nul) {
        findings_add(s->findings, FINDING_ERROR, "nul-byte", s->name, l->number,
                     line_column(l, (size_t)(nul - l->bytes)), "is this a text file?",
                     "the line holds a NUL byte");
        return false;
    }
    return true;
}

/* The first byte of the file that is not a space, tab, CR or LF; NUL when there is none. */
static char first_byte(const struct source *s)
{
    size_t pos = s->len >= 3 && memcmp(s->bytes, BOM, 3) == 0 ? 3 : 0;
    while (pos < s->len && memchr(" \t\r\n", s->bytes[pos], 4)) pos++;
    return pos < s->len ? s->bytes[pos] : '\0';
}

static enum data_format detect(const struct source *s)
{
    static const char *const endings[] = {".jsonl", ".ndjson", ".json"};
    for (size_t i = 0; i < ARRAY_COUNT(endings); i++)
        if (str_ends(s->name, endings[i])) return DATA_FORMAT_JSONL;
    char c = first_byte(s);
    return c == '{' || c == '[' ? DATA_FORMAT_JSONL : DATA_FORMAT_CONLL;
}

static enum err_code parse(const struct source *s, enum data_format format, struct builder *b,
                           struct dataset **ret, struct err *err)
{
    if (format == DATA_FORMAT_AUTO) format = detect(s);
    if (format == DATA_FORMAT_JSONL && first_byte(s) == '[') {
        err_set(err, ERR_BAD_INPUT, "%s is one JSON array, not JSON lines", s->name);
        return err_hint(err, "write one object a line: jq -c '.[]' FILE > FILE.jsonl");
    }
    if (format == DATA_FORMAT_JSONL ? read_jsonl(s, b, err) : read_conll(s, b, err))
        return err->code;
    if (b->count == 0) {
        err_set(err, ERR_BAD_INPUT, "%s holds no usable example", s->name);
        if (s->findings->errors) return err_hint(err, "see what data check finds in it");
        return err_hint(err, "the file is empty");
    }
    return builder_finish(b, ret, err);
}

enum err_code dataset_parse(const char *name, const char *bytes, size_t len,
                            enum data_format format, const char *group_key, struct findings *f,
                            struct dataset **ret, struct err *err)
{
    struct source s = {
        .name = name, .bytes = bytes, .len = len, .group_key = group_key, .findings = f};
    struct builder b;
    if (len > DATA_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "%s is larger than %llu bytes", name, DATA_BYTES_MAX);
    if (builder_init(&b, err)) return err->code;
    enum err_code code = parse(&s, format, &b, ret, err);
    builder_release(&b);
    return code;
}

enum err_code dataset_read(const char *path, enum data_format format, const char *group_key,
                           struct findings *f, struct dataset **ret, struct err *err)
{
    struct buf bytes;
    buf_init(&bytes, DATA_BYTES_MAX);
    enum err_code code = os_read_file(path, DATA_BYTES_MAX, &bytes, err);
    if (!code) code = dataset_parse(path, bytes.data, bytes.len, format, group_key, f, ret, err);
    buf_release(&bytes);
    return code;
}
