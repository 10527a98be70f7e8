/* base/os.h - files, folders, clock, random: the one edge to the operating system.
 *
 * File calls go through a table (os_ops) so that a test can make the n-th open, read, write, fsync
 * or rename fail (tests/base/test_os_fault.c). Paths are UTF-8. Text of errors names the path.
 *
 * Durability: os_write_atomic = temporary file in the same folder + write + fsync + rename + fsync
 * of the folder. A failed fsync is never retried: the temporary file is removed and ERR_IO
 * returned; the old file is as it was. Only the last step, the fsync of the folder, can fail when
 * the new file is already in place: it is then whole, ERR_IO is returned, and its detail says so.
 * The mode of a file that is replaced is kept.
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#include "base/buf.h"
#include <stdint.h>
#include <sys/types.h>

#define PATH_BYTES_MAX 4096

struct os_ops { /* the calls that tests can break; semantics and errno as in POSIX */
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*read)(int fd, void *out, size_t len);
    ssize_t (*write)(int fd, const void *bytes, size_t len);
    int (*fsync)(int fd);
    int (*rename)(const char *from, const char *to);
    int (*close)(int fd);
};
extern const struct os_ops os_real;
void os_use(const struct os_ops *ops); /* NULL: the real ones; not thread-safe, tests only */

/* Whole file into `out` (appended). ERR_NOT_FOUND, ERR_LIMIT when it is larger than bytes_max,
 * ERR_IO. */
enum err_code os_read_file(const char *path, size_t bytes_max, struct buf *out,
                           struct err *err) MUST_CHECK;
/* The same piece by piece, for what does not fit in memory: open, next until *ret_len is 0, close.
 */
struct os_reader {
    int fd;
    const char *path; /* borrowed */
};
enum err_code os_reader_open(const char *path, struct os_reader *ret, struct err *err) MUST_CHECK;
enum err_code os_reader_next(struct os_reader *r, void *out, size_t len, size_t *ret_len,
                             struct err *err) MUST_CHECK;
void os_reader_close(struct os_reader *r);

enum err_code os_write_atomic(const char *path, const void *bytes, size_t len,
                              struct err *err) MUST_CHECK;
/* os_write_atomic piece by piece: begin, write..., then commit or abandon, each of which ends it.
 * After a failed write call abandon; after a failed begin or commit nothing is left to do. */
struct os_replace {
    int fd, folder_fd;
    char path[PATH_BYTES_MAX], temporary[PATH_BYTES_MAX];
};
enum err_code os_replace_begin(const char *path, struct os_replace *ret,
                               struct err *err) MUST_CHECK;
enum err_code os_replace_write(struct os_replace *r, const void *bytes, size_t len,
                               struct err *err) MUST_CHECK;
/* The next `len` bytes are zero and, where the file system can, take no room. Something must be
 * written behind them. */
enum err_code os_replace_skip(struct os_replace *r, size_t len, struct err *err) MUST_CHECK;
/* Nobody but this user may read or write the new file, whatever the mode of the old one. */
enum err_code os_replace_private(struct os_replace *r, struct err *err) MUST_CHECK;
enum err_code os_replace_commit(struct os_replace *r, struct err *err) MUST_CHECK;
void os_replace_abandon(struct os_replace *r);
/* Appends one record and fsyncs it; when that fails the file has its old length. */
enum err_code os_append_sync(const char *path, const void *bytes, size_t len,
                             struct err *err) MUST_CHECK;

struct os_map {
    const void *data;
    size_t len;
};
/* Read-only private mapping. Empty files map to data = "" and len 0. */
enum err_code os_map_file(const char *path, struct os_map *ret, struct err *err) MUST_CHECK;
void os_unmap(struct os_map *m);
/* The same for a file that is trusted because of who wrote it: ERR_AUTH unless it is a regular file
 * (no link) of this process's user that nobody else may write to. */
enum err_code os_map_own_file(const char *path, struct os_map *ret, struct err *err) MUST_CHECK;

bool os_exists(const char *path);
bool os_is_dir(const char *path);
enum err_code os_file_bytes(const char *path, int64_t *ret_bytes, struct err *err) MUST_CHECK;
/* When a file was last written, or touched: microseconds as os_now_us. */
enum err_code os_file_time_us(const char *path, int64_t *ret_us, struct err *err) MUST_CHECK;
enum err_code os_touch(const char *path, struct err *err) MUST_CHECK;
enum err_code os_mkdirs(const char *path,
                        struct err *err) MUST_CHECK; /* mkdir -p, mode 0777 & ~umask */
enum err_code os_rename(const char *from, const char *to,
                        struct err *err) MUST_CHECK; /* + fsync of the folder */
enum err_code os_copy_file(const char *from, const char *to,
                           struct err *err) MUST_CHECK; /* atomic at `to` */
/* A second name for the same file, which nobody may write to then; a copy where the file system has
 * no links. */
enum err_code os_link(const char *from, const char *to, struct err *err) MUST_CHECK;
enum err_code os_remove(const char *path, struct err *err) MUST_CHECK; /* a file; absent is fine */
enum err_code os_remove_tree(const char *path, struct err *err) MUST_CHECK;
/* Names in a folder without . and .., sorted by bytes; strings live in the arena. */
struct arena;
enum err_code os_list(const char *path, struct arena *a, char ***ret_names, size_t *ret_count,
                      struct err *err) MUST_CHECK;
/* "dir/name" into out[PATH_BYTES_MAX]; ERR_LIMIT when it does not fit. */
enum err_code os_join(char out[PATH_BYTES_MAX], const char *dir, const char *name,
                      struct err *err) MUST_CHECK;
/* Absolute, symlinks resolved; the path must exist. */
enum err_code os_absolute(const char *path, char out[PATH_BYTES_MAX], struct err *err) MUST_CHECK;

/* An advisory lock on a file (created). Waits up to wait_ms; ERR_BUSY names who holds it (the
 * holder's text). */
struct os_lock {
    int fd;
};
enum err_code os_lock_take(const char *path, const char *holder, int wait_ms, struct os_lock *ret,
                           struct err *err) MUST_CHECK;
void os_lock_drop(struct os_lock *l);

int64_t os_now_us(void);       /* wall clock, microseconds since 1970 UTC */
int64_t os_monotonic_ns(void); /* for durations */
/* "2026-11-23T19:25:00Z" */
void os_time_text(int64_t us, char out[32]);
/* Reads "YYYY-MM-DD" or the form above; ERR_BAD_INPUT. */
enum err_code os_time_parse(const char *s, int64_t *ret_us, struct err *err) MUST_CHECK;
void os_random(void *out, size_t len); /* getrandom; aborts when the kernel has none */
int os_cpu_count(void);         /* CPUs that this process may run on (affinity, cgroup quota) */
void os_cpu_name(char out[64]); /* "Intel(R) Xeon(R) Processor" */
/* Asks the kernel to let this process use AMX tiles, for all its threads from now on; asking again
 * is free. False where there are none, or the kernel says no. */
bool os_tiles_permit(void);
int64_t os_peak_memory_bytes(void);
void os_sleep_ms(int ms);
/* From now on this thread gives way to the others. */
void os_thread_background(void);

#endif
