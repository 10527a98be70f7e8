/* Criteria stay frozen, evidence is one chain, and champions are a stack. */
#include "base/str.h"
#include "proof/evidence/record.h"
#include "registry_fixture.h"
#include <criterion/criterion.h>
#include <string.h>

static const char *champion(struct fixture *f)
{
    struct promotion p;
    struct err err = {0};
    if (registry_champion(f->r, &f->a, &p, &err)) return "none";
    return p.model + 62; /* the last two digits tell the fixture's models apart */
}

static void promote(struct fixture *f, int n)
{
    OK(fixture_promote(f->r, n, &f->a, &err));
}

static void roll_back(struct fixture *f)
{
    struct promotion p;
    OK(registry_rollback_champion(f->r, "alarm", "joe", NULL, &p, &f->a, &err));
    cr_assert_str_eq(p.action, "rollback");
    cr_assert_str_eq(p.model + 62, champion(f));
}

static void add_models(struct fixture *f, int count)
{
    for (int n = 1; n <= count; n++) OK(fixture_add_model(f, n, &err));
}

Test(stages, the_stack_of_champions)
{
    struct fixture f;
    struct promotion p, *list = NULL;
    size_t count = 0;
    fixture_open(&f);
    add_models(&f, 4);
    cr_assert_str_eq(champion(&f), "none");
    promote(&f, 1), promote(&f, 2), promote(&f, 3);
    cr_assert_str_eq(champion(&f), "03");
    roll_back(&f);
    cr_assert_str_eq(champion(&f), "02");
    roll_back(&f);
    cr_assert_str_eq(champion(&f), "01", "one further back, not to and fro");
    FAILS(registry_rollback_champion(f.r, "x", NULL, NULL, &p, &f.a, &err), ERR_CONFLICT);
    promote(&f, 4);
    OK(registry_rollback_target(f.r, &f.a, &p, &err));
    cr_assert_str_eq(p.model + 62, "01");
    fixture_reopen(&f);
    roll_back(&f);
    cr_assert_str_eq(champion(&f), "01", "2 and 3 are not met again");
    OK(promotion_list(f.r, &f.a, &list, &count, &err));
    cr_assert_eq(count, 7);
    cr_assert_str_eq(list[0].action, "rollback");
    cr_assert_str_eq(list[0].previous + 62, "04");
    cr_assert_str_eq(list[0].why, "alarm");
    cr_assert_str_eq(list[0].by, "joe");
    cr_assert(list[6].override_gate);
    cr_assert_null(list[6].previous);
    fixture_close(&f);
}

Test(stages, promotions_that_are_refused)
{
    struct fixture f;
    char hex[HASH_HEX_BYTES];
    struct promotion p;
    fixture_open(&f);
    add_models(&f, 2);
    json_t *body = json_object();
    struct evidence_new e = {.kind = "promotion", .how = "measured", .body = body};
    struct promotion_new n = {.model = fixture_digest(1, hex), .precision = "fp32"};
    FAILS(registry_promote(f.r, &n, &e, &p, &f.a, &err), ERR_BAD_INPUT); /* no gate */
    n.override_gate = true;
    FAILS(registry_promote(f.r, &n, &e, &p, &f.a, &err), ERR_BAD_INPUT); /* no why */
    n.why = "we must";
    n.gate = "0000000000000000000000000000000000000000000000000000000000000042";
    FAILS(registry_promote(f.r, &n, &e, &p, &f.a, &err), ERR_CONFLICT); /* no such evidence */
    n.gate = NULL;
    OK(registry_promote(f.r, &n, &e, &p, &f.a, &err));
    FAILS(registry_promote(f.r, &n, &e, &p, &f.a, &err), ERR_CONFLICT); /* champion already */
    n.precision = "int8";
    OK(registry_promote(f.r, &n, &e, &p, &f.a, &err));
    n.model = fixture_digest(9, hex);
    FAILS(registry_promote(f.r, &n, &e, &p, &f.a, &err), ERR_CONFLICT); /* unknown model */
    int64_t count = 0;
    OK(evidence_head(f.r, hex, &count, &err));
    cr_assert_eq(count, 2, "a refused promotion leaves no evidence");
    json_decref(body);
    fixture_close(&f);
}

Test(stages, a_promoted_candidate_is_none_any_more)
{
    struct fixture f;
    char one[HASH_HEX_BYTES], got[HASH_HEX_BYTES];
    fixture_open(&f);
    add_models(&f, 2);
    FAILS(registry_candidate(f.r, got, &err), ERR_NOT_FOUND);
    OK(registry_candidate_set(f.r, fixture_digest(1, one), &err));
    promote(&f, 2);
    OK(registry_candidate(f.r, got, &err));
    cr_assert_str_eq(got, one);
    promote(&f, 1);
    FAILS(registry_candidate(f.r, got, &err), ERR_NOT_FOUND);
    fixture_close(&f);
}

Test(stages, the_first_criteria_are_the_frozen_ones)
{
    struct fixture f;
    char one[HASH_HEX_BYTES], two[HASH_HEX_BYTES];
    bool changed = true;
    struct stage_version *list = NULL;
    size_t count = 0;
    fixture_open(&f);
    struct stage_version a = {.stage = "poc", .digest = fixture_digest(1, one), .criteria = "[1]"};
    struct stage_version b = {.stage = "poc", .digest = fixture_digest(2, two), .criteria = "[2]"};
    OK(stage_freeze(f.r, &a, &changed, &err));
    cr_assert(!changed);
    OK(stage_freeze(f.r, &a, &changed, &err));
    cr_assert(!changed);
    OK(stage_freeze(f.r, &b, &changed, &err));
    cr_assert(changed);
    OK(stage_freeze(f.r, &b, &changed, &err));
    cr_assert(changed, "a change stays visible");
    OK(stage_freeze(f.r, &a, &changed, &err));
    cr_assert(!changed, "back to what was frozen");
    OK(stage_list(f.r, "poc", &f.a, &list, &count, &err));
    cr_assert_eq(count, 3);
    cr_assert_str_eq(list[0].criteria, "[1]");
    OK(stage_list(f.r, "mvp", &f.a, &list, &count, &err));
    cr_assert_eq(count, 0);
    fixture_close(&f);
}

Test(stages, gates_are_filtered)
{
    struct fixture f;
    char one[HASH_HEX_BYTES], two[HASH_HEX_BYTES], digest[HASH_HEX_BYTES];
    struct gate_row *list = NULL;
    size_t count = 0;
    fixture_open(&f);
    add_models(&f, 2);
    json_t *body = json_object();
    struct evidence_new e = {.kind = "gate", .how = "measured", .body = body};
    struct gate_row g = {.stage = "poc",
                         .model = fixture_digest(1, one),
                         .precision = "fp32",
                         .data = one,
                         .criteria = one,
                         .verdict = "PASS"};
    OK(gate_record(f.r, &g, &e, digest, &err));
    g.verdict = "FAIL";
    OK(gate_record(f.r, &g, &e, digest, &err));
    g.model = fixture_digest(2, two);
    g.data = NULL;
    OK(gate_record(f.r, &g, &e, digest, &err));
    g.verdict = "MAYBE";
    FAILS(gate_record(f.r, &g, &e, digest, &err), ERR_CONFLICT);
    struct gate_filter q = {.stage = "poc", .model = one, .limit = 1};
    OK(gate_list(f.r, &q, &f.a, &list, &count, &err));
    cr_assert_eq(count, 1);
    cr_assert_str_eq(list[0].verdict, "FAIL", "the newest counts");
    q.verdict = "PASS";
    OK(gate_list(f.r, &q, &f.a, &list, &count, &err));
    cr_assert_eq(count, 1);
    q.precision = "int8";
    OK(gate_list(f.r, &q, &f.a, &list, &count, &err));
    cr_assert_eq(count, 0);
    json_decref(body);
    fixture_close(&f);
}

static void append(struct fixture *f, int n, char digest[HASH_HEX_BYTES])
{
    json_t *body = json_pack("{s:i}", "n", n);
    struct evidence_new e = {
        .kind = n % 2 ? "gate" : "training", .how = "measured", .stage = "poc", .body = body};
    OK(evidence_append(f->r, &e, digest, &err));
    json_decref(body);
}

Test(stages, evidence_is_one_chain)
{
    struct fixture f;
    char digest[HASH_HEX_BYTES], head[HASH_HEX_BYTES];
    struct evidence_row *rows = NULL, one;
    size_t count = 0;
    int64_t length = 7;
    struct chain_walk walk;
    fixture_open(&f);
    OK(evidence_head(f.r, head, &length, &err));
    cr_assert_eq(length, 0);
    cr_assert_str_eq(head, "");
    for (int n = 0; n < 5; n++) append(&f, n, digest);
    OK(evidence_head(f.r, head, &length, &err));
    cr_assert_eq(length, 5);
    cr_assert_str_eq(head, digest);
    struct evidence_filter q = {.with_bytes = true};
    OK(evidence_list(f.r, &q, &f.a, &rows, &count, &err));
    cr_assert_eq(count, 5);
    cr_assert_null(rows[0].previous);
    chain_begin(&walk);
    for (size_t i = 0; i < count; i++)
        OK(chain_next(&walk, rows[i].bytes, rows[i].len, rows[i].digest, &err));
    cr_assert_str_eq(walk.head, head);
    OK(evidence_get(f.r, digest, &f.a, &one, &err));
    cr_assert_eq(one.seq, 5);
    q = (struct evidence_filter){.kind = "gate", .newest_first = true, .limit = 1};
    OK(evidence_list(f.r, &q, &f.a, &rows, &count, &err));
    cr_assert_eq(count, 1);
    cr_assert_eq(rows[0].seq, 4);
    cr_assert_null(rows[0].bytes);
    fixture_close(&f);
}
