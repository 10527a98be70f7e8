/* live/registry/store_sqlite.c - the store on SQLite, one file, many processes.
 *
 * Rollback journal, because the WAL of SQLite 3.40 has a reset bug. Its mode is TRUNCATE, not
 * DELETE: with synchronous=FULL a commit in DELETE mode ends with an unlink whose folder is not
 * synced, and a power cut could bring the journal back and undo what was acknowledged; in TRUNCATE
 * mode the emptied journal itself is synced.
 *
 * The file is not trusted: it must carry our application id, may hold neither views nor triggers,
 * has its cell sizes checked while it is read, and cannot change its schema behind our back
 * (defensive). mmap is off, so that a file cut short under us is an error of read() and not a
 * SIGBUS.
 *
 * Write transactions begin with BEGIN IMMEDIATE: the lock that two writers could each half hold and
 * then wait for in each other never arises. Waiting is SQLite's busy handler, REGISTRY_WAIT_MS.
 */
#include "base/arena.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/str.h"
#include "live/registry/store.h"
#include <sqlite3.h>
#include <string.h>

#define APPLICATION_ID    0x63616972 /* "cair" */
#define ROW_BYTES_MAX     (32 << 20)
#define STATEMENT_MAX     (64 << 10)
#define STORE_COLUMNS_MAX 32

struct sqlite_store {
    struct store store;
    sqlite3 *db;
    char path[PATH_BYTES_MAX];
};

static enum err_code code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:
        return ERR_CORRUPT; /* our SQL is fixed: what does not compile lacks a table */
    case SQLITE_CONSTRAINT:
        return ERR_CONFLICT;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    default:
        return ERR_IO;
    }
}

static enum err_code fail(struct sqlite_store *s, int rc, const char *doing, struct err *err)
{
    BUG_IF((rc & 0xff) == SQLITE_MISUSE || (rc & 0xff) == SQLITE_RANGE);
    enum err_code code = code_of(rc);
    char said[200];
    if (!str_format(said, sizeof said, "%s", s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc)))
        str_format(said, sizeof said, "%s", sqlite3_errstr(rc));
    if (code == ERR_BUSY) {
        err_set(err, code, "the registry is busy: another command is writing to it");
        err_detail(err, "waited %d ms while %s", REGISTRY_WAIT_MS, doing);
        return err_hint(err, "try again when that command is done");
    }
    err_set(err, code, "the registry failed while %s", doing);
    err_detail(err, "%s: %s", s->path, said);
    if (code == ERR_CORRUPT)
        return err_hint(err, "see what is left with `cairn doctor`, or restore a copy of the file");
    return code;
}

static enum err_code exec(struct sqlite_store *s, const char *sql, const char *doing,
                          struct err *err)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : fail(s, rc, doing, err);
}

/* One integer, as of a PRAGMA or a count. */
static enum err_code ask(struct sqlite_store *s, const char *sql, int64_t *ret, struct err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *ret = sqlite3_column_int64(st, 0);
        rc = SQLITE_OK;
    } else if (rc == SQLITE_DONE) {
        rc = SQLITE_CORRUPT;
    }
    sqlite3_finalize(st);
    return rc == SQLITE_OK ? ERR_OK : fail(s, rc, "reading its version", err);
}

static enum err_code not_ours(struct sqlite_store *s, const char *why, struct err *err)
{
    err_set(err, ERR_CORRUPT, "%s is not a registry of cairn", s->path);
    return err_detail(err, "%s", why);
}

static enum err_code read_version(struct sqlite_store *s, int64_t *ret, struct err *err)
{
    int64_t version = 0, id = 0, tables = 0, strange = 0;
    const char *others = "SELECT COUNT(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')";
    if (ask(s, "PRAGMA user_version", &version, err)) return err->code;
    if (ask(s, "PRAGMA application_id", &id, err)) return err->code;
    if (ask(s, "SELECT COUNT(*) FROM sqlite_schema", &tables, err)) return err->code;
    if (version == 0 && tables == 0) {
        *ret = 0;
        return ERR_OK;
    }
    if (id != APPLICATION_ID || version == 0)
        return not_ours(s, "it is an SQLite database of another program", err);
    if (ask(s, others, &strange, err)) return err->code;
    if (strange > 0) return not_ours(s, "it holds views or triggers, which cairn never makes", err);
    *ret = version;
    return ERR_OK;
}

/* In one read transaction: another process may be making the tables at this moment. */
static enum err_code sqlite_version(struct store *store, int64_t *ret, struct err *err)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    if (exec(s, "BEGIN", "reading its version", err)) return err->code;
    enum err_code code = read_version(s, ret, err);
    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

static enum err_code sqlite_begin(struct store *store, struct err *err)
{
    return exec((struct sqlite_store *)store, "BEGIN IMMEDIATE", "beginning a transaction", err);
}

static void sqlite_rollback(struct store *store)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    /* After some errors SQLite has rolled back by itself. A rollback that fails leaves a hot
     * journal, which the next open plays back: nothing to report. */
    if (!sqlite3_get_autocommit(s->db)) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static enum err_code sqlite_commit(struct store *store, struct err *err)
{
    enum err_code code = exec((struct sqlite_store *)store, "COMMIT", "committing", err);
    if (code) sqlite_rollback(store);
    return code;
}

static enum err_code sqlite_migrate(struct store *store, const char *sql, int64_t to_version,
                                    struct err *err)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    char set[100];
    int64_t now = 0;
    BUG_IF(!str_format(set, sizeof set, "PRAGMA application_id = %d; PRAGMA user_version = %lld",
                       APPLICATION_ID, (long long)to_version));
    if (sqlite_begin(store, err)) return err->code;
    if (ask(s, "PRAGMA user_version", &now, err)) goto undo;
    if (now < to_version) { /* else another process was faster */
        if (exec(s, sql, "making its tables", err)) goto undo;
        if (exec(s, set, "setting its version", err)) goto undo;
    }
    return sqlite_commit(store, err);
undo:
    sqlite_rollback(store);
    return err->code;
}

static int bind_one(sqlite3_stmt *st, int at, const struct store_value *v)
{
    switch (v->type) {
    case STORE_INT:
        return sqlite3_bind_int64(st, at, v->i);
    case STORE_REAL:
        return sqlite3_bind_double(st, at, v->f);
    case STORE_TEXT:
        return sqlite3_bind_text64(st, at, v->bytes, v->len, SQLITE_STATIC, SQLITE_UTF8);
    case STORE_BYTES:
        return sqlite3_bind_blob64(st, at, v->bytes, v->len, SQLITE_STATIC);
    case STORE_NULL:
        break;
    }
    return sqlite3_bind_null(st, at);
}

/* "$3" is a name to SQLite, numbered by first appearance: look each up. A value that the SQL does
 * not use is our bug. */
static int bind_all(sqlite3_stmt *st, const struct store_value *params, int count)
{
    BUG_IF(sqlite3_bind_parameter_count(st) != count);
    for (int i = 0; i < count; i++) {
        char name[8];
        BUG_IF(!str_format(name, sizeof name, "$%d", i + 1));
        int at = sqlite3_bind_parameter_index(st, name);
        BUG_IF(at == 0);
        int rc = bind_one(st, at, &params[i]);
        if (rc != SQLITE_OK) return rc;
    }
    return SQLITE_OK;
}

static void column(sqlite3_stmt *st, int i, struct store_value *ret)
{
    *ret = STORE_NONE;
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        *ret = STORE_INT_OF(sqlite3_column_int64(st, i));
        break;
    case SQLITE_FLOAT:
        ret->type = STORE_REAL;
        ret->f = sqlite3_column_double(st, i);
        break;
    case SQLITE_TEXT:
        ret->type = STORE_TEXT;
        ret->bytes = (const char *)sqlite3_column_text(st, i);
        ret->len = (size_t)sqlite3_column_bytes(st, i);
        break;
    case SQLITE_BLOB:
        ret->type = STORE_BYTES;
        ret->bytes = sqlite3_column_blob(st, i);
        ret->len = (size_t)sqlite3_column_bytes(st, i);
        break;
    default:
        break;
    }
    if (ret->type >= STORE_TEXT && !ret->bytes) ret->bytes = "", ret->len = 0;
}

static enum err_code steps(struct sqlite_store *s, sqlite3_stmt *st, store_row_fn *fn, void *ctx,
                           struct err *err)
{
    struct store_value columns[STORE_COLUMNS_MAX];
    int count = sqlite3_column_count(st);
    BUG_IF(count > STORE_COLUMNS_MAX);
    for (;;) {
        int rc = sqlite3_step(st);
        if (rc == SQLITE_DONE) return ERR_OK;
        if (rc != SQLITE_ROW) return fail(s, rc, "running a statement", err);
        if (!fn) continue;
        for (int i = 0; i < count; i++) column(st, i, &columns[i]);
        if (fn(ctx, columns, count, err)) return err->code;
    }
}

static enum err_code sqlite_run(struct store *store, const char *sql,
                                const struct store_value *params, int param_count, store_row_fn *fn,
                                void *ctx, int64_t *ret_changes, struct err *err)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    sqlite3_stmt *st = NULL;
    enum err_code code;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
    if (rc != SQLITE_OK) {
        code = fail(s, rc, "preparing a statement", err);
        goto out;
    }
    rc = bind_all(st, params, param_count);
    if (rc != SQLITE_OK) {
        code = fail(s, rc, "binding a value", err);
        goto out;
    }
    code = steps(s, st, fn, ctx, err);
    if (!code && ret_changes) *ret_changes = sqlite3_changes64(s->db);
out:
    sqlite3_finalize(st);
    return code;
}

static enum err_code damage_row(void *ctx, const struct store_value *v, int count, struct err *err)
{
    const char *what = ctx;
    (void)count;
    if (v[0].type == STORE_TEXT && v[0].len == 2 && memcmp(v[0].bytes, "ok", 2) == 0) return ERR_OK;
    err_set(err, ERR_CORRUPT, "the registry is damaged");
    if (v[0].type != STORE_TEXT) return err->code;
    return err_detail(err, "%s%.*s", what, (int)(v[0].len < 300 ? v[0].len : 300), v[0].bytes);
}

static enum err_code sqlite_check(struct store *store, struct err *err)
{
    char integrity[] = "", references[] = "a broken reference in table ";
    const char *sql = "PRAGMA integrity_check(1)";
    if (sqlite_run(store, sql, NULL, 0, damage_row, integrity, NULL, err)) return err->code;
    sql = "PRAGMA foreign_key_check";
    return sqlite_run(store, sql, NULL, 0, damage_row, references, NULL, err);
}

static void sqlite_close(struct store *store)
{
    struct sqlite_store *s = (struct sqlite_store *)store;
    if (!s) return;
    BUG_IF(sqlite3_close(s->db) != SQLITE_OK); /* an unfinished statement would be our leak */
    mem_free(s);
}

static const struct store_ops sqlite_ops = {
    .version = sqlite_version,
    .migrate = sqlite_migrate,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .run = sqlite_run,
    .check = sqlite_check,
    .close = sqlite_close,
};

static enum err_code configure(struct sqlite_store *s, struct err *err)
{
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, ROW_BYTES_MAX);
    sqlite3_limit(s->db, SQLITE_LIMIT_SQL_LENGTH, STATEMENT_MAX);
    sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_busy_timeout(s->db, REGISTRY_WAIT_MS);
    return exec(s,
                "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;"
                "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                "PRAGMA journal_mode = TRUNCATE",
                "opening it", err);
}

enum err_code store_sqlite_open(const char *path, bool create, struct store **ret, struct err *err)
{
    if (!create && !os_exists(path)) {
        return err_set(err, ERR_NOT_FOUND, "there is no registry at %s", path);
    }
    struct sqlite_store *s = mem_try(1, sizeof *s, err);
    if (!s) return err->code;
    s->store.ops = &sqlite_ops;
    if (!str_format(s->path, sizeof s->path, "%s", path)) {
        mem_free(s);
        return err_set(err, ERR_LIMIT, "the path of the registry is too long");
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(path, &s->db, flags | (create ? SQLITE_OPEN_CREATE : 0), NULL);
    if (rc != SQLITE_OK) {
        fail(s, rc, "opening it", err);
        goto out;
    }
    if (configure(s, err)) goto out;
    *ret = &s->store;
    return ERR_OK;
out:
    sqlite3_close(s->db);
    mem_free(s);
    return err->code;
}
