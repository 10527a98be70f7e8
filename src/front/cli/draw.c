/* front/cli/draw.c - small readings of JSON that every table needs. */
#include "front/cli/draw.h"
#include "base/buf.h"
#include "base/str.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *draw_text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

double draw_num(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

double draw_at(const json_t *list, size_t i)
{
    const json_t *v = json_array_get(list, i);
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

long long draw_int(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_integer(v) ? (long long)json_integer_value(v) : (long long)json_number_value(v);
}

bool draw_bool(const json_t *o, const char *key)
{
    return json_is_true(json_object_get(o, key));
}

void draw_excerpt(const char *text, size_t len)
{
    struct buf b;
    buf_init(&b, len + 1);
    buf_adds(&b, "");
    buf_add(&b, text, len);
    str_plain(b.data);
    fputs(b.data, stdout);
    buf_release(&b);
}

const char *draw_digest(const json_t *o, const char *key)
{
    static char ring[4][13];
    static int next;
    char *out = ring[next++ % 4];
    snprintf(out, sizeof ring[0], "%.12s", draw_text(o, key));
    return out;
}

void draw_verdict(const char *verdict)
{
    enum ink which = str_eq(verdict, "PASS")   ? INK_GREEN
                     : str_eq(verdict, "STOP") ? INK_YELLOW
                                               : INK_RED;
    printf("%s%s%s", ink(which, false), verdict, ink_end(false));
}

void draw_heading(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    printf("%s", ink(INK_BOLD, false));
    vprintf(fmt, args);
    printf("%s\n", ink_end(false));
    va_end(args);
}
