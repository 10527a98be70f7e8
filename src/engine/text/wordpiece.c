/* engine/text/wordpiece.c - words to pieces: the longest piece that fits, again and again.
 *
 * A word is gathered as UTF-8 with the origin of every byte beside it, so that a piece, which is a
 * range of bytes, gives its span by two loads. The longest piece is found by one walk in the trie:
 * the last slot passed that ends a piece.
 */
#include "base/str.h"
#include "engine/text/unicode_internal.h"
#include "engine/text/walk_internal.h"
#include "base/arena.h"

bool pieces_grow(struct walk *w)
{
    struct encoding *e = w->e;
    if (e->count >= (int32_t)TEXT_TOKENS_MAX) {
        w->code = err_set(w->err, ERR_LIMIT, "the text has more than %u sub-words",
                          (unsigned)TEXT_TOKENS_MAX);
        return false;
    }
    size_t old = (size_t)e->cap, cap = old ? old * 2 : 256;
    int32_t **columns[] = {&e->id, &e->start, &e->end, &e->word};
    for (size_t i = 0; i < ARRAY_COUNT(columns); i++) {
        int32_t *grown = mem_grow(*columns[i], old, cap, sizeof *grown, w->err);
        if (!grown) {
            w->code = w->err->code;
            return false;
        }
        *columns[i] = grown;
    }
    bool *first = mem_grow(e->first, old, cap, sizeof *first, w->err);
    if (!first) {
        w->code = w->err->code;
        return false;
    }
    e->first = first;
    e->cap = (int32_t)cap;
    return true;
}

void word_unknown(struct walk *w, int32_t start, int32_t end)
{
    piece_put(w, w->tok->special[SPECIAL_UNK], start, end);
    w->e->unknown_count++;
}

/* The end of the longest piece that begins at `from`, and its id; 0 when there is none. */
static int32_t longest(const struct walk *w, int32_t from, int32_t *ret_id)
{
    const struct trie *pieces = &w->tok->pieces;
    int32_t slot = from == 0 ? TRIE_ROOT : w->tok->continuation;
    int32_t end = 0;
    for (int32_t i = from; i < w->word_bytes && slot >= 0;) {
        slot = trie_step(pieces, slot, w->s->word[i++]);
        if (slot >= 0 && pieces->slots[slot].id >= 0) {
            *ret_id = pieces->slots[slot].id;
            end = i;
        }
    }
    return end;
}

static bool put_pieces(struct walk *w)
{
    const int32_t *origin = w->s->word_origin;
    for (int32_t from = 0; from < w->word_bytes;) {
        int32_t id = -1, end = longest(w, from, &id);
        if (end == 0) return false;
        piece_put(w, id, origin[from], origin[end - 1] + 1);
        from = end;
    }
    return true;
}

void word_end(struct walk *w)
{
    if (w->word_chars == 0) return;
    int32_t count = w->e->count;
    bool first = w->first;
    if (w->word_chars > w->tok->word_chars_max || !put_pieces(w)) {
        w->e->count = count; /* a word is known as a whole or not at all */
        w->first = first;
        word_unknown(w, w->word_start, w->word_last + 1);
    }
    w->word_bytes = w->word_chars = 0;
    word_done(w);
}

static void add(struct walk *w, const char *bytes, int32_t count, int32_t origin)
{
    if (w->word_chars == 0) w->word_start = origin;
    w->word_last = origin;
    if (w->word_chars++ >= w->tok->word_chars_max) return; /* [UNK] whatever follows */
    for (int32_t i = 0; i < count; i++) {
        w->s->word[w->word_bytes] = bytes[i];
        w->s->word_origin[w->word_bytes++] = origin;
    }
}

void word_put_ascii(struct walk *w, unsigned char byte)
{
    char lower = w->tok->lower[byte];
    switch ((enum byte_kind)w->tok->kind[byte]) {
    case BYTE_WORD:
        add(w, &lower, 1, w->at);
        break;
    case BYTE_PUNCT:
        word_end(w);
        add(w, &lower, 1, w->at);
        word_end(w);
        break;
    default:
        word_end(w);
        break;
    }
}

void word_letter(struct walk *w, uint32_t cp, int32_t origin)
{
    char bytes[4];
    add(w, bytes, utf8_put(cp, bytes), origin);
}

void word_put(struct walk *w, uint32_t cp, int32_t origin)
{
    unsigned flags = unicode_flags(cp);
    if (flags & (UNICODE_SPACE | UNICODE_PUNCT)) word_end(w);
    if (flags & UNICODE_SPACE) return;
    word_letter(w, cp, origin);
    if (flags & UNICODE_PUNCT) word_end(w);
}
