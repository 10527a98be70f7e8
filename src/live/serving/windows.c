/* live/serving/windows.c - see windows.h.
 *
 * With stride -1 a window ends before the word that does not fit any more, and the next begins at a
 * word about a quarter of the room earlier, so that both see the words around the seam:
 *
 *     window 1   |---------------------|
 *     window 2                  |---------------------|
 *     kept       |11111111111111111|222222222222222...      seam: middle of the overlap, at a word
 *
 * Words longer than the room are cut inside: nothing is dropped. Each step moves at least one token
 * forward.
 */
#include "live/serving/windows.h"

#include "base/arena.h"
#include "base/limits.h"

/* The last word start in (low, high], or high when there is none. */
static int32_t word_start(const struct encoding *e, int32_t low, int32_t high)
{
    for (int32_t i = high; i > low; i--)
        if (e->first[i]) return i;
    return high;
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

static enum err_code plan_stride(int32_t total, int32_t room, int32_t stride, struct window_list *w,
                                 struct err *err)
{
    for (int32_t first = 0; first < total; first += room - stride) {
        const int32_t count = total - first < room ? total - first : room;
        struct window_part part = {first, count, first, count, w->rows};
        if (add(w, part, err)) return err->code;
        if (first + count == total) break;
    }
    return ERR_OK;
}

static enum err_code plan_words(const struct encoding *e, int32_t room, struct window_list *w,
                                struct err *err)
{
    const int32_t total = e->count, overlap = room / 4;
    int32_t first = 0, kept = 0;
    while (first < total) {
        int32_t end = total, next = total, seam = total;
        if (total - first > room) {
            end = word_start(e, first, first + room);
            const int32_t back = end - overlap > first ? end - overlap : first + 1;
            next = word_start(e, first, back);
            const int32_t middle = next + (end - next) / 2;
            seam = word_start(e, next - 1, middle);
            if (seam < kept) seam = kept;
        }
        struct window_part part = {first, end - first, kept, seam - kept, w->rows};
        if (add(w, part, err)) return err->code;
        kept = seam;
        first = next;
    }
    return ERR_OK;
}

enum err_code windows_plan(const struct encoding *e, int32_t room, int32_t stride,
                           struct window_list *ret, struct err *err)
{
    if (stride < -1 || stride >= room) {
        err_set(err, ERR_BAD_INPUT, "stride %d is not usable", stride);
        return err_hint(err, "this model takes 0 to %d", room - 1);
    }
    struct window_list w = {0};
    const enum err_code code =
        stride >= 0 ? plan_stride(e->count, room, stride, &w, err) : plan_words(e, room, &w, err);
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
