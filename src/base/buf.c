/* base/buf.c - growing bytes with a ceiling.
 *
 * An empty buffer points at one shared NUL, so that data is never NULL and nothing is allocated
 * before the first byte; cap == 0 marks that state and the shared byte is never written. cap counts
 * the NUL, max does not.
 */
#include "base/buf.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char empty[1];

void buf_init(struct buf *b, size_t bytes_max)
{
    *b = (struct buf){.data = empty, .max = bytes_max};
}

void buf_release(struct buf *b)
{
    if (b->cap > 0) free(b->data);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = b->refused = false;
    if (b->cap > 0) b->data[0] = '\0';
}

/* Room for `more` bytes and the NUL; marks the buffer failed when that cannot be. */
static bool make_room(struct buf *b, size_t more)
{
    if (b->failed) return false;
    if (b->len > b->max || more > b->max - b->len) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need <= b->cap) return true;
    size_t cap = b->cap < 32 ? 64 : b->cap * 2;
    if (cap > b->max && b->max < SIZE_MAX) cap = b->max + 1;
    if (cap < need) cap = need;
    char *data = realloc(b->cap > 0 ? b->data : NULL, cap);
    if (!data) {
        b->failed = b->refused = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (!make_room(b, len)) return;
    if (len > 0) memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_addv(b, fmt, args);
    va_end(args);
}

void buf_addv(struct buf *b, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    BUG_IF(len < 0);
    if (make_room(b, (size_t)len)) {
        vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
        b->len += (size_t)len;
    }
    va_end(again);
}

enum err_code buf_check(const struct buf *b, struct err *err)
{
    if (!b->failed) return ERR_OK;
    if (b->refused) return err_set(err, ERR_NO_MEMORY, "no memory after %zu bytes", b->len);
    return err_set(err, ERR_LIMIT, "the text would pass its limit of %zu bytes", b->max);
}

char *buf_take(struct buf *b)
{
    char *data = b->data;
    if (b->cap == 0) {
        data = calloc(1, 1);
        BUG_IF(!data);
    }
    buf_init(b, b->max);
    return data;
}
