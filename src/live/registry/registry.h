/* live/registry/registry.h - what a use case remembers: runs, models, splits, evidence, stages,
 * promotions, predictions, feedback.
 *
 *     struct registry *r = NULL;
 *     struct registry_options o = {.dir = "/home/jane/clinic/.cairn", .use_case = "clinic",
 *                                  .code = "0.1.0", .create = true};
 *     if (registry_open(&o, &r, err)) return err->code;
 *     ... registry_model_add(r, ...), evidence_append(r, ...), registry_promote(r, ...) ...
 *     registry_close(r);
 *
 * Layout of dir (docs/formats/registry.md):
 *     registry.db               the tables
 *     store/sha256/ab/cdef...   blobs, immutable (blobs.h)
 *     models/DIGEST/            models checked out (models.h)
 *     locks/KIND.lock           command locks
 *     runs/ID/                  working folders of runs (checkpoints), owned by front/app
 *
 * The other headers of the room: blobs.h, models.h, history.h (runs and splits), stages.h
 * (criteria, gates, promotions), evidence_chain.h, predictions.h, feedback_rows.h. Nothing here is
 * policy: who may promote what is decided in front/app.
 *
 * Rules that always hold:
 *  1. A call that writes and returns OK has been committed (fsync), unless it stands between
 *     registry_begin and registry_commit: then all of it is committed together or not at all.
 *  2. Wrong types, NULLs, bad UTF-8 or absurd sizes in rows are ERR_CORRUPT that names table and
 *     column.
 *  3. Rows come back in the caller's arena; text is valid UTF-8 and NUL-terminated.
 * Owner:   the caller owns the handle. Close it after prediction_log_stop.
 * Threads: any; calls on one handle take turns. A transaction belongs to the thread that began it.
 * Processes: any number; a writer waits for another up to REGISTRY_WAIT_MS, then ERR_BUSY.
 */
#ifndef LIVE_REGISTRY_REGISTRY_H
#define LIVE_REGISTRY_REGISTRY_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/os.h"
#include <stdint.h>

#define REGISTRY_ID_BYTES 33 /* 32 hex characters (128 random bits) and the NUL */
#define REGISTRY_NAME_MAX 128

struct registry;
struct store;

struct registry_options {
    const char *dir;      /* the .cairn folder, absolute */
    const char *use_case; /* 1 to REGISTRY_NAME_MAX bytes */
    const char *code;     /* program version, for evidence */
    bool create;          /* make folder and tables; false: ERR_NOT_FOUND when there is none */
};
enum err_code registry_open(const struct registry_options *o, struct registry **ret,
                            struct err *err) MUST_CHECK;
/* The same on a store of the caller's (another database; a store that fails, in tests). Takes the
 * store, also on failure. */
enum err_code registry_open_on(const struct registry_options *o, struct store *store,
                               struct registry **ret, struct err *err) MUST_CHECK;
void registry_close(struct registry *r);
const char *registry_dir(const struct registry *r);
const char *registry_use_case(const struct registry *r);

/* A transaction over several calls. Nesting is allowed: the outermost commit writes. When any call
 * in it failed, commit rolls back and returns ERR_CONFLICT. Exactly one of commit and rollback
 * follows each begin; rollback undoes it all. */
enum err_code registry_begin(struct registry *r, struct err *err) MUST_CHECK;
enum err_code registry_commit(struct registry *r, struct err *err) MUST_CHECK;
void registry_rollback(struct registry *r);

/* A command that runs long (kind "train", "promote", ...) keeps others of its kind out: waits up to
 * wait_ms, then ERR_BUSY whose detail names the holder: "cairn train, pid 123, since
 * 2026-11-23T19:25:00Z". The lock ends with the process, too. kind: lower-case letters and '-'.
 * Released with os_lock_drop. */
enum err_code registry_lock(struct registry *r, const char *kind, int wait_ms, struct os_lock *ret,
                            struct err *err) MUST_CHECK;

/* HMAC-SHA-256 of a text under this registry's secret (made once, never leaves it): tells that two
 * texts are equal without keeping either. */
void registry_text_hash(const struct registry *r, const char *text, size_t len,
                        char hex[HASH_HEX_BYTES]);
void registry_id_make(char id[REGISTRY_ID_BYTES]);

/* What `cairn doctor` asks: integrity_check and foreign_key_check of the database; ERR_CORRUPT says
 * what is wrong. */
enum err_code registry_check(struct registry *r, struct err *err) MUST_CHECK;

#endif
