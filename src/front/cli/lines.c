/* front/cli/lines.c - stdio reads pieces; a buffer with a ceiling joins them to lines. */
#include "front/cli/lines.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum err_code give(struct buf *line, line_fn *fn, void *ctx, int64_t number, struct err *err)
{
    if (buf_check(line, err))
        return err_detail(err, "line %lld is longer than %u bytes", (long long)number,
                          LINE_BYTES_MAX);
    if (line->len && line->data[line->len - 1] == '\r') line->data[--line->len] = '\0';
    enum err_code code = fn(ctx, line->data, line->len, number, err);
    buf_clear(line);
    return code;
}

static enum err_code read_all(FILE *f, struct buf *line, line_fn *fn, void *ctx, struct err *err)
{
    static char piece[1 << 16];
    int64_t number = 0;
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, f)) > 0) {
        for (size_t at = 0; at < got;) {
            const char *end = memchr(piece + at, '\n', got - at);
            size_t len = end ? (size_t)(end - (piece + at)) : got - at;
            buf_add(line, piece + at, len);
            at += len + (end != NULL);
            if (end && give(line, fn, ctx, ++number, err)) return err->code;
        }
    }
    if (ferror(f)) return err_set(err, ERR_IO, "reading stopped"), err_errno(err, errno);
    return line->len || line->failed ? give(line, fn, ctx, number + 1, err) : ERR_OK;
}

enum err_code lines_read(const char *path, line_fn *fn, void *ctx, struct err *err)
{
    bool standard = str_eq(path, "-");
    FILE *f = standard ? stdin : fopen(path, "rb");
    struct buf line;
    if (!f) {
        err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s cannot be read", path);
        return err_errno(err, errno);
    }
    buf_init(&line, LINE_BYTES_MAX);
    enum err_code code = read_all(f, &line, fn, ctx, err);
    buf_release(&line);
    if (!standard) fclose(f);
    return code;
}
