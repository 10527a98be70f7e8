/* base/arena.c - a list of blocks; an allocation moves a mark.
 *
 * The head of the list is the block that small allocations come from. When it has no room, a block
 * that has (left over from before a reset) becomes the head; else a new one is made, twice as large
 * as the last up to BLOCK_BYTES_MOST. Large allocations get a block of their own size behind the
 * head, so that they do not waste the head's rest. Under AddressSanitizer what was not handed out
 * is poisoned: a step over the end of an item is found as on the heap.
 *
 * Blocks of HUGE_BYTES_LEAST and more ask for huge pages: a model's parameters then cost a hundred
 * page faults instead of twenty thousand, and hardly a miss in the TLB.
 */
#define _DEFAULT_SOURCE /* madvise */
#include "base/arena.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(ARENA_POISON)
#include <sanitizer/asan_interface.h>
#define HIDE(p, len) ASAN_POISON_MEMORY_REGION((p), (len))
#define SHOW(p, len) ASAN_UNPOISON_MEMORY_REGION((p), (len))
#define GAP_BYTES    16 /* between two items, so that an overrun meets poison */
#else
#define HIDE(p, len) ((void)(p), (void)(len))
#define SHOW(p, len) ((void)(p), (void)(len))
#define GAP_BYTES    0
#endif

#define ALIGN_LARGE       64
#define HUGE_PAGE_BYTES   ((size_t)2 << 20)
#define HUGE_BYTES_LEAST  ((size_t)8 << 20)
#define ALIGN_SMALL       16
#define BLOCK_BYTES_LEAST ((size_t)64 << 10)
#define BLOCK_BYTES_MOST  ((size_t)16 << 20)

struct arena_block {
    struct arena_block *next;
    size_t used, cap; /* of the bytes behind this header */
};
#define HEADER_BYTES ((sizeof(struct arena_block) + ALIGN_LARGE - 1) / ALIGN_LARGE * ALIGN_LARGE)

static char *block_bytes(struct arena_block *b)
{
    return (char *)b + HEADER_BYTES;
}

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t align_of(size_t bytes)
{
    return bytes >= ALIGN_LARGE ? ALIGN_LARGE : ALIGN_SMALL;
}

void arena_init(struct arena *a, size_t bytes_max)
{
    *a = (struct arena){.bytes_max = bytes_max};
}

void arena_release(struct arena *a)
{
    for (struct arena_block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        SHOW(block_bytes(b), b->cap);
        free(b);
    }
    *a = (struct arena){.bytes_max = a->bytes_max};
}

void arena_reset(struct arena *a)
{
    for (struct arena_block *b = a->blocks; b; b = b->next) {
        b->used = 0;
        HIDE(block_bytes(b), b->cap);
    }
    a->bytes = 0;
}

static bool has_room(const struct arena_block *b, size_t bytes)
{
    size_t from = round_up(b->used, align_of(bytes));
    return from <= b->cap && b->cap - from >= bytes;
}

/* A block with room for `bytes`: the head, an old one, or a new one; NULL when memory is refused.
 */
static struct arena_block *block_for(struct arena *a, size_t bytes)
{
    if (a->blocks && has_room(a->blocks, bytes)) return a->blocks;
    for (struct arena_block **at = &a->blocks; *at; at = &(*at)->next) {
        struct arena_block *b = *at;
        if (!has_room(b, bytes)) continue;
        if (bytes >= BLOCK_BYTES_LEAST) return b;
        *at = b->next;
        b->next = a->blocks;
        return a->blocks = b;
    }
    size_t cap = a->blocks ? a->blocks->cap * 2 : BLOCK_BYTES_LEAST;
    if (cap > BLOCK_BYTES_MOST) cap = BLOCK_BYTES_MOST;
    bool own = bytes >= BLOCK_BYTES_LEAST;
    if (own || cap < bytes) cap = round_up(bytes, ALIGN_LARGE);
    struct arena_block *b = aligned_alloc(ALIGN_LARGE, HEADER_BYTES + cap);
    if (!b) return NULL;
    *b = (struct arena_block){.cap = cap};
    HIDE(block_bytes(b), cap);
    struct arena_block **at = own && a->blocks ? &a->blocks->next : &a->blocks;
    b->next = *at;
    *at = b;
    return b;
}

/* Zeroed bytes, or NULL with *ret_limit telling why. */
static void *take(struct arena *a, size_t bytes, bool *ret_limit)
{
    if (bytes == 0) bytes = 1;
    *ret_limit = bytes > a->bytes_max || a->bytes > a->bytes_max - bytes ||
                 bytes > SIZE_MAX / 2; /* so that rounding up cannot wrap */
    if (*ret_limit) return NULL;
    struct arena_block *b = block_for(a, bytes);
    if (!b) return NULL;
    size_t from = round_up(b->used, align_of(bytes));
    char *p = block_bytes(b) + from;
    b->used = from + bytes;
    b->used = least_of(b->used + GAP_BYTES, b->cap);
    a->bytes += bytes;
    SHOW(p, bytes);
    return memset(p, 0, bytes);
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    bool limit;
    void *p = take(a, bytes, &limit);
    BUG_IF(!p);
    return p;
}

void *arena_try(struct arena *a, size_t count, size_t size, struct err *err)
{
    size_t bytes;
    bool limit = __builtin_mul_overflow(count, size, &bytes);
    void *p = limit ? NULL : take(a, bytes, &limit);
    if (p) return p;
    if (limit)
        err_set(err, ERR_LIMIT, "%zu items of %zu bytes pass the %zu bytes of this job", count,
                size, a->bytes_max);
    else
        err_set(err, ERR_NO_MEMORY, "no memory for %zu items of %zu bytes", count, size);
    return NULL;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    memcpy(copy, s, len);
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    BUG_IF(len < 0);
    char *text = arena_alloc(a, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return text;
}

/* Advice only: a kernel without huge pages gives ordinary ones. */
static void *huge_alloc(size_t bytes)
{
    void *p = aligned_alloc(HUGE_PAGE_BYTES, bytes);
    if (p) (void)madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

void *mem_try(size_t count, size_t size, struct err *err)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2) {
        err_set(err, ERR_NO_MEMORY, "no memory for %zu items of %zu bytes", count, size);
        return NULL;
    }
    void *p = bytes >= HUGE_BYTES_LEAST
                  ? huge_alloc(round_up(bytes, HUGE_PAGE_BYTES))
                  : aligned_alloc(ALIGN_LARGE, round_up(bytes ? bytes : 1, ALIGN_LARGE));
    if (!p) {
        err_set(err, ERR_NO_MEMORY, "no memory for %zu items of %zu bytes", count, size);
        return NULL;
    }
    return memset(p, 0, bytes);
}

void *mem_try_pages(size_t count, size_t size, void **ret_data, struct err *err)
{
    size_t bytes;
    char *block = NULL;
    if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX / 2)
        block = calloc(1, round_up(bytes, HUGE_PAGE_BYTES) + HUGE_PAGE_BYTES);
    if (!block) {
        err_set(err, ERR_NO_MEMORY, "no memory for %zu items of %zu bytes", count, size);
        return NULL;
    }
    char *data = block + (HUGE_PAGE_BYTES - (uintptr_t)block % HUGE_PAGE_BYTES);
    if (bytes >= HUGE_BYTES_LEAST) (void)madvise(data, bytes, MADV_HUGEPAGE);
    *ret_data = data;
    return block;
}

void *mem_grow(void *old, size_t old_count, size_t count, size_t size, struct err *err)
{
    BUG_IF(count < old_count);
    void *p = mem_try(count, size, err);
    if (!p) return NULL; /* the old block is still the caller's */
    if (old_count > 0) memcpy(p, old, old_count * size);
    free(old);
    return p;
}

void mem_free(void *p)
{
    free(p);
}
