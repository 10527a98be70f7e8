/* base/log.c - one line a call.
 *
 * Lines are built on the stack and handed to the sink under one lock: they never interleave, and a
 * sink needs no lock of its own. A line that is too long is cut and says so. This file and
 * base/err.c are the only ones below the front that write to stderr.
 */
#include "base/log.h"
#include "base/os.h"
#include "base/str.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 2048

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static log_sink *sink_fn;
static void *sink_ctx;
static enum log_level sink_least = LOG_INFO;

static void to_stderr(enum log_level level, const char *line)
{
    static const char *const NAMES[] = {"debug", "info", "warning", "error"};
    char now[32];
    os_time_text(os_now_us(), now);
    fprintf(stderr, "%s %s: %s\n", now, NAMES[level], line);
}

void log_to(log_sink *sink, void *ctx, enum log_level least)
{
    pthread_mutex_lock(&lock);
    sink_fn = sink;
    sink_ctx = ctx;
    sink_least = least;
    pthread_mutex_unlock(&lock);
}

/* Control characters and bytes that are not UTF-8 become \xNN: no input can start a line of its
 * own. */
static void escape(const char *text, char *out, size_t cap)
{
    static const char DIGITS[] = "0123456789abcdef";
    size_t len = strlen(text), valid = 0, used = 0;
    for (size_t i = 0; i < len && used + 5 <= cap; i++) {
        if (i >= valid) valid = i + utf8_valid_prefix(text + i, len - i);
        unsigned char c = (unsigned char)text[i];
        if (i >= valid || c < 0x20 || c == 0x7F) {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = DIGITS[c >> 4];
            out[used++] = DIGITS[c & 15];
        } else {
            out[used++] = (char)c;
        }
    }
    out[used] = '\0';
}

void log_at(enum log_level level, const char *fmt, ...)
{
    char text[LINE_BYTES], line[LINE_BYTES * 4 + 1];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (len < 0) return;
    if ((size_t)len >= sizeof text) {
        static const char CUT[] = " [cut]";
        memcpy(text + sizeof text - sizeof CUT, CUT, sizeof CUT);
    }
    escape(text, line, sizeof line);
    pthread_mutex_lock(&lock);
    if (level >= sink_least) {
        if (sink_fn)
            sink_fn(sink_ctx, level, line);
        else
            to_stderr(level, line);
    }
    pthread_mutex_unlock(&lock);
}
