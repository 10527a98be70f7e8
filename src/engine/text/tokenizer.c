/* engine/text/tokenizer.c - an open tokenizer: built from what a reader found, then read-only.
 *
 * Everything that a text needs is worked out here once: the trie of pieces, the slot behind "##",
 * the trie of tokens that are found in raw text, and what each byte does.
 */
#include "engine/text/tokenizer_internal.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "engine/text/unicode_internal.h"
#include <stdlib.h>
#include <string.h>

const char *const special_key[SPECIAL_COUNT] = {"pad_token", "unk_token", "cls_token", "sep_token",
                                                "mask_token"};

void tokenizer_draft_init(struct tokenizer_draft *d)
{
    static const char *const names[SPECIAL_COUNT] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    *d = (struct tokenizer_draft){.options = {true, true, true, true},
                                  .word_chars_max = WORD_CHARS_MAX};
    for (int i = 0; i < SPECIAL_COUNT; i++)
        BUG_IF(!str_format(d->special_name[i], SPECIAL_BYTES_MAX, "%s", names[i]));
    vocab_init(&d->vocab);
}

void tokenizer_draft_release(struct tokenizer_draft *d)
{
    vocab_release(&d->vocab);
    mem_free(d->added);
    d->added = NULL;
}

int32_t tokenizer_id(const struct tokenizer *tok, const char *piece)
{
    size_t len = strlen(piece);
    if (len == 0) return -1;
    int32_t id = trie_find(&tok->pieces, piece, len);
    return id >= 0 ? id : trie_find(&tok->added_trie, piece, len);
}

static enum err_code find_specials(struct tokenizer *tok, const struct tokenizer_draft *d,
                                   struct err *err)
{
    for (int i = 0; i < SPECIAL_COUNT; i++) {
        tok->special[i] = tokenizer_id(tok, d->special_name[i]);
        if (tok->special[i] >= 0 || i == SPECIAL_MASK) continue;
        err_set(err, ERR_BAD_INPUT, "the %s \"%s\" is not in the vocabulary", special_key[i],
                d->special_name[i]);
        const char *first = vocab_piece(&tok->vocab, 0);
        if (first && str_starts(first, "\xEF\xBB\xBF"))
            err_hint(err, "the file begins with a byte order mark: save it without one");
        return err->code;
    }
    return ERR_OK;
}

/* Without a list of added tokens (vocab.txt) the special tokens that exist are the list. */
static enum err_code add_specials(struct tokenizer *tok, const struct tokenizer_draft *d,
                                  struct err *err)
{
    tok->added = mem_try(SPECIAL_COUNT, sizeof *tok->added, err);
    if (!tok->added) return err->code;
    for (int i = 0; i < SPECIAL_COUNT; i++) {
        const char *name = d->special_name[i];
        int32_t id = trie_find(&tok->pieces, name, strlen(name));
        bool twice = false;
        for (int32_t k = 0; k < tok->added_count; k++) twice |= tok->added[k].id == id;
        if (id >= 0 && !twice) tok->added[tok->added_count++] = (struct added_token){id, true};
    }
    return ERR_OK;
}

static int by_id(const void *pa, const void *pb)
{
    const struct added_token *a = pa, *b = pb;
    return (a->id > b->id) - (a->id < b->id);
}

static enum err_code build_added(struct tokenizer *tok, struct err *err)
{
    size_t count = (size_t)tok->added_count;
    if (count) qsort(tok->added, count, sizeof *tok->added, by_id);
    struct trie_key *keys = mem_try(count + 1, sizeof *keys, err);
    if (!keys) return err->code;
    for (size_t i = 0; i < count; i++) {
        int32_t id = tok->added[i].id;
        keys[i] =
            (struct trie_key){vocab_piece(&tok->vocab, id), vocab_piece_bytes(&tok->vocab, id), id};
        tok->added_first[(unsigned char)keys[i].bytes[0]] = true;
    }
    enum err_code code = trie_build(&tok->added_trie, keys, count, err);
    mem_free(keys);
    return code;
}

static enum plain_kind plain_kind_of(const struct tokenizer *tok, unsigned byte)
{
    if (tok->added_first[byte]) return PLAIN_STOP;
    switch ((enum byte_kind)tok->kind[byte]) {
    case BYTE_WORD:
        return PLAIN_WORD;
    case BYTE_PUNCT:
        return PLAIN_PUNCT;
    case BYTE_SPACE:
        return PLAIN_SKIP;
    case BYTE_WIDE:
        return PLAIN_WIDE;
    case BYTE_DROP:
        break;
    }
    return PLAIN_STOP;
}

static void build_bytes(struct tokenizer *tok)
{
    for (unsigned b = 0; b < 256; b++) {
        unsigned flags = b < 128 ? unicode_flags(b) : 0;
        if (b >= 128)
            tok->kind[b] = BYTE_WIDE;
        else if (tok->options.clean && (flags & UNICODE_DROP))
            tok->kind[b] = BYTE_DROP;
        else if (flags & UNICODE_SPACE)
            tok->kind[b] = BYTE_SPACE;
        else
            tok->kind[b] = flags & UNICODE_PUNCT ? BYTE_PUNCT : BYTE_WORD;
        if (b < 128)
            tok->lower[b] =
                (char)(tok->options.lower_case && b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
        tok->plain[b] = (uint8_t)plain_kind_of(tok, b);
    }
}

enum err_code tokenizer_derive(struct tokenizer *tok, struct err *err)
{
    if (build_added(tok, err)) return err->code;
    tok->continuation = TRIE_ROOT;
    for (const char *c = CONTINUATION; *c && tok->continuation >= 0; c++)
        tok->continuation = trie_step(&tok->pieces, tok->continuation, *c);
    build_bytes(tok);
    return ERR_OK;
}

static enum err_code build(struct tokenizer *tok, const struct tokenizer_draft *d, struct err *err)
{
    if (tok->model_count == 0) return err_set(err, ERR_BAD_INPUT, "the vocabulary is empty");
    if (vocab_trie(&tok->vocab, tok->model_count, &tok->pieces, err)) return err->code;
    if (!tok->added && add_specials(tok, d, err)) return err->code;
    if (tokenizer_derive(tok, err) || find_specials(tok, d, err)) return err->code;
    if (tok->special[SPECIAL_UNK] >= tok->model_count)
        return err_set(err, ERR_BAD_INPUT, "the unk_token \"%s\" is not in the model's vocabulary",
                       d->special_name[SPECIAL_UNK]);
    return ERR_OK;
}

enum err_code tokenizer_build(struct tokenizer_draft *d, struct tokenizer **ret, struct err *err)
{
    struct tokenizer *tok = mem_try(1, sizeof *tok, err);
    if (!tok) {
        tokenizer_draft_release(d);
        return err->code;
    }
    tok->options = d->options;
    tok->word_chars_max = d->word_chars_max;
    tok->vocab = d->vocab;
    tok->model_count = d->model_count;
    tok->added = d->added;
    tok->added_count = d->added_count;
    d->added = NULL;
    vocab_init(&d->vocab);
    enum err_code code = build(tok, d, err);
    tokenizer_draft_release(d);
    if (code) {
        tokenizer_free(tok);
        return code;
    }
    *ret = tok;
    return ERR_OK;
}

void tokenizer_free(struct tokenizer *tok)
{
    if (!tok) return;
    trie_release(&tok->added_trie);
    if (!tok->image) {
        trie_release(&tok->pieces);
        vocab_release(&tok->vocab);
    }
    mem_free(tok->added);
    mem_free(tok);
}

int32_t tokenizer_vocab_count(const struct tokenizer *tok)
{
    return tok->vocab.count;
}

const char *tokenizer_piece(const struct tokenizer *tok, int32_t id)
{
    return vocab_piece(&tok->vocab, id);
}

int32_t tokenizer_cls(const struct tokenizer *tok)
{
    return tok->special[SPECIAL_CLS];
}

int32_t tokenizer_sep(const struct tokenizer *tok)
{
    return tok->special[SPECIAL_SEP];
}

int32_t tokenizer_unk(const struct tokenizer *tok)
{
    return tok->special[SPECIAL_UNK];
}

int32_t tokenizer_pad(const struct tokenizer *tok)
{
    return tok->special[SPECIAL_PAD];
}

const struct tokenizer_options *tokenizer_get_options(const struct tokenizer *tok)
{
    return &tok->options;
}

void tokenizer_digest(const struct tokenizer *tok, char hex[65])
{
    struct hash h;
    hash_init(&h);
    hash_add_str(&h, "cairn.tokenizer/v1");
    hash_add_i64(&h, tok->options.lower_case);
    hash_add_i64(&h, tok->options.strip_accents);
    hash_add_i64(&h, tok->options.split_cjk);
    hash_add_i64(&h, tok->options.clean);
    hash_add_i64(&h, tok->word_chars_max);
    for (int i = 0; i < SPECIAL_COUNT; i++) hash_add_i64(&h, tok->special[i]);
    hash_add_i64(&h, tok->added_count);
    for (int32_t i = 0; i < tok->added_count; i++) {
        hash_add_i64(&h, tok->added[i].id);
        hash_add_i64(&h, tok->added[i].special);
    }
    hash_add_i64(&h, tok->model_count);
    hash_add_i64(&h, tok->vocab.count);
    for (int32_t id = 0; id < tok->vocab.count; id++)
        hash_add_str(&h, vocab_piece(&tok->vocab, id));
    hash_finish(&h, hex);
}
