#include "base/os.h"
#include "base/arena.h"
#include "base/str.h"
#include "support/test_folder.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK(call) cr_assert_eq((call), ERR_OK, "%s", err.message)

Test(os, read_write_append)
{
    struct test_folder t;
    struct err err = {0};
    struct buf b;
    test_folder_make(&t);
    const char *path = test_folder_path(&t, "f");
    OK(os_write_atomic(path, "one", 3, &err));
    OK(os_append_sync(path, "+two", 4, &err));
    OK(os_append_sync(test_folder_path(&t, "fresh"), "x", 1, &err));
    char *text = test_folder_read(&t, "f");
    cr_assert_str_eq(text, "one+two");
    mem_free(text);
    buf_init(&b, 100);
    cr_assert_eq(os_read_file(path, 6, &b, &err), ERR_LIMIT);
    buf_clear(&b);
    cr_assert_eq(os_read_file(t.path, 6, &b, &err), ERR_BAD_INPUT);
    err = (struct err){0};
    cr_assert_eq(os_read_file(test_folder_path(&t, "none"), 6, &b, &err), ERR_NOT_FOUND);
    cr_assert(str_ends(err.message, "/none: No such file or directory"), "%s", err.message);
    int64_t bytes;
    OK(os_file_bytes(path, &bytes, &err));
    cr_assert_eq(bytes, 7);
    cr_assert_eq(test_folder_count(&t), 2);
    buf_release(&b);
    test_folder_remove(&t);
}

Test(os, replacing_keeps_the_mode)
{
    struct test_folder t;
    struct err err = {0};
    struct stat st;
    test_folder_make(&t);
    const char *path = test_folder_write(&t, "secret", "a");
    cr_assert_eq(chmod(path, 0600), 0);
    OK(os_write_atomic(path, "b", 1, &err));
    cr_assert(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    test_folder_remove(&t);
}

Test(os, piecewise_replace_can_be_abandoned)
{
    struct test_folder t;
    struct err err = {0};
    struct os_replace r;
    test_folder_make(&t);
    const char *path = test_folder_write(&t, "f", "old");
    OK(os_replace_begin(path, &r, &err));
    OK(os_replace_write(&r, "new", 3, &err));
    os_replace_abandon(&r);
    cr_assert_eq(test_folder_count(&t), 1);
    OK(os_replace_begin(path, &r, &err));
    OK(os_replace_write(&r, "ne", 2, &err));
    OK(os_replace_write(&r, "w", 1, &err));
    OK(os_replace_commit(&r, &err));
    char *text = test_folder_read(&t, "f");
    cr_assert_str_eq(text, "new");
    mem_free(text);
    cr_assert_eq(test_folder_count(&t), 1);
    test_folder_remove(&t);
}

Test(os, maps)
{
    struct test_folder t;
    struct err err = {0};
    struct os_map m;
    test_folder_make(&t);
    OK(os_map_file(test_folder_write(&t, "f", "mapped"), &m, &err));
    cr_assert(m.len == 6 && memcmp(m.data, "mapped", 6) == 0);
    os_unmap(&m);
    os_unmap(&m);
    OK(os_map_file(test_folder_write(&t, "empty", ""), &m, &err));
    cr_assert(m.len == 0 && m.data != NULL);
    os_unmap(&m);
    cr_assert_eq(os_map_file(t.path, &m, &err), ERR_BAD_INPUT);
    test_folder_remove(&t);
}

Test(os, folders_are_made_listed_and_removed)
{
    struct test_folder t;
    struct err err = {0};
    struct arena a;
    char **names;
    size_t count;
    test_folder_make(&t);
    OK(os_mkdirs(test_folder_path(&t, "a/b/c"), &err));
    OK(os_mkdirs(test_folder_path(&t, "a/b/c/"), &err));
    test_folder_write(&t, "a/z", "1");
    test_folder_write(&t, "a/B", "1");
    cr_assert_eq(os_mkdirs(test_folder_path(&t, "a/z/x"), &err), ERR_CONFLICT);
    arena_init(&a, 1 << 20);
    OK(os_list(test_folder_path(&t, "a"), &a, &names, &count, &err));
    cr_assert_eq(count, 3);
    cr_assert(str_eq(names[0], "B") && str_eq(names[1], "b") && str_eq(names[2], "z"));
    for (int i = 0; i < 100; i++) test_folder_write(&t, arena_printf(&a, "a/b/%03d", 99 - i), "");
    OK(os_list(test_folder_path(&t, "a/b"), &a, &names, &count, &err));
    cr_assert(count == 101 && str_eq(names[42], "042") && str_eq(names[100], "c"));
    cr_assert_eq(os_list(test_folder_path(&t, "none"), &a, &names, &count, &err), ERR_NOT_FOUND);
    arena_release(&a);
    OK(os_remove_tree(test_folder_path(&t, "a"), &err));
    OK(os_remove_tree(test_folder_path(&t, "a"), &err));
    OK(os_remove(test_folder_path(&t, "a"), &err));
    cr_assert_eq(test_folder_count(&t), 0);
    test_folder_remove(&t);
}

Test(os, removing_a_tree_never_follows_a_link)
{
    struct test_folder t;
    struct err err = {0};
    test_folder_make(&t);
    OK(os_mkdirs(test_folder_path(&t, "keep"), &err));
    test_folder_write(&t, "keep/f", "x");
    OK(os_mkdirs(test_folder_path(&t, "gone/inner"), &err));
    cr_assert_eq(symlink("../../keep", test_folder_path(&t, "gone/inner/link")), 0);
    cr_assert_eq(symlink("keep", test_folder_path(&t, "link")), 0);
    OK(os_remove_tree(test_folder_path(&t, "gone"), &err));
    OK(os_remove_tree(test_folder_path(&t, "link"), &err));
    cr_assert(os_exists(test_folder_path(&t, "keep/f")));
    cr_assert_not(os_exists(test_folder_path(&t, "gone")));
    cr_assert_eq(test_folder_count(&t), 1);
    test_folder_remove(&t);
}

Test(os, paths)
{
    char out[PATH_BYTES_MAX], other[PATH_BYTES_MAX], longest[PATH_BYTES_MAX];
    struct err err = {0};
    OK(os_join(out, "a", "b", &err));
    cr_assert_str_eq(out, "a/b");
    OK(os_join(out, out, "c", &err));
    cr_assert_str_eq(out, "a/b/c");
    OK(os_join(out, "/", "c", &err));
    cr_assert_str_eq(out, "/c");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    cr_assert_eq(os_join(out, longest, "c", &err), ERR_LIMIT);
    cr_assert_str_eq(out, "/c");
    cr_assert_eq(os_write_atomic(longest, "", 0, &err), ERR_LIMIT);
    cr_assert_eq(os_mkdirs("", &err), ERR_LIMIT);
    OK(os_absolute("/tmp/../tmp/.", out, &err));
    OK(os_absolute("/tmp", other, &err));
    cr_assert_str_eq(out, other);
    cr_assert_eq(os_absolute("/no/such/path", out, &err), ERR_NOT_FOUND);
}

Test(os, renames_and_copies)
{
    struct test_folder t;
    struct err err = {0};
    test_folder_make(&t);
    const char *a = test_folder_write(&t, "a", "text"), *b = test_folder_path(&t, "b");
    OK(os_copy_file(a, b, &err));
    OK(os_rename(b, test_folder_path(&t, "c"), &err));
    char *text = test_folder_read(&t, "c");
    cr_assert_str_eq(text, "text");
    mem_free(text);
    cr_assert_eq(test_folder_count(&t), 2);
    cr_assert_eq(os_copy_file(test_folder_path(&t, "none"), b, &err), ERR_NOT_FOUND);
    cr_assert_eq(os_rename(test_folder_path(&t, "none"), b, &err), ERR_NOT_FOUND);
    cr_assert_eq(test_folder_count(&t), 2);
    test_folder_remove(&t);
}

/* A second process holds the lock; its death frees it. */
Test(os, locks)
{
    struct test_folder t;
    struct err err = {0};
    struct os_lock lock;
    int ready[2], release[2];
    char byte;
    test_folder_make(&t);
    const char *path = test_folder_path(&t, "lock");
    cr_assert(pipe(ready) == 0 && pipe(release) == 0);
    pid_t child = fork();
    if (child == 0) {
        bool held = os_lock_take(path, "cairn train (process 7)", 0, &lock, &err) == ERR_OK;
        byte = held ? 'y' : 'n';
        if (write(ready[1], &byte, 1) != 1 || read(release[0], &byte, 1) != 1) _exit(1);
        _exit(0); /* without os_lock_drop, as after kill -9 */
    }
    cr_assert(read(ready[0], &byte, 1) == 1 && byte == 'y');
    cr_assert_eq(os_lock_take(path, "second", 20, &lock, &err), ERR_BUSY);
    cr_assert(str_ends(err.message, " is held by cairn train (process 7)"), "%s", err.message);
    cr_assert_eq(write(release[1], "x", 1), 1);
    OK(os_lock_take(path, "second", 20000, &lock, &err));
    cr_assert_eq(waitpid(child, NULL, 0), child);
    os_lock_drop(&lock);
    OK(os_lock_take(path, "third", 0, &lock, &err));
    os_lock_drop(&lock);
    test_folder_remove(&t);
}

Test(os, dates)
{
    static const struct {
        int64_t us;
        const char *text;
    } KNOWN[] = {{0, "1970-01-01T00:00:00Z"},
                 {-1, "1969-12-31T23:59:59Z"},
                 {951782399999999, "2000-02-28T23:59:59Z"},
                 {951782400000000, "2000-02-29T00:00:00Z"},
                 {1795462500000000, "2026-11-23T19:35:00Z"},
                 {4107542400000000, "2100-03-01T00:00:00Z"}};
    char out[32];
    int64_t us;
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_COUNT(KNOWN); i++) {
        os_time_text(KNOWN[i].us, out);
        cr_assert_str_eq(out, KNOWN[i].text);
        OK(os_time_parse(out, &us, &err));
        int64_t past = KNOWN[i].us % 1000000;
        cr_assert_eq(us, KNOWN[i].us - (past < 0 ? past + 1000000 : past));
    }
    OK(os_time_parse("2027-02-21", &us, &err));
    os_time_text(us, out);
    cr_assert_str_eq(out, "2027-02-21T00:00:00Z");
    os_time_text(INT64_MAX, out);
    os_time_text(INT64_MIN, out);
    static const char *const BAD[] = {"",
                                      "2027-2-21",
                                      "2027-02-29",
                                      "2027-13-01",
                                      "2027-00-01",
                                      "2027-01-00",
                                      "2100-02-29",
                                      "2027-02-21T",
                                      "2027-02-21T24:00:00Z",
                                      "2027-02-21T09:60:00Z",
                                      "21.02.2027",
                                      "2027-02-21T09:30:00+01:00",
                                      "2027-02-21 09:30:00Z"};
    for (size_t i = 0; i < ARRAY_COUNT(BAD); i++)
        cr_assert_eq(os_time_parse(BAD[i], &us, &err), ERR_BAD_INPUT, "\"%s\"", BAD[i]);
}

Test(os, clocks_and_machine)
{
    int64_t before = os_monotonic_ns();
    os_sleep_ms(2);
    cr_assert_geq(os_monotonic_ns() - before, 2000000);
    cr_assert_gt(os_now_us(), INT64_C(1700000000000000));
    cr_assert_geq(os_cpu_count(), 1);
    cr_assert_gt(os_peak_memory_bytes(), 1 << 20);
    char name[64];
    os_cpu_name(name);
    cr_assert_gt(strlen(name), 3);
    unsigned char a[32] = {0}, b[32] = {0};
    os_random(a, sizeof a);
    os_random(b, sizeof b);
    cr_assert(memcmp(a, b, sizeof a) != 0);
    os_random(a, 0);
}
