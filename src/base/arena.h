/* base/arena.h - memory that lives as long as one job (run, request, command) or one step (batch).
 *
 *     struct arena a;
 *     arena_init(&a, ARENA_JOB_BYTES_MAX);
 *     int *ids = arena_alloc(&a, n * sizeof *ids);    // bounded by our own limits
 *     float *x = arena_try(&a, rows, row_bytes, err); // sized by input: may be NULL
 *     arena_reset(&a);                                   // next step: everything gone, blocks kept
 *     arena_release(&a);
 *
 * Rules: memory is zeroed, aligned to 64 bytes for blocks of 64 and more, else to 16; the total
 * never passes bytes_max (given at birth). Nothing is freed singly. Threads: one owner.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"

struct arena_block;
struct arena {
    struct arena_block *blocks;
    size_t bytes, bytes_max;
};

void arena_init(struct arena *a, size_t bytes_max);
void arena_release(struct arena *a);
void arena_reset(struct arena *a);
/* Never NULL: aborts with a message when memory or the limit is exhausted. For sizes that our own
 * limits bound. */
void *arena_alloc(struct arena *a, size_t bytes);
/* For sizes that come from input. count * size is checked for overflow. */
void *arena_try(struct arena *a, size_t count, size_t size, struct err *err) MUST_CHECK;
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Heap with the same manners: zeroed, 64-byte aligned, overflow-checked; NULL + ERR_NO_MEMORY. Free
 * with mem_free. mem_grow keeps the first `old_count` items (realloc that zeroes what is new). */
void *mem_try(size_t count, size_t size, struct err *err) MUST_CHECK;
void *mem_grow(void *old, size_t old_count, size_t count, size_t size, struct err *err) MUST_CHECK;
/* A large block whose zeroes cost nothing until they are touched: the kernel's pages are zero
 * already. *ret_data is aligned to a huge page. mem_free takes what is returned, not *ret_data. */
void *mem_try_pages(size_t count, size_t size, void **ret_data, struct err *err) MUST_CHECK;
void mem_free(void *p);

#endif
