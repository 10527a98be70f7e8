/* The handle: what opens, what is refused, what a transaction holds together, who holds a lock. */
#include "base/str.h"
#include "live/registry/history.h"
#include "live/registry/registry_internal.h"
#include "registry_fixture.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Test(registry, opens_twice_and_keeps_its_secret)
{
    struct fixture f;
    char before[HASH_HEX_BYTES], after[HASH_HEX_BYTES], other[HASH_HEX_BYTES];
    fixture_open(&f);
    registry_text_hash(f.r, "letter", 6, before);
    registry_text_hash(f.r, "Letter", 6, other);
    cr_assert_str_neq(before, other);
    fixture_reopen(&f);
    registry_text_hash(f.r, "letter", 6, after);
    cr_assert_str_eq(before, after);
    OK(registry_check(f.r, &err));
    fixture_close(&f);
}

Test(registry, another_registry_has_another_secret)
{
    struct fixture f, g;
    char one[HASH_HEX_BYTES], two[HASH_HEX_BYTES];
    fixture_open(&f);
    fixture_open(&g);
    registry_text_hash(f.r, "letter", 6, one);
    registry_text_hash(g.r, "letter", 6, two);
    cr_assert_str_neq(one, two);
    fixture_close(&f);
    fixture_close(&g);
}

Test(registry, refuses_bad_options)
{
    struct test_folder t;
    struct registry *r = NULL;
    test_folder_make(&t);
    char absent[PATH_BYTES_MAX];
    OK(os_join(absent, t.path, "nothing", &err));
    struct registry_options o = {.dir = absent, .use_case = "x", .code = "0", .create = false};
    FAILS(registry_open(&o, &r, &err), ERR_NOT_FOUND);
    cr_assert(!os_exists(absent));
    o = (struct registry_options){.dir = t.path, .use_case = "", .code = "0", .create = true};
    FAILS(registry_open(&o, &r, &err), ERR_BAD_INPUT);
    o.use_case = "\xff";
    FAILS(registry_open(&o, &r, &err), ERR_BAD_INPUT);
    cr_assert_null(r);
    test_folder_remove(&t);
}

static size_t candidates(struct registry *r)
{
    char hex[HASH_HEX_BYTES];
    struct err err = {0};
    return registry_candidate(r, hex, &err) == ERR_OK;
}

Test(registry, a_transaction_is_all_or_nothing)
{
    struct fixture f;
    char one[HASH_HEX_BYTES], absent[HASH_HEX_BYTES];
    fixture_open(&f);
    OK(fixture_add_model(&f, 1, &err));
    OK(registry_begin(f.r, &err));
    OK(registry_candidate_set(f.r, fixture_digest(1, one), &err));
    registry_rollback(f.r);
    cr_assert_eq(candidates(f.r), 0);
    OK(registry_begin(f.r, &err));
    OK(registry_candidate_set(f.r, one, &err));
    FAILS(registry_candidate_set(f.r, fixture_digest(9, absent), &err), ERR_CONFLICT);
    FAILS(registry_candidate_set(f.r, one, &err), ERR_CONFLICT); /* nothing may follow a failure */
    FAILS(registry_commit(f.r, &err), ERR_CONFLICT);
    cr_assert_eq(candidates(f.r), 0);
    OK(registry_begin(f.r, &err));
    OK(registry_candidate_set(f.r, one, &err));
    OK(registry_commit(f.r, &err));
    fixture_reopen(&f);
    cr_assert_eq(candidates(f.r), 1);
    fixture_close(&f);
}

static void *add_runs(void *ctx)
{
    struct fixture *f = ctx;
    char id[REGISTRY_ID_BYTES], one[HASH_HEX_BYTES];
    struct run_new n = {.kind = "train",
                        .config = "{}",
                        .train_data = fixture_digest(1, one),
                        .precision = "fp32",
                        .threads = 1};
    for (int i = 0; i < 20; i++) OK(run_begin(f->r, &n, id, &err));
    return NULL;
}

Test(registry, threads_take_turns)
{
    struct fixture f;
    pthread_t t[4];
    struct run *runs = NULL;
    size_t count = 0;
    fixture_open(&f);
    for (int i = 0; i < 4; i++) cr_assert_eq(pthread_create(&t[i], NULL, add_runs, &f), 0);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    OK(run_list(f.r, 0, &f.a, &runs, &count, &err));
    cr_assert_eq(count, 80);
    fixture_close(&f);
}

Test(registry, a_lock_says_who_holds_it)
{
    struct fixture f;
    int ready[2], done[2];
    char byte = 0;
    fixture_open(&f);
    cr_assert_eq(pipe(ready), 0);
    cr_assert_eq(pipe(done), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct os_lock l;
        struct err why = {0};
        if (registry_lock(f.r, "train", 0, &l, &why)) _exit(1);
        if (write(ready[1], "x", 1) != 1 || read(done[0], &byte, 1) < 0) _exit(2);
        _exit(0); /* dies with the lock held */
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    struct os_lock l;
    struct err why = {0};
    char pid[32], text[1000];
    cr_assert_eq(registry_lock(f.r, "train", 20, &l, &why), ERR_BUSY);
    cr_assert(str_format(pid, sizeof pid, "pid %ld", (long)child));
    cr_assert(str_format(text, sizeof text, "%s %s", why.message, why.detail));
    cr_assert(strstr(text, pid) && strstr(text, "cairn train"), "%s", text);
    OK(registry_lock(f.r, "promote", 0, &l, &err)); /* another kind is free */
    os_lock_drop(&l);
    cr_assert_eq(write(done[1], "x", 1), 1);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    OK(registry_lock(f.r, "train", 1000, &l, &err));
    os_lock_drop(&l);
    FAILS(registry_lock(f.r, "../x", 0, &l, &err), ERR_BAD_INPUT);
    fixture_close(&f);
}

Test(registry, runs_end_once_and_can_be_found)
{
    struct fixture f;
    char id[REGISTRY_ID_BYTES], one[HASH_HEX_BYTES], prefix[8];
    struct run run;
    fixture_open(&f);
    OK(fixture_add_model(&f, 1, &err));
    struct run_new n = {.kind = "train",
                        .config = "{\"lr\":1}",
                        .train_data = fixture_digest(1, one),
                        .precision = "fp32",
                        .seed = -7,
                        .threads = 2};
    OK(run_begin(f.r, &n, id, &err));
    OK(run_end(f.r, id, RUN_INTERRUPTED, NULL, NULL, "ctrl-c", &err));
    OK(run_resume(f.r, id, &err));
    cr_assert(str_format(prefix, sizeof prefix, "%.6s", id));
    OK(run_find(f.r, prefix, &f.a, &run, &err));
    cr_assert_eq(run.state, RUN_RUNNING);
    cr_assert_eq(run.ended_us, 0);
    cr_assert_eq(run.seed, -7);
    cr_assert_null(run.why);
    OK(run_end(f.r, id, RUN_DONE, one, "{\"f1\":1}", NULL, &err));
    FAILS(run_end(f.r, id, RUN_FAILED, NULL, NULL, NULL, &err), ERR_CONFLICT);
    FAILS(run_resume(f.r, id, &err), ERR_CONFLICT);
    FAILS(run_resume(f.r, "0123456789abcdef0123456789abcdef", &err), ERR_NOT_FOUND);
    OK(run_find(f.r, id, &f.a, &run, &err));
    cr_assert_str_eq(run.model, one);
    cr_assert_str_eq(run.metrics, "{\"f1\":1}");
    FAILS(run_find(f.r, "abc", &f.a, &run, &err), ERR_BAD_INPUT);
    FAILS(run_find(f.r, "zzzzzz", &f.a, &run, &err), ERR_BAD_INPUT);
    fixture_close(&f);
}

Test(registry, a_split_is_frozen)
{
    struct fixture f;
    char one[HASH_HEX_BYTES], two[HASH_HEX_BYTES];
    struct split got;
    fixture_open(&f);
    struct split s = {.name = "source",
                      .part = "test",
                      .fingerprint = fixture_digest(1, one),
                      .blob = one,
                      .examples = 5,
                      .groups = 5,
                      .spans = 9};
    FAILS(split_get(f.r, "source", "test", &f.a, &got, &err), ERR_NOT_FOUND);
    OK(split_put(f.r, &s, &err));
    OK(split_put(f.r, &s, &err));
    s.fingerprint = fixture_digest(2, two);
    FAILS(split_put(f.r, &s, &err), ERR_CONFLICT);
    OK(split_get(f.r, "source", "test", &f.a, &got, &err));
    cr_assert_str_eq(got.fingerprint, one);
    cr_assert_null(got.origin);
    cr_assert_eq(got.spans, 9);
    fixture_close(&f);
}

Test(registry, use_cases_of_one_database_do_not_meet)
{
    struct fixture f;
    struct registry *other = NULL;
    char hex[HASH_HEX_BYTES];
    int64_t count = 0;
    fixture_open(&f);
    fixture_fill(&f);
    struct registry_options o = fixture_options(&f);
    o.use_case = "bank";
    OK(registry_open(&o, &other, &err));
    struct promotion p;
    FAILS(registry_champion(other, &f.a, &p, &err), ERR_NOT_FOUND);
    OK(evidence_head(other, hex, &count, &err));
    cr_assert_eq(count, 0);
    OK(fixture_promote(other, 2, &f.a, &err));
    OK(registry_champion(f.r, &f.a, &p, &err));
    cr_assert_eq(p.seq, 2);
    registry_close(other);
    fixture_close(&f);
}
