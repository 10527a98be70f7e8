/* engine/text/normalize.c - BertNormalizer, one character at a time.
 *
 * tokenizers runs four passes over the whole text and keeps, for each byte of the result, the span
 * that it came from. Here a character goes through all passes at once. Only one pass needs more
 * than the character itself: canonical decomposition orders accents by class, so they wait until a
 * character of class 0 ends the cluster.
 *
 * Where the order changes, tokenizers' spans follow a rule that is not the obvious one, and this
 * file follows it: the first part of each decomposed character is a "replacement" and the others
 * are "additions". After sorting, replacements take the spans of the replaced characters in turn,
 * whichever they came from, and an addition shares the span of the replacement before it.
 */
#include "base/arena.h"
#include "base/str.h"
#include "engine/text/unicode_internal.h"
#include "engine/text/walk_internal.h"
#include <string.h>

static void fail(struct walk *w)
{
    w->code = w->err->code;
}

/* Lower case, the last pass. */
static void emit(struct walk *w, uint32_t cp, int32_t origin)
{
    if (!w->tok->options.lower_case) {
        word_put(w, cp, origin);
        return;
    }
    uint32_t lower[2];
    int count = unicode_lower(cp, lower);
    for (int i = 0; i < count; i++) word_put(w, lower[i], origin);
}

static void emit_unless_mark(struct walk *w, uint32_t cp, int32_t origin)
{
    if (!(unicode_flags(cp) & UNICODE_MARK)) emit(w, cp, origin);
}

static bool is_sorted(const struct scratch *s)
{
    for (int32_t i = 1; i < s->waiting_count; i++)
        if (s->waiting[i - 1].order > s->waiting[i].order) return false;
    return true;
}

/* Stable and linear: a hostile text may be one cluster of a million accents. */
static void sort_waiting(struct scratch *s)
{
    if (is_sorted(s)) return;
    int32_t place[256] = {0};
    for (int32_t i = 0; i < s->waiting_count; i++) place[s->waiting[i].order]++;
    for (int32_t order = 0, next = 0; order < 256; order++) {
        int32_t count = place[order];
        place[order] = next;
        next += count;
    }
    for (int32_t i = 0; i < s->waiting_count; i++)
        s->sorted[place[s->waiting[i].order]++] = s->waiting[i];
    struct waiting *spare = s->waiting;
    s->waiting = s->sorted;
    s->sorted = spare;
}

void normalize_end(struct walk *w)
{
    struct scratch *s = w->s;
    if (s->waiting_count == 0) return;
    int32_t replaced = 0;
    for (int32_t i = 0; i < s->waiting_count; i++)
        if (!s->waiting[i].added) s->origins[replaced++] = s->waiting[i].origin;
    sort_waiting(s);
    replaced = 0;
    for (int32_t i = 0; i < s->waiting_count; i++) {
        if (!s->waiting[i].added) w->last_origin = s->origins[replaced++];
        emit_unless_mark(w, s->waiting[i].cp, w->last_origin);
    }
    s->waiting_count = 0;
}

static bool reserve_waiting(struct walk *w)
{
    struct scratch *s = w->s;
    if (s->waiting_count < s->waiting_cap) return true;
    size_t old = (size_t)s->waiting_cap, cap = old ? old * 2 : 64;
    struct waiting *waiting = mem_grow(s->waiting, old, cap, sizeof *waiting, w->err);
    if (waiting) s->waiting = waiting;
    struct waiting *sorted = waiting ? mem_grow(s->sorted, old, cap, sizeof *sorted, w->err) : NULL;
    if (sorted) s->sorted = sorted;
    int32_t *origins = sorted ? mem_grow(s->origins, old, cap, sizeof *origins, w->err) : NULL;
    if (!origins) {
        fail(w);
        return false;
    }
    s->origins = origins;
    s->waiting_cap = (int32_t)cap;
    return true;
}

/* Decomposition and accents. */
static void decompose(struct walk *w, uint32_t cp, int32_t origin)
{
    uint32_t part[UNICODE_PARTS_MAX];
    int count = unicode_decompose(cp, part);
    for (int i = 0; i < count; i++) {
        uint32_t lower;
        int order = unicode_class(part[i]);
        if (unicode_is_plain(part[i], &lower)) { /* what the next branch does, in one step */
            normalize_end(w);
            if (i == 0) w->last_origin = origin;
            word_letter(w, w->tok->options.lower_case ? lower : part[i], w->last_origin);
        } else if (order == 0) {
            normalize_end(w);
            if (i == 0) w->last_origin = origin;
            emit_unless_mark(w, part[i], w->last_origin);
        } else if (reserve_waiting(w)) {
            w->s->waiting[w->s->waiting_count++] =
                (struct waiting){part[i], origin, (uint8_t)order, i > 0};
        }
    }
}

void normalize_put(struct walk *w, uint32_t cp)
{
    const struct tokenizer_options *o = &w->tok->options;
    uint32_t lower;
    if (unicode_is_plain(cp, &lower)) { /* what follows would do the same */
        normalize_end(w);
        w->last_origin = w->at;
        word_letter(w, o->lower_case ? lower : cp, w->at);
        return;
    }
    unsigned flags = unicode_flags(cp);
    if (o->clean && (flags & UNICODE_DROP)) return;
    void (*next)(struct walk *, uint32_t, int32_t) = o->strip_accents ? decompose : emit;
    bool alone = o->split_cjk && (flags & UNICODE_CJK);
    if (alone) next(w, ' ', w->at);
    next(w, cp, w->at);
    if (alone) next(w, ' ', w->at);
}
