/* front/cli/table.h - columns that line up, in any script; colours only on a terminal.
 *
 *     struct table t;
 *     table_init(&t, "label:l", "precision:r", "recall:r", NULL);   // l left, r right
 *     table_row(&t, "DISEASE", table_num(&t, 0.912, 3), table_num(&t, 0.9, 3), NULL);
 *     table_print(&t);                            // to stdout; releases the table
 *
 * Widths count terminal columns (East Asian characters are two). A NULL cell ends a row early;
 * missing cells are empty.
 */
#ifndef FRONT_CLI_TABLE_H
#define FRONT_CLI_TABLE_H

#include "base/arena.h"
#include "base/buf.h"

#define TABLE_COLUMNS_MAX 16
struct table {
    struct arena arena;
    const char *title[TABLE_COLUMNS_MAX];
    char align[TABLE_COLUMNS_MAX];
    int columns;
    const char ***rows;
    int row_count, row_cap;
};
void table_init(struct table *t, ...) __attribute__((sentinel));
void table_row(struct table *t, ...) __attribute__((sentinel));
void table_print(struct table *t);
/* Cells, in the table's memory. NaN is "-". */
const char *table_num(struct table *t, double v, int digits);
const char *table_int(struct table *t, long long v);
const char *table_text(struct table *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

enum ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_GREEN, INK_RED, INK_YELLOW };
/* Escape codes around what follows until ink_end; nothing off a terminal or under NO_COLOR. `err`:
 * for stderr. */
const char *ink(enum ink which, bool err);
const char *ink_end(bool err);
bool on_terminal(bool err);

/* "[######----]" of `width` cells into out (width + 3 bytes at least). */
void bar_text(double share, int width, char *out);

#endif
