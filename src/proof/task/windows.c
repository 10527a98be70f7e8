/* proof/task/windows.c - a text of any length as inputs of a bounded one.
 *
 *     pieces   |a|b b|c|d d d|e|f|g g|h|         room for 6, stride 2
 *     window 1 |a|b b|c|                         d would not fit whole: the window ends before it
 *     window 2       |c|d d d|e|f|               begins at a word, repeats up to `stride` pieces
 *     window 3               |e|f|g g|h|
 *
 * Windows begin and end at words, so that every piece of a word is read together. Each new window
 * holds at least one word that none before it held (the overlap shrinks when the next word is
 * long), hence the loop ends; a word longer than the room fills a window alone and the rest of it
 * is passed over.
 */
#include "proof/task/task_internal.h"

struct cut { /* pieces [start, end) */
    int32_t start, end;
};

static bool begins_word(const struct pieces *p, int32_t i)
{
    return i == 0 || i == p->count || p->word[i] != p->word[i - 1];
}

static int32_t word_end(const struct pieces *p, int32_t i)
{
    do i++;
    while (!begins_word(p, i));
    return i;
}

static struct cut cut_at(const struct pieces *p, int32_t start, int32_t room)
{
    if (p->count - start <= room) return (struct cut){start, p->count};
    int32_t end = start + room;
    while (!begins_word(p, end)) end--;
    return (struct cut){start, end > start ? end : start + room};
}

/* Where the window after c begins; p->count when all is covered. */
static int32_t next_start(const struct pieces *p, struct cut c, int32_t room, int32_t stride)
{
    int32_t fresh = c.end; /* the first word that is not covered */
    while (!begins_word(p, fresh)) fresh++;
    if (fresh == p->count) return fresh;
    int32_t least = fresh - stride, fits = word_end(p, fresh) - room;
    if (least < fits) least = fits;
    if (least <= c.start) least = c.start + 1;
    for (int32_t i = least; i < fresh; i++)
        if (begins_word(p, i)) return i;
    return fresh;
}

/* For each word the cut in which its poorer side has most context. */
static int32_t *choose_judges(struct arena *scratch, const struct pieces *p, const struct cut *cuts,
                              int32_t cut_count, int32_t word_count, struct err *err)
{
    int32_t *judge = arena_try(scratch, (size_t)word_count + 1, sizeof *judge, err);
    int32_t *best = judge ? arena_try(scratch, (size_t)word_count + 1, sizeof *best, err) : NULL;
    if (!best) return NULL;
    for (int32_t w = 0; w < word_count; w++) best[w] = -1;
    for (int32_t c = 0; c < cut_count; c++) {
        for (int32_t i = cuts[c].start; i < cuts[c].end; i = word_end(p, i)) {
            int32_t left = i - cuts[c].start, right = cuts[c].end - word_end(p, i);
            int32_t context = left < right ? left : right < 0 ? 0 : right;
            if (context <= best[p->word[i]]) continue;
            best[p->word[i]] = context;
            judge[p->word[i]] = c;
        }
    }
    return judge;
}

static enum err_code fill_window(struct arena *a, const struct pieces *p, struct cut c,
                                 const int32_t *judge, int32_t index,
                                 const struct token_example *te, struct window *ret,
                                 struct err *err)
{
    int32_t count = c.end - c.start + 2;
    int32_t *block = arena_try(a, (size_t)count * 3, sizeof *block, err);
    struct word_span *spans = block ? arena_try(a, (size_t)count, sizeof *spans, err) : NULL;
    bool *judged = spans ? arena_try(a, (size_t)count, sizeof *judged, err) : NULL;
    if (!judged) return err->code;
    int32_t *ids = block, *targets = block + count, *word = block + 2 * (size_t)count;
    ids[0] = p->cls;
    ids[count - 1] = p->sep;
    targets[0] = targets[count - 1] = word[0] = word[count - 1] = -1;
    for (int32_t i = c.start; i < c.end; i++) {
        int32_t k = i - c.start + 1;
        ids[k] = p->e->id[i];
        word[k] = p->word[i];
        spans[k] = (struct word_span){p->e->start[i], p->e->end[i]};
        judged[k] = begins_word(p, i) && judge[p->word[i]] == index;
        targets[k] = judged[k] ? te->gold[p->word[i]] : -1;
    }
    *ret = (struct window){ids, targets, word, spans, judged, count};
    return ERR_OK;
}

enum err_code windows_cut(struct arena *a, struct arena *scratch, const struct pieces *p,
                          int32_t tokens_max, int32_t stride, struct token_example *te,
                          struct err *err)
{
    int32_t room = tokens_max - 2, count = 0;
    if (p->count == 0) return ERR_OK;
    /* Every window holds a word of its own, so there are at most as many as words. */
    struct cut *cuts = arena_try(scratch, (size_t)te->word_count, sizeof *cuts, err);
    if (!cuts) return err->code;
    for (int32_t start = 0; start < p->count;
         start = next_start(p, cuts[count - 1], room, stride)) {
        BUG_IF(count >= te->word_count);
        cuts[count++] = cut_at(p, start, room);
    }
    int32_t *judge = choose_judges(scratch, p, cuts, count, te->word_count, err);
    te->windows = judge ? arena_try(a, (size_t)count, sizeof *te->windows, err) : NULL;
    if (!te->windows) return err->code;
    te->window_count = count;
    for (int32_t c = 0; c < count; c++)
        if (fill_window(a, p, cuts[c], judge, c, te, &te->windows[c], err)) return err->code;
    return ERR_OK;
}
