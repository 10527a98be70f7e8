/* live/registry/evidence_chain.c - one record on top of each, never two.
 *
 * The head is read under the write lock (registry_begin) in which the new record is inserted.
 * Should a store ever get that wrong, UNIQUE (use_case, previous) refuses the second record on the
 * same one: a fork cannot be stored. The first record's `previous` is stored as '' so that the
 * constraint holds for it, too (NULLs are all different in SQL).
 */
#include "live/registry/evidence_chain.h"
#include "base/limits.h"
#include "base/str.h"
#include "live/registry/registry_internal.h"
#include "proof/evidence/record.h"
#include <string.h>

struct head_read {
    char digest[HASH_HEX_BYTES];
    int64_t seq;
};

static enum err_code head_row(void *ctx, const struct store_value *v, int count, struct err *err)
{
    struct head_read *h = ctx;
    struct arena a;
    const char *digest = NULL;
    (void)count;
    arena_init(&a, 1u << 16);
    enum err_code code = row_hex(&v[0], "evidence.digest", &a, &digest, err);
    if (!code) code = row_int(&v[1], "evidence.seq", 1, INT64_MAX - 1, &h->seq, err);
    if (!code) memcpy(h->digest, digest, HASH_HEX_BYTES);
    arena_release(&a);
    return code;
}

static enum err_code head_read(struct registry *r, struct head_read *h, struct err *err)
{
    struct store_value p = STORE_TEXT_OF(r->use_case);
    const char *sql = "SELECT digest, seq FROM evidence WHERE use_case = $1"
                      " ORDER BY seq DESC LIMIT 1";
    *h = (struct head_read){.seq = 0};
    return registry_run(r, sql, &p, 1, head_row, h, NULL, err);
}

static enum err_code insert(struct registry *r, const struct evidence_new *n,
                            const struct head_read *h, const struct buf *record, const char *digest,
                            int64_t at_us, struct err *err)
{
    struct store_value p[] = {STORE_TEXT_OF(r->use_case),
                              STORE_INT_OF(h->seq + 1),
                              STORE_TEXT_OF(digest),
                              STORE_TEXT_OF(h->digest),
                              STORE_TEXT_OF(n->kind),
                              STORE_TEXT_OF(n->how),
                              STORE_TEXT_OF(n->stage),
                              STORE_TEXT_OF(n->model),
                              STORE_INT_OF(at_us),
                              {.type = STORE_TEXT, .bytes = record->data, .len = record->len}};
    const char *sql = "INSERT INTO evidence (use_case, seq, digest, previous, kind, how, stage, "
                      "model, at, record)"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    return registry_run(r, sql, p, 10, NULL, NULL, NULL, err);
}

static enum err_code append(struct registry *r, const struct evidence_new *n,
                            char digest[HASH_HEX_BYTES], struct err *err)
{
    struct head_read h;
    struct buf record;
    char made[HASH_HEX_BYTES];
    if (head_read(r, &h, err)) return err->code;
    struct record_head head = {.kind = n->kind,
                               .how = n->how,
                               .previous = h.seq ? h.digest : NULL,
                               .at_us = n->at_us ? n->at_us : os_now_us(),
                               .code = r->code,
                               .cpu = r->cpu};
    buf_init(&record, EVIDENCE_BYTES_MAX);
    enum err_code code = record_make(&head, n->body, &record, made, err);
    if (!code) code = insert(r, n, &h, &record, made, head.at_us, err);
    buf_release(&record);
    if (!code) memcpy(digest, made, sizeof made);
    return code;
}

enum err_code evidence_append(struct registry *r, const struct evidence_new *n,
                              char digest[HASH_HEX_BYTES], struct err *err)
{
    if (need_text(n->kind, "the evidence's kind", 64, err)) return err->code;
    if (need_text(n->how, "how the evidence came", 64, err)) return err->code;
    if (may_text(n->stage, "the evidence's stage", 64, err)) return err->code;
    if (n->model && need_hex(n->model, "the evidence's model", err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    return registry_end(r, append(r, n, digest, err), err);
}

static enum err_code evidence_read(void *ctx, const struct store_value *v, int count,
                                   struct err *err)
{
    struct row_list *l = ctx;
    struct evidence_row *e = row_list_add(l, err);
    (void)count;
    if (!e) return err->code;
    if (row_int(&v[0], "evidence.seq", 1, INT64_MAX, &e->seq, err)) return err->code;
    if (row_int(&v[1], "evidence.at", 0, INT64_MAX, &e->at_us, err)) return err->code;
    if (row_hex(&v[2], "evidence.digest", l->a, &e->digest, err)) return err->code;
    if (row_text(&v[3], "evidence.kind", 64, l->a, &e->kind, err)) return err->code;
    if (row_text(&v[4], "evidence.how", 64, l->a, &e->how, err)) return err->code;
    if (row_text(&v[5], "evidence.previous", 64, l->a, &e->previous, err)) return err->code;
    if (row_text_or_null(&v[6], "evidence.stage", 64, l->a, &e->stage, err)) return err->code;
    if (row_text_or_null(&v[7], "evidence.model", 64, l->a, &e->model, err)) return err->code;
    if (row_text_or_null(&v[8], "evidence.record", EVIDENCE_BYTES_MAX, l->a, &e->bytes, err))
        return err->code;
    e->len = v[8].type == STORE_TEXT ? v[8].len : 0;
    if (!*e->previous) e->previous = NULL;
    return ERR_OK;
}

#define EVIDENCE_SELECT(record)                                                                    \
    "SELECT seq, at, digest, kind, how, previous, stage, model, " record " FROM evidence"          \
    " WHERE use_case = $1 AND (CAST($2 AS TEXT) IS NULL OR kind = $2)"                             \
    " AND (CAST($3 AS TEXT) IS NULL OR stage = $3) AND (CAST($4 AS TEXT) IS NULL OR model = $4)"
#define OLDEST " ORDER BY seq LIMIT $5"
#define NEWEST " ORDER BY seq DESC LIMIT $5"

enum err_code evidence_list(struct registry *r, const struct evidence_filter *f, struct arena *a,
                            struct evidence_row **ret, size_t *ret_count, struct err *err)
{
    static const char *const sql[2][2] = {
        {EVIDENCE_SELECT("NULL") OLDEST, EVIDENCE_SELECT("NULL") NEWEST},
        {EVIDENCE_SELECT("record") OLDEST, EVIDENCE_SELECT("record") NEWEST}};
    struct row_list l = {.a = a, .size = sizeof(struct evidence_row)};
    size_t limit = f->limit && f->limit < EVIDENCE_LIST_MAX ? f->limit : EVIDENCE_LIST_MAX;
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(f->kind),
                              STORE_TEXT_OF(f->stage), STORE_TEXT_OF(f->model),
                              STORE_INT_OF((int64_t)limit)};
    if (registry_run(r, sql[f->with_bytes][f->newest_first], p, 5, evidence_read, &l, NULL, err))
        return err->code;
    *ret = l.rows;
    *ret_count = l.count;
    return ERR_OK;
}

enum err_code evidence_get(struct registry *r, const char *prefix, struct arena *a,
                           struct evidence_row *ret, struct err *err)
{
    char digest[HASH_HEX_BYTES];
    struct row_list l = {.a = a, .size = sizeof(struct evidence_row)};
    const char *find = "SELECT digest FROM evidence WHERE use_case = $1 AND digest >= $2"
                       " AND digest < $3 ORDER BY digest LIMIT 8";
    const char *get = "SELECT seq, at, digest, kind, how, previous, stage, model, record"
                      " FROM evidence WHERE use_case = $1 AND digest = $2";
    if (prefix_resolve(r, find, "evidence", prefix, HASH_HEX_BYTES - 1, digest, err))
        return err->code;
    struct store_value p[] = {STORE_TEXT_OF(r->use_case), STORE_TEXT_OF(digest)};
    if (registry_run(r, get, p, 2, evidence_read, &l, NULL, err)) return err->code;
    if (l.count == 0) return err_set(err, ERR_NOT_FOUND, "there is no evidence %.16s", digest);
    *ret = *(struct evidence_row *)l.rows;
    return ERR_OK;
}

enum err_code evidence_head(struct registry *r, char digest[HASH_HEX_BYTES], int64_t *ret_count,
                            struct err *err)
{
    struct head_read h;
    if (head_read(r, &h, err)) return err->code;
    memcpy(digest, h.digest, sizeof h.digest);
    *ret_count = h.seq;
    return ERR_OK;
}
