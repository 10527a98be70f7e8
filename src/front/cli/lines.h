/* front/cli/lines.h - a text file, or stdin for "-", line by line, each line finite. */
#ifndef FRONT_CLI_LINES_H
#define FRONT_CLI_LINES_H

#include "base/err.h"
#include <stdint.h>

/* The line has no end mark, is NUL-terminated, and lives until fn returns; numbers begin at 1. */
typedef enum err_code line_fn(void *ctx, const char *line, size_t len, int64_t number,
                              struct err *err);
/* Stops at the first error of fn. ERR_LIMIT past LINE_BYTES_MAX, ERR_NOT_FOUND, ERR_IO. */
enum err_code lines_read(const char *path, line_fn *fn, void *ctx, struct err *err) MUST_CHECK;

#endif
