/* live/registry/registry_internal.h - what the files of this room share: the handle, statements,
 * rows, small writers. */
#ifndef LIVE_REGISTRY_REGISTRY_INTERNAL_H
#define LIVE_REGISTRY_REGISTRY_INTERNAL_H

#include "live/registry/registry.h"
#include "live/registry/store.h"
#include <pthread.h>

#define SECRET_BYTES  32
#define JSON_TEXT_MAX (4u << 20) /* a column that holds JSON */

struct prediction_log;
struct registry {
    struct store *store;
    pthread_mutex_t turn; /* recursive: held for each call, and from begin to commit */
    int depth;            /* of registry_begin */
    bool failed;          /* an inner transaction was rolled back */
    char dir[PATH_BYTES_MAX], use_case[REGISTRY_NAME_MAX + 1], code[64], cpu[64];
    unsigned char secret[SECRET_BYTES];
    struct prediction_log *log; /* the writer, when one was started */
};

void registry_hold(struct registry *r);
void registry_let(struct registry *r);
/* One statement, in turn. Parameter $1 is by custom the use case. */
enum err_code registry_run(struct registry *r, const char *sql, const struct store_value *params,
                           int count, store_row_fn *fn, void *ctx, int64_t *ret_changes,
                           struct err *err) MUST_CHECK;
/* The next seq of a table ("evidence", ...): inside a transaction only. The SQL is fixed text with
 * $1 = use case. */
enum err_code registry_next(struct registry *r, const char *sql, int64_t *ret,
                            struct err *err) MUST_CHECK;
/* Ends a transaction by the outcome so far: commits when code is ERR_OK, else rolls back; returns
 * the final code. */
enum err_code registry_end(struct registry *r, enum err_code code, struct err *err) MUST_CHECK;
enum err_code registry_path(const struct registry *r, const char *name, char out[PATH_BYTES_MAX],
                            struct err *err) MUST_CHECK;

/* Columns of a row, checked. `what` is "table.column" for the error. Text is copied to the arena.
 * */
enum err_code row_text(const struct store_value *v, const char *what, size_t bytes_max,
                       struct arena *a, const char **ret, struct err *err) MUST_CHECK;
enum err_code row_text_or_null(const struct store_value *v, const char *what, size_t bytes_max,
                               struct arena *a, const char **ret, struct err *err) MUST_CHECK;
enum err_code row_hex(const struct store_value *v, const char *what, struct arena *a,
                      const char **ret, struct err *err) MUST_CHECK; /* 64 digits */
enum err_code row_int(const struct store_value *v, const char *what, int64_t least, int64_t most,
                      int64_t *ret, struct err *err) MUST_CHECK;
enum err_code row_time_or_null(const struct store_value *v, const char *what, int64_t *ret,
                               struct err *err) MUST_CHECK; /* NULL gives 0 */
enum err_code row_real_or_nan(const struct store_value *v, const char *what, double *ret,
                              struct err *err) MUST_CHECK;
enum err_code row_bool(const struct store_value *v, const char *what, bool *ret,
                       struct err *err) MUST_CHECK;
/* The index of the text in a list of names. */
enum err_code row_choice(const struct store_value *v, const char *what, const char *const *names,
                         int count, int *ret, struct err *err) MUST_CHECK;

/* Rows of one size, growing in an arena. */
struct row_list {
    struct arena *a;
    void *rows;
    size_t count, cap, size;
};
void *row_list_add(struct row_list *l, struct err *err) MUST_CHECK; /* zeroed */

/* A row_fn for "SELECT digest FROM t WHERE digest >= $ AND digest < $": collects what a prefix may
 * mean. */
#define PREFIX_MIN        6
#define PREFIX_CANDIDATES 8
struct prefix_match {
    char found[PREFIX_CANDIDATES][HASH_HEX_BYTES];
    int count;
};
enum err_code prefix_row(void *ctx, const struct store_value *v, int count, struct err *err);
/* Is it 6 to `full` hex digits: writes it in lower case. */
enum err_code prefix_check(const char *what, const char *prefix, size_t full,
                           char out[HASH_HEX_BYTES], struct err *err) MUST_CHECK;
/* sql selects at most PREFIX_CANDIDATES ids with id >= $2 AND id < $3. Gives the only one. */
enum err_code prefix_resolve(struct registry *r, const char *sql, const char *what,
                             const char *prefix, size_t full, char out[HASH_HEX_BYTES],
                             struct err *err) MUST_CHECK;

/* Arguments of callers. */
enum err_code need_hex(const char *s, const char *what, struct err *err) MUST_CHECK;
enum err_code need_text(const char *s, const char *what, size_t bytes_max,
                        struct err *err) MUST_CHECK; /* there, not empty, UTF-8 */
enum err_code may_text(const char *s, const char *what, size_t bytes_max,
                       struct err *err) MUST_CHECK; /* NULL is fine */

#endif
