/* base/os_file.c - whole files: read, replace, append, map.
 *
 * Replacing a file is: open the folder, write a temporary file beside the target, fsync it, rename
 * it over the target, fsync the folder. Everything that can fail early fails before the rename, and
 * then only the temporary file has to go. The last fsync can still fail; the target is then whole
 * and new, but may be the old one again after a power cut, and the caller is told. fsync is never
 * tried twice: after a failure the kernel may have dropped the dirty pages, and the second call
 * would lie (Rebello et al. 2020).
 */
#include "base/os_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES 65536

static int real_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

const struct os_ops os_real = {real_open, read, write, fsync, rename, close};
const struct os_ops *os_now = &os_real;

void os_use(const struct os_ops *ops)
{
    os_now = ops ? ops : &os_real;
}

void os_close_quietly(int fd)
{
    int keep = errno;
    if (fd >= 0) os_now->close(fd);
    errno = keep;
}

enum err_code os_fail(struct err *err, const char *verb, const char *path)
{
    int why = errno;
    bool absent = why == ENOENT || why == ENOTDIR;
    err_set(err, absent ? ERR_NOT_FOUND : ERR_IO, "cannot %s %s", verb, path);
    return err_errno(err, why);
}

enum err_code os_reader_open(const char *path, struct os_reader *ret, struct err *err)
{
    int fd = os_now->open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return os_fail(err, "open", path);
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        os_close_quietly(fd);
        return err_set(err, ERR_BAD_INPUT, "%s is a folder, a file is needed", path);
    }
    *ret = (struct os_reader){.fd = fd, .path = path};
    return ERR_OK;
}

enum err_code os_reader_next(struct os_reader *r, void *out, size_t len, size_t *ret_len,
                             struct err *err)
{
    ssize_t got;
    do got = os_now->read(r->fd, out, len);
    while (got < 0 && errno == EINTR);
    if (got < 0) return os_fail(err, "read", r->path);
    *ret_len = (size_t)got;
    return ERR_OK;
}

void os_reader_close(struct os_reader *r)
{
    os_close_quietly(r->fd);
    r->fd = -1;
}

enum err_code os_read_file(const char *path, size_t bytes_max, struct buf *out, struct err *err)
{
    struct os_reader reader;
    enum err_code code = os_reader_open(path, &reader, err);
    if (code) return code;
    char chunk[CHUNK_BYTES];
    size_t total = 0, got = 0;
    do {
        code = os_reader_next(&reader, chunk, sizeof chunk, &got, err);
        if (code) break;
        total += got;
        if (total > bytes_max) {
            code = err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, bytes_max);
            break;
        }
        buf_add(out, chunk, got);
    } while (got > 0);
    os_reader_close(&reader);
    return code ? code : buf_check(out, err);
}

static enum err_code write_all(int fd, const char *path, const void *bytes, size_t len,
                               struct err *err)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t done = os_now->write(fd, at, len);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return os_fail(err, "write", path);
        at += done;
        len -= (size_t)done;
    }
    return ERR_OK;
}

enum err_code os_folder_of(const char *path, char out[PATH_BYTES_MAX], struct err *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 1;
    if (len >= PATH_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "the path is longer than %d bytes", PATH_BYTES_MAX - 1);
    if (slash && len == 0) len = 1; /* a file in / */
    memcpy(out, slash ? path : ".", len);
    out[len] = '\0';
    return ERR_OK;
}

enum err_code os_open_folder_of(const char *path, int *ret_fd, struct err *err)
{
    char folder[PATH_BYTES_MAX];
    enum err_code code = os_folder_of(path, folder, err);
    if (code) return code;
    int fd = os_now->open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) return os_fail(err, "open the folder", folder);
    *ret_fd = fd;
    return ERR_OK;
}

static enum err_code temporary_name(const char *path, char out[PATH_BYTES_MAX], struct err *err)
{
    uint64_t mark;
    os_random(&mark, sizeof mark);
    int len = snprintf(out, PATH_BYTES_MAX, "%s.tmp-%016llx", path, (unsigned long long)mark);
    if (len >= PATH_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "the path is longer than %d bytes", PATH_BYTES_MAX - 1);
    return ERR_OK;
}

enum err_code os_replace_begin(const char *path, struct os_replace *ret, struct err *err)
{
    struct os_replace r = {.fd = -1, .folder_fd = -1};
    if (strlen(path) >= sizeof r.path)
        return err_set(err, ERR_LIMIT, "the path is longer than %d bytes", PATH_BYTES_MAX - 1);
    memcpy(r.path, path, strlen(path) + 1);
    enum err_code code = temporary_name(path, r.temporary, err);
    if (!code) code = os_open_folder_of(path, &r.folder_fd, err);
    if (code) return code;
    r.fd = os_now->open(r.temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (r.fd < 0) {
        code = os_fail(err, "create", r.temporary);
        os_close_quietly(r.folder_fd);
        return code;
    }
    struct stat old;
    if (stat(path, &old) == 0 && fchmod(r.fd, old.st_mode & 0777) != 0) {
        code = os_fail(err, "set the mode of", r.temporary);
        os_replace_abandon(&r);
        return code;
    }
    *ret = r;
    return ERR_OK;
}

enum err_code os_replace_write(struct os_replace *r, const void *bytes, size_t len, struct err *err)
{
    return write_all(r->fd, r->path, bytes, len, err);
}

enum err_code os_replace_skip(struct os_replace *r, size_t len, struct err *err)
{
    if (len > (size_t)INT64_MAX || lseek(r->fd, (off_t)len, SEEK_CUR) < 0)
        return os_fail(err, "write", r->path);
    return ERR_OK;
}

enum err_code os_replace_private(struct os_replace *r, struct err *err)
{
    return fchmod(r->fd, 0600) == 0 ? ERR_OK : os_fail(err, "set the mode of", r->path);
}

void os_replace_abandon(struct os_replace *r)
{
    os_close_quietly(r->fd);
    os_close_quietly(r->folder_fd);
    unlink(r->temporary);
    r->fd = r->folder_fd = -1;
}

enum err_code os_replace_commit(struct os_replace *r, struct err *err)
{
    if (os_now->fsync(r->fd) != 0) {
        os_fail(err, "sync", r->path);
        os_replace_abandon(r);
        return ERR_IO;
    }
    int fd = r->fd;
    r->fd = -1;
    if (os_now->close(fd) != 0 || os_now->rename(r->temporary, r->path) != 0) {
        enum err_code code = os_fail(err, "replace", r->path);
        os_replace_abandon(r);
        return code;
    }
    bool synced = os_now->fsync(r->folder_fd) == 0;
    if (!synced) {
        os_fail(err, "sync the folder of", r->path);
        err_detail(err, "the new file is whole and in place, but may not survive a power cut");
    }
    os_close_quietly(r->folder_fd);
    r->folder_fd = -1;
    return synced ? ERR_OK : ERR_IO;
}

enum err_code os_write_atomic(const char *path, const void *bytes, size_t len, struct err *err)
{
    struct os_replace r;
    enum err_code code = os_replace_begin(path, &r, err);
    if (code) return code;
    code = os_replace_write(&r, bytes, len, err);
    if (!code) return os_replace_commit(&r, err);
    os_replace_abandon(&r);
    return code;
}

enum err_code os_copy_file(const char *from, const char *to, struct err *err)
{
    struct os_reader reader;
    struct os_replace r;
    enum err_code code = os_reader_open(from, &reader, err);
    if (code) return code;
    code = os_replace_begin(to, &r, err);
    if (code) goto out;
    char chunk[CHUNK_BYTES];
    size_t got = 0;
    do {
        code = os_reader_next(&reader, chunk, sizeof chunk, &got, err);
        if (!code) code = os_replace_write(&r, chunk, got, err);
    } while (!code && got > 0);
    if (code)
        os_replace_abandon(&r);
    else
        code = os_replace_commit(&r, err);
out:
    os_reader_close(&reader);
    return code;
}

enum err_code os_append_sync(const char *path, const void *bytes, size_t len, struct err *err)
{
    int folder_fd = -1;
    bool fresh = !os_exists(path);
    enum err_code code = fresh ? os_open_folder_of(path, &folder_fd, err) : ERR_OK;
    if (code) return code;
    int fd = os_now->open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) {
        code = os_fail(err, "open", path);
        os_close_quietly(folder_fd);
        return code;
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        code = os_fail(err, "read the size of", path);
        goto out;
    }
    code = write_all(fd, path, bytes, len, err);
    if (!code && os_now->fsync(fd) != 0) code = os_fail(err, "sync", path);
    if (!code && fresh && os_now->fsync(folder_fd) != 0)
        code = os_fail(err, "sync the folder of", path);
    if (code && ftruncate(fd, st.st_size) != 0) /* half a record must not stay */
        err_detail(err, "part of the record may be left at the end of the file");
out:
    os_close_quietly(fd);
    os_close_quietly(folder_fd);
    return code;
}

static enum err_code map_fd(int fd, const char *path, struct os_map *ret, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return os_fail(err, "read the size of", path);
    if (st.st_size == 0) {
        *ret = (struct os_map){.data = "", .len = 0};
        return ERR_OK;
    }
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return os_fail(err, "map", path);
    *ret = (struct os_map){.data = data, .len = (size_t)st.st_size};
    return ERR_OK;
}

enum err_code os_map_file(const char *path, struct os_map *ret, struct err *err)
{
    struct os_reader reader;
    enum err_code code = os_reader_open(path, &reader, err);
    if (code) return code;
    code = map_fd(reader.fd, path, ret, err);
    os_reader_close(&reader);
    return code;
}

enum err_code os_map_own_file(const char *path, struct os_map *ret, struct err *err)
{
    const int fd = os_now->open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
    struct stat st;
    enum err_code code = ERR_OK;
    if (fd < 0) return os_fail(err, "open", path);
    if (fstat(fd, &st) != 0)
        code = os_fail(err, "read the owner of", path);
    else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
        code = err_set(err, ERR_AUTH, "%s is not a file that this user alone may write", path);
    else
        code = map_fd(fd, path, ret, err);
    os_close_quietly(fd);
    return code;
}

void os_unmap(struct os_map *m)
{
    if (m->len > 0) munmap((void *)(uintptr_t)m->data, m->len);
    *m = (struct os_map){.data = "", .len = 0};
}
