/* live/registry/store.h - the seam to the database: statements with bound values, transactions,
 * migrations.
 *
 * Two implementations are meant for it: SQLite (store_sqlite.c) for one machine, PostgreSQL where
 * several machines share a registry. SQL is written once, in the part that both speak: placeholders
 * $1, $2, ..., types TEXT, BIGINT and DOUBLE PRECISION, ON CONFLICT DO NOTHING. Rooms outside
 * live/registry never see SQL; they call registry.h and its siblings.
 *
 *     struct store *s = NULL;
 *     if (store_sqlite_open(".cairn/registry.db", true, &s, err)) return err->code;
 *     struct store_value p[] = {STORE_TEXT_OF(digest)};
 *     const char *sql = "SELECT bytes FROM models WHERE digest = $1";
 *     if (s->ops->run(s, sql, p, 1, on_row, &ctx, NULL, err)) ...
 *     s->ops->close(s);
 *
 * Rules that always hold:
 *  1. Values are bound, never pasted into SQL.
 *  2. begin takes the write lock at once, so that two writers wait for each other and never
 *     deadlock.
 *  3. What commit acknowledged survives a crash. After a failed commit nothing of the transaction
 *     is there.
 *  4. A database that is not one, is cut short, or holds other tables than ours is ERR_CORRUPT,
 *     never a crash.
 * Errors:  ERR_BUSY after REGISTRY_WAIT_MS of waiting for another writer; ERR_IO; ERR_CORRUPT;
 *          ERR_CONFLICT for a broken constraint.
 * Threads: one owner at a time; struct registry serialises its callers.
 */
#ifndef LIVE_REGISTRY_STORE_H
#define LIVE_REGISTRY_STORE_H

#include "base/err.h"
#include <stdint.h>

enum store_type { STORE_NULL, STORE_INT, STORE_REAL, STORE_TEXT, STORE_BYTES };

struct store_value {
    enum store_type type;
    int64_t i;
    double f;
    const char *bytes; /* TEXT and BYTES; not NUL-terminated when it comes from a row */
    size_t len;
};
#define STORE_NONE       ((struct store_value){.type = STORE_NULL})
#define STORE_INT_OF(v)  ((struct store_value){.type = STORE_INT, .i = (v)})
#define STORE_REAL_OF(v) store_real((v))
#define STORE_TEXT_OF(s) store_text((s))
struct store_value store_text(const char *s); /* NULL gives STORE_NULL */
struct store_value store_real(double v);      /* NaN gives STORE_NULL */

/* Called for each row; columns live until it returns. An error ends the statement and is returned
 * by run. */
typedef enum err_code store_row_fn(void *ctx, const struct store_value *columns, int count,
                                   struct err *err);

struct store;
struct store_ops {
    enum err_code (*version)(struct store *s, int64_t *ret, struct err *err);
    /* One step of the migration table: all statements of `sql` and the new version, in one
     * transaction. Another process that did the same step meanwhile is no error. */
    enum err_code (*migrate)(struct store *s, const char *sql, int64_t to_version, struct err *err);
    enum err_code (*begin)(struct store *s, struct err *err);
    enum err_code (*commit)(struct store *s, struct err *err); /* on failure: rolled back */
    void (*rollback)(struct store *s);
    /* fn may be NULL. ret_changes (may be NULL): rows that an INSERT, UPDATE or DELETE touched. */
    enum err_code (*run)(struct store *s, const char *sql, const struct store_value *params,
                         int param_count, store_row_fn *fn, void *ctx, int64_t *ret_changes,
                         struct err *err);
    /* Whole-file check for `cairn doctor`: ERR_CORRUPT with the first damage found. */
    enum err_code (*check)(struct store *s, struct err *err);
    void (*close)(struct store *s);
};
struct store { /* an implementation puts this first in its own struct */
    const struct store_ops *ops;
};

/* create = false: ERR_NOT_FOUND when there is no file. Rollback journal, synchronous=FULL,
 * mmap_size=0, foreign keys on, schema untrusted. */
enum err_code store_sqlite_open(const char *path, bool create, struct store **ret,
                                struct err *err) MUST_CHECK;

/* The migration table. */
struct store_migration {
    int64_t version; /* that the step leads to; 1, 2, ... */
    const char *sql;
};
const struct store_migration *store_migrations(size_t *ret_count);
/* Brings a store to the newest version; ERR_CORRUPT when it is newer than this program or not a
 * registry. */
enum err_code store_migrate(struct store *s, struct err *err) MUST_CHECK;

#endif
