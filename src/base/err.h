/* base/err.h - one way to say that something went wrong.
 *
 * Two kinds are never mixed. A bug of ours: BUG_IF(cond), always on, aborts. A problem of the
 * world's (files, users, networks) is returned: the function gives an enum err_code and fills the
 * caller's struct err.
 *
 *     struct err err = {0};
 *     if (vocab_load(path, &vocab, &err)) { err_print(&err); ... }
 *
 *     return err_set(err, ERR_BAD_INPUT, "label \"%s\" is not in the model", name)
 *         ...then optionally err_detail(err, ...) and err_hint(err, ...); each gives err->code.
 *
 * Rules: `err` is untouched on success; ret_ outputs are untouched on failure; every fallible
 * function is MUST_CHECK. Messages are lower-case, factual, one line, and name the thing. detail
 * says what was seen and expected; hint says what the reader can do. Over-long texts are cut at a
 * character, never refused.
 * Threads: a struct err belongs to one thread.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*    name        HTTP exit  meaning */
#define ERR_MAP(X)                                                                                 \
    X(OK, 200, 0, "success")                                                                       \
    X(BAD_INPUT, 400, 2, "the caller's data or arguments are not usable")                          \
    X(AUTH, 401, 5, "who asks may not do this")                                                    \
    X(NOT_FOUND, 404, 2, "the named thing does not exist")                                         \
    X(METHOD, 405, 2, "the thing exists but does not do this")                                     \
    X(CONFLICT, 409, 3, "the state does not allow it now")                                         \
    X(LIMIT, 413, 2, "a stated limit would be passed")                                             \
    X(BUSY, 429, 6, "try again later")                                                             \
    X(NO_MEMORY, 503, 3, "a sized allocation was refused")                                         \
    X(UNAVAILABLE, 503, 6, "the service is starting, draining or has no model")                    \
    X(INTERRUPTED, 503, 130, "the user or the system asked to stop")                               \
    X(IO, 500, 3, "the disk, network or database failed")                                          \
    X(CORRUPT, 500, 4, "stored bytes are not what was written")

enum err_code {
#define X(name, http, exit_code, meaning) ERR_##name,
    ERR_MAP(X)
#undef X
};

struct err {
    enum err_code code;
    char message[200], detail[400], hint[200];
    const char *file; /* source position of the err_set, for logs */
    int line;
};

#define MUST_CHECK              __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* Always on: a broken invariant of ours stops the program before it can write anything wrong. */
#define BUG_IF(cond)                                                                               \
    do {                                                                                           \
        if (cond) bug_abort(#cond, __FILE__, __LINE__);                                            \
    } while (0)
_Noreturn void bug_abort(const char *condition, const char *file, int line);

/* Starts a new error (clears detail and hint) and returns `code`, so that `return err_set(...)`
 * reads well. */
#define err_set(err, code, ...) err_set_at((err), (code), __FILE__, __LINE__, __VA_ARGS__)
enum err_code err_set_at(struct err *err, enum err_code code, const char *file, int line,
                         const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Both return err->code. */
enum err_code err_detail(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
enum err_code err_hint(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Appends ": strerror(errno_value)" to the message; returns err->code. */
enum err_code err_errno(struct err *err, int errno_value);

const char *err_name(enum err_code code);    /* "BAD_INPUT" */
const char *err_meaning(enum err_code code); /* the sentence of the table */
int err_http_status(enum err_code code);
int err_exit_code(enum err_code code);

#endif
