/* front/cli/table.c - rows are kept until the end, because a column is as wide as its widest cell.
 */
#include "front/cli/table.h"
#include "base/str.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TABLE_BYTES_MAX (64u << 20)

void table_init(struct table *t, ...)
{
    *t = (struct table){0};
    arena_init(&t->arena, TABLE_BYTES_MAX);
    va_list list;
    va_start(list, t);
    for (const char *spec; (spec = va_arg(list, const char *)) != NULL;) {
        BUG_IF(t->columns == TABLE_COLUMNS_MAX);
        const char *colon = strrchr(spec, ':');
        t->title[t->columns] = arena_strndup(&t->arena, spec, (size_t)(colon - spec));
        t->align[t->columns++] = colon[1];
    }
    va_end(list);
}

static const char **new_row(struct table *t)
{
    if (t->row_count == t->row_cap) {
        int cap = t->row_cap ? t->row_cap * 2 : 16;
        const char ***rows = arena_alloc(&t->arena, (size_t)cap * sizeof *rows);
        if (t->row_count) memcpy(rows, t->rows, (size_t)t->row_count * sizeof *rows);
        t->rows = rows;
        t->row_cap = cap;
    }
    const char **row = arena_alloc(&t->arena, (size_t)t->columns * sizeof *row);
    t->rows[t->row_count++] = row;
    return row;
}

void table_row(struct table *t, ...)
{
    const char **row = new_row(t);
    va_list list;
    va_start(list, t);
    for (int i = 0; i < t->columns; i++) {
        const char *cell = va_arg(list, const char *);
        if (!cell) break;
        char *own = arena_strdup(&t->arena, cell);
        str_plain(own);
        row[i] = own;
    }
    va_end(list);
}

static void print_cell(const char *text, size_t width, char align, bool last)
{
    size_t len = strlen(text), columns = utf8_columns(text, len);
    int pad = (int)(width > columns ? width - columns : 0);
    if (align == 'r')
        printf("%*s%s", pad, "", text);
    else if (last)
        printf("%s", text);
    else
        printf("%s%*s", text, pad, "");
}

static void print_row(const struct table *t, const char *const *row, const size_t *width)
{
    printf("  ");
    for (int i = 0; i < t->columns; i++) {
        if (i) printf("  ");
        print_cell(row[i] ? row[i] : "", width[i], t->align[i], i == t->columns - 1);
    }
    printf("\n");
}

void table_print(struct table *t)
{
    size_t width[TABLE_COLUMNS_MAX] = {0};
    for (int i = 0; i < t->columns; i++) {
        width[i] = utf8_columns(t->title[i], strlen(t->title[i]));
        for (int r = 0; r < t->row_count; r++) {
            const char *cell = t->rows[r][i];
            size_t w = cell ? utf8_columns(cell, strlen(cell)) : 0;
            if (w > width[i]) width[i] = w;
        }
    }
    printf("%s", ink(INK_DIM, false));
    print_row(t, t->title, width);
    printf("%s", ink_end(false));
    for (int r = 0; r < t->row_count; r++) print_row(t, t->rows[r], width);
    arena_release(&t->arena);
}

const char *table_num(struct table *t, double v, int digits)
{
    return isnan(v) ? "-" : arena_printf(&t->arena, "%.*f", digits, v);
}

const char *table_int(struct table *t, long long v)
{
    return arena_printf(&t->arena, "%lld", v);
}

const char *table_text(struct table *t, const char *fmt, ...)
{
    struct buf b;
    buf_init(&b, 1u << 20);
    va_list args;
    va_start(args, fmt);
    buf_addv(&b, fmt, args);
    va_end(args);
    const char *text = arena_strdup(&t->arena, b.data);
    buf_release(&b);
    return text;
}

bool on_terminal(bool err)
{
    return isatty(err ? STDERR_FILENO : STDOUT_FILENO) == 1;
}

static bool colours(bool err)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return on_terminal(err) && !(no && *no) && !(term && str_eq(term, "dumb"));
}

const char *ink(enum ink which, bool err)
{
    static const char *const codes[] = {"",         "\033[1m",  "\033[2m",
                                        "\033[32m", "\033[31m", "\033[33m"};
    return colours(err) ? codes[which] : "";
}

const char *ink_end(bool err)
{
    return colours(err) ? "\033[0m" : "";
}

void bar_text(double share, int width, char *out)
{
    int full = (int)(share * width + 0.5);
    if (full < 0) full = 0;
    if (full > width) full = width;
    out[0] = '[';
    memset(out + 1, '#', (size_t)full);
    memset(out + 1 + full, '-', (size_t)(width - full));
    out[width + 1] = ']';
    out[width + 2] = '\0';
}
