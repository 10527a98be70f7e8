/* live/registry/registry.c - the handle: opening, turns, transactions, locks, the secret.
 *
 * One connection serves all threads of a process, one call at a time (`turn`): SQLite would make
 * them wait for each other anyway, and so no thread ever sees SQLITE_BUSY from its own process. The
 * mutex is recursive and is kept from the outermost begin to its commit, so that what is composed
 * of several calls is still one turn.
 */
#include "base/limits.h"
#include "base/str.h"
#include "live/registry/predictions.h"
#include "live/registry/registry_internal.h"
#include <string.h>
#include <unistd.h>

void registry_hold(struct registry *r)
{
    BUG_IF(pthread_mutex_lock(&r->turn) != 0);
}
void registry_let(struct registry *r)
{
    BUG_IF(pthread_mutex_unlock(&r->turn) != 0);
}

struct secret_read {
    unsigned char bytes[SECRET_BYTES];
    bool found;
};

static enum err_code secret_row(void *ctx, const struct store_value *v, int count, struct err *err)
{
    static const char digits[] = "0123456789abcdef";
    struct secret_read *s = ctx;
    (void)count;
    bool good = v->type == STORE_TEXT && v->len == (size_t)2 * SECRET_BYTES;
    for (size_t i = 0; good && i < (size_t)2 * SECRET_BYTES; i++) {
        const char *at = memchr(digits, v->bytes[i], 16);
        good = at != NULL;
        if (good) s->bytes[i / 2] = (unsigned char)((s->bytes[i / 2] << 4) | (at - digits));
    }
    if (!good) return err_set(err, ERR_CORRUPT, "the registry holds a bad secret in meta.value");
    s->found = true;
    return ERR_OK;
}

static enum err_code secret_read(struct registry *r, struct secret_read *s, struct err *err)
{
    struct store_value key = STORE_TEXT_OF("text-hash-secret");
    *s = (struct secret_read){.found = false};
    return registry_run(r, "SELECT value FROM meta WHERE key = $1", &key, 1, secret_row, s, NULL,
                        err);
}

/* Makes the secret when there is none; of two processes the first wins, and both read what is
 * there. */
static enum err_code secret_ready(struct registry *r, struct err *err)
{
    struct secret_read s;
    if (secret_read(r, &s, err)) return err->code;
    if (!s.found) {
        char hex[2 * SECRET_BYTES + 1];
        os_random(s.bytes, sizeof s.bytes);
        for (size_t i = 0; i < sizeof s.bytes; i++)
            BUG_IF(!str_format(hex + 2 * i, 3, "%02x", s.bytes[i]));
        struct store_value p[] = {STORE_TEXT_OF("text-hash-secret"), STORE_TEXT_OF(hex)};
        const char *sql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        if (registry_run(r, sql, p, 2, NULL, NULL, NULL, err)) return err->code;
        if (secret_read(r, &s, err)) return err->code;
    }
    BUG_IF(!s.found);
    memcpy(r->secret, s.bytes, sizeof r->secret);
    return ERR_OK;
}

static enum err_code set_names(struct registry *r, const struct registry_options *o,
                               struct err *err)
{
    if (need_text(o->use_case, "the use case's name", REGISTRY_NAME_MAX, err)) return err->code;
    if (need_text(o->code, "the program version", sizeof r->code - 1, err)) return err->code;
    if (need_text(o->dir, "the registry's folder", sizeof r->dir - 1, err)) return err->code;
    str_format(r->use_case, sizeof r->use_case, "%s", o->use_case);
    str_format(r->code, sizeof r->code, "%s", o->code);
    str_format(r->dir, sizeof r->dir, "%s", o->dir);
    os_cpu_name(r->cpu);
    return ERR_OK;
}

static void turn_init(pthread_mutex_t *turn)
{
    pthread_mutexattr_t attr;
    BUG_IF(pthread_mutexattr_init(&attr) != 0);
    BUG_IF(pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE) != 0);
    BUG_IF(pthread_mutex_init(turn, &attr) != 0);
    pthread_mutexattr_destroy(&attr);
}

enum err_code registry_open_on(const struct registry_options *o, struct store *store,
                               struct registry **ret, struct err *err)
{
    struct registry *r = mem_try(1, sizeof *r, err);
    if (!r) {
        store->ops->close(store);
        return err->code;
    }
    r->store = store;
    turn_init(&r->turn);
    if (set_names(r, o, err)) goto out;
    if (store_migrate(store, err)) goto out;
    if (secret_ready(r, err)) goto out;
    *ret = r;
    return ERR_OK;
out:
    registry_close(r);
    return err->code;
}

enum err_code registry_open(const struct registry_options *o, struct registry **ret,
                            struct err *err)
{
    char path[PATH_BYTES_MAX];
    struct store *store = NULL;
    if (need_text(o->dir, "the registry's folder", PATH_BYTES_MAX - 1, err)) return err->code;
    if (o->create && os_mkdirs(o->dir, err)) return err->code;
    if (os_join(path, o->dir, "registry.db", err)) return err->code;
    if (store_sqlite_open(path, o->create, &store, err)) return err->code;
    return registry_open_on(o, store, ret, err);
}

void registry_close(struct registry *r)
{
    if (!r) return;
    BUG_IF(r->depth != 0 || r->log);
    r->store->ops->close(r->store);
    pthread_mutex_destroy(&r->turn);
    memset(r->secret, 0, sizeof r->secret);
    mem_free(r);
}

const char *registry_dir(const struct registry *r)
{
    return r->dir;
}
const char *registry_use_case(const struct registry *r)
{
    return r->use_case;
}

enum err_code registry_begin(struct registry *r, struct err *err)
{
    registry_hold(r);
    if (r->failed) { /* the store may have undone it all already: nothing may follow */
        err_set(err, ERR_CONFLICT, "a part of the transaction failed: it can only be undone");
        registry_let(r);
        return err->code;
    }
    if (r->depth == 0 && r->store->ops->begin(r->store, err)) {
        registry_let(r);
        return err->code;
    }
    r->depth++;
    return ERR_OK;
}

enum err_code registry_commit(struct registry *r, struct err *err)
{
    enum err_code code = ERR_OK;
    BUG_IF(r->depth == 0);
    if (--r->depth == 0) {
        if (r->failed) {
            r->failed = false;
            r->store->ops->rollback(r->store);
            code = err_set(err, ERR_CONFLICT, "a part of the transaction failed: all is undone");
        } else {
            code = r->store->ops->commit(r->store, err);
        }
    }
    registry_let(r);
    return code;
}

void registry_rollback(struct registry *r)
{
    BUG_IF(r->depth == 0);
    r->failed = --r->depth != 0;
    if (r->depth == 0) r->store->ops->rollback(r->store);
    registry_let(r);
}

enum err_code registry_end(struct registry *r, enum err_code code, struct err *err)
{
    if (!code) return registry_commit(r, err);
    registry_rollback(r);
    return code;
}

enum err_code registry_run(struct registry *r, const char *sql, const struct store_value *params,
                           int count, store_row_fn *fn, void *ctx, int64_t *ret_changes,
                           struct err *err)
{
    registry_hold(r);
    enum err_code code =
        r->store->ops->run(r->store, sql, params, count, fn, ctx, ret_changes, err);
    registry_let(r);
    return code;
}

static enum err_code next_row(void *ctx, const struct store_value *v, int count, struct err *err)
{
    (void)count;
    return row_int(v, "seq", 1, INT64_MAX, ctx, err);
}

enum err_code registry_next(struct registry *r, const char *sql, int64_t *ret, struct err *err)
{
    BUG_IF(r->depth == 0); /* two writers would draw the same number */
    struct store_value p = STORE_TEXT_OF(r->use_case);
    return registry_run(r, sql, &p, 1, next_row, ret, NULL, err);
}

enum err_code registry_path(const struct registry *r, const char *name, char out[PATH_BYTES_MAX],
                            struct err *err)
{
    return os_join(out, r->dir, name, err);
}

enum err_code registry_lock(struct registry *r, const char *kind, int wait_ms, struct os_lock *ret,
                            struct err *err)
{
    char path[PATH_BYTES_MAX], name[64], holder[160], since[32];
    if (need_text(kind, "the kind of the lock", 32, err)) return err->code;
    for (const char *c = kind; *c; c++) {
        if (!((*c >= 'a' && *c <= 'z') || *c == '-'))
            return err_set(err, ERR_BAD_INPUT, "\"%s\" is no kind of lock", kind);
    }
    if (registry_path(r, "locks", path, err)) return err->code;
    if (os_mkdirs(path, err)) return err->code;
    str_format(name, sizeof name, "locks/%s.lock", kind);
    if (registry_path(r, name, path, err)) return err->code;
    os_time_text(os_now_us(), since);
    str_format(holder, sizeof holder, "cairn %s, pid %ld, since %s", kind, (long)getpid(), since);
    return os_lock_take(path, holder, wait_ms, ret, err);
}

void registry_text_hash(const struct registry *r, const char *text, size_t len,
                        char hex[HASH_HEX_BYTES])
{
    hash_keyed(r->secret, sizeof r->secret, text, len, hex);
}

void registry_id_make(char id[REGISTRY_ID_BYTES])
{
    unsigned char bytes[16];
    os_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) BUG_IF(!str_format(id + 2 * i, 3, "%02x", bytes[i]));
}

enum err_code registry_check(struct registry *r, struct err *err)
{
    registry_hold(r);
    enum err_code code = r->store->ops->check(r->store, err);
    registry_let(r);
    return code;
}
