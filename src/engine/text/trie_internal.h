/* engine/text/trie_internal.h - a read-only set of byte strings, walked a byte at a time.
 *
 *     struct trie t;
 *     if (trie_build(&t, keys, count, err)) ...        // sorts keys
 *     int32_t at = TRIE_ROOT;
 *     while (i < len && (at = trie_step(&t, at, bytes[i])) >= 0) {
 *         i++;
 *         if (t.slots[at].id >= 0) longest = i;
 *     }
 *     trie_release(&t);
 *
 * A double array: the child of slot s by byte b is slot t = base[s] + b, and it is one only when
 * parent[t] == s. One load a byte, no allocation, no comparison of strings.
 *
 *     slot:    0 (root)   ...   base[0]+'d'         ...   base[x]+'o'
 *     parent:  -          ...   0              (= x)...   x
 *     id:      -1               -1                        7 when "do" is key 7
 *
 * Threads: read-only once built. Limits: TRIE_SLOTS_MAX; past it ERR_LIMIT.
 */
#ifndef ENGINE_TEXT_TRIE_INTERNAL_H
#define ENGINE_TEXT_TRIE_INTERNAL_H

#include "base/err.h"
#include <stdint.h>

#define TRIE_ROOT      0
#define TRIE_LABELS    256 /* a slot's children lie in base .. base + 255 */
#define TRIE_SLOTS_MAX (1 << 24)

struct trie_slot {
    int32_t base, parent, id; /* id: of the key that ends here, or -1 */
};
struct trie {
    struct trie_slot *slots;
    int32_t slot_count; /* a step from any slot stays inside */
};
struct trie_key {
    const char *bytes; /* not empty */
    size_t len;
    int32_t id;
};

/* Two equal keys are ERR_BAD_INPUT; the message names the key, the detail both ids. */
enum err_code trie_build(struct trie *ret, struct trie_key *keys, size_t count,
                         struct err *err) MUST_CHECK;
void trie_release(struct trie *t);
/* The id of this very key, or -1. */
int32_t trie_find(const struct trie *t, const char *bytes, size_t len);

/* The child of a slot by a byte, or -1. */
static inline int32_t trie_step(const struct trie *t, int32_t slot, char byte)
{
    int32_t child = t->slots[slot].base + (unsigned char)byte;
    return t->slots[child].parent == slot ? child : -1;
}

#endif
