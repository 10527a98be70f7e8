/* engine/text/walk_internal.h - one text on its way to ids: characters -> clean characters -> words
 * -> pieces, each knowing which code point of the text it came from.
 *
 *     encode.c     reads the text, finds added tokens, keeps to the caller's words
 *     plain.c      plain_put: words that need none of the stages below
 *     normalize.c  normalize_put: clean-up, Chinese, decomposition, accents, lower case
 *     wordpiece.c  word_put: splits at white space and punctuation; word_end: word to pieces
 *
 * Errors are sticky in walk.code: a stage that failed does nothing more, the loop in encode.c
 * stops.
 */
#ifndef ENGINE_TEXT_WALK_INTERNAL_H
#define ENGINE_TEXT_WALK_INTERNAL_H

#include "engine/text/tokenizer_internal.h"

/* A character that waits for the next one that begins a cluster. */
struct waiting {
    uint32_t cp;
    int32_t origin;
    uint8_t order; /* canonical combining class */
    bool added;    /* a further part of a decomposed character */
};

struct scratch {
    struct waiting *waiting, *sorted;
    int32_t *origins;
    int32_t waiting_count, waiting_cap;
    char *word;           /* UTF-8 */
    int32_t *word_origin; /* one for each byte of word */
    int32_t word_cap;     /* bytes */
};

struct walk {
    const struct tokenizer *tok;
    struct encoding *e;
    struct scratch *s;
    struct err *err;
    enum err_code code;
    int32_t at;                     /* index of the current code point in the text */
    int32_t last_origin;            /* of the last character that decomposition consumed */
    int32_t word_bytes, word_chars; /* of the word so far; bytes stop at word_chars_max */
    int32_t word_start, word_last;  /* origins of its first and last character */
    int32_t given;                  /* index of the caller's word, or -1 */
    bool first;                     /* the next piece is the first of its word */
};

/* Words from byte `from` on, as long as they are plain; gives the byte where the long way begins,
 * or `to`. No word is open and no character waits, before and after. */
size_t plain_put(struct walk *w, const char *text, size_t from, size_t to);

void normalize_put(struct walk *w, uint32_t cp);
void normalize_end(struct walk *w); /* lets waiting characters go */

void word_put(struct walk *w, uint32_t cp, int32_t origin);
void word_letter(struct walk *w, uint32_t cp, int32_t origin); /* neither space nor punctuation */
void word_put_ascii(struct walk *w, unsigned char byte);       /* not one that clean-up drops */
void word_end(struct walk *w);
void word_unknown(struct walk *w, int32_t start, int32_t end); /* its one piece, [UNK] */

/* Room for one more piece; false after an error. */
bool pieces_grow(struct walk *w);

static inline void piece_put(struct walk *w, int32_t id, int32_t start, int32_t end)
{
    struct encoding *e = w->e;
    if (w->code || (e->count >= e->cap && !pieces_grow(w))) return;
    const int32_t i = e->count++;
    e->id[i] = id;
    e->start[i] = start;
    e->end[i] = end;
    e->word[i] = w->given >= 0 ? w->given : e->word_count;
    e->first[i] = w->first;
    w->first = false;
}

/* The word has all its pieces; inside a word of the caller's the next one continues it. */
static inline void word_done(struct walk *w)
{
    if (w->given >= 0) return;
    w->e->word_count++;
    w->first = true;
}

#endif
