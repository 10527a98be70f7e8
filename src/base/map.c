/* base/map.c - open addressing over an array of entries kept in order of insertion.
 *
 * slots[] holds 1 + the index of an entry, 0 when free; it is a power of two and at most three
 * quarters full. Entries keep the full hash, so that growing never hashes again and most mismatches
 * cost one comparison. All keys stand end to end in one block, each with a NUL behind it.
 *
 * SipHash-2-4 (Aumasson, Bernstein 2012) with a key drawn once a process: keys come from users'
 * files and requests, and must not be able to collide on purpose. The seed never shows: iteration
 * follows insertion.
 */
#include "base/map.h"
#include "base/map_internal.h"
#include "base/arena.h"
#include "base/os.h"
#include <pthread.h>
#include <string.h>

#define SLOTS_LEAST 16

struct map_entry {
    uint64_t hash;
    size_t key_at, key_len;
    union map_value value;
};

static pthread_once_t seed_once = PTHREAD_ONCE_INIT;
static uint64_t seed[2];

static void draw_seed(void)
{
    os_random(seed, sizeof seed);
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static uint64_t word_at(const unsigned char *p, size_t len)
{
    uint64_t w = 0;
    for (size_t i = 0; i < len; i++) w |= (uint64_t)p[i] << (8 * i);
    return w;
}

uint64_t map_siphash(const uint64_t key[2], const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
                     key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull};
    size_t whole = len / 8 * 8;
    for (size_t i = 0; i <= whole; i += 8) {
        uint64_t w = i < whole ? word_at(p + i, 8)
                               : word_at(p + i, len - whole) | (uint64_t)(len & 0xFF) << 56;
        v[3] ^= w;
        sip_round(v);
        sip_round(v);
        v[0] ^= w;
    }
    v[2] ^= 0xFF;
    for (int i = 0; i < 4; i++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t hash_key(const void *key, size_t len)
{
    pthread_once(&seed_once, draw_seed);
    return map_siphash(seed, key, len);
}

void map_init(struct map *m, size_t count_max)
{
    BUG_IF(count_max >= UINT32_MAX);
    *m = (struct map){.count_max = count_max};
}

void map_release(struct map *m)
{
    mem_free(m->entries);
    mem_free(m->slots);
    mem_free(m->keys);
    map_init(m, m->count_max);
}

/* The slot that holds the key, or the free one where it belongs. Needs slot_count > 0. */
static size_t slot_of(const struct map *m, const void *key, size_t len, uint64_t hash)
{
    size_t mask = m->slot_count - 1, at = (size_t)hash & mask;
    for (; m->slots[at] != 0; at = (at + 1) & mask) {
        const struct map_entry *e = &m->entries[m->slots[at] - 1];
        if (e->hash == hash && e->key_len == len && memcmp(m->keys + e->key_at, key, len) == 0)
            break;
    }
    return at;
}

static enum err_code grow_slots(struct map *m, struct err *err)
{
    size_t count = m->slot_count ? m->slot_count * 2 : SLOTS_LEAST;
    uint32_t *slots = mem_try(count, sizeof *slots, err);
    if (!slots) return ERR_NO_MEMORY;
    for (size_t i = 0; i < m->count; i++) {
        size_t at = (size_t)m->entries[i].hash & (count - 1);
        while (slots[at] != 0) at = (at + 1) & (count - 1);
        slots[at] = (uint32_t)(i + 1);
    }
    mem_free(m->slots);
    m->slots = slots;
    m->slot_count = count;
    return ERR_OK;
}

/* Room for one more entry with a key of `len` bytes. */
static enum err_code make_room(struct map *m, size_t len, struct err *err)
{
    if (m->count >= m->count_max)
        return err_set(err, ERR_LIMIT, "more than %zu different entries", m->count_max);
    if ((m->count + 1) * 4 > m->slot_count * 3 && grow_slots(m, err)) return ERR_NO_MEMORY;
    if (m->count == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : SLOTS_LEAST;
        struct map_entry *entries = mem_grow(m->entries, m->count, cap, sizeof *entries, err);
        if (!entries) return ERR_NO_MEMORY;
        m->entries = entries;
        m->cap = cap;
    }
    if (m->keys_cap - m->keys_len <= len) {
        size_t cap = m->keys_cap * 2 + len + 64;
        char *keys = mem_grow(m->keys, m->keys_len, cap, 1, err);
        if (!keys) return ERR_NO_MEMORY;
        m->keys = keys;
        m->keys_cap = cap;
    }
    return ERR_OK;
}

enum err_code map_put(struct map *m, const void *key, size_t len, union map_value v,
                      struct err *err)
{
    uint64_t hash = hash_key(key, len);
    if (m->slot_count > 0) {
        uint32_t found = m->slots[slot_of(m, key, len, hash)];
        if (found != 0) {
            m->entries[found - 1].value = v;
            return ERR_OK;
        }
    }
    enum err_code code = make_room(m, len, err);
    if (code) return code;
    size_t at = slot_of(m, key, len, hash);
    m->entries[m->count] =
        (struct map_entry){.hash = hash, .key_at = m->keys_len, .key_len = len, .value = v};
    if (len > 0) memcpy(m->keys + m->keys_len, key, len);
    m->keys[m->keys_len + len] = '\0';
    m->keys_len += len + 1;
    m->slots[at] = (uint32_t)++m->count;
    return ERR_OK;
}

union map_value *map_get(const struct map *m, const void *key, size_t len)
{
    if (m->slot_count == 0) return NULL;
    uint32_t found = m->slots[slot_of(m, key, len, hash_key(key, len))];
    return found ? &m->entries[found - 1].value : NULL;
}

const char *map_at(const struct map *m, size_t i, size_t *ret_len, union map_value **ret_value)
{
    BUG_IF(i >= m->count);
    struct map_entry *e = &m->entries[i];
    if (ret_len) *ret_len = e->key_len;
    if (ret_value) *ret_value = &e->value;
    return m->keys + e->key_at;
}
