/* base/buf.h - growing bytes with a ceiling set at birth (after curl's dynbuf and git's strbuf).
 *
 *     struct buf b;
 *     buf_init(&b, BODY_BYTES_MAX);
 *     buf_addf(&b, "%d entities in ", n);
 *     buf_adds(&b, name);
 *     if (buf_check(&b, err)) goto out;   // one check at the end: a failure sticks
 *     write(b.data, b.len);
 *     out: buf_release(&b);
 *
 * Rules: data is always NUL-terminated (never NULL after init, even when empty); after a failed
 * append len does not change again. Threads: one owner.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"

struct buf {
    char *data;
    size_t len, cap, max;
    bool failed;  /* an append did not fit or was refused; nothing is appended any more */
    bool refused; /* ... because memory was refused */
};

void buf_init(struct buf *b, size_t bytes_max);
void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory, clears the failure */
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_addv(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
/* ERR_LIMIT when the ceiling was hit, ERR_NO_MEMORY when memory was refused. */
enum err_code buf_check(const struct buf *b, struct err *err) MUST_CHECK;
/* Gives the bytes to the caller (mem_free), leaves the buffer empty. */
char *buf_take(struct buf *b);

#endif
