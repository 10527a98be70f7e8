/* engine/text/trie.c - building the double array, level by level.
 *
 * Keys are sorted, so that the keys below one slot are one range and its children are the runs of
 * equal bytes in it. A slot's children are placed at the first base where all of them fall on free
 * slots, looked for in two short windows (where the holes begin, and the last slots in use) and
 * else behind everything: the time is linear whatever the keys are, since a window that did not do
 * is moved on; the price is a few holes.
 */
#include "engine/text/trie_internal.h"
#include "base/arena.h"
#include "base/limits.h"
#include <stdlib.h>
#include <string.h>

#define BYTES  TRIE_LABELS
#define WINDOW 128

struct range { /* keys [lo, hi) share the bytes that lead to slot */
    int32_t slot;
    int32_t lo, hi;
};

struct builder {
    struct trie_slot *slots;
    int32_t cap;
    int32_t hole; /* free slots below are not looked for */
    int32_t end;  /* no used slot from here */
    struct trie_key *keys;
    struct range *now, *next;
    int32_t now_count, next_count;
};

static int by_bytes(const void *pa, const void *pb)
{
    const struct trie_key *a = pa, *b = pb;
    size_t shared = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->bytes, b->bytes, shared);
    if (order) return order;
    if (a->len != b->len) return a->len < b->len ? -1 : 1;
    return a->id < b->id ? -1 : 1;
}

static enum err_code reserve(struct builder *b, int32_t slots, struct err *err)
{
    if (slots <= b->cap) return ERR_OK;
    if (slots > TRIE_SLOTS_MAX)
        return err_set(err, ERR_LIMIT, "the vocabulary needs more than %d trie slots",
                       TRIE_SLOTS_MAX);
    int32_t cap = b->cap;
    while (cap < slots) cap *= 2;
    struct trie_slot *grown =
        mem_grow(b->slots, (size_t)b->cap, (size_t)cap, sizeof *b->slots, err);
    if (!grown) return err->code;
    for (int32_t i = b->cap; i < cap; i++) grown[i] = (struct trie_slot){0, -1, -1};
    b->slots = grown;
    b->cap = cap;
    return ERR_OK;
}

static bool is_free(const struct builder *b, int32_t slot)
{
    return slot >= b->cap || b->slots[slot].parent < 0;
}

/* The first base in [from, to) + ... where every label falls on a free slot, or -1. */
static int32_t fit(const struct builder *b, const uint8_t *labels, int count, int32_t from,
                   int32_t to)
{
    if (from < labels[0] + 1) from = labels[0] + 1; /* slot 0 is the root */
    for (int32_t first = from; first < to; first++) {
        int32_t base = first - labels[0];
        int i = 0;
        while (i < count && is_free(b, base + labels[i])) i++;
        if (i == count) return base;
    }
    return -1;
}

/* Finds a base for these children and takes their slots. */
static enum err_code place(struct builder *b, int32_t parent, const uint8_t *labels, int count,
                           struct err *err)
{
    while (b->hole < b->end && !is_free(b, b->hole)) b->hole++;
    int32_t base = fit(b, labels, count, b->hole, b->hole + WINDOW);
    if (base < 0) {
        b->hole += WINDOW / 16; /* what often does not fit is given up */
        base = fit(b, labels, count, b->end - WINDOW, b->end);
    }
    if (base < 0) base = b->end;
    if (reserve(b, base + BYTES, err)) return err->code;
    b->slots[parent].base = base;
    for (int i = 0; i < count; i++) b->slots[base + labels[i]].parent = parent;
    int32_t last = base + labels[count - 1] + 1;
    if (last > b->end) b->end = last;
    return ERR_OK;
}

static enum err_code refuse_twice(const struct trie_key *a, const struct trie_key *b,
                                  struct err *err)
{
    int shown = a->len > 60 ? 60 : (int)a->len;
    err_set(err, ERR_BAD_INPUT, "the piece \"%.*s\" is in the vocabulary twice", shown, a->bytes);
    return err_detail(err, "as id %d and as id %d", (int)a->id, (int)b->id);
}

/* One slot: ends the key that ends here, makes children of the bytes that follow. */
static enum err_code expand(struct builder *b, struct range r, size_t depth, struct err *err)
{
    if (b->keys[r.lo].len == depth) {
        b->slots[r.slot].id = b->keys[r.lo].id;
        r.lo++;
        if (r.lo < r.hi && b->keys[r.lo].len == depth)
            return refuse_twice(&b->keys[r.lo - 1], &b->keys[r.lo], err);
    }
    if (r.lo == r.hi) return ERR_OK;
    uint8_t labels[BYTES];
    int count = 0;
    for (int32_t i = r.lo; i < r.hi; i++) {
        uint8_t byte = (uint8_t)b->keys[i].bytes[depth];
        if (count == 0 || labels[count - 1] != byte) labels[count++] = byte;
    }
    if (place(b, r.slot, labels, count, err)) return err->code;
    int32_t lo = r.lo, base = b->slots[r.slot].base;
    for (int c = 0; c < count; c++) {
        int32_t hi = lo;
        while (hi < r.hi && (uint8_t)b->keys[hi].bytes[depth] == labels[c]) hi++;
        b->next[b->next_count++] = (struct range){base + labels[c], lo, hi};
        lo = hi;
    }
    return ERR_OK;
}

static enum err_code expand_all(struct builder *b, size_t count, struct err *err)
{
    if (reserve(b, BYTES, err)) return err->code;
    b->hole = b->end = 1;
    b->now[0] = (struct range){TRIE_ROOT, 0, (int32_t)count};
    b->now_count = count > 0;
    for (size_t depth = 0; b->now_count > 0; depth++) {
        b->next_count = 0;
        for (int32_t i = 0; i < b->now_count; i++)
            if (expand(b, b->now[i], depth, err)) return err->code;
        struct range *spare = b->now;
        b->now = b->next;
        b->now_count = b->next_count;
        b->next = spare;
    }
    return ERR_OK;
}

enum err_code trie_build(struct trie *ret, struct trie_key *keys, size_t count, struct err *err)
{
    BUG_IF(count > VOCAB_COUNT_MAX);
    if (count) qsort(keys, count, sizeof *keys, by_bytes);
    struct builder b = {.keys = keys, .cap = BYTES};
    enum err_code code = ERR_NO_MEMORY;
    b.slots = mem_try(BYTES, sizeof *b.slots, err);
    b.now = mem_try(count + 1, sizeof *b.now, err);
    b.next = mem_try(count + 1, sizeof *b.next, err);
    if (!b.slots || !b.now || !b.next) goto out;
    for (int32_t i = 0; i < b.cap; i++) b.slots[i] = (struct trie_slot){0, -1, -1};
    code = expand_all(&b, count, err);
    if (code) goto out;
    *ret = (struct trie){b.slots, b.cap};
    b.slots = NULL;
out:
    mem_free(b.slots);
    mem_free(b.now);
    mem_free(b.next);
    return code;
}

void trie_release(struct trie *t)
{
    mem_free(t->slots);
    *t = (struct trie){0};
}

int32_t trie_find(const struct trie *t, const char *bytes, size_t len)
{
    int32_t at = TRIE_ROOT;
    for (size_t i = 0; i < len && at >= 0; i++) at = trie_step(t, at, bytes[i]);
    return at < 0 ? -1 : t->slots[at].id;
}
