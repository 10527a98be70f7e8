/* base/map.h - a hash map from byte strings to a 64-bit value or pointer.
 *
 *     struct map m;
 *     map_init(&m, VOCAB_COUNT_MAX);
 *     if (map_put(&m, word, len, (union map_value){.i = 7}, err)) ...
 *     union map_value *v = map_get(&m, word, len);  // NULL when absent; valid until the next put
 *     map_release(&m);
 *
 * Rules: keys are copied; hashing is seeded per process for maps of user data (SipHash-2-4) so that
 * hostile keys cannot pile up; iteration order is insertion order, so that whatever is derived from
 * it is the same every run.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/err.h"
#include <stdint.h>

union map_value {
    int64_t i;
    void *p;
    double f;
};

struct map_entry; /* key_bytes, key_len, value */
struct map {
    struct map_entry *entries;
    uint32_t *slots;
    size_t count, cap, slot_count, count_max;
    char *keys; /* all keys, one block */
    size_t keys_len, keys_cap;
};

void map_init(struct map *m, size_t count_max);
void map_release(struct map *m);
enum err_code map_put(struct map *m, const void *key, size_t len, union map_value v,
                      struct err *err) MUST_CHECK;
union map_value *map_get(const struct map *m, const void *key, size_t len);
/* The i-th inserted key (NUL-terminated, not counting the NUL in *ret_len) and value, i < m->count.
 */
const char *map_at(const struct map *m, size_t i, size_t *ret_len, union map_value **ret_value);

#endif
