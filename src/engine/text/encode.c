/* engine/text/encode.c - a text, or its words, through the stages of walk_internal.h.
 *
 * Where no word is open, plain.c takes as many plain words as follow. In what is left, an ASCII
 * byte has no accents and needs no table but the tokenizer's own 256 entries; all else takes the
 * long way through normalize.c. Added tokens ("[SEP]") are looked for in the raw text first, at
 * every character, the longest where several begin: what tokenizers' leftmost-longest search finds.
 */
#include "base/arena.h"
#include "base/str.h"
#include "engine/text/walk_internal.h"

void encoding_init(struct encoding *e)
{
    *e = (struct encoding){0};
}

void encoding_release(struct encoding *e)
{
    struct scratch *s = e->scratch;
    if (s) {
        mem_free(s->waiting);
        mem_free(s->sorted);
        mem_free(s->origins);
        mem_free(s->word);
        mem_free(s->word_origin);
    }
    mem_free(s);
    mem_free(e->id);
    mem_free(e->start);
    mem_free(e->end);
    mem_free(e->word);
    mem_free(e->first);
    encoding_init(e);
}

static enum err_code reserve_scratch(struct encoding *e, int32_t chars, struct err *err)
{
    struct scratch *s = e->scratch ? e->scratch : mem_try(1, sizeof *s, err);
    if (!s) return err->code;
    e->scratch = s;
    s->waiting_count = 0;
    int32_t cap = chars * 4;
    if (cap <= s->word_cap) return ERR_OK;
    size_t old = (size_t)s->word_cap;
    char *word = mem_grow(s->word, old, (size_t)cap, sizeof *word, err);
    if (!word) return err->code;
    s->word = word;
    int32_t *origin = mem_grow(s->word_origin, old, (size_t)cap, sizeof *origin, err);
    if (!origin) return err->code;
    s->word_origin = origin;
    s->word_cap = cap;
    return ERR_OK;
}

/* The bytes of the longest added token that begins here, and its id; 0 when there is none. */
static size_t match_added(const struct trie *added, const char *text, size_t len, int32_t *ret_id)
{
    size_t longest = 0;
    int32_t slot = TRIE_ROOT;
    for (size_t i = 0; i < len;) {
        slot = trie_step(added, slot, text[i++]);
        if (slot < 0) break;
        if (added->slots[slot].id >= 0) {
            *ret_id = added->slots[slot].id;
            longest = i;
        }
    }
    return longest;
}

static void put_added(struct walk *w, int32_t id, int32_t chars)
{
    normalize_end(w);
    word_end(w);
    piece_put(w, id, w->at, w->at + chars);
    w->e->unknown_count += id == w->tok->special[SPECIAL_UNK];
    w->at += chars;
    word_done(w);
}

/* The bytes [from, to) of the text; w->at is the code point at `from`. */
static void encode_range(struct walk *w, const char *text, size_t from, size_t to)
{
    const struct tokenizer *tok = w->tok;
    for (size_t i = from; i < to && !w->code;) {
        if (w->word_chars == 0 && w->s->waiting_count == 0) {
            i = plain_put(w, text, i, to);
            if (i == to) break;
        }
        unsigned char byte = (unsigned char)text[i];
        if (tok->added_first[byte]) {
            int32_t id = -1;
            size_t bytes = match_added(&tok->added_trie, text + i, to - i, &id);
            if (bytes) {
                put_added(w, id, (int32_t)utf8_count(text + i, bytes));
                i += bytes;
                continue;
            }
        }
        if (tok->kind[byte] == BYTE_WIDE) {
            normalize_put(w, utf8_next(text, to, &i));
        } else {
            i++;
            if (tok->kind[byte] != BYTE_DROP) {
                normalize_end(w);
                word_put_ascii(w, byte);
            }
        }
        w->at++;
    }
    normalize_end(w);
    word_end(w);
}

static enum err_code encode_words(struct walk *w, const char *text, size_t len,
                                  const struct word_span *words, int32_t count)
{
    size_t byte = 0;
    int32_t at = 0;
    for (int32_t i = 0; i < count && !w->code; i++) {
        if (words[i].start < at || words[i].end < words[i].start)
            return err_set(w->err, ERR_BAD_INPUT, "word %d is [%d, %d): words must be in order", i,
                           words[i].start, words[i].end);
        size_t from = byte + utf8_byte_of(text + byte, len - byte, (size_t)(words[i].start - at));
        size_t to =
            from + utf8_byte_of(text + from, len - from, (size_t)(words[i].end - words[i].start));
        w->at = words[i].start;
        w->given = i;
        w->first = true;
        encode_range(w, text, from, to);
        if (!w->code && w->at != words[i].end)
            return err_set(w->err, ERR_BAD_INPUT, "word %d is [%d, %d): the text ends before", i,
                           words[i].start, words[i].end);
        at = words[i].end;
        byte = to;
    }
    w->e->word_count = count;
    return w->code;
}

static enum err_code check_text(const char *text, size_t len, struct err *err)
{
    if (len > TEXT_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "the text has %zu bytes; at most %u are taken", len,
                       (unsigned)TEXT_BYTES_MAX);
    size_t good = utf8_valid_prefix(text, len);
    if (good != len)
        return err_set(err, ERR_BAD_INPUT, "the text is not UTF-8: bad byte at offset %zu", good);
    return ERR_OK;
}

enum err_code tokenizer_encode(const struct tokenizer *tok, const char *text, size_t len,
                               const struct word_span *words, int32_t word_count,
                               struct encoding *e, struct err *err)
{
    e->count = e->word_count = e->unknown_count = 0;
    if (check_text(text, len, err)) return err->code;
    if (reserve_scratch(e, tok->word_chars_max, err)) return err->code;
    struct walk w = {.tok = tok, .e = e, .s = e->scratch, .err = err, .given = -1, .first = true};
    enum err_code code;
    if (words) {
        code = encode_words(&w, text, len, words, word_count);
    } else {
        encode_range(&w, text, 0, len);
        code = w.code;
    }
    if (code) e->count = e->word_count = e->unknown_count = 0;
    return code;
}
