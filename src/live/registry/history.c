/* live/registry/history.c - runs and splits: what was done, on which data.
 *
 * A run is written when it begins, so that one that was killed is seen ("running" under no lock is
 * "interrupted": front/app decides). A split is frozen by its first writer: the same fingerprint
 * again is fine, another one is refused, because every figure that was measured on it would
 * silently mean something else.
 */
#include "live/registry/history.h"
#include "base/limits.h"
#include "base/str.h"
#include "live/registry/registry_internal.h"
#include <string.h>

static const char *const run_states[] = {"running", "done", "failed", "interrupted"};

const char *run_state_name(enum run_state s)
{
    return run_states[s];
}

#define RUN_COLUMNS                                                                                \
    "SELECT id, kind, state, config, base, train_data, dev_data, \"precision\", cpu, seed, "       \
    "threads,"                                                                                     \
    " model, metrics, why, started, ended FROM runs "

static enum err_code run_row(void *ctx, const struct store_value *v, int count, struct err *err)
{
    struct row_list *l = ctx;
    struct arena *a = l->a;
    struct run *n = row_list_add(l, err);
    int state = 0;
    int64_t threads = 0;
    (void)count;
    if (!n) return err->code;
    if (row_text(&v[0], "runs.id", 64, a, &n->id, err)) return err->code;
    if (row_text(&v[1], "runs.kind", 64, a, &n->kind, err)) return err->code;
    if (row_choice(&v[2], "runs.state", run_states, RUN_STATE_COUNT, &state, err)) return err->code;
    if (row_text(&v[3], "runs.config", JSON_TEXT_MAX, a, &n->config, err)) return err->code;
    if (row_text_or_null(&v[4], "runs.base", 200, a, &n->base, err)) return err->code;
    if (row_text(&v[5], "runs.train_data", 64, a, &n->train_data, err)) return err->code;
    if (row_text_or_null(&v[6], "runs.dev_data", 64, a, &n->dev_data, err)) return err->code;
    if (row_text(&v[7], "runs.precision", 64, a, &n->precision, err)) return err->code;
    if (row_text(&v[8], "runs.cpu", 200, a, &n->cpu, err)) return err->code;
    if (row_int(&v[9], "runs.seed", INT64_MIN, INT64_MAX, &n->seed, err)) return err->code;
    if (row_int(&v[10], "runs.threads", 0, 1 << 20, &threads, err)) return err->code;
    if (row_text_or_null(&v[11], "runs.model", 64, a, &n->model, err)) return err->code;
    if (row_text_or_null(&v[12], "runs.metrics", JSON_TEXT_MAX, a, &n->metrics, err))
        return err->code;
    if (row_text_or_null(&v[13], "runs.why", 2000, a, &n->why, err)) return err->code;
    if (row_int(&v[14], "runs.started", 0, INT64_MAX, &n->started_us, err)) return err->code;
    if (row_time_or_null(&v[15], "runs.ended", &n->ended_us, err)) return err->code;
    n->state = (enum run_state)state;
    n->threads = (int32_t)threads;
    return ERR_OK;
}

static enum err_code check_new(const struct run_new *n, struct err *err)
{
    if (need_text(n->kind, "the run's kind", 64, err)) return err->code;
    if (need_text(n->config, "the run's recipe", JSON_TEXT_MAX, err)) return err->code;
    if (need_hex(n->train_data, "the training data's fingerprint", err)) return err->code;
    if (n->dev_data && need_hex(n->dev_data, "the dev data's fingerprint", err)) return err->code;
    if (may_text(n->base, "the base model", 200, err)) return err->code;
    if (may_text(n->cpu, "the CPU's name", 200, err)) return err->code;
    return need_text(n->precision, "the precision", 64, err);
}

enum err_code run_begin(struct registry *r, const struct run_new *n, char id[REGISTRY_ID_BYTES],
                        struct err *err)
{
    char made[REGISTRY_ID_BYTES];
    if (check_new(n, err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    registry_id_make(made);
    struct store_value p[] = {STORE_TEXT_OF(made),
                              STORE_TEXT_OF(r->use_case),
                              STORE_TEXT_OF(n->kind),
                              STORE_TEXT_OF(n->config),
                              STORE_TEXT_OF(n->base),
                              STORE_TEXT_OF(n->train_data),
                              STORE_TEXT_OF(n->dev_data),
                              STORE_TEXT_OF(n->precision),
                              STORE_TEXT_OF(n->cpu ? n->cpu : r->cpu),
                              STORE_INT_OF(n->seed),
                              STORE_INT_OF(n->threads),
                              STORE_INT_OF(os_now_us())};
    const char *sql =
        "INSERT INTO runs (id, use_case, kind, state, config, base, train_data, dev_data,"
        " \"precision\", cpu, seed, threads, started)"
        " VALUES ($1, $2, $3, 'running', $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    enum err_code code = registry_run(r, sql, p, 12, NULL, NULL, NULL, err);
    code = registry_end(r, code, err);
    if (!code) memcpy(id, made, sizeof made);
    return code;
}

static enum err_code one_run(struct registry *r, const char *id, struct arena *a, struct run *ret,
                             struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct run)};
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(id)};
    const char *sql = RUN_COLUMNS "WHERE use_case = $1 AND id = $2";
    if (registry_run(r, sql, p, 2, run_row, &l, NULL, err)) return err->code;
    if (l.count == 0) return err_set(err, ERR_NOT_FOUND, "there is no run %.32s", id);
    *ret = *(struct run *)l.rows;
    return ERR_OK;
}

/* Why an update of a run that is not done found no row. */
static enum err_code no_such_open_run(struct registry *r, const char *id, struct err *err)
{
    struct arena a;
    struct run n;
    arena_init(&a, 64u << 20);
    if (!one_run(r, id, &a, &n, err))
        err_set(err, ERR_CONFLICT, "run %.32s is done: it cannot change any more", id);
    arena_release(&a);
    return err->code;
}

enum err_code run_resume(struct registry *r, const char *id, struct err *err)
{
    int64_t changes = 0;
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(id)};
    const char *sql = "UPDATE runs SET state = 'running', ended = NULL, why = NULL"
                      " WHERE use_case = $1 AND id = $2 AND state <> 'done'";
    if (registry_begin(r, err)) return err->code;
    enum err_code code = registry_run(r, sql, p, 2, NULL, NULL, &changes, err);
    if (!code && changes == 0) code = no_such_open_run(r, id, err);
    return registry_end(r, code, err);
}

enum err_code run_end(struct registry *r, const char *id, enum run_state state, const char *model,
                      const char *metrics, const char *why, struct err *err)
{
    int64_t changes = 0;
    BUG_IF(state == RUN_RUNNING || state >= RUN_STATE_COUNT);
    if (model && need_hex(model, "the run's model", err)) return err->code;
    if (may_text(metrics, "the run's metrics", JSON_TEXT_MAX, err)) return err->code;
    if (may_text(why, "why the run ended", 2000, err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    struct store_value p[] = {STORE_TEXT_OF(r->use_case),       STORE_TEXT_OF(id),
                              STORE_TEXT_OF(run_states[state]), STORE_TEXT_OF(model),
                              STORE_TEXT_OF(metrics),           STORE_TEXT_OF(why),
                              STORE_INT_OF(os_now_us())};
    const char *sql = "UPDATE runs SET state = $3, model = $4, metrics = $5, why = $6, ended = $7"
                      " WHERE use_case = $1 AND id = $2 AND state <> 'done'";
    enum err_code code = registry_run(r, sql, p, 7, NULL, NULL, &changes, err);
    if (!code && changes == 0) code = no_such_open_run(r, id, err);
    return registry_end(r, code, err);
}

enum err_code run_find(struct registry *r, const char *prefix, struct arena *a, struct run *ret,
                       struct err *err)
{
    char id[HASH_HEX_BYTES];
    const char *sql = "SELECT id FROM runs WHERE use_case = $1 AND id >= $2 AND id < $3"
                      " ORDER BY id LIMIT 8";
    if (prefix_resolve(r, sql, "run", prefix, REGISTRY_ID_BYTES - 1, id, err)) return err->code;
    return one_run(r, id, a, ret, err);
}

enum err_code run_list(struct registry *r, size_t limit, struct arena *a, struct run **ret,
                       size_t *ret_count, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct run)};
    struct store_value p[] = {STORE_TEXT_OF(r->use_case),
                              STORE_INT_OF(limit ? (int64_t)limit : 1000)};
    const char *sql = RUN_COLUMNS "WHERE use_case = $1 ORDER BY started DESC, id LIMIT $2";
    if (registry_run(r, sql, p, 2, run_row, &l, NULL, err)) return err->code;
    *ret = l.rows;
    *ret_count = l.count;
    return ERR_OK;
}

#define SPLIT_COLUMNS                                                                              \
    "SELECT name, part, fingerprint, blob, origin, examples, group_count, spans, at FROM splits "

static enum err_code split_row(void *ctx, const struct store_value *v, int count, struct err *err)
{
    struct row_list *l = ctx;
    struct split *s = row_list_add(l, err);
    (void)count;
    if (!s) return err->code;
    if (row_text(&v[0], "splits.name", 64, l->a, &s->name, err)) return err->code;
    if (row_text(&v[1], "splits.part", 64, l->a, &s->part, err)) return err->code;
    if (row_hex(&v[2], "splits.fingerprint", l->a, &s->fingerprint, err)) return err->code;
    if (row_hex(&v[3], "splits.blob", l->a, &s->blob, err)) return err->code;
    if (row_text_or_null(&v[4], "splits.origin", JSON_TEXT_MAX, l->a, &s->origin, err))
        return err->code;
    if (row_int(&v[5], "splits.examples", 0, EXAMPLE_COUNT_MAX, &s->examples, err))
        return err->code;
    if (row_int(&v[6], "splits.group_count", 0, EXAMPLE_COUNT_MAX, &s->groups, err))
        return err->code;
    if (row_int(&v[7], "splits.spans", 0, INT64_MAX, &s->spans, err)) return err->code;
    return row_int(&v[8], "splits.at", 0, INT64_MAX, &s->at_us, err);
}

static enum err_code same_split(struct registry *r, const struct split *s, struct err *err)
{
    struct arena a;
    struct split old;
    arena_init(&a, 64u << 20);
    enum err_code code = split_get(r, s->name, s->part, &a, &old, err);
    if (!code && !str_eq(old.fingerprint, s->fingerprint)) {
        char when[32];
        os_time_text(old.at_us, when);
        code = err_set(err, ERR_CONFLICT, "the %s part of \"%s\" is frozen, and this is other data",
                       s->part, s->name);
        err_detail(err, "frozen %s with fingerprint %.16s; this one has %.16s", when,
                   old.fingerprint, s->fingerprint);
        code = err_hint(err, "keep the data as it was, or start a new use case");
    }
    arena_release(&a);
    return code;
}

enum err_code split_put(struct registry *r, const struct split *s, struct err *err)
{
    int64_t changes = 0;
    if (need_text(s->name, "the split's name", 64, err)) return err->code;
    if (need_text(s->part, "the split's part", 64, err)) return err->code;
    if (need_hex(s->fingerprint, "the split's fingerprint", err)) return err->code;
    if (need_hex(s->blob, "the split's blob", err)) return err->code;
    if (may_text(s->origin, "the split's origin", JSON_TEXT_MAX, err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(s->name),
                              STORE_TEXT_OF(s->part),     STORE_TEXT_OF(s->fingerprint),
                              STORE_TEXT_OF(s->blob),     STORE_TEXT_OF(s->origin),
                              STORE_INT_OF(s->examples),  STORE_INT_OF(s->groups),
                              STORE_INT_OF(s->spans),     STORE_INT_OF(os_now_us())};
    const char *sql =
        "INSERT INTO splits (use_case, name, part, fingerprint, blob, origin, examples,"
        " group_count, spans, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT DO NOTHING";
    enum err_code code = registry_run(r, sql, p, 10, NULL, NULL, &changes, err);
    if (!code && changes == 0) code = same_split(r, s, err);
    return registry_end(r, code, err);
}

enum err_code split_get(struct registry *r, const char *name, const char *part, struct arena *a,
                        struct split *ret, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct split)};
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(name), STORE_TEXT_OF(part)};
    const char *sql = SPLIT_COLUMNS "WHERE use_case = $1 AND name = $2 AND part = $3";
    if (registry_run(r, sql, p, 3, split_row, &l, NULL, err)) return err->code;
    if (l.count == 0) {
        return err_set(err, ERR_NOT_FOUND, "the %.64s part of \"%.64s\" is not frozen yet", part,
                       name);
    }
    *ret = *(struct split *)l.rows;
    return ERR_OK;
}

enum err_code split_list(struct registry *r, struct arena *a, struct split **ret, size_t *ret_count,
                         struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct split)};
    struct store_value p = STORE_TEXT_OF(r->use_case);
    const char *sql = SPLIT_COLUMNS "WHERE use_case = $1 ORDER BY at, name, part LIMIT 10000";
    if (registry_run(r, sql, &p, 1, split_row, &l, NULL, err)) return err->code;
    *ret = l.rows;
    *ret_count = l.count;
    return ERR_OK;
}
