/* front/cli/draw.h - reading a result document for a table: absent and null are "", NaN or 0. */
#ifndef FRONT_CLI_DRAW_H
#define FRONT_CLI_DRAW_H

#include "front/cli/cli.h"
#include "front/cli/table.h"

const char *draw_text(const json_t *o, const char *key);
double draw_num(const json_t *o, const char *key);
double draw_at(const json_t *list, size_t i);
long long draw_int(const json_t *o, const char *key);
bool draw_bool(const json_t *o, const char *key);
const char *draw_digest(const json_t *o, const char *key); /* 12 characters; four may be alive */
void draw_verdict(const char *verdict);                    /* coloured, no newline */
/* A piece of a user's text on one line: control characters, which would break the line or speak to
 * the terminal, become spaces. No newline after it. */
void draw_excerpt(const char *text, size_t len);
void draw_heading(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
