/* base/err.c - fills struct err.
 *
 * Every text is formatted into a scratch buffer first, because callers wrap errors with the old
 * message as an argument (err_set(err, code, "%s: %s", path, err->message)). Then it is cleaned:
 * error texts quote hostile input (file names, labels, JSON), and they end on terminals, in logs
 * and in JSON answers, so control characters become spaces and bytes that are not UTF-8 become '?'.
 * Texts that do not fit are cut between two characters.
 */
#include "base/err.h"
#include "base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_BYTES 1024

static const struct {
    const char *name, *meaning;
    int http, exit_code;
} ERR_TABLE[] = {
#define X(name, http, exit_code, meaning) {#name, meaning, http, exit_code},
    ERR_MAP(X)
#undef X
};

void bug_abort(const char *condition, const char *file, int line)
{
    fprintf(stderr, "bug: %s at %s:%d; the program stops before it writes anything wrong\n",
            condition, file, line);
    abort();
}

/* The longest prefix of whole characters that fits into cap - 1 bytes. */
static size_t fitting(const char *s, size_t len, size_t cap)
{
    if (len < cap) return len;
    len = cap - 1;
    while (len > 0 && ((unsigned char)s[len] & 0xC0) == 0x80) len--;
    return len;
}

static void clean_into(char *out, size_t cap, char *s)
{
    size_t len = strlen(s), at = 0;
    while ((at += utf8_valid_prefix(s + at, len - at)) < len) s[at++] = '?';
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F) s[i] = ' ';
    len = fitting(s, len, cap);
    memcpy(out, s, len);
    out[len] = '\0';
}

PRINTF_LIKE(3, 0) static void format_into(char *out, size_t cap, const char *fmt, va_list args)
{
    char scratch[SCRATCH_BYTES];
    int wanted = vsnprintf(scratch, sizeof scratch, fmt, args);
    if (wanted < 0) scratch[0] = '\0';
    if (wanted >= (int)sizeof scratch) { /* vsnprintf may have cut inside a character */
        size_t whole = utf8_valid_prefix(scratch, sizeof scratch - 1);
        if (whole + 4 > sizeof scratch - 1) scratch[whole] = '\0';
    }
    clean_into(out, cap, scratch);
}

enum err_code err_set_at(struct err *err, enum err_code code, const char *file, int line,
                         const char *fmt, ...)
{
    if (!err) return code;
    char message[sizeof err->message];
    va_list args;
    va_start(args, fmt);
    format_into(message, sizeof message, fmt, args);
    va_end(args);
    *err = (struct err){.code = code, .file = file, .line = line};
    memcpy(err->message, message, sizeof message);
    return code;
}

enum err_code err_detail(struct err *err, const char *fmt, ...)
{
    if (!err) return ERR_BAD_INPUT;
    char text[sizeof err->detail];
    va_list args;
    va_start(args, fmt);
    format_into(text, sizeof text, fmt, args);
    va_end(args);
    memcpy(err->detail, text, sizeof text);
    return err->code;
}

enum err_code err_hint(struct err *err, const char *fmt, ...)
{
    if (!err) return ERR_BAD_INPUT;
    char text[sizeof err->hint];
    va_list args;
    va_start(args, fmt);
    format_into(text, sizeof text, fmt, args);
    va_end(args);
    memcpy(err->hint, text, sizeof text);
    return err->code;
}

enum err_code err_errno(struct err *err, int errno_value)
{
    if (!err) return ERR_IO;
    char reason[128], text[sizeof err->message + sizeof reason + 4];
    if (strerror_r(errno_value, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", errno_value);
    snprintf(text, sizeof text, "%s: %s", err->message, reason);
    clean_into(err->message, sizeof err->message, text);
    return err->code;
}

const char *err_name(enum err_code code)
{
    return ERR_TABLE[code].name;
}

const char *err_meaning(enum err_code code)
{
    return ERR_TABLE[code].meaning;
}

int err_http_status(enum err_code code)
{
    return ERR_TABLE[code].http;
}

int err_exit_code(enum err_code code)
{
    return ERR_TABLE[code].exit_code;
}
