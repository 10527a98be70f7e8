/* live/registry/blobs.c - a blob's name is its hash, so that whatever has the name must have the
 * bytes.
 *
 * A file is copied first and hashed after: what counts is what arrived in the store, not what stood
 * in the source a moment before. So it is written beside its final name (incoming/), hashed, and
 * renamed. A power cut leaves at most a file in incoming/, which nothing refers to.
 */
#include "live/registry/blobs.h"
#include "base/limits.h"
#include "base/str.h"
#include "live/registry/registry_internal.h"
#include <string.h>

static enum err_code place_of(struct registry *r, const char *hex, bool make_folder,
                              char out[PATH_BYTES_MAX], struct err *err)
{
    char name[128];
    if (need_hex(hex, "a blob's name", err)) return err->code;
    BUG_IF(!str_format(name, sizeof name, "store/sha256/%.2s", hex));
    if (registry_path(r, name, out, err)) return err->code;
    if (make_folder && os_mkdirs(out, err)) return err->code;
    BUG_IF(!str_format(name, sizeof name, "store/sha256/%.2s/%s", hex, hex + 2));
    return registry_path(r, name, out, err);
}

/* Is the blob there with the right bytes? A wrong one is no error: the caller writes it anew. */
static bool is_good(const char *path, const char *hex)
{
    char found[HASH_HEX_BYTES];
    struct err ignored = {0};
    return os_exists(path) && !hash_file(path, found, &ignored) && str_eq(found, hex);
}

enum err_code blob_put(struct registry *r, const void *bytes, size_t len, char hex[HASH_HEX_BYTES],
                       struct err *err)
{
    char name[HASH_HEX_BYTES], path[PATH_BYTES_MAX];
    hash_bytes(bytes, len, name);
    if (place_of(r, name, true, path, err)) return err->code;
    if (!is_good(path, name) && os_write_atomic(path, bytes, len, err)) return err->code;
    memcpy(hex, name, sizeof name);
    return ERR_OK;
}

static enum err_code incoming_path(struct registry *r, char out[PATH_BYTES_MAX], struct err *err)
{
    char id[REGISTRY_ID_BYTES], name[64];
    if (registry_path(r, "store/incoming", out, err)) return err->code;
    if (os_mkdirs(out, err)) return err->code;
    registry_id_make(id);
    BUG_IF(!str_format(name, sizeof name, "store/incoming/%s", id));
    return registry_path(r, name, out, err);
}

enum err_code blob_put_file(struct registry *r, const char *path, char hex[HASH_HEX_BYTES],
                            struct err *err)
{
    char name[HASH_HEX_BYTES], incoming[PATH_BYTES_MAX], place[PATH_BYTES_MAX];
    struct err ignored = {0};
    if (hash_file(path, name, err)) return err->code;
    if (place_of(r, name, true, place, err)) return err->code;
    if (is_good(place, name)) {
        memcpy(hex, name, sizeof name);
        return ERR_OK;
    }
    if (incoming_path(r, incoming, err)) return err->code;
    if (os_copy_file(path, incoming, err)) goto out;
    if (hash_file(incoming, name, err)) goto out;
    if (place_of(r, name, true, place, err)) goto out;
    if (os_rename(incoming, place, err)) goto out;
    memcpy(hex, name, sizeof name);
    return ERR_OK;
out:
    if (os_remove(incoming, &ignored)) return err->code;
    return err->code;
}

enum err_code blob_path(struct registry *r, const char *hex, char out[PATH_BYTES_MAX],
                        struct err *err)
{
    char path[PATH_BYTES_MAX];
    if (place_of(r, hex, false, path, err)) return err->code;
    if (!os_exists(path)) {
        err_set(err, ERR_NOT_FOUND, "the store has no blob %.16s", hex);
        return err_detail(err, "%s is missing", path);
    }
    memcpy(out, path, sizeof path);
    return ERR_OK;
}

static enum err_code wrong_bytes(const char *path, const char *found, struct err *err)
{
    err_set(err, ERR_CORRUPT, "a blob of the store is not what was written");
    return err_detail(err, "%s has the SHA-256 %s", path, found);
}

enum err_code blob_get(struct registry *r, const char *hex, size_t bytes_max, struct buf *out,
                       struct err *err)
{
    char path[PATH_BYTES_MAX], found[HASH_HEX_BYTES];
    size_t before = out->len;
    if (blob_path(r, hex, path, err)) return err->code;
    if (os_read_file(path, bytes_max, out, err)) return err->code;
    hash_bytes(out->data + before, out->len - before, found);
    return str_eq(found, hex) ? ERR_OK : wrong_bytes(path, found, err);
}

enum err_code blob_check(struct registry *r, const char *hex, struct err *err)
{
    char path[PATH_BYTES_MAX], found[HASH_HEX_BYTES];
    if (blob_path(r, hex, path, err)) return err->code;
    if (hash_file(path, found, err)) return err->code;
    return str_eq(found, hex) ? ERR_OK : wrong_bytes(path, found, err);
}
