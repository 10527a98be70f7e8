/* tests/support/test_folder.c - a test cannot go on without its folder: every failure fails it. */
#include "support/test_folder.h"
#include "base/arena.h"
#include "base/str.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define TEST_FILE_BYTES_MAX (1u << 30)

void test_folder_make(struct test_folder *t)
{
    const char *root = getenv("TMPDIR");
    *t = (struct test_folder){0};
    cr_assert(str_format(t->path, sizeof t->path, "%s/cairn-test-XXXXXX", root ? root : "/tmp"));
    cr_assert_not_null(mkdtemp(t->path), "cannot make %s", t->path);
}

void test_folder_remove(struct test_folder *t)
{
    struct err err = {0};
    cr_assert_eq(os_remove_tree(t->path, &err), ERR_OK, "%s", err.message);
}

const char *test_folder_path(struct test_folder *t, const char *name)
{
    char *path = t->paths[t->next++ % TEST_FOLDER_PATHS];
    cr_assert(str_format(path, sizeof t->paths[0], "%s/%s", t->path, name));
    return path;
}

const char *test_folder_write(struct test_folder *t, const char *name, const char *text)
{
    struct err err = {0};
    const char *path = test_folder_path(t, name);
    cr_assert_eq(os_write_atomic(path, text, strlen(text), &err), ERR_OK, "%s", err.message);
    return path;
}

size_t test_folder_count(const struct test_folder *t)
{
    struct err err = {0};
    struct arena a;
    char **names;
    size_t count = 0;
    arena_init(&a, 1 << 20);
    cr_assert_eq(os_list(t->path, &a, &names, &count, &err), ERR_OK, "%s", err.message);
    arena_release(&a);
    return count;
}

char *test_folder_read(struct test_folder *t, const char *name)
{
    struct err err = {0};
    struct buf text;
    buf_init(&text, TEST_FILE_BYTES_MAX);
    enum err_code code = os_read_file(test_folder_path(t, name), TEST_FILE_BYTES_MAX, &text, &err);
    cr_assert_eq(code, ERR_OK, "%s", err.message);
    return buf_take(&text);
}
