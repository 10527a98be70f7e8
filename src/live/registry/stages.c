/* live/registry/stages.c - criteria as frozen, gates as decided. Both tables only grow.
 */
#include "live/registry/stages.h"
#include "base/str.h"
#include "live/registry/registry_internal.h"
#include <string.h>

static const char *const verdicts[] = {"PASS", "FAIL", "STOP"};

static enum err_code stage_row(void *ctx, const struct store_value *v, int count, struct err *err)
{
    struct row_list *l = ctx;
    struct stage_version *s = row_list_add(l, err);
    (void)count;
    if (!s) return err->code;
    if (row_text(&v[0], "stages.stage", 64, l->a, &s->stage, err)) return err->code;
    if (row_hex(&v[1], "stages.digest", l->a, &s->digest, err)) return err->code;
    if (row_text(&v[2], "stages.criteria", JSON_TEXT_MAX, l->a, &s->criteria, err))
        return err->code;
    if (row_int(&v[3], "stages.deadline", 0, INT64_MAX, &s->deadline_us, err)) return err->code;
    return row_int(&v[4], "stages.at", 0, INT64_MAX, &s->at_us, err);
}

enum err_code stage_list(struct registry *r, const char *stage, struct arena *a,
                         struct stage_version **ret, size_t *ret_count, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct stage_version)};
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(stage)};
    const char *sql = "SELECT stage, digest, criteria, deadline, at FROM stages"
                      " WHERE use_case = $1 AND (CAST($2 AS TEXT) IS NULL OR stage = $2)"
                      " ORDER BY seq LIMIT 10000";
    if (registry_run(r, sql, p, 2, stage_row, &l, NULL, err)) return err->code;
    *ret = l.rows;
    *ret_count = l.count;
    return ERR_OK;
}

static enum err_code stage_insert(struct registry *r, const struct stage_version *v,
                                  struct err *err)
{
    int64_t seq = 0;
    const char *next = "SELECT COALESCE(MAX(seq), 0) + 1 FROM stages WHERE use_case = $1";
    if (registry_next(r, next, &seq, err)) return err->code;
    struct store_value p[] = {STORE_TEXT_OF(r->use_case),
                              STORE_INT_OF(seq),
                              STORE_TEXT_OF(v->stage),
                              STORE_TEXT_OF(v->digest),
                              STORE_TEXT_OF(v->criteria),
                              STORE_INT_OF(v->deadline_us),
                              STORE_INT_OF(v->at_us ? v->at_us : os_now_us())};
    const char *sql = "INSERT INTO stages (use_case, seq, stage, digest, criteria, deadline, at)"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7)";
    return registry_run(r, sql, p, 7, NULL, NULL, NULL, err);
}

enum err_code stage_freeze(struct registry *r, const struct stage_version *v, bool *ret_changed,
                           struct err *err)
{
    struct arena a;
    struct stage_version *old = NULL;
    size_t count = 0;
    bool changed = false;
    if (need_text(v->stage, "the stage", 64, err)) return err->code;
    if (need_hex(v->digest, "the criteria's digest", err)) return err->code;
    if (need_text(v->criteria, "the criteria", JSON_TEXT_MAX, err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    arena_init(&a, 256u << 20);
    enum err_code code = stage_list(r, v->stage, &a, &old, &count, err);
    if (!code) {
        changed = count > 0 && !str_eq(old[0].digest, v->digest);
        if (count == 0 || !str_eq(old[count - 1].digest, v->digest)) code = stage_insert(r, v, err);
    }
    arena_release(&a);
    code = registry_end(r, code, err);
    if (!code) *ret_changed = changed;
    return code;
}

static enum err_code gate_insert(struct registry *r, const struct gate_row *g, const char *evidence,
                                 struct err *err)
{
    int64_t seq = 0;
    const char *next = "SELECT COALESCE(MAX(seq), 0) + 1 FROM gates WHERE use_case = $1";
    if (registry_next(r, next, &seq, err)) return err->code;
    struct store_value p[] = {
        STORE_TEXT_OF(r->use_case),  STORE_INT_OF(seq),
        STORE_TEXT_OF(g->stage),     STORE_TEXT_OF(g->model),
        STORE_TEXT_OF(g->precision), STORE_TEXT_OF(g->data),
        STORE_TEXT_OF(g->criteria),  STORE_TEXT_OF(g->verdict),
        STORE_TEXT_OF(evidence),     STORE_INT_OF(g->at_us ? g->at_us : os_now_us())};
    const char *sql = "INSERT INTO gates (use_case, seq, stage, model, \"precision\", data,"
                      " criteria, verdict, evidence, at)"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    return registry_run(r, sql, p, 10, NULL, NULL, NULL, err);
}

enum err_code gate_record(struct registry *r, const struct gate_row *g,
                          const struct evidence_new *evidence, char digest[HASH_HEX_BYTES],
                          struct err *err)
{
    char made[HASH_HEX_BYTES];
    if (need_text(g->stage, "the gate's stage", 64, err)) return err->code;
    if (need_hex(g->model, "the gate's model", err)) return err->code;
    if (need_text(g->precision, "the gate's precision", 64, err)) return err->code;
    if (g->data && need_hex(g->data, "the gate's data", err)) return err->code;
    if (need_hex(g->criteria, "the criteria's digest", err)) return err->code;
    if (need_text(g->verdict, "the verdict", 8, err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    enum err_code code = evidence_append(r, evidence, made, err);
    if (!code) code = gate_insert(r, g, made, err);
    code = registry_end(r, code, err);
    if (!code) memcpy(digest, made, sizeof made);
    return code;
}

static enum err_code gate_read(void *ctx, const struct store_value *v, int count, struct err *err)
{
    struct row_list *l = ctx;
    struct gate_row *g = row_list_add(l, err);
    int verdict = 0;
    (void)count;
    if (!g) return err->code;
    if (row_int(&v[0], "gates.seq", 1, INT64_MAX, &g->seq, err)) return err->code;
    if (row_int(&v[1], "gates.at", 0, INT64_MAX, &g->at_us, err)) return err->code;
    if (row_text(&v[2], "gates.stage", 64, l->a, &g->stage, err)) return err->code;
    if (row_hex(&v[3], "gates.model", l->a, &g->model, err)) return err->code;
    if (row_text(&v[4], "gates.precision", 64, l->a, &g->precision, err)) return err->code;
    if (row_text_or_null(&v[5], "gates.data", 64, l->a, &g->data, err)) return err->code;
    if (row_hex(&v[6], "gates.criteria", l->a, &g->criteria, err)) return err->code;
    if (row_choice(&v[7], "gates.verdict", verdicts, 3, &verdict, err)) return err->code;
    g->verdict = verdicts[verdict];
    return row_hex(&v[8], "gates.evidence", l->a, &g->evidence, err);
}

enum err_code gate_list(struct registry *r, const struct gate_filter *f, struct arena *a,
                        struct gate_row **ret, size_t *ret_count, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct gate_row)};
    struct store_value p[] = {
        STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(f->stage),
        STORE_TEXT_OF(f->model),    STORE_TEXT_OF(f->precision),
        STORE_TEXT_OF(f->data),     STORE_TEXT_OF(f->criteria),
        STORE_TEXT_OF(f->verdict),  STORE_INT_OF(f->limit ? (int64_t)f->limit : 1000)};
    const char *sql =
        "SELECT seq, at, stage, model, \"precision\", data, criteria, verdict, evidence FROM gates"
        " WHERE use_case = $1 AND (CAST($2 AS TEXT) IS NULL OR stage = $2)"
        " AND (CAST($3 AS TEXT) IS NULL OR model = $3)"
        " AND (CAST($4 AS TEXT) IS NULL OR \"precision\" = $4)"
        " AND (CAST($5 AS TEXT) IS NULL OR data = $5)"
        " AND (CAST($6 AS TEXT) IS NULL OR criteria = $6)"
        " AND (CAST($7 AS TEXT) IS NULL OR verdict = $7) ORDER BY seq DESC LIMIT $8";
    if (registry_run(r, sql, p, 8, gate_read, &l, NULL, err)) return err->code;
    *ret = l.rows;
    *ret_count = l.count;
    return ERR_OK;
}
