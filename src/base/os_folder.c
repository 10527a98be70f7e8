/* base/os_folder.c - paths, folders and the lock file.
 *
 * A tree is removed through folder descriptors (openat, unlinkat) and never through a symbolic
 * link: nothing outside it can be reached, even when somebody moves folders about meanwhile.
 *
 * Locks are flock(2): they vanish with the process, kill -9 included, so no stale lock has to be
 * broken by guessing.
 */
#define _DEFAULT_SOURCE /* flock */
#include "base/arena.h"
#include "base/os_internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TREE_DEPTH_MAX    64
#define LIST_COUNT_MAX    1000000
#define HOLDER_BYTES_MAX  120
#define LOCK_POLL_MS_MOST 50

bool os_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool os_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum err_code os_file_bytes(const char *path, int64_t *ret_bytes, struct err *err)
{
    struct stat st;
    if (stat(path, &st) != 0) return os_fail(err, "read the size of", path);
    *ret_bytes = st.st_size;
    return ERR_OK;
}

enum err_code os_file_time_us(const char *path, int64_t *ret_us, struct err *err)
{
    struct stat st;
    if (stat(path, &st) != 0) return os_fail(err, "read the time of", path);
    *ret_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    return ERR_OK;
}

enum err_code os_touch(const char *path, struct err *err)
{
    return utimensat(AT_FDCWD, path, NULL, 0) == 0 ? ERR_OK : os_fail(err, "touch", path);
}

enum err_code os_mkdirs(const char *path, struct err *err)
{
    char part[PATH_BYTES_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part)
        return err_set(err, ERR_LIMIT, "a path has 1 to %d bytes", PATH_BYTES_MAX - 1);
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0') continue;
        char keep = part[i];
        part[i] = '\0';
        if (mkdir(part, 0777) != 0) {
            if (errno != EEXIST) return os_fail(err, "make the folder", part);
            if (!os_is_dir(part))
                return err_set(err, ERR_CONFLICT, "%s is a file, a folder is needed", part);
        }
        part[i] = keep;
    }
    return ERR_OK;
}

enum err_code os_rename(const char *from, const char *to, struct err *err)
{
    int folder_fd;
    enum err_code code = os_open_folder_of(to, &folder_fd, err);
    if (code) return code;
    if (os_now->rename(from, to) != 0)
        code = os_fail(err, "rename", from);
    else if (os_now->fsync(folder_fd) != 0)
        code = os_fail(err, "sync the folder of", to);
    os_close_quietly(folder_fd);
    return code;
}

enum err_code os_link(const char *from, const char *to, struct err *err)
{
    if (link(from, to) == 0) return ERR_OK;
    if (errno == EXDEV || errno == EPERM || errno == EMLINK || errno == ENOTSUP || errno == ENOSYS)
        return os_copy_file(from, to, err);
    return os_fail(err, "link", from);
}

enum err_code os_remove(const char *path, struct err *err)
{
    if (unlink(path) == 0 || errno == ENOENT) return ERR_OK;
    return os_fail(err, "remove", path);
}

/* Removes everything inside the folder `fd`, which it closes. Returns 0, or -1 with errno. */
static int empty_folder(int fd, int depth)
{
    DIR *dir = depth < TREE_DEPTH_MAX ? fdopendir(fd) : NULL;
    if (!dir) {
        if (depth >= TREE_DEPTH_MAX) errno = ELOOP;
        os_close_quietly(fd);
        return -1;
    }
    int result = 0;
    for (struct dirent *d; result == 0 && (errno = 0, d = readdir(dir)) != NULL;) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) continue;
        if (unlinkat(fd, d->d_name, 0) == 0) continue;
        if (errno != EISDIR && errno != EPERM) {
            result = -1;
            break;
        }
        int inner = openat(fd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0 || empty_folder(inner, depth + 1) != 0 ||
            unlinkat(fd, d->d_name, AT_REMOVEDIR) != 0)
            result = -1;
    }
    int keep = errno;
    closedir(dir);
    errno = keep;
    return result;
}

enum err_code os_remove_tree(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOTDIR || errno == ELOOP) return os_remove(path, err);
        return errno == ENOENT ? ERR_OK : os_fail(err, "remove", path);
    }
    if (empty_folder(fd, 0) != 0 || rmdir(path) != 0) return os_fail(err, "remove", path);
    return ERR_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Twice the room for names; the old array stays in the arena until it goes. */
static char **more_names(struct arena *a, char **names, size_t count, size_t *cap, struct err *err)
{
    size_t wanted = *cap ? *cap * 2 : 16;
    char **grown = wanted > LIST_COUNT_MAX ? NULL : arena_try(a, wanted, sizeof *grown, err);
    if (wanted > LIST_COUNT_MAX) err_set(err, ERR_LIMIT, "more than %d files", LIST_COUNT_MAX);
    if (!grown) return NULL;
    if (count > 0) memcpy(grown, names, count * sizeof *grown);
    *cap = wanted;
    return grown;
}

enum err_code os_list(const char *path, struct arena *a, char ***ret_names, size_t *ret_count,
                      struct err *err)
{
    DIR *dir = opendir(path);
    if (!dir) return os_fail(err, "list", path);
    char **names = NULL;
    size_t count = 0, cap = 0;
    enum err_code code = ERR_OK;
    for (struct dirent *d; (errno = 0, d = readdir(dir)) != NULL;) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) continue;
        if (count == cap) {
            names = more_names(a, names, count, &cap, err);
            if (!names) {
                code = err->code;
                goto out;
            }
        }
        names[count++] = arena_strdup(a, d->d_name);
    }
    if (errno != 0) {
        code = os_fail(err, "list", path);
        goto out;
    }
    if (count > 0) qsort(names, count, sizeof *names, by_bytes);
    *ret_names = names;
    *ret_count = count;
out:
    closedir(dir);
    return code;
}

enum err_code os_join(char out[PATH_BYTES_MAX], const char *dir, const char *name, struct err *err)
{
    size_t len = strlen(dir);
    const char *between = len > 0 && dir[len - 1] == '/' ? "" : "/";
    int wanted = snprintf(NULL, 0, "%s%s%s", dir, between, name);
    if (wanted < 0 || wanted >= PATH_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "the path is longer than %d bytes", PATH_BYTES_MAX - 1);
    char joined[PATH_BYTES_MAX]; /* dir may be out itself */
    snprintf(joined, sizeof joined, "%s%s%s", dir, between, name);
    memcpy(out, joined, (size_t)wanted + 1);
    return ERR_OK;
}

enum err_code os_absolute(const char *path, char out[PATH_BYTES_MAX], struct err *err)
{
    char *real = realpath(path, NULL);
    if (!real) return os_fail(err, "find", path);
    size_t len = strlen(real);
    bool fits = len < PATH_BYTES_MAX;
    if (fits) memcpy(out, real, len + 1);
    free(real);
    if (fits) return ERR_OK;
    return err_set(err, ERR_LIMIT, "the path is longer than %d bytes", PATH_BYTES_MAX - 1);
}

static enum err_code busy(int fd, const char *path, struct err *err)
{
    char holder[HOLDER_BYTES_MAX + 1];
    ssize_t len = pread(fd, holder, sizeof holder - 1, 0);
    holder[len > 0 ? len : 0] = '\0';
    err_set(err, ERR_BUSY, "%s is held by %s", path, len > 0 ? holder : "another process");
    return err_hint(err, "wait until it is done, then try again");
}

enum err_code os_lock_take(const char *path, const char *holder, int wait_ms, struct os_lock *ret,
                           struct err *err)
{
    int fd = os_now->open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return os_fail(err, "open", path);
    int64_t until = os_monotonic_ns() + (int64_t)wait_ms * 1000000;
    enum err_code code;
    for (int pause_ms = 1; flock(fd, LOCK_EX | LOCK_NB) != 0;) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            code = os_fail(err, "lock", path);
            goto fail;
        }
        if (os_monotonic_ns() >= until) {
            code = busy(fd, path, err);
            goto fail;
        }
        os_sleep_ms(pause_ms);
        if (pause_ms < LOCK_POLL_MS_MOST) pause_ms *= 2;
    }
    size_t len = strlen(holder);
    if (len > HOLDER_BYTES_MAX) len = HOLDER_BYTES_MAX;
    if (ftruncate(fd, 0) != 0 || pwrite(fd, holder, len, 0) != (ssize_t)len) {
        code = os_fail(err, "write", path);
        goto fail;
    }
    ret->fd = fd;
    return ERR_OK;
fail:
    os_close_quietly(fd);
    return code;
}

void os_lock_drop(struct os_lock *l)
{
    os_close_quietly(l->fd);
    l->fd = -1;
}
