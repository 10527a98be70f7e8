/* live/registry/predictions.c - rows of predictions: write, read, measure.
 * Percentiles of latency are order statistics by nearest rank; their bounds are
 * proof/evidence/bounds.h.
 */
#include "live/registry/predictions.h"
#include "base/limits.h"
#include "base/str.h"
#include "live/registry/predictions_internal.h"
#include <math.h>
#include <string.h>

#define DAY_US 86400000000ll

static const char *const roles[] = {"live", "reference"};

enum err_code prediction_check(const struct prediction_row *p, struct err *err)
{
    if (!p->id || strlen(p->id) != REGISTRY_ID_BYTES - 1)
        return err_set(err, ERR_BAD_INPUT, "a prediction's id has 32 hex digits");
    if (need_hex(p->model, "the prediction's model", err)) return err->code;
    if (need_hex(p->text_hash, "the prediction's text hash", err)) return err->code;
    if (may_text(p->text, "the prediction's text", TEXT_BYTES_MAX, err)) return err->code;
    if (need_text(p->entities, "the prediction's entities", JSON_TEXT_MAX, err)) return err->code;
    return need_text(p->label_counts, "the prediction's label counts", JSON_TEXT_MAX, err);
}

enum err_code prediction_insert(struct registry *r, const struct prediction_row *p, struct err *err)
{
    struct store_value v[] = {STORE_TEXT_OF(p->id),
                              STORE_TEXT_OF(r->use_case),
                              STORE_TEXT_OF(roles[p->role]),
                              STORE_INT_OF(p->at_us ? p->at_us : os_now_us()),
                              STORE_TEXT_OF(p->model),
                              STORE_TEXT_OF(p->text_hash),
                              STORE_TEXT_OF(p->text),
                              STORE_TEXT_OF(p->entities),
                              STORE_TEXT_OF(p->label_counts),
                              STORE_REAL_OF(p->confidence_mean),
                              STORE_REAL_OF(p->confidence_min),
                              STORE_INT_OF(p->latency_us),
                              STORE_INT_OF(p->token_count),
                              STORE_INT_OF(p->unknown_count)};
    const char *sql =
        "INSERT INTO predictions (id, use_case, role, at, model, text_hash, text, entities,"
        " label_counts, confidence_mean, confidence_min, latency_us, token_count, unknown_count)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    return registry_run(r, sql, v, 14, NULL, NULL, NULL, err);
}

enum err_code prediction_put(struct registry *r, const struct prediction_row *rows, size_t count,
                             struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (prediction_check(&rows[i], err)) return err->code;
    }
    if (registry_begin(r, err)) return err->code;
    enum err_code code = ERR_OK;
    for (size_t i = 0; !code && i < count; i++) code = prediction_insert(r, &rows[i], err);
    return registry_end(r, code, err);
}

#define PREDICTION_COLUMNS                                                                         \
    "SELECT id, role, at, model, text_hash, text, entities, label_counts, confidence_mean,"        \
    " confidence_min, latency_us, token_count, unknown_count FROM predictions WHERE use_case = "   \
    "$1 "

static enum err_code prediction_read(void *ctx, const struct store_value *v, int count,
                                     struct err *err)
{
    struct row_list *l = ctx;
    struct arena *a = l->a;
    struct prediction_row *p = row_list_add(l, err);
    int role = 0;
    (void)count;
    if (!p) return err->code;
    if (row_text(&v[0], "predictions.id", 64, a, &p->id, err)) return err->code;
    if (row_choice(&v[1], "predictions.role", roles, 2, &role, err)) return err->code;
    if (row_int(&v[2], "predictions.at", 0, INT64_MAX, &p->at_us, err)) return err->code;
    if (row_hex(&v[3], "predictions.model", a, &p->model, err)) return err->code;
    if (row_hex(&v[4], "predictions.text_hash", a, &p->text_hash, err)) return err->code;
    if (row_text_or_null(&v[5], "predictions.text", TEXT_BYTES_MAX, a, &p->text, err))
        return err->code;
    if (row_text(&v[6], "predictions.entities", JSON_TEXT_MAX, a, &p->entities, err))
        return err->code;
    if (row_text(&v[7], "predictions.label_counts", JSON_TEXT_MAX, a, &p->label_counts, err))
        return err->code;
    if (row_real_or_nan(&v[8], "predictions.confidence_mean", &p->confidence_mean, err))
        return err->code;
    if (row_real_or_nan(&v[9], "predictions.confidence_min", &p->confidence_min, err))
        return err->code;
    if (row_int(&v[10], "predictions.latency_us", 0, INT64_MAX, &p->latency_us, err))
        return err->code;
    if (row_int(&v[11], "predictions.token_count", 0, TEXT_TOKENS_MAX, &p->token_count, err))
        return err->code;
    if (row_int(&v[12], "predictions.unknown_count", 0, p->token_count, &p->unknown_count, err))
        return err->code;
    p->role = (enum prediction_role)role;
    return ERR_OK;
}

enum err_code prediction_get(struct registry *r, const char *id, struct arena *a,
                             struct prediction_row *ret, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct prediction_row)};
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(id)};
    if (need_text(id, "the prediction's id", 64, err)) return err->code;
    prediction_log_drain(r);
    if (registry_run(r, PREDICTION_COLUMNS "AND id = $2", p, 2, prediction_read, &l, NULL, err))
        return err->code;
    if (l.count == 0) {
        err_set(err, ERR_NOT_FOUND, "there is no prediction %.64s", id);
        return err_hint(err, "use the prediction_id that came with the answer");
    }
    *ret = *(struct prediction_row *)l.rows;
    return ERR_OK;
}

#define FILTER                                                                                     \
    "AND role = $2 AND at >= $3 AND at < $4 AND (CAST($5 AS TEXT) IS NULL OR model = $5) "
#define FILTER_COUNT 5

static void filter_values(const struct registry *r, const struct prediction_filter *f,
                          struct store_value v[FILTER_COUNT])
{
    v[0] = STORE_TEXT_OF(r->use_case);
    v[1] = STORE_TEXT_OF(roles[f->role]);
    v[2] = STORE_INT_OF(f->since_us);
    v[3] = STORE_INT_OF(f->until_us ? f->until_us : INT64_MAX);
    v[4] = STORE_TEXT_OF(f->model);
}

enum err_code prediction_list(struct registry *r, const struct prediction_filter *f,
                              struct arena *a, struct prediction_row **ret, size_t *ret_count,
                              struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct prediction_row)};
    struct store_value v[FILTER_COUNT + 1];
    size_t limit = f->limit && f->limit < PREDICTION_LIST_MAX ? f->limit : PREDICTION_LIST_MAX;
    filter_values(r, f, v);
    v[FILTER_COUNT] = STORE_INT_OF((int64_t)limit);
    const char *sql = PREDICTION_COLUMNS FILTER "ORDER BY at DESC, id LIMIT $6";
    prediction_log_drain(r);
    if (registry_run(r, sql, v, FILTER_COUNT + 1, prediction_read, &l, NULL, err)) return err->code;
    *ret = l.rows;
    *ret_count = l.count;
    return ERR_OK;
}

enum err_code prediction_forget_texts(struct registry *r, int64_t before_us, int64_t *ret_count,
                                      struct err *err)
{
    int64_t changes = 0;
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_INT_OF(before_us)};
    const char *sql = "UPDATE predictions SET text = NULL"
                      " WHERE use_case = $1 AND at < $2 AND text IS NOT NULL";
    if (registry_begin(r, err)) return err->code;
    enum err_code code =
        registry_end(r, registry_run(r, sql, p, 2, NULL, NULL, &changes, err), err);
    if (!code) *ret_count = changes;
    return code;
}

enum err_code prediction_clear_reference(struct registry *r, const char *model, struct err *err)
{
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(model)};
    const char *sql = "DELETE FROM predictions WHERE use_case = $1 AND model = $2"
                      " AND role = 'reference'";
    if (need_hex(model, "the model", err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    return registry_end(r, registry_run(r, sql, p, 2, NULL, NULL, NULL, err), err);
}

static enum err_code counts_read(void *ctx, const struct store_value *v, int count, struct err *err)
{
    struct prediction_stats *s = ctx;
    (void)count;
    if (row_int(&v[0], "a count", 0, INT64_MAX, &s->count, err)) return err->code;
    if (row_int(&v[1], "a count", 0, INT64_MAX, &s->active_days, err)) return err->code;
    if (row_time_or_null(&v[2], "predictions.at", &s->first_us, err)) return err->code;
    return row_time_or_null(&v[3], "predictions.at", &s->last_us, err);
}

static enum err_code int_read(void *ctx, const struct store_value *v, int count, struct err *err)
{
    (void)count;
    return row_int(&v[0], "predictions.latency_us", 0, INT64_MAX, ctx, err);
}

/* The rank-th smallest latency, rank from 1. */
static enum err_code latency_at(struct registry *r, struct store_value v[FILTER_COUNT + 1],
                                int64_t rank, int64_t *ret, struct err *err)
{
    const char *sql = "SELECT latency_us FROM predictions WHERE use_case = $1 " FILTER
                      "ORDER BY latency_us LIMIT 1 OFFSET $6";
    v[FILTER_COUNT] = STORE_INT_OF(rank - 1);
    return registry_run(r, sql, v, FILTER_COUNT + 1, int_read, ret, NULL, err);
}

static int64_t nearest_rank(int64_t n, double p)
{
    int64_t k = (int64_t)ceil(p * (double)n);
    return k < 1 ? 1 : k;
}

static enum err_code measure_latency(struct registry *r, struct store_value v[FILTER_COUNT + 1],
                                     struct prediction_stats *s, struct err *err)
{
    if (latency_at(r, v, nearest_rank(s->count, 0.5), &s->latency_p50_us, err)) return err->code;
    return latency_at(r, v, nearest_rank(s->count, 0.99), &s->latency_p99_us, err);
}

/* The turn is held over all statements; another process may add rows between them, which moves no
 * rank out of range. */
static enum err_code measure(struct registry *r, const struct prediction_filter *f,
                             struct prediction_stats *s, struct err *err)
{
    struct store_value v[FILTER_COUNT + 1];
    filter_values(r, f, v);
    v[FILTER_COUNT] = STORE_INT_OF(DAY_US);
    const char *counts = "SELECT COUNT(*), COUNT(DISTINCT at / $6), MIN(at), MAX(at)"
                         " FROM predictions WHERE use_case = $1 " FILTER;
    const char *feedback = "SELECT COUNT(*) FROM predictions WHERE use_case = $1 " FILTER
                           "AND EXISTS (SELECT 1 FROM feedback WHERE prediction = predictions.id)";
    if (registry_run(r, counts, v, FILTER_COUNT + 1, counts_read, s, NULL, err)) return err->code;
    if (registry_run(r, feedback, v, FILTER_COUNT, int_read, &s->with_feedback, NULL, err))
        return err->code;
    return s->count ? measure_latency(r, v, s, err) : ERR_OK;
}

enum err_code prediction_measure(struct registry *r, const struct prediction_filter *f,
                                 struct prediction_stats *ret, struct err *err)
{
    struct prediction_stats s = {.count = 0};
    prediction_log_drain(r);
    registry_hold(r);
    enum err_code code = measure(r, f, &s, err);
    registry_let(r);
    if (!code) *ret = s;
    return code;
}
