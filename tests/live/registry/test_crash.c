/* kill -9 in the middle of promotions and feedback, and two processes at once. A child tells
 * through a pipe what was acknowledged to it; the parent kills it at some moment and looks.
 */
#include "base/rng.h"
#include "base/str.h"
#include "proof/evidence/record.h"
#include "read_all.h"
#include "registry_fixture.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 30

static struct registry *open_again(const struct fixture *f)
{
    struct registry *r = NULL;
    struct registry_options o = fixture_options(f);
    struct err err = {0};
    return registry_open(&o, &r, &err) ? NULL : r;
}

/* Promotes 1, 2, 1, 2, ... and gives feedback after each; one byte a thing that was acknowledged.
 * */
static _Noreturn void child_work(const struct fixture *f, int pipe_fd)
{
    struct registry *r = open_again(f);
    struct arena a;
    struct err err = {0};
    struct promotion p;
    if (!r) _exit(1);
    arena_init(&a, 1u << 30);
    for (int i = 0; i < 1000; i++) {
        int n = 1;
        if (!registry_champion(r, &a, &p, &err)) n = p.model[63] == '1' ? 2 : 1;
        if (fixture_promote(r, n, &a, &err) || write(pipe_fd, "p", 1) != 1) _exit(2);
        char id[REGISTRY_ID_BYTES], hash[HASH_HEX_BYTES], fid[REGISTRY_ID_BYTES];
        char hex[HASH_HEX_BYTES];
        bool is_new = false;
        registry_id_make(id);
        registry_text_hash(r, "x", 1, hash);
        struct prediction_row row = {.id = id,
                                     .model = fixture_digest(n, hex),
                                     .text_hash = hash,
                                     .entities = "[]",
                                     .label_counts = "{}"};
        struct feedback_row say = {.prediction = id, .by = "jane", .group = "g"};
        if (prediction_put(r, &row, 1, &err)) _exit(3);
        if (feedback_row_put(r, &say, fid, &is_new, &err) || write(pipe_fd, "f", 1) != 1) _exit(4);
    }
    _exit(0);
}

struct told {
    int64_t promotions, feedback;
};

static void listen_to(int fd, struct told *t)
{
    char bytes[256];
    for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;) {
        for (ssize_t i = 0; i < n; i++) {
            t->promotions += bytes[i] == 'p';
            t->feedback += bytes[i] == 'f';
        }
    }
}

/* The chain is whole and has a record for every promotion; what was acknowledged is there, and at
 * most one thing more. */
static void inspect(struct fixture *f, const struct told *t)
{
    struct registry *r = open_again(f);
    struct evidence_row *rows = NULL;
    struct evidence_filter all = {.with_bytes = true};
    struct feedback_filter any = {.state = -1};
    struct feedback_counts c;
    struct chain_walk walk;
    struct promotion p;
    size_t count = 0;
    cr_assert_not_null(r);
    OK(registry_check(r, &err));
    OK(evidence_list(r, &all, &f->a, &rows, &count, &err));
    chain_begin(&walk);
    for (size_t i = 0; i < count; i++)
        OK(chain_next(&walk, rows[i].bytes, rows[i].len, rows[i].digest, &err));
    if (count) {
        OK(registry_champion(r, &f->a, &p, &err));
        cr_assert_eq((size_t)p.seq, count);
    }
    OK(feedback_row_count(r, &any, false, &c, &err));
    cr_assert_geq((int64_t)count, t->promotions, "an acknowledged promotion is lost");
    cr_assert_geq(c.predictions, t->feedback, "acknowledged feedback is lost");
    registry_close(r);
}

Test(crash, kill_9_loses_nothing_acknowledged, .timeout = 300)
{
    struct fixture f;
    struct told t = {0, 0};
    struct rng rng;
    fixture_open(&f);
    OK(fixture_add_model(&f, 1, &err));
    OK(fixture_add_model(&f, 2, &err));
    rng_init(&rng, 3, RNG_SAMPLE, 0);
    for (int i = 0; i < KILLS; i++) {
        int fds[2];
        cr_assert_eq(pipe(fds), 0);
        pid_t child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) child_work(&f, fds[1]);
        close(fds[1]);
        os_sleep_ms((int)rng_below(&rng, 150));
        kill(child, SIGKILL);
        listen_to(fds[0], &t);
        close(fds[0]);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        inspect(&f, &t);
    }
    cr_assert_gt(t.promotions + t.feedback, KILLS / 3, "the children hardly worked");
    fixture_close(&f);
}

static _Noreturn void child_evidence(const struct fixture *f, int count)
{
    struct registry *r = open_again(f);
    struct err err = {0};
    char digest[HASH_HEX_BYTES];
    json_t *body = json_object();
    struct evidence_new e = {.kind = "attested", .how = "attested", .body = body};
    if (!r) _exit(1);
    for (int i = 0; i < count; i++) {
        if (evidence_append(r, &e, digest, &err)) _exit(2);
    }
    registry_close(r);
    json_decref(body);
    _exit(0);
}

Test(crash, processes_at_once_do_not_fork_the_chain, .timeout = 120)
{
    struct fixture f;
    pid_t child[3];
    int64_t length = 0;
    char head[HASH_HEX_BYTES];
    fixture_open(&f);
    for (int i = 0; i < 3; i++) {
        child[i] = fork();
        cr_assert_geq(child[i], 0);
        if (child[i] == 0) child_evidence(&f, 15);
    }
    for (int i = 0; i < 3; i++) {
        int status = 0;
        cr_assert_eq(waitpid(child[i], &status, 0), child[i]);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %d: %d", i, status);
    }
    OK(evidence_head(f.r, head, &length, &err));
    cr_assert_eq(length, 45);
    struct evidence_row *rows = NULL;
    struct evidence_filter all = {.with_bytes = true};
    struct chain_walk walk;
    size_t count = 0;
    OK(evidence_list(f.r, &all, &f.a, &rows, &count, &err));
    chain_begin(&walk);
    for (size_t i = 0; i < count; i++)
        OK(chain_next(&walk, rows[i].bytes, rows[i].len, rows[i].digest, &err));
    cr_assert_str_eq(walk.head, head);
    fixture_close(&f);
}

Test(crash, processes_that_open_a_new_registry_at_once, .timeout = 120)
{
    for (int round = 0; round < 5; round++) {
        struct fixture f = {.r = NULL};
        pid_t child[4];
        test_folder_make(&f.folder);
        for (int i = 0; i < 4; i++) {
            child[i] = fork();
            cr_assert_geq(child[i], 0);
            if (child[i] == 0) child_evidence(&f, 2);
        }
        for (int i = 0; i < 4; i++) {
            int status = 0;
            cr_assert_eq(waitpid(child[i], &status, 0), child[i]);
            cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %d: %d", i, status);
        }
        int64_t length = 0;
        char head[HASH_HEX_BYTES];
        f.r = open_again(&f);
        cr_assert_not_null(f.r);
        OK(evidence_head(f.r, head, &length, &err));
        cr_assert_eq(length, 8);
        registry_close(f.r);
        test_folder_remove(&f.folder);
    }
}
