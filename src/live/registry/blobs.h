/* live/registry/blobs.h - bytes by their SHA-256: written once, never changed.
 *
 *     char hex[HASH_HEX_BYTES];
 *     if (blob_put_file(r, "/tmp/x/model.safetensors", hex, err)) return err->code;
 *     char path[PATH_BYTES_MAX];
 *     if (blob_path(r, hex, path, err)) return err->code;           //
 *     .cairn/store/sha256/ab/cdef...
 *
 * Writing: temporary file + fsync + rename + fsync of the folder; a failed fsync is never retried,
 * the file is discarded. A blob that is there already is hashed again, and rewritten when its bytes
 * are wrong. Paths are built from checked hex digits only.
 * Threads and processes: any; two writers of one blob write the same bytes.
 */
#ifndef LIVE_REGISTRY_BLOBS_H
#define LIVE_REGISTRY_BLOBS_H

#include "base/buf.h"
#include "live/registry/registry.h"

enum err_code blob_put(struct registry *r, const void *bytes, size_t len, char hex[HASH_HEX_BYTES],
                       struct err *err) MUST_CHECK;
enum err_code blob_put_file(struct registry *r, const char *path, char hex[HASH_HEX_BYTES],
                            struct err *err) MUST_CHECK;
/* ERR_NOT_FOUND when it is not stored; the bytes are not checked (blob_check does). */
enum err_code blob_path(struct registry *r, const char *hex, char out[PATH_BYTES_MAX],
                        struct err *err) MUST_CHECK;
/* Appends the bytes to out; hash checked: ERR_CORRUPT. */
enum err_code blob_get(struct registry *r, const char *hex, size_t bytes_max, struct buf *out,
                       struct err *err) MUST_CHECK;
enum err_code blob_check(struct registry *r, const char *hex, struct err *err) MUST_CHECK;

#endif
