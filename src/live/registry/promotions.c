/* live/registry/promotions.c - the stack of champions, kept as rows that are never changed.
 *
 * Each row says which promotion is in force after it (in_force) and, for a promotion, which one it
 * was put on (below). So the newest row alone tells the champion, and a rollback follows `below`
 * once:
 *
 *     seq  action    model  in_force  below
 *      1   promote   A      1         -
 *      2   promote   B      2         1
 *      3   rollback  A      1         -        in_force = below of 2
 *      4   promote   C      4         1        put on A: B is not met again
 */
#include "base/str.h"
#include "live/registry/registry_internal.h"
#include "live/registry/stages.h"
#include <string.h>

static const char *const actions[] = {"promote", "rollback"};

#define PROMOTION_COLUMNS                                                                          \
    "SELECT seq, at, action, model, \"precision\", previous, stage, gate, why, by_whom, evidence," \
    " override_gate, in_force, below FROM promotions WHERE use_case = $1 "

struct stack_row { /* a promotion with its place in the stack */
    struct promotion p;
    int64_t in_force, below; /* below 0: nothing */
};

static enum err_code stack_links(struct stack_row *s, const struct store_value *v, struct err *err)
{
    if (row_int(&v[0], "promotions.in_force", 1, s->p.seq, &s->in_force, err)) return err->code;
    if (v[1].type == STORE_NULL) return ERR_OK;
    return row_int(&v[1], "promotions.below", 1, s->p.seq - 1, &s->below, err);
}

static enum err_code stack_read(void *ctx, const struct store_value *v, int count, struct err *err)
{
    struct row_list *l = ctx;
    struct arena *a = l->a;
    struct stack_row *s = row_list_add(l, err);
    int action = 0;
    (void)count;
    if (!s) return err->code;
    struct promotion *p = &s->p;
    if (row_int(&v[0], "promotions.seq", 1, INT64_MAX, &p->seq, err)) return err->code;
    if (row_int(&v[1], "promotions.at", 0, INT64_MAX, &p->at_us, err)) return err->code;
    if (row_choice(&v[2], "promotions.action", actions, 2, &action, err)) return err->code;
    if (row_hex(&v[3], "promotions.model", a, &p->model, err)) return err->code;
    if (row_text(&v[4], "promotions.precision", 64, a, &p->precision, err)) return err->code;
    if (row_text_or_null(&v[5], "promotions.previous", 64, a, &p->previous, err)) return err->code;
    if (row_text_or_null(&v[6], "promotions.stage", 64, a, &p->stage, err)) return err->code;
    if (row_text_or_null(&v[7], "promotions.gate", 64, a, &p->gate, err)) return err->code;
    if (row_text_or_null(&v[8], "promotions.why", 2000, a, &p->why, err)) return err->code;
    if (row_text_or_null(&v[9], "promotions.by_whom", 200, a, &p->by, err)) return err->code;
    if (row_hex(&v[10], "promotions.evidence", a, &p->evidence, err)) return err->code;
    if (row_bool(&v[11], "promotions.override_gate", &p->override_gate, err)) return err->code;
    p->action = actions[action];
    return stack_links(s, &v[12], err);
}

/* The newest row, or the row with a seq; ERR_NOT_FOUND. */
static enum err_code stack_get(struct registry *r, int64_t seq, struct arena *a,
                               struct stack_row *ret, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct stack_row)};
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_INT_OF(seq)};
    enum err_code code =
        seq ? registry_run(r, PROMOTION_COLUMNS "AND seq = $2", p, 2, stack_read, &l, NULL, err)
            : registry_run(r, PROMOTION_COLUMNS "ORDER BY seq DESC LIMIT 1", p, 1, stack_read, &l,
                           NULL, err);
    if (code) return code;
    if (l.count == 0) {
        err_set(err, ERR_NOT_FOUND, "there is no champion yet");
        return err_hint(err, "`cairn promote` makes one after a gate has passed");
    }
    *ret = *(struct stack_row *)l.rows;
    return ERR_OK;
}

/* The promotion in force, and the newest row's seq. */
static enum err_code in_force(struct registry *r, struct arena *a, struct stack_row *ret,
                              int64_t *ret_newest, struct err *err)
{
    struct stack_row newest;
    if (stack_get(r, 0, a, &newest, err)) return err->code;
    *ret_newest = newest.p.seq;
    if (newest.in_force == newest.p.seq) {
        *ret = newest;
        return ERR_OK;
    }
    if (!stack_get(r, newest.in_force, a, ret, err)) return ERR_OK;
    if (err->code == ERR_NOT_FOUND)
        return err_set(err, ERR_CORRUPT, "the promotion in force is missing in the registry");
    return err->code;
}

/* in_force with "none" as an answer: ret->p.seq is 0. */
static enum err_code in_force_or_none(struct registry *r, struct arena *a, struct stack_row *ret,
                                      int64_t *ret_newest, struct err *err)
{
    struct err e = {0};
    *ret = (struct stack_row){.in_force = 0};
    *ret_newest = 0;
    if (!in_force(r, a, ret, ret_newest, &e) || e.code == ERR_NOT_FOUND) return ERR_OK;
    *err = e;
    return e.code;
}

static enum err_code insert(struct registry *r, const struct stack_row *s, struct err *err)
{
    const struct promotion *p = &s->p;
    struct store_value v[] = {STORE_TEXT_OF(r->use_case),
                              STORE_INT_OF(p->seq),
                              STORE_TEXT_OF(p->action),
                              STORE_TEXT_OF(p->model),
                              STORE_TEXT_OF(p->precision),
                              STORE_TEXT_OF(p->previous),
                              STORE_TEXT_OF(p->stage),
                              STORE_TEXT_OF(p->gate),
                              STORE_TEXT_OF(p->why),
                              STORE_TEXT_OF(p->by),
                              STORE_INT_OF(p->override_gate),
                              STORE_INT_OF(s->in_force),
                              s->below ? STORE_INT_OF(s->below) : STORE_NONE,
                              STORE_TEXT_OF(p->evidence),
                              STORE_INT_OF(p->at_us)};
    const char *sql = "INSERT INTO promotions (use_case, seq, action, model, \"precision\","
                      " previous, stage, gate, why, by_whom, override_gate, in_force, below,"
                      " evidence, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
                      " $13, $14, $15)";
    return registry_run(r, sql, v, 15, NULL, NULL, NULL, err);
}

static enum err_code check_new(const struct promotion_new *p, struct err *err)
{
    if (need_hex(p->model, "the model to promote", err)) return err->code;
    if (need_text(p->precision, "the precision", 64, err)) return err->code;
    if (may_text(p->stage, "the stage", 64, err)) return err->code;
    if (may_text(p->by, "who promotes", 200, err)) return err->code;
    if (may_text(p->why, "why it is promoted", 2000, err)) return err->code;
    if (p->gate && need_hex(p->gate, "the gate's evidence", err)) return err->code;
    if (!p->gate && !p->override_gate)
        return err_set(err, ERR_BAD_INPUT, "a promotion needs the evidence of its gate");
    if (p->override_gate) return need_text(p->why, "why the gate is overridden", 2000, err);
    return ERR_OK;
}

static enum err_code promote(struct registry *r, const struct promotion_new *n,
                             const struct evidence_new *evidence, struct promotion *ret,
                             struct arena *a, struct err *err)
{
    struct stack_row now, row;
    int64_t newest = 0;
    char digest[HASH_HEX_BYTES];
    if (in_force_or_none(r, a, &now, &newest, err)) return err->code;
    if (now.p.seq && str_eq(now.p.model, n->model) && str_eq(now.p.precision, n->precision)) {
        return err_set(err, ERR_CONFLICT, "model %.12s is the champion already, in %s", n->model,
                       n->precision);
    }
    if (evidence_append(r, evidence, digest, err)) return err->code;
    row = (struct stack_row){.p = {.seq = newest + 1,
                                   .at_us = os_now_us(),
                                   .action = actions[0],
                                   .model = arena_strdup(a, n->model),
                                   .precision = arena_strdup(a, n->precision),
                                   .previous = now.p.seq ? now.p.model : NULL,
                                   .stage = n->stage ? arena_strdup(a, n->stage) : NULL,
                                   .gate = n->gate ? arena_strdup(a, n->gate) : NULL,
                                   .why = n->why ? arena_strdup(a, n->why) : NULL,
                                   .by = n->by ? arena_strdup(a, n->by) : NULL,
                                   .evidence = arena_strdup(a, digest),
                                   .override_gate = n->override_gate},
                             .in_force = newest + 1,
                             .below = now.p.seq};
    if (insert(r, &row, err)) return err->code;
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(n->model)};
    const char *sql = "DELETE FROM candidates WHERE use_case = $1 AND model = $2";
    if (registry_run(r, sql, p, 2, NULL, NULL, NULL, err)) return err->code;
    *ret = row.p;
    return ERR_OK;
}

enum err_code registry_promote(struct registry *r, const struct promotion_new *p,
                               const struct evidence_new *evidence, struct promotion *ret,
                               struct arena *a, struct err *err)
{
    struct promotion done;
    if (check_new(p, err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    enum err_code code = registry_end(r, promote(r, p, evidence, &done, a, err), err);
    if (!code) *ret = done;
    return code;
}

/* The promotion that lies below the one in force. */
static enum err_code below(struct registry *r, struct arena *a, struct stack_row *now,
                           struct stack_row *ret, int64_t *newest, struct err *err)
{
    if (in_force(r, a, now, newest, err)) return err->code;
    if (!now->below) {
        err_set(err, ERR_CONFLICT, "there is no earlier champion to go back to");
        return err_detail(err, "%.12s was promoted when there was none", now->p.model);
    }
    if (!stack_get(r, now->below, a, ret, err)) return ERR_OK;
    if (err->code == ERR_NOT_FOUND)
        return err_set(err, ERR_CORRUPT, "promotion %lld is missing in the registry",
                       (long long)now->below);
    return err->code;
}

static enum err_code roll_back_evidence(struct registry *r, const struct stack_row *from,
                                        const struct stack_row *to, const char *why, const char *by,
                                        char digest[HASH_HEX_BYTES], struct err *err)
{
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s?}", "model", to->p.model, "precision",
                             to->p.precision, "previous", from->p.model, "why", why, "by", by);
    if (!body) return err_set(err, ERR_NO_MEMORY, "no memory for the evidence of the rollback");
    struct evidence_new n = {.kind = "rollback",
                             .how = "measured",
                             .stage = to->p.stage,
                             .model = to->p.model,
                             .body = body};
    enum err_code code = evidence_append(r, &n, digest, err);
    json_decref(body);
    return code;
}

static enum err_code roll_back(struct registry *r, const char *why, const char *by,
                               const struct evidence_new *evidence, struct promotion *ret,
                               struct arena *a, struct err *err)
{
    struct stack_row now, to;
    int64_t newest = 0;
    char digest[HASH_HEX_BYTES];
    if (below(r, a, &now, &to, &newest, err)) return err->code;
    enum err_code code = evidence ? evidence_append(r, evidence, digest, err)
                                  : roll_back_evidence(r, &now, &to, why, by, digest, err);
    if (code) return code;
    struct stack_row row = {.p = {.seq = newest + 1,
                                  .at_us = os_now_us(),
                                  .action = actions[1],
                                  .model = to.p.model,
                                  .precision = to.p.precision,
                                  .previous = now.p.model,
                                  .stage = to.p.stage,
                                  .why = arena_strdup(a, why),
                                  .by = by ? arena_strdup(a, by) : NULL,
                                  .evidence = arena_strdup(a, digest)},
                            .in_force = to.p.seq};
    if (insert(r, &row, err)) return err->code;
    *ret = row.p;
    return ERR_OK;
}

enum err_code registry_rollback_champion(struct registry *r, const char *why, const char *by,
                                         const struct evidence_new *evidence, struct promotion *ret,
                                         struct arena *a, struct err *err)
{
    struct promotion done;
    if (need_text(why, "why it is rolled back", 2000, err)) return err->code;
    if (may_text(by, "who rolls back", 200, err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    enum err_code code = registry_end(r, roll_back(r, why, by, evidence, &done, a, err), err);
    if (!code) *ret = done;
    return code;
}

enum err_code registry_rollback_target(struct registry *r, struct arena *a, struct promotion *ret,
                                       struct err *err)
{
    struct stack_row now, to;
    int64_t newest = 0;
    if (below(r, a, &now, &to, &newest, err)) return err->code;
    *ret = to.p;
    return ERR_OK;
}

enum err_code registry_champion(struct registry *r, struct arena *a, struct promotion *ret,
                                struct err *err)
{
    struct stack_row now;
    int64_t newest = 0;
    if (in_force(r, a, &now, &newest, err)) return err->code;
    *ret = now.p;
    return ERR_OK;
}

enum err_code promotion_list(struct registry *r, struct arena *a, struct promotion **ret,
                             size_t *ret_count, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct stack_row)};
    struct store_value p = STORE_TEXT_OF(r->use_case);
    const char *sql = PROMOTION_COLUMNS "ORDER BY seq DESC LIMIT 10000";
    if (registry_run(r, sql, &p, 1, stack_read, &l, NULL, err)) return err->code;
    struct promotion *rows = arena_try(a, l.count + 1, sizeof *rows, err);
    if (!rows) return err->code;
    for (size_t i = 0; i < l.count; i++) rows[i] = ((struct stack_row *)l.rows)[i].p;
    *ret = rows;
    *ret_count = l.count;
    return ERR_OK;
}

enum err_code registry_candidate_set(struct registry *r, const char *model, struct err *err)
{
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(model),
                              STORE_INT_OF(os_now_us())};
    const char *put = "INSERT INTO candidates (use_case, model, at) VALUES ($1, $2, $3)";
    if (model && need_hex(model, "the candidate", err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    enum err_code code =
        registry_run(r, "DELETE FROM candidates WHERE use_case = $1", p, 1, NULL, NULL, NULL, err);
    if (!code && model) code = registry_run(r, put, p, 3, NULL, NULL, NULL, err);
    return registry_end(r, code, err);
}

enum err_code registry_candidate(struct registry *r, char digest[HASH_HEX_BYTES], struct err *err)
{
    struct prefix_match m = {.count = 0};
    struct store_value p = STORE_TEXT_OF(r->use_case);
    const char *sql = "SELECT model FROM candidates WHERE use_case = $1";
    if (registry_run(r, sql, &p, 1, prefix_row, &m, NULL, err)) return err->code;
    if (m.count == 0) {
        err_set(err, ERR_NOT_FOUND, "there is no candidate");
        return err_hint(err, "`cairn train` or `cairn improve` makes one");
    }
    if (need_hex(m.found[0], "the candidate in the registry", err)) {
        err->code = ERR_CORRUPT;
        return err->code;
    }
    memcpy(digest, m.found[0], HASH_HEX_BYTES);
    return ERR_OK;
}
