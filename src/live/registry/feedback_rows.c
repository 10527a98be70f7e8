/* live/registry/feedback_rows.c - verdicts as rows; the newest of a person on a prediction is the
 * one that counts.
 */
#include "live/registry/feedback_rows.h"
#include "base/limits.h"
#include "base/str.h"
#include "live/registry/predictions_internal.h"
#include <string.h>

static const char *const verdicts[] = {"accept", "correct", "reject"};
static const char *const states[] = {"pending", "accepted", "refused", "superseded"};

const char *feedback_verdict_name(enum feedback_verdict v)
{
    return verdicts[v];
}
const char *feedback_state_name(enum feedback_state s)
{
    return states[s];
}

#define FEEDBACK_COLUMNS                                                                           \
    "SELECT f.id, f.prediction, p.model, f.verdict, f.state, f.spans, f.text, f.complete,"         \
    " f.simulated, f.by_whom, f.group_key, f.at, f.reviewed_by, f.review_note, f.reviewed_at"      \
    " FROM feedback f JOIN predictions p ON p.id = f.prediction WHERE f.use_case = $1 "

static enum err_code feedback_review_columns(struct feedback_row *f, const struct store_value *v,
                                             struct arena *a, struct err *err)
{
    if (row_text_or_null(&v[0], "feedback.reviewed_by", 200, a, &f->reviewed_by, err))
        return err->code;
    if (row_text_or_null(&v[1], "feedback.review_note", 2000, a, &f->review_note, err))
        return err->code;
    return row_time_or_null(&v[2], "feedback.reviewed_at", &f->reviewed_us, err);
}

static enum err_code feedback_read(void *ctx, const struct store_value *v, int count,
                                   struct err *err)
{
    struct row_list *l = ctx;
    struct arena *a = l->a;
    struct feedback_row *f = row_list_add(l, err);
    int verdict = 0, state = 0;
    (void)count;
    if (!f) return err->code;
    if (row_text(&v[0], "feedback.id", 64, a, &f->id, err)) return err->code;
    if (row_text(&v[1], "feedback.prediction", 64, a, &f->prediction, err)) return err->code;
    if (row_hex(&v[2], "predictions.model", a, &f->model, err)) return err->code;
    if (row_choice(&v[3], "feedback.verdict", verdicts, FEEDBACK_VERDICT_COUNT, &verdict, err))
        return err->code;
    if (row_choice(&v[4], "feedback.state", states, FEEDBACK_STATE_COUNT, &state, err))
        return err->code;
    if (row_text_or_null(&v[5], "feedback.spans", JSON_TEXT_MAX, a, &f->spans, err))
        return err->code;
    if (row_text_or_null(&v[6], "feedback.text", TEXT_BYTES_MAX, a, &f->text, err))
        return err->code;
    if (row_bool(&v[7], "feedback.complete", &f->complete, err)) return err->code;
    if (row_bool(&v[8], "feedback.simulated", &f->simulated, err)) return err->code;
    if (row_text(&v[9], "feedback.by_whom", 200, a, &f->by, err)) return err->code;
    if (row_text(&v[10], "feedback.group_key", 200, a, &f->group, err)) return err->code;
    if (row_int(&v[11], "feedback.at", 0, INT64_MAX, &f->at_us, err)) return err->code;
    f->verdict = (enum feedback_verdict)verdict;
    f->state = (enum feedback_state)state;
    return feedback_review_columns(f, &v[12], a, err);
}

static bool same(const char *a, const char *b)
{
    return a && b ? str_eq(a, b) : a == b;
}

/* The newest row of this person on this prediction, when there is one. */
static enum err_code newest_of(struct registry *r, const struct feedback_row *row, struct arena *a,
                               struct feedback_row **ret, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct feedback_row)};
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(row->prediction),
                              STORE_TEXT_OF(row->by)};
    const char *sql = FEEDBACK_COLUMNS "AND f.prediction = $2 AND f.by_whom = $3"
                                       " ORDER BY f.seq DESC LIMIT 1";
    if (registry_run(r, sql, p, 3, feedback_read, &l, NULL, err)) return err->code;
    *ret = l.rows;
    return ERR_OK;
}

static enum err_code insert(struct registry *r, const struct feedback_row *f, const char *id,
                            struct err *err)
{
    int64_t seq = 0;
    const char *next = "SELECT COALESCE(MAX(seq), 0) + 1 FROM feedback WHERE use_case = $1";
    if (registry_next(r, next, &seq, err)) return err->code;
    struct store_value p[] = {STORE_TEXT_OF(id),
                              STORE_TEXT_OF(r->use_case),
                              STORE_INT_OF(seq),
                              STORE_TEXT_OF(f->prediction),
                              STORE_TEXT_OF(verdicts[f->verdict]),
                              STORE_TEXT_OF(f->spans),
                              STORE_TEXT_OF(f->text),
                              STORE_INT_OF(f->complete),
                              STORE_INT_OF(f->simulated),
                              STORE_TEXT_OF(f->by),
                              STORE_TEXT_OF(f->group),
                              STORE_INT_OF(f->at_us ? f->at_us : os_now_us())};
    const char *sql = "INSERT INTO feedback (id, use_case, seq, prediction, verdict, state, spans,"
                      " text, complete, simulated, by_whom, group_key, at)"
                      " VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9, $10, $11, $12)";
    return registry_run(r, sql, p, 12, NULL, NULL, NULL, err);
}

static enum err_code put(struct registry *r, const struct feedback_row *row,
                         char id[REGISTRY_ID_BYTES], bool *ret_new, struct arena *a,
                         struct err *err)
{
    struct feedback_row *old = NULL;
    if (newest_of(r, row, a, &old, err)) return err->code;
    if (old && old->verdict == row->verdict && same(old->spans, row->spans) &&
        same(old->text, row->text) && old->complete == row->complete &&
        old->simulated == row->simulated && str_eq(old->group, row->group)) {
        *ret_new = false;
        BUG_IF(!str_format(id, REGISTRY_ID_BYTES, "%.32s", old->id));
        return ERR_OK;
    }
    if (old && old->state == FEEDBACK_PENDING) {
        struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(old->id)};
        const char *sql =
            "UPDATE feedback SET state = 'superseded' WHERE use_case = $1 AND id = $2";
        if (registry_run(r, sql, p, 2, NULL, NULL, NULL, err)) return err->code;
    }
    registry_id_make(id);
    *ret_new = true;
    return insert(r, row, id, err);
}

enum err_code feedback_row_put(struct registry *r, const struct feedback_row *row,
                               char id[REGISTRY_ID_BYTES], bool *ret_new, struct err *err)
{
    struct arena a;
    char made[REGISTRY_ID_BYTES];
    bool is_new = false;
    if (may_text(row->spans, "the spans", JSON_TEXT_MAX, err)) return err->code;
    if (may_text(row->text, "the text", TEXT_BYTES_MAX, err)) return err->code;
    if (may_text(row->by, "who gives the feedback", 200, err)) return err->code;
    if (need_text(row->group, "the group", 200, err)) return err->code;
    BUG_IF(!row->by);
    prediction_log_drain(r);
    if (registry_begin(r, err)) return err->code;
    arena_init(&a, 64u << 20);
    enum err_code code = put(r, row, made, &is_new, &a, err);
    arena_release(&a);
    code = registry_end(r, code, err);
    if (code) return code;
    memcpy(id, made, sizeof made);
    *ret_new = is_new;
    return ERR_OK;
}

static enum err_code one_row(struct registry *r, const char *id, struct arena *a,
                             struct feedback_row *ret, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct feedback_row)};
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(id)};
    if (registry_run(r, FEEDBACK_COLUMNS "AND f.id = $2", p, 2, feedback_read, &l, NULL, err))
        return err->code;
    if (l.count == 0) return err_set(err, ERR_NOT_FOUND, "there is no feedback %.32s", id);
    *ret = *(struct feedback_row *)l.rows;
    return ERR_OK;
}

enum err_code feedback_row_get(struct registry *r, const char *prefix, struct arena *a,
                               struct feedback_row *ret, struct err *err)
{
    char id[HASH_HEX_BYTES];
    const char *sql = "SELECT id FROM feedback WHERE use_case = $1 AND id >= $2 AND id < $3"
                      " ORDER BY id LIMIT 8";
    if (prefix_resolve(r, sql, "feedback", prefix, REGISTRY_ID_BYTES - 1, id, err))
        return err->code;
    return one_row(r, id, a, ret, err);
}

#define FILTER                                                                                     \
    "AND f.at >= $2 AND f.at < $3 AND (CAST($4 AS TEXT) IS NULL OR p.model = $4)"                  \
    " AND (CAST($5 AS TEXT) IS NULL OR f.prediction = $5) "
#define FILTER_COUNT 5

static void filter_values(const struct registry *r, const struct feedback_filter *f,
                          struct store_value v[FILTER_COUNT])
{
    v[0] = STORE_TEXT_OF(r->use_case);
    v[1] = STORE_INT_OF(f->since_us);
    v[2] = STORE_INT_OF(f->until_us ? f->until_us : INT64_MAX);
    v[3] = STORE_TEXT_OF(f->model);
    v[4] = STORE_TEXT_OF(f->prediction);
}

enum err_code feedback_row_list(struct registry *r, const struct feedback_filter *f,
                                struct arena *a, struct feedback_row **ret, size_t *ret_count,
                                struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct feedback_row)};
    struct store_value v[FILTER_COUNT + 2];
    size_t limit = f->limit && f->limit < FEEDBACK_LIST_MAX ? f->limit : FEEDBACK_LIST_MAX;
    BUG_IF(f->state >= FEEDBACK_STATE_COUNT);
    filter_values(r, f, v);
    v[FILTER_COUNT] = f->state < 0 ? STORE_NONE : STORE_TEXT_OF(states[f->state]);
    v[FILTER_COUNT + 1] = STORE_INT_OF((int64_t)limit);
    const char *sql = FEEDBACK_COLUMNS FILTER "AND (CAST($6 AS TEXT) IS NULL OR f.state = $6)"
                                              " ORDER BY f.seq LIMIT $7";
    if (registry_run(r, sql, v, FILTER_COUNT + 2, feedback_read, &l, NULL, err)) return err->code;
    *ret = l.rows;
    *ret_count = l.count;
    return ERR_OK;
}

static enum err_code decided_already(const struct feedback_row *f, bool accept, struct err *err)
{
    char when[32];
    if (f->state == FEEDBACK_SUPERSEDED) {
        err_set(err, ERR_CONFLICT, "feedback %.12s was replaced by a later one", f->id);
        return err_hint(err, "review the later one");
    }
    if ((f->state == FEEDBACK_ACCEPTED) == accept) return ERR_OK;
    os_time_text(f->reviewed_us, when);
    return err_set(err, ERR_CONFLICT, "feedback %.12s is %s already, by %s, %s", f->id,
                   states[f->state], f->reviewed_by ? f->reviewed_by : "unknown", when);
}

static enum err_code review(struct registry *r, const char *id, bool accept, const char *by,
                            const char *note, struct err *err)
{
    struct arena a;
    struct feedback_row old;
    arena_init(&a, 64u << 20);
    enum err_code code = one_row(r, id, &a, &old, err);
    if (!code && old.state != FEEDBACK_PENDING) {
        code = decided_already(&old, accept, err);
    } else if (!code) {
        struct store_value p[] = {
            STORE_TEXT_OF(r->use_case),
            STORE_TEXT_OF(id),
            STORE_TEXT_OF(states[accept ? FEEDBACK_ACCEPTED : FEEDBACK_REFUSED]),
            STORE_TEXT_OF(by),
            STORE_TEXT_OF(note),
            STORE_INT_OF(os_now_us())};
        const char *sql = "UPDATE feedback SET state = $3, reviewed_by = $4, review_note = $5,"
                          " reviewed_at = $6 WHERE use_case = $1 AND id = $2";
        code = registry_run(r, sql, p, 6, NULL, NULL, NULL, err);
    }
    arena_release(&a);
    return code;
}

enum err_code feedback_row_review(struct registry *r, const char *id, bool accept, const char *by,
                                  const char *note, struct err *err)
{
    if (need_text(by, "who reviews", 200, err)) return err->code;
    if (may_text(note, "the review's note", 2000, err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    return registry_end(r, review(r, id, accept, by, note, err), err);
}

static enum err_code verdict_count_read(void *ctx, const struct store_value *v, int count,
                                        struct err *err)
{
    struct feedback_counts *c = ctx;
    int verdict = 0;
    int64_t n = 0, reviewed = 0, simulated = 0;
    (void)count;
    if (row_choice(&v[0], "feedback.verdict", verdicts, FEEDBACK_VERDICT_COUNT, &verdict, err))
        return err->code;
    if (row_int(&v[1], "a count", 0, INT64_MAX, &n, err)) return err->code;
    if (row_int(&v[2], "a count", 0, INT64_MAX, &reviewed, err)) return err->code;
    if (row_int(&v[3], "a count", 0, INT64_MAX, &simulated, err)) return err->code;
    c->verdict[verdict] = n;
    c->predictions += n;
    c->reviewed += reviewed;
    c->simulated += simulated;
    return ERR_OK;
}

static enum err_code state_count_read(void *ctx, const struct store_value *v, int count,
                                      struct err *err)
{
    struct feedback_counts *c = ctx;
    int64_t *place[FEEDBACK_STATE_COUNT] = {&c->pending, &c->accepted, &c->refused, &c->superseded};
    int state = 0;
    (void)count;
    if (row_choice(&v[0], "feedback.state", states, FEEDBACK_STATE_COUNT, &state, err))
        return err->code;
    return row_int(&v[1], "a count", 0, INT64_MAX, place[state], err);
}

/* The rows that count are the newest of each prediction among those that pass the filter and are
 * neither refused nor superseded (nor pending, when reviewed_only). */
#define COUNTED                                                                                    \
    "SELECT MAX(f.seq) FROM feedback f JOIN predictions p ON p.id = f.prediction"                  \
    " WHERE f.use_case = $1 AND f.state IN ('accepted', $6) " FILTER "GROUP BY f.prediction"

static enum err_code count_all(struct registry *r, const struct feedback_filter *f,
                               bool reviewed_only, struct feedback_counts *c, struct err *err)
{
    struct store_value v[FILTER_COUNT + 1];
    filter_values(r, f, v);
    v[FILTER_COUNT] = STORE_TEXT_OF(reviewed_only ? "accepted" : "pending");
    const char *by_verdict =
        "SELECT verdict, COUNT(*), SUM(CASE WHEN state = 'accepted' THEN 1 ELSE 0 END),"
        " SUM(simulated) FROM feedback WHERE use_case = $1 AND seq IN (" COUNTED
        ") GROUP BY verdict ORDER BY verdict";
    const char *by_state =
        "SELECT f.state, COUNT(*) FROM feedback f JOIN predictions p ON p.id = f.prediction"
        " WHERE f.use_case = $1 " FILTER "GROUP BY f.state ORDER BY f.state";
    if (registry_run(r, by_verdict, v, FILTER_COUNT + 1, verdict_count_read, c, NULL, err))
        return err->code;
    return registry_run(r, by_state, v, FILTER_COUNT, state_count_read, c, NULL, err);
}

enum err_code feedback_row_count(struct registry *r, const struct feedback_filter *f,
                                 bool reviewed_only, struct feedback_counts *ret, struct err *err)
{
    struct feedback_counts c = {.predictions = 0};
    registry_hold(r);
    enum err_code code = count_all(r, f, reviewed_only, &c, err);
    registry_let(r);
    if (!code) *ret = c;
    return code;
}
