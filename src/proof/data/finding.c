/* proof/data/finding.c - a bounded list of what is wrong, each with its place.
 *
 * A file of a million bad lines must not become a million messages: past the maximum findings are
 * counted by level, so that "12 of 1,000,000 shown" can be said, and nothing is allocated.
 */
#include "proof/data/dataset_internal.h"

#include "base/limits.h"
#include "base/str.h"

#define FINDING_ARENA_BYTES_MAX (256u << 20)
#define FINDING_MESSAGE_BYTES   8192

void findings_init(struct findings *f, int32_t count_max)
{
    BUG_IF(count_max < 0);
    *f = (struct findings){.count_max = count_max};
    arena_init(&f->arena, FINDING_ARENA_BYTES_MAX);
}

void findings_release(struct findings *f)
{
    arena_release(&f->arena);
    mem_free(f->items);
    *f = (struct findings){0};
}

const char *finding_level_name(enum finding_level level)
{
    return level == FINDING_ERROR ? "error" : "warning";
}

/* The list grows by doubling; when memory is refused the finding is still counted. */
static struct finding *next_item(struct findings *f)
{
    if (f->count >= f->count_max) return NULL;
    if (f->count == f->cap) {
        int32_t cap = f->cap ? f->cap * 2 : 16;
        struct err err = {0};
        void *items = mem_grow(f->items, (size_t)f->cap, (size_t)cap, sizeof *f->items, &err);
        if (!items) return NULL;
        f->items = items;
        f->cap = cap;
    }
    return &f->items[f->count++];
}

/* Names repeat from finding to finding; the last one is shared. */
static const char *file_name(struct findings *f, const char *file)
{
    if (f->count >= 2 && str_eq(f->items[f->count - 2].file, file))
        return f->items[f->count - 2].file;
    return arena_strdup(&f->arena, file);
}

void findings_add(struct findings *f, enum finding_level level, const char *check, const char *file,
                  int32_t line, int32_t column, const char *hint, const char *fmt, ...)
{
    if (level == FINDING_ERROR)
        f->errors++;
    else
        f->warnings++;
    struct finding *item = next_item(f);
    if (!item) return;

    struct buf message;
    buf_init(&message, FINDING_MESSAGE_BYTES);
    va_list args;
    va_start(args, fmt);
    buf_addv(&message, fmt, args);
    va_end(args);
    *item = (struct finding){.level = level, .check = check, .line = line, .column = column};
    item->file = file_name(f, file);
    item->message = arena_strndup(&f->arena, message.data, message.len);
    item->hint = arena_strdup(&f->arena, hint);
    buf_release(&message);
}

const char *text_clip(const char *s, size_t len, char out[CLIP_BYTES])
{
    static const char dots[] = "...";
    size_t pos = 0, n = 0;
    while (pos < len) {
        size_t at = pos;
        uint32_t cp = utf8_next(s, len, &pos);
        if (n + (pos - at) + sizeof dots > CLIP_BYTES) {
            for (size_t i = 0; i + 1 < sizeof dots; i++) out[n++] = dots[i];
            break;
        }
        bool control = cp < 0x20 || (cp >= 0x7F && cp < 0xA0);
        if (control)
            out[n++] = '?';
        else
            while (at < pos) out[n++] = s[at++];
    }
    out[n] = '\0';
    return out;
}
