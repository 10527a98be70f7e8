/* engine/text/plain.c - the common case: words of ASCII, and Chinese characters, straight from the
 * text to ids.
 *
 * Nearly all of a text needs no clean-up that looks at more than one byte: an ASCII word that ends
 * at a blank, at punctuation or at the end of the text, and a Chinese character, which is a word by
 * itself. For these the trie is walked over the text's own bytes, and a span is a difference of
 * positions; nothing is copied. Everything else (an accent after a letter may belong to it, an
 * added token may begin here, a control character may be dropped from the middle of a word) is left
 * to the stages of walk_internal.h: plain_put stops before such a word and is asked again behind
 * it.
 */
#include "engine/text/unicode_internal.h"
#include "engine/text/walk_internal.h"

enum { CJK_BYTES = 3 }; /* of a Chinese character of the first plane */

/* The longest piece of text[from, to) that begins in `slot`: its end and id; `from` when there is
 * none. */
static size_t longest(const struct tokenizer *tok, const char *text, size_t from, size_t to,
                      int32_t slot, int32_t *ret_id)
{
    size_t end = from;
    for (size_t i = from; i < to && slot >= 0;) {
        slot = trie_step(&tok->pieces, slot, tok->lower[(unsigned char)text[i++]]);
        if (slot >= 0 && tok->pieces.slots[slot].id >= 0) {
            *ret_id = tok->pieces.slots[slot].id;
            end = i;
        }
    }
    return end;
}

/* The word text[from, to), one byte a character. */
static void put_word(struct walk *w, const char *text, size_t from, size_t to)
{
    const struct tokenizer *tok = w->tok;
    const int32_t count = w->e->count, start = w->at - (int32_t)from; /* of byte i: start + i */
    const bool first = w->first;
    int32_t slot = TRIE_ROOT;
    for (size_t i = from; i < to && !w->code;) {
        int32_t id = -1;
        const size_t end = longest(tok, text, i, to, slot, &id);
        if (end == i) { /* a word is known as a whole or not at all */
            w->e->count = count;
            w->first = first;
            word_unknown(w, w->at, start + (int32_t)to);
            break;
        }
        piece_put(w, id, start + (int32_t)i, start + (int32_t)end);
        i = end;
        slot = tok->continuation;
    }
    word_done(w);
    w->at += (int32_t)(to - from);
}

/* U+3400..9FFF but for the hexagrams: no accents, no case, nothing to take apart. */
static bool is_plain_cjk(const char *text, size_t left)
{
    if (left < CJK_BYTES) return false;
    const unsigned char a = (unsigned char)text[0], b = (unsigned char)text[1];
    if (a == 0xE3) return b >= 0x90;
    return a >= 0xE4 && a <= 0xE9 && (a != 0xE4 || b != 0xB7);
}

static void put_cjk(struct walk *w, const char *text)
{
    const struct trie *pieces = &w->tok->pieces;
    int32_t slot = TRIE_ROOT;
    for (int i = 0; i < CJK_BYTES && slot >= 0; i++) slot = trie_step(pieces, slot, text[i]);
    if (slot >= 0 && pieces->slots[slot].id >= 0)
        piece_put(w, pieces->slots[slot].id, w->at, w->at + 1);
    else
        word_unknown(w, w->at, w->at + 1);
    word_done(w);
    w->at++;
}

/* The end of the run of letters at `from`. */
static size_t word_end_of(const struct tokenizer *tok, const char *text, size_t from, size_t to)
{
    while (from < to && tok->plain[(unsigned char)text[from]] == PLAIN_WORD) from++;
    return from;
}

size_t plain_put(struct walk *w, const char *text, size_t from, size_t to)
{
    const struct tokenizer *tok = w->tok;
    size_t i = from;
    while (i < to && !w->code) {
        size_t end = i + 1;
        switch ((enum plain_kind)tok->plain[(unsigned char)text[i]]) {
        case PLAIN_SKIP:
            w->at++;
            break;
        case PLAIN_PUNCT:
            put_word(w, text, i, end);
            break;
        case PLAIN_WORD:
            end = word_end_of(tok, text, end, to);
            if (end < to && tok->plain[(unsigned char)text[end]] >= PLAIN_WIDE) return i;
            if (end - i > (size_t)tok->word_chars_max) return i;
            put_word(w, text, i, end);
            break;
        case PLAIN_WIDE:
            if (!tok->options.split_cjk || !is_plain_cjk(text + i, to - i)) return i;
            put_cjk(w, text + i);
            end = i + CJK_BYTES;
            break;
        case PLAIN_STOP:
            return i;
        }
        i = end;
    }
    return i;
}
