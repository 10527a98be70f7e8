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
void draw_heading(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
