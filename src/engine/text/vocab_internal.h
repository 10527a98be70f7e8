/* engine/text/vocab_internal.h - the pieces of a vocabulary, by id.
 *
 * Ids are 0, 1, 2, ... in the order of vocab_add. Pieces are kept NUL-terminated in one block;
 * a piece holds no NUL. Threads: read-only once filled.
 */
#ifndef ENGINE_TEXT_VOCAB_INTERNAL_H
#define ENGINE_TEXT_VOCAB_INTERNAL_H

#include "base/buf.h"
#include "engine/text/trie_internal.h"

struct vocab {
    struct buf bytes;
    size_t *offset; /* of each piece in bytes; offset[count] is the end */
    int32_t count, cap;
};

void vocab_init(struct vocab *v);
void vocab_release(struct vocab *v);
/* ERR_LIMIT past VOCAB_COUNT_MAX pieces or VOCAB_BYTES_MAX bytes. */
enum err_code vocab_add(struct vocab *v, const char *piece, size_t len, struct err *err) MUST_CHECK;
const char *vocab_piece(const struct vocab *v, int32_t id); /* NULL when out of range */
size_t vocab_piece_bytes(const struct vocab *v, int32_t id);
/* A trie of the first `count` pieces; empty ones are left out, since no word is empty. */
enum err_code vocab_trie(const struct vocab *v, int32_t count, struct trie *ret,
                         struct err *err) MUST_CHECK;

#endif
