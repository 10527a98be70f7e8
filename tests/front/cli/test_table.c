/* Tables are drawn to stdout; here stdout is a file for a moment. Off a terminal there are no
 * escape codes, so what is compared is the text itself. */
#include "front/cli/table.h"
#include "base/str.h"
#include "support/test_folder.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *printed(struct table *t)
{
    struct test_folder folder;
    test_folder_make(&folder);
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    int file = open(test_folder_path(&folder, "out"), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    cr_assert(before >= 0 && file >= 0);
    dup2(file, STDOUT_FILENO);
    table_print(t);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    close(file);
    char *text = test_folder_read(&folder, "out");
    test_folder_remove(&folder);
    return text;
}

static void expect(struct table *t, const char *want)
{
    char *got = printed(t);
    cr_expect_str_eq(got, want);
    mem_free(got);
}

Test(table, columns_line_up)
{
    struct table t;
    table_init(&t, "label:l", "f1:r", "n:r", NULL);
    table_row(&t, "DISEASE", table_num(&t, 0.91234, 3), table_int(&t, 12345), NULL);
    table_row(&t, "X", table_num(&t, (double)NAN, 3), table_int(&t, -1), NULL);
    expect(&t, "  label       f1      n\n"
               "  DISEASE  0.912  12345\n"
               "  X            -     -1\n");
}

/* A character of East Asia takes two columns; a combining accent none. */
Test(table, widths_are_columns_of_a_terminal)
{
    struct table t;
    table_init(&t, "\xE6\xA0\x87\xE7\xAD\xBE:l", "\xE6\x95\xB0:r", NULL);
    table_row(&t, "\xE7\x96\xBE\xE7\x97\x85", "1", NULL);
    table_row(&t, "abc", "22", NULL);
    table_row(&t, "e\xCC\x81t\xC3\xA9", "333", NULL);
    expect(&t, "  \xE6\xA0\x87\xE7\xAD\xBE   \xE6\x95\xB0\n"
               "  \xE7\x96\xBE\xE7\x97\x85    1\n"
               "  abc    22\n"
               "  e\xCC\x81t\xC3\xA9   333\n");
}

Test(table, short_rows_and_the_last_column)
{
    struct table t;
    table_init(&t, "a:l", "b:l", NULL);
    table_row(&t, "one", NULL);
    table_row(&t, "two", "no blanks after it", NULL);
    expect(&t, "  a    b\n"
               "  one  \n"
               "  two  no blanks after it\n");
}

Test(table, many_rows)
{
    struct table t;
    table_init(&t, "n:r", NULL);
    for (int i = 0; i < 1000; i++) table_row(&t, table_text(&t, "%d", i), NULL);
    char *got = printed(&t);
    size_t lines = 0;
    for (const char *p = got; *p; p++) lines += *p == '\n';
    cr_expect_eq(lines, 1001);
    mem_free(got);
}

Test(table, cells_of_strange_text)
{
    struct table t;
    table_init(&t, "a:l", "b:l", NULL);
    table_row(&t, "%s%n", "", NULL);
    char *got = printed(&t);
    cr_expect_not_null(strstr(got, "%s%n"));
    mem_free(got);
}

Test(bar, is_as_long_as_its_share)
{
    char out[16];
    bar_text(0, 10, out);
    cr_expect_str_eq(out, "[----------]");
    bar_text(0.5, 10, out);
    cr_expect_str_eq(out, "[#####-----]");
    bar_text(1.7, 10, out);
    cr_expect_str_eq(out, "[##########]");
    bar_text(-1, 10, out);
    cr_expect_str_eq(out, "[----------]");
}
