#include "front/cli/lines.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"
#include "support/test_folder.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct seen {
    int64_t count, last_number, stop_at;
    size_t bytes;
    char text[256];
};

static enum err_code take(void *ctx, const char *line, size_t len, int64_t number, struct err *err)
{
    struct seen *s = ctx;
    if (number == s->stop_at) return err_set(err, ERR_BAD_INPUT, "enough");
    s->count++;
    s->last_number = number;
    s->bytes += len;
    cr_expect_eq(line[len], '\0');
    size_t used = strlen(s->text);
    (void)str_format(s->text + used, sizeof s->text - used, "%.20s|", line);
    return ERR_OK;
}

static struct seen read_text(const char *text, int64_t stop_at, enum err_code want)
{
    struct test_folder t;
    struct seen s = {.stop_at = stop_at};
    struct err err = {0};
    test_folder_make(&t);
    const char *path = test_folder_write(&t, "a.txt", text);
    cr_expect_eq(lines_read(path, take, &s, &err), want, "%s", err.message);
    test_folder_remove(&t);
    return s;
}

Test(lines, ends_of_all_kinds)
{
    struct seen s = read_text("one\ntwo\r\n\n\xE8\x82\xBA four", 0, ERR_OK);
    cr_expect_str_eq(s.text, "one|two||\xE8\x82\xBA four|");
    cr_expect_eq(s.last_number, 4);
    cr_expect_eq(read_text("", 0, ERR_OK).count, 0);
    cr_expect_eq(read_text("\n", 0, ERR_OK).count, 1);
}

Test(lines, stops_at_the_first_error)
{
    struct seen s = read_text("one\ntwo\nthree\n", 2, ERR_BAD_INPUT);
    cr_expect_eq(s.count, 1);
}

Test(lines, longer_than_a_piece_of_reading)
{
    static char text[200000];
    memset(text, 'x', sizeof text - 2);
    text[100000] = '\n';
    text[sizeof text - 2] = '\n';
    struct seen s = read_text(text, 0, ERR_OK);
    cr_expect_eq(s.count, 2);
    cr_expect_eq(s.bytes, sizeof text - 3);
}

Test(lines, finite)
{
    struct err err = {0};
    char *text = mem_try(LINE_BYTES_MAX + 10, 1, &err);
    cr_assert_not_null(text);
    memset(text, 'x', LINE_BYTES_MAX + 9);
    struct seen s = read_text(text, 0, ERR_LIMIT);
    cr_expect_eq(s.count, 0);
    mem_free(text);
}

Test(lines, no_file_and_a_folder)
{
    struct seen s = {0};
    struct err err = {0};
    cr_expect_eq(lines_read("/nowhere/at/all", take, &s, &err), ERR_NOT_FOUND);
    err = (struct err){0};
    cr_expect_eq(lines_read("/", take, &s, &err), ERR_IO);
}
