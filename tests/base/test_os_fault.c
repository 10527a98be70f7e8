/* The n-th file call fails, for every n: what was promised in base/os.h must hold each time.
 *
 * The broken table counts all calls. Each test runs its operation once for n = 1, 2, ... until one
 * run is so short that nothing failed. Calls fail with ENOSPC or EIO; writes also come short first.
 */
#include "base/arena.h"
#include "base/os.h"
#include "base/str.h"
#include "support/test_folder.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int calls, fail_at, opened, closed;
static const char *failed_call;

static bool fails(const char *name, int why)
{
    if (++calls != fail_at) return false;
    failed_call = name;
    errno = why;
    return true;
}

static int broken_open(const char *path, int flags, mode_t mode)
{
    if (fails("open", EMFILE)) return -1;
    int fd = open(path, flags, mode);
    opened += fd >= 0;
    return fd;
}

static ssize_t broken_read(int fd, void *out, size_t len)
{
    return fails("read", EIO) ? -1 : read(fd, out, len);
}

static ssize_t broken_write(int fd, const void *bytes, size_t len)
{
    if (fails("write", ENOSPC)) return -1;
    return write(fd, bytes, len > 3 ? 3 : len); /* short writes are legal */
}

static int broken_fsync(int fd)
{
    return fails("fsync", EIO) ? -1 : fsync(fd);
}

static int broken_rename(const char *from, const char *to)
{
    return fails("rename", EIO) ? -1 : rename(from, to);
}

static int broken_close(int fd)
{
    closed++;
    bool fail = fails("close", EIO);
    int result = close(fd);
    if (fail) errno = EIO;
    return fail ? -1 : result;
}

static const struct os_ops BROKEN = {broken_open,  broken_read,   broken_write,
                                     broken_fsync, broken_rename, broken_close};

typedef enum err_code operation(struct test_folder *t, struct err *err);

/* One run with the n-th call broken. Returns false when nothing was left to break. */
static bool run(operation *op, struct test_folder *t, int n, enum err_code *ret, struct err *err)
{
    *err = (struct err){0};
    calls = opened = closed = 0;
    fail_at = n;
    failed_call = NULL;
    os_use(&BROKEN);
    *ret = op(t, err);
    os_use(NULL);
    cr_assert_eq(opened, closed, "n = %d (%s): %d opened, %d closed", n,
                 failed_call ? failed_call : "none", opened, closed);
    return failed_call != NULL;
}

static enum err_code replace_file(struct test_folder *t, struct err *err)
{
    return os_write_atomic(test_folder_path(t, "f"), "new text", 8, err);
}

static enum err_code copy_file(struct test_folder *t, struct err *err)
{
    return os_copy_file(test_folder_path(t, "source"), test_folder_path(t, "f"), err);
}

/* Every n: the file is whole, old or new; success means new; no temporary file stays. */
static void never_torn(operation *op, bool with_old, size_t others)
{
    struct test_folder t;
    struct err err;
    enum err_code code;
    int n = 1, last_step = 0;
    for (bool broken = true; broken; n++) {
        test_folder_make(&t);
        if (others) test_folder_write(&t, "source", "new text");
        if (with_old) test_folder_write(&t, "f", "old");
        broken = run(op, &t, n, &code, &err);
        bool there = os_exists(test_folder_path(&t, "f"));
        char *text = there ? test_folder_read(&t, "f") : NULL;
        bool is_new = text && str_eq(text, "new text");
        if (code == ERR_OK) cr_assert(is_new, "n = %d", n);
        if (code != ERR_OK && is_new) { /* only the fsync of the folder comes that late */
            last_step++;
            cr_assert_str_eq(failed_call, "fsync");
            cr_assert(strstr(err.detail, "may not survive a power cut"), "%s", err.detail);
        } else if (code != ERR_OK) {
            cr_assert(with_old ? text && str_eq(text, "old") : !there, "n = %d: torn", n);
            cr_assert_eq(code, ERR_IO);
        }
        if (broken && !str_eq(failed_call, "close")) cr_assert_neq(code, ERR_OK, "n = %d", n);
        cr_assert_eq(test_folder_count(&t), others + (text != NULL), "n = %d: a file is left", n);
        mem_free(text);
        test_folder_remove(&t);
    }
    cr_assert_eq(last_step, 1);
    cr_assert_geq(n, 10); /* folder, file, 3 writes, 2 fsyncs, rename, 2 closes */
}

Test(os_fault, write_atomic_over_an_old_file)
{
    never_torn(replace_file, true, 0);
}

Test(os_fault, write_atomic_of_a_new_file)
{
    never_torn(replace_file, false, 0);
}

Test(os_fault, copy_file)
{
    never_torn(copy_file, true, 1);
}

static enum err_code append_record(struct test_folder *t, struct err *err)
{
    return os_append_sync(test_folder_path(t, "f"), "second\n", 7, err);
}

static void never_half_a_record(bool with_old)
{
    struct test_folder t;
    struct err err;
    enum err_code code;
    for (int n = 1;; n++) {
        test_folder_make(&t);
        if (with_old) test_folder_write(&t, "f", "first\n");
        bool broken = run(append_record, &t, n, &code, &err);
        const char *before = with_old ? "first\n" : "",
                   *after = with_old ? "first\nsecond\n" : "second\n";
        bool there = os_exists(test_folder_path(&t, "f"));
        char *text = there ? test_folder_read(&t, "f") : NULL;
        cr_assert_str_eq(text ? text : "", code ? before : after, "n = %d (%s)", n, failed_call);
        mem_free(text);
        test_folder_remove(&t);
        if (!broken) break;
    }
}

Test(os_fault, append_sync)
{
    never_half_a_record(true);
    never_half_a_record(false);
}

static enum err_code read_whole(struct test_folder *t, struct err *err)
{
    struct buf b;
    buf_init(&b, 100);
    enum err_code code = os_read_file(test_folder_path(t, "f"), 100, &b, err);
    if (!code) cr_assert_str_eq(b.data, "old");
    buf_release(&b);
    return code;
}

static enum err_code rename_file(struct test_folder *t, struct err *err)
{
    return os_rename(test_folder_path(t, "f"), test_folder_path(t, "g"), err);
}

static enum err_code map_file(struct test_folder *t, struct err *err)
{
    struct os_map m;
    enum err_code code = os_map_file(test_folder_path(t, "f"), &m, err);
    if (!code) os_unmap(&m);
    return code;
}

Test(os_fault, reads_renames_and_maps_say_so)
{
    static operation *const OPS[] = {read_whole, rename_file, map_file};
    struct err err;
    enum err_code code;
    for (size_t i = 0; i < ARRAY_COUNT(OPS); i++) {
        for (int n = 1;; n++) {
            struct test_folder t;
            test_folder_make(&t);
            test_folder_write(&t, "f", "old");
            bool broken = run(OPS[i], &t, n, &code, &err);
            if (broken && !str_eq(failed_call, "close")) cr_assert_eq(code, ERR_IO);
            if (!broken) cr_assert_eq(code, ERR_OK);
            test_folder_remove(&t);
            if (!broken) break;
        }
    }
}

static ssize_t interrupted_write(int fd, const void *bytes, size_t len)
{
    if (calls++ % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    return write(fd, bytes, len > 1 ? len / 2 : len);
}

static ssize_t interrupted_read(int fd, void *out, size_t len)
{
    if (calls++ % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    return read(fd, out, len > 2 ? 2 : len);
}

Test(os_fault, interrupted_and_short_calls_go_on)
{
    struct test_folder t;
    struct err err = {0};
    struct buf b;
    struct os_ops ops = os_real;
    ops.write = interrupted_write;
    ops.read = interrupted_read;
    test_folder_make(&t);
    buf_init(&b, 100);
    os_use(&ops);
    enum err_code wrote = os_write_atomic(test_folder_path(&t, "f"), "0123456789", 10, &err);
    enum err_code read = os_read_file(test_folder_path(&t, "f"), 100, &b, &err);
    os_use(NULL);
    cr_assert(wrote == ERR_OK && read == ERR_OK);
    cr_assert_str_eq(b.data, "0123456789");
    buf_release(&b);
    test_folder_remove(&t);
}
