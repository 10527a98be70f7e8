/* base/log.h - what the program says about itself, on stderr or wherever the sink sends it.
 *
 *     log_info("model %s ready in %d ms", digest, ms);
 *
 * One line a call; UTF-8; control characters are escaped so that no input can forge a line. No
 * payload (texts, corrections) is ever logged. Threads: any; lines do not interleave.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
typedef void log_sink(void *ctx, enum log_level level, const char *line);

void log_to(log_sink *sink, void *ctx, enum log_level least); /* NULL sink: stderr */
void log_at(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)

#endif
