/* The n-th SQL call, the n-th write or sync of the database file, the n-th write or fsync of a blob
 * fails, for every n: the command says so, what was acknowledged before stays, and the next open
 * works.
 *
 * Three edges, three ways to break them: the store's function table is wrapped; SQLite's file
 * system is a VFS of the test's that stands before the real one; blobs go through os_ops.
 */
#include "base/str.h"
#include "live/registry/blobs.h"
#include "live/registry/store.h"
#include "read_all.h"
#include "registry_fixture.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

static int fail_at, calls; /* the call that fails, from 1; 0: none */

static bool fails_now(void)
{
    return ++calls == fail_at;
}

/* --- the store --- */

struct faulty_store {
    struct store store;
    struct store *real;
};

static enum err_code broken(struct err *err)
{
    return err_set(err, ERR_IO, "the store was told to fail");
}
#define REAL(s) (((struct faulty_store *)(s))->real)

static enum err_code faulty_version(struct store *s, int64_t *ret, struct err *err)
{
    return fails_now() ? broken(err) : REAL(s)->ops->version(REAL(s), ret, err);
}
static enum err_code faulty_migrate(struct store *s, const char *sql, int64_t to, struct err *err)
{
    return fails_now() ? broken(err) : REAL(s)->ops->migrate(REAL(s), sql, to, err);
}
static enum err_code faulty_begin(struct store *s, struct err *err)
{
    return fails_now() ? broken(err) : REAL(s)->ops->begin(REAL(s), err);
}
static enum err_code faulty_commit(struct store *s, struct err *err)
{
    if (!fails_now()) return REAL(s)->ops->commit(REAL(s), err);
    REAL(s)->ops->rollback(REAL(s)); /* as the contract of commit says */
    return broken(err);
}
static void faulty_rollback(struct store *s)
{
    REAL(s)->ops->rollback(REAL(s));
}
static enum err_code faulty_run(struct store *s, const char *sql, const struct store_value *params,
                                int count, store_row_fn *fn, void *ctx, int64_t *changes,
                                struct err *err)
{
    if (fails_now()) return broken(err);
    return REAL(s)->ops->run(REAL(s), sql, params, count, fn, ctx, changes, err);
}
static enum err_code faulty_check(struct store *s, struct err *err)
{
    return REAL(s)->ops->check(REAL(s), err);
}
static void faulty_close(struct store *s)
{
    REAL(s)->ops->close(REAL(s));
    mem_free(s);
}
static const struct store_ops faulty_ops = {
    faulty_version,  faulty_migrate, faulty_begin, faulty_commit,
    faulty_rollback, faulty_run,     faulty_check, faulty_close,
};

static enum err_code open_faulty(struct fixture *f, struct err *err)
{
    char path[PATH_BYTES_MAX];
    struct store *real = NULL;
    struct registry_options o = fixture_options(f);
    if (os_join(path, f->folder.path, "registry.db", err)) return err->code;
    if (store_sqlite_open(path, true, &real, err)) return err->code;
    struct faulty_store *s = mem_try(1, sizeof *s, err);
    cr_assert_not_null(s);
    *s = (struct faulty_store){.store = {&faulty_ops}, .real = real};
    return registry_open_on(&o, &s->store, &f->r, err);
}

/* --- what is tried: a promotion and a piece of feedback, each acknowledged or not --- */

struct outcome {
    enum err_code open, promote, feedback, review;
};

static struct outcome work(struct fixture *f, enum err_code (*open)(struct fixture *, struct err *),
                           const struct prediction_row *p)
{
    struct outcome done = {ERR_IO, ERR_IO, ERR_IO, ERR_IO};
    struct err err = {0};
    char id[REGISTRY_ID_BYTES];
    bool is_new = false;
    struct feedback_row row = {.prediction = p->id, .by = "jane", .group = "g"};
    done.open = open(f, &err);
    if (done.open) return done;
    done.promote = fixture_promote(f->r, 2, &f->a, &err);
    done.feedback = feedback_row_put(f->r, &row, id, &is_new, &err);
    if (!done.feedback) done.review = feedback_row_review(f->r, id, true, "ann", NULL, &err);
    registry_close(f->r);
    f->r = NULL;
    return done;
}

/* Opens without faults: what was acknowledged is there, the evidence belongs to it, the file is
 * sound. */
static void inspect(struct fixture *f, const struct outcome *done)
{
    struct promotion p;
    struct feedback_counts c;
    struct registry_options o = fixture_options(f);
    struct feedback_filter all = {.state = -1};
    int64_t length = 0;
    char head[HASH_HEX_BYTES];
    OK(registry_open(&o, &f->r, &err));
    OK(registry_check(f->r, &err));
    cr_assert_eq(read_all(f->r), ERR_OK);
    OK(registry_champion(f->r, &f->a, &p, &err));
    OK(evidence_head(f->r, head, &length, &err));
    cr_assert_eq(length, p.seq, "a promotion and its evidence are one");
    if (!done->promote) cr_assert_eq(p.seq, 2);
    OK(feedback_row_count(f->r, &all, false, &c, &err));
    if (!done->feedback) cr_assert_eq(c.predictions, 1);
    if (!done->review) cr_assert_eq(c.accepted, 1);
}

/* Runs the work with the n-th call failing, n = 1, 2, ... until nothing fails any more. */
static void for_every_call(enum err_code (*open)(struct fixture *, struct err *), int least)
{
    for (int n = 1;; n++) {
        struct fixture f;
        struct prediction_row p;
        fail_at = 0;
        fixture_open(&f);
        OK(fixture_add_model(&f, 1, &err));
        OK(fixture_add_model(&f, 2, &err));
        OK(fixture_promote(f.r, 1, &f.a, &err));
        fixture_prediction(&f, 1, "aspirin helps", &p);
        OK(prediction_put(f.r, &p, 1, &err));
        registry_close(f.r);
        f.r = NULL;
        calls = 0;
        fail_at = n;
        struct outcome done = work(&f, open, &p);
        bool reached = calls >= n;
        fail_at = 0;
        inspect(&f, &done);
        fixture_close(&f);
        if (reached) continue;
        cr_assert(!done.open && !done.promote && !done.feedback && !done.review);
        cr_assert_gt(n, least, "only %d calls were made", n);
        return;
    }
}

Test(fault, every_call_of_the_store, .timeout = 300)
{
    for_every_call(open_faulty, 15);
}

/* --- the file of the database --- */

static sqlite3_vfs shim;
static sqlite3_vfs *real_vfs;

struct shim_file {
    sqlite3_file base;
    sqlite3_file *real;
};
#define FILE_OF(f) (((struct shim_file *)(f))->real)

static int shim_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
    if (!fails_now()) return FILE_OF(f)->pMethods->xWrite(FILE_OF(f), bytes, len, at);
    (void)FILE_OF(f)->pMethods->xWrite(FILE_OF(f), bytes, len / 2, at); /* a torn write */
    return SQLITE_IOERR_WRITE;
}
static int shim_sync(sqlite3_file *f, int flags)
{
    return fails_now() ? SQLITE_IOERR_FSYNC : FILE_OF(f)->pMethods->xSync(FILE_OF(f), flags);
}
static int shim_truncate(sqlite3_file *f, sqlite3_int64 len)
{
    return fails_now() ? SQLITE_IOERR_TRUNCATE : FILE_OF(f)->pMethods->xTruncate(FILE_OF(f), len);
}
static int shim_close(sqlite3_file *f)
{
    int rc = FILE_OF(f)->pMethods->xClose(FILE_OF(f));
    sqlite3_free(FILE_OF(f));
    return rc;
}
static int shim_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
    return FILE_OF(f)->pMethods->xRead(FILE_OF(f), out, len, at);
}
static int shim_size(sqlite3_file *f, sqlite3_int64 *ret)
{
    return FILE_OF(f)->pMethods->xFileSize(FILE_OF(f), ret);
}
static int shim_lock(sqlite3_file *f, int level)
{
    return FILE_OF(f)->pMethods->xLock(FILE_OF(f), level);
}
static int shim_unlock(sqlite3_file *f, int level)
{
    return FILE_OF(f)->pMethods->xUnlock(FILE_OF(f), level);
}
static int shim_reserved(sqlite3_file *f, int *ret)
{
    return FILE_OF(f)->pMethods->xCheckReservedLock(FILE_OF(f), ret);
}
static int shim_control(sqlite3_file *f, int op, void *arg)
{
    return FILE_OF(f)->pMethods->xFileControl(FILE_OF(f), op, arg);
}
static int shim_sector(sqlite3_file *f)
{
    return FILE_OF(f)->pMethods->xSectorSize(FILE_OF(f));
}
static int shim_traits(sqlite3_file *f)
{
    return FILE_OF(f)->pMethods->xDeviceCharacteristics(FILE_OF(f));
}
static const sqlite3_io_methods shim_methods = {
    .iVersion = 1,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_traits,
};

static int shim_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    struct shim_file *s = (struct shim_file *)f;
    (void)v;
    s->base.pMethods = NULL;
    s->real = sqlite3_malloc(real_vfs->szOsFile);
    int rc = s->real ? real_vfs->xOpen(real_vfs, name, s->real, flags, out) : SQLITE_NOMEM;
    if (rc == SQLITE_OK)
        s->base.pMethods = &shim_methods;
    else
        sqlite3_free(s->real);
    return rc;
}

static enum err_code open_plain(struct fixture *f, struct err *err)
{
    struct registry_options o = fixture_options(f);
    return registry_open(&o, &f->r, err);
}

Test(fault, every_write_and_sync_of_the_database, .timeout = 300)
{
    real_vfs = sqlite3_vfs_find(NULL);
    shim = *real_vfs;
    shim.zName = "faulty";
    shim.szOsFile = (int)sizeof(struct shim_file);
    shim.xOpen = shim_open;
    cr_assert_eq(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
    for_every_call(open_plain, 20);
}

/* --- blobs --- */

static ssize_t faulty_write(int fd, const void *bytes, size_t len)
{
    if (!fails_now()) return write(fd, bytes, len);
    errno = ENOSPC;
    return -1;
}
static int faulty_fsync(int fd)
{
    if (!fails_now()) return fsync(fd);
    errno = EIO;
    return -1;
}

Test(fault, every_write_and_fsync_of_a_model, .timeout = 120)
{
    struct os_ops ops = os_real;
    ops.write = faulty_write;
    ops.fsync = faulty_fsync;
    for (int n = 1;; n++) {
        struct fixture f;
        struct err why = {0};
        char hex[HASH_HEX_BYTES], dir[PATH_BYTES_MAX];
        struct registry_model m;
        fail_at = 0;
        fixture_open(&f);
        os_use(&ops);
        calls = 0;
        fail_at = n;
        enum err_code code = fixture_add_model(&f, 1, &why);
        bool reached = calls >= n;
        os_use(NULL);
        fixture_digest(1, hex);
        if (code) {
            FAILS(registry_model_find(f.r, hex, &f.a, &m, &err), ERR_NOT_FOUND);
            OK(fixture_add_model(&f, 1, &err));
        }
        OK(registry_model_check(f.r, hex, &err));
        OK(registry_model_checkout(f.r, hex, dir, &err));
        fixture_close(&f);
        if (!reached) {
            cr_assert_eq(code, ERR_OK);
            cr_assert_gt(n, 12);
            return;
        }
    }
}
