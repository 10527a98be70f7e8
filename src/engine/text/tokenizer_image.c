/* engine/text/tokenizer_image.c - a built tokenizer as bytes, so that a cache can open it in place.
 *
 *     struct head | offsets of pieces | added tokens | slots of the trie | bytes of pieces
 *
 * Numbers are as they lie in memory: an image is for the machine that made it. What takes time to
 * build (reading 30,000 pieces, their trie) is used where it lies; the little that is left is made
 * anew. An image may have been damaged or made by somebody else, so every number that is later used
 * as a place is checked here, once: a bad image gives ERR_CORRUPT, never a bad read. That its
 * contents are the right ones is the cache's business.
 */
#include "base/arena.h"
#include "base/str.h"
#include "engine/text/tokenizer_internal.h"
#include <string.h>

_Static_assert(sizeof(size_t) == 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "images are read as they lie");

#define MAGIC "CAIRNTK1"

struct head {
    char magic[8];
    uint64_t piece_bytes;
    int32_t lower_case, strip_accents, split_cjk, clean;
    int32_t word_chars_max, model_count, vocab_count, added_count, slot_count;
    int32_t special[SPECIAL_COUNT];
};
_Static_assert(sizeof(struct head) % sizeof(uint64_t) == 0, "offsets follow the head");

struct image_added {
    int32_t id, special;
};

static void write_added(const struct tokenizer *tok, struct buf *out)
{
    for (int32_t i = 0; i < tok->added_count; i++) {
        const struct image_added a = {tok->added[i].id, tok->added[i].special};
        buf_add(out, &a, sizeof a);
    }
}

enum err_code tokenizer_image_write(const struct tokenizer *tok, struct buf *out, struct err *err)
{
    const struct vocab *v = &tok->vocab;
    struct head h = {.magic = MAGIC,
                     .piece_bytes = v->bytes.len,
                     .lower_case = tok->options.lower_case,
                     .strip_accents = tok->options.strip_accents,
                     .split_cjk = tok->options.split_cjk,
                     .clean = tok->options.clean,
                     .word_chars_max = tok->word_chars_max,
                     .model_count = tok->model_count,
                     .vocab_count = v->count,
                     .added_count = tok->added_count,
                     .slot_count = tok->pieces.slot_count};
    memcpy(h.special, tok->special, sizeof h.special);
    buf_add(out, &h, sizeof h);
    buf_add(out, v->offset, ((size_t)v->count + 1) * sizeof *v->offset);
    write_added(tok, out);
    buf_add(out, tok->pieces.slots, (size_t)tok->pieces.slot_count * sizeof *tok->pieces.slots);
    buf_add(out, v->bytes.data, v->bytes.len);
    return buf_check(out, err);
}

static bool is_bool(int32_t v)
{
    return v == 0 || v == 1;
}

static bool head_is_good(const struct head *h, size_t len)
{
    if (memcmp(h->magic, MAGIC, sizeof h->magic) != 0) return false;
    if (!is_bool(h->lower_case) || !is_bool(h->strip_accents) || !is_bool(h->split_cjk) ||
        !is_bool(h->clean))
        return false;
    if (h->word_chars_max < 1 || h->word_chars_max > WORD_CHARS_MAX_MOST || h->vocab_count < 1 ||
        h->vocab_count > VOCAB_COUNT_MAX || h->model_count < 1 || h->model_count > h->vocab_count ||
        h->added_count < 0 || h->added_count > h->vocab_count || h->slot_count < TRIE_LABELS ||
        h->slot_count > TRIE_SLOTS_MAX || h->piece_bytes > VOCAB_BYTES_MAX)
        return false;
    for (int i = 0; i < SPECIAL_COUNT; i++)
        if (h->special[i] < (i == SPECIAL_MASK ? -1 : 0) || h->special[i] >= h->vocab_count)
            return false;
    const size_t wanted = sizeof *h + ((size_t)h->vocab_count + 1) * sizeof(size_t) +
                          (size_t)h->added_count * sizeof(struct image_added) +
                          (size_t)h->slot_count * sizeof(struct trie_slot) + h->piece_bytes;
    return len == wanted && h->special[SPECIAL_UNK] < h->model_count;
}

/* Pieces follow each other, each with its NUL and no other, all UTF-8. */
static bool pieces_are_good(const struct vocab *v)
{
    if (v->offset[0] != 0 || v->offset[v->count] != v->bytes.len) return false;
    for (int32_t i = 0; i < v->count; i++) {
        const size_t from = v->offset[i], to = v->offset[i + 1];
        if (to <= from || to > v->bytes.len) return false;
        if (memchr(v->bytes.data + from, 0, to - from) != v->bytes.data + to - 1) return false;
    }
    return utf8_valid_prefix(v->bytes.data, v->bytes.len) == v->bytes.len;
}

/* No step leaves the slots, no id the vocabulary. A wrong parent only ends a walk. */
static bool slots_are_good(const struct trie *t, int32_t id_count)
{
    int bad = 0;
    for (int32_t i = 0; i < t->slot_count; i++) {
        const struct trie_slot *s = &t->slots[i];
        bad |=
            s->base < 0 || s->base > t->slot_count - TRIE_LABELS || s->id < -1 || s->id >= id_count;
    }
    return !bad;
}

static enum err_code take_added(struct tokenizer *tok, const struct image_added *from,
                                struct err *err)
{
    tok->added = mem_try((size_t)tok->added_count + 1, sizeof *tok->added, err);
    if (!tok->added) return err->code;
    for (int32_t i = 0; i < tok->added_count; i++) {
        const int32_t id = from[i].id;
        if (id < 0 || id >= tok->vocab.count || vocab_piece_bytes(&tok->vocab, id) == 0 ||
            !is_bool(from[i].special))
            return err_set(err, ERR_CORRUPT, "the image of a tokenizer has a bad added token");
        tok->added[i] = (struct added_token){id, from[i].special == 1};
    }
    return ERR_OK;
}

/* Points into the image; the order is that of tokenizer_image_write. */
static const struct image_added *place(struct tokenizer *tok, const struct head *h)
{
    char *at = (char *)(uintptr_t)(h + 1);
    tok->image = h;
    tok->vocab.offset = (size_t *)(void *)at;
    tok->vocab.count = h->vocab_count;
    at += ((size_t)h->vocab_count + 1) * sizeof(size_t);
    const struct image_added *added = (const void *)at;
    at += (size_t)h->added_count * sizeof *added;
    tok->pieces = (struct trie){(void *)at, h->slot_count};
    at += (size_t)h->slot_count * sizeof(struct trie_slot);
    tok->vocab.bytes = (struct buf){.data = at, .len = h->piece_bytes};
    return added;
}

static enum err_code open_image(struct tokenizer *tok, const struct head *h, struct err *err)
{
    tok->options = (struct tokenizer_options){h->lower_case == 1, h->strip_accents == 1,
                                              h->split_cjk == 1, h->clean == 1};
    tok->word_chars_max = h->word_chars_max;
    tok->model_count = h->model_count;
    tok->added_count = h->added_count;
    memcpy(tok->special, h->special, sizeof tok->special);
    const struct image_added *added = place(tok, h);
    if (!pieces_are_good(&tok->vocab) || !slots_are_good(&tok->pieces, h->model_count))
        return err_set(err, ERR_CORRUPT, "the image of a tokenizer is damaged");
    if (take_added(tok, added, err)) return err->code;
    return tokenizer_derive(tok, err);
}

enum err_code tokenizer_image_open(const void *bytes, size_t len, struct tokenizer **ret,
                                   struct err *err)
{
    const struct head *h = bytes;
    if ((uintptr_t)bytes % sizeof(uint64_t) != 0 || len < sizeof *h || !head_is_good(h, len))
        return err_set(err, ERR_CORRUPT, "%zu bytes are no image of a tokenizer", len);
    struct tokenizer *tok = mem_try(1, sizeof *tok, err);
    if (!tok) return err->code;
    enum err_code code = open_image(tok, h, err);
    if (code)
        tokenizer_free(tok);
    else
        *ret = tok;
    return code;
}
