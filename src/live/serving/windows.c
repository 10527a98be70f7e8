/* live/serving/windows.c - see windows.h.
 *
 *     window 1   |---------------------|
 *     window 2                  |---------------------|
 *     kept       |11111111111111111|22222222222222222...   the seam: a word with more context in 2
 *
 * The cuts by words are those of proof/task/windows.c, so that a long text gets the same tags from
 * an evaluation and from the service, when both have the same window and overlap. Each window ends
 * further right than the one before, hence the loop ends.
 */
#include "live/serving/windows.h"

#include "base/arena.h"
#include "base/limits.h"

static bool begins_word(const struct encoding *e, int32_t i)
{
    return i == e->count || e->first[i];
}

static int32_t word_end(const struct encoding *e, int32_t i)
{
    do i++;
    while (!begins_word(e, i));
    return i;
}

/* Where a window that begins at `first` ends: before the word that does not fit whole. */
static int32_t window_end(const struct encoding *e, int32_t first, int32_t room)
{
    if (e->count - first <= room) return e->count;
    int32_t end = first + room;
    while (end > first && !begins_word(e, end)) end--;
    return end > first ? end : first + room;
}

/* Where the window after [first, end) begins; the word at `end` must fit whole, if it can. */
static int32_t next_first(const struct encoding *e, int32_t first, int32_t end, int32_t room,
                          int32_t overlap)
{
    if (!begins_word(e, end)) return end;
    int32_t least = end - overlap;
    if (least < word_end(e, end) - room) least = word_end(e, end) - room;
    if (least <= first) least = first + 1;
    for (int32_t i = least; i < end; i++)
        if (begins_word(e, i)) return i;
    return end;
}

/* How far the word at i stands from the nearer end of a window. */
static int32_t context(const struct encoding *e, int32_t i, int32_t first, int32_t end)
{
    const int32_t left = i - first, right = end - word_end(e, i);
    return left < right ? left : right;
}

/* The first shared word that stands better in the next window. */
static int32_t seam_of(const struct encoding *e, int32_t first, int32_t end, int32_t next,
                       int32_t next_end)
{
    for (int32_t i = next; i < end; i = word_end(e, i))
        if (context(e, i, next, next_end) > context(e, i, first, end)) return i;
    return end;
}

static enum err_code add(struct window_list *w, struct window_part part, struct err *err)
{
    if (w->count == TEXT_WINDOWS_MAX) {
        err_set(err, ERR_LIMIT, "a text needs more than %d windows", TEXT_WINDOWS_MAX);
        return err_hint(err, "send a shorter text, or a smaller stride");
    }
    if (w->count == w->cap) {
        const int32_t cap = w->cap ? w->cap * 2 : 1;
        void *items = mem_grow(w->items, (size_t)w->cap, (size_t)cap, sizeof *w->items, err);
        if (!items) return err->code;
        w->items = items;
        w->cap = cap;
    }
    w->items[w->count++] = part;
    w->rows += part.keep_count;
    w->tokens += part.count;
    return ERR_OK;
}

static enum err_code add_by_words(const struct encoding *e, int32_t room, int32_t overlap,
                                  struct window_list *w, struct err *err)
{
    int32_t kept = 0;
    for (int32_t first = 0, next; first < e->count; first = next) {
        const int32_t end = window_end(e, first, room);
        int32_t seam = end;
        next = end;
        if (end < e->count) {
            next = next_first(e, first, end, room, overlap);
            seam = seam_of(e, first, end, next, window_end(e, next, room));
            if (seam < kept) seam = kept;
        }
        const struct window_part part = {first, end - first, kept, seam - kept, w->rows};
        if (add(w, part, err)) return err->code;
        kept = seam;
    }
    return ERR_OK;
}

enum err_code windows_by_words(const struct encoding *e, int32_t room, int32_t overlap,
                               struct window_list *ret, struct err *err)
{
    struct window_list w = {0};
    const int32_t shared = overlap < room / 2 ? overlap : room / 2;
    const enum err_code code = add_by_words(e, room, shared, &w, err);
    if (code)
        window_list_release(&w);
    else
        *ret = w;
    return code;
}

static enum err_code add_by_stride(int32_t total, int32_t room, int32_t stride,
                                   struct window_list *w, struct err *err)
{
    for (int32_t first = 0; first < total; first += room - stride) {
        const int32_t count = total - first < room ? total - first : room;
        const struct window_part part = {first, count, first, count, w->rows};
        if (add(w, part, err)) return err->code;
        if (first + count == total) break;
    }
    return ERR_OK;
}

enum err_code windows_by_stride(const struct encoding *e, int32_t room, int32_t stride,
                                struct window_list *ret, struct err *err)
{
    if (stride < 0 || stride >= room) {
        err_set(err, ERR_BAD_INPUT, "stride %d is not usable", stride);
        return err_hint(err, "this model takes 0 to %d", room - 1);
    }
    struct window_list w = {0};
    const enum err_code code = add_by_stride(e->count, room, stride, &w, err);
    if (code)
        window_list_release(&w);
    else
        *ret = w;
    return code;
}

void window_list_release(struct window_list *w)
{
    mem_free(w->items);
    *w = (struct window_list){0};
}
