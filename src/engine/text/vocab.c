/* engine/text/vocab.c - one block of bytes and one array of offsets. */
#include "engine/text/vocab_internal.h"
#include "base/arena.h"
#include "base/limits.h"
#include <string.h>

void vocab_init(struct vocab *v)
{
    *v = (struct vocab){0};
    buf_init(&v->bytes, VOCAB_BYTES_MAX);
}

void vocab_release(struct vocab *v)
{
    buf_release(&v->bytes);
    mem_free(v->offset);
    v->offset = NULL;
    v->count = v->cap = 0;
}

enum err_code vocab_add(struct vocab *v, const char *piece, size_t len, struct err *err)
{
    BUG_IF(memchr(piece, 0, len) != NULL);
    if (v->count == VOCAB_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "the vocabulary has more than %d pieces", VOCAB_COUNT_MAX);
    if (v->count + 2 > v->cap) {
        int32_t cap = v->cap ? v->cap * 2 : 1 << 15;
        size_t *grown = mem_grow(v->offset, (size_t)v->cap, (size_t)cap, sizeof *grown, err);
        if (!grown) return err->code;
        v->offset = grown;
        v->cap = cap;
    }
    buf_add(&v->bytes, piece, len);
    buf_addc(&v->bytes, 0);
    if (buf_check(&v->bytes, err)) return err->code;
    v->offset[++v->count] = v->bytes.len;
    return ERR_OK;
}

const char *vocab_piece(const struct vocab *v, int32_t id)
{
    return id >= 0 && id < v->count ? v->bytes.data + v->offset[id] : NULL;
}

size_t vocab_piece_bytes(const struct vocab *v, int32_t id)
{
    BUG_IF(id < 0 || id >= v->count);
    return v->offset[id + 1] - v->offset[id] - 1;
}

enum err_code vocab_trie(const struct vocab *v, int32_t count, struct trie *ret, struct err *err)
{
    struct trie_key *keys = mem_try((size_t)count + 1, sizeof *keys, err);
    if (!keys) return err->code;
    size_t used = 0;
    for (int32_t id = 0; id < count; id++) {
        size_t len = vocab_piece_bytes(v, id);
        if (len) keys[used++] = (struct trie_key){vocab_piece(v, id), len, id};
    }
    enum err_code code = trie_build(ret, keys, used, err);
    mem_free(keys);
    return code;
}
