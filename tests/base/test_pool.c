/* Every piece runs once, whatever the threads do; the data races are for `make tsan` to find. */
#include "base/pool.h"
#include "base/os.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#define PIECES_MAX 1000

struct tally {
    int plain[PIECES_MAX]; /* written by one piece each, without atomics */
    int round;
    atomic_int calls, threads_seen[8];
};

static void count_piece(void *ctx, int piece, int thread)
{
    struct tally *t = ctx;
    t->plain[piece] += t->round;
    atomic_fetch_add(&t->calls, 1);
    atomic_fetch_add(&t->threads_seen[thread], 1);
}

static struct pool *new_pool(int threads)
{
    struct pool *p = NULL;
    struct err err = {0};
    cr_assert_eq(pool_new(threads, &p, &err), ERR_OK, "%s", err.message);
    cr_assert_eq(pool_threads(p), threads);
    return p;
}

static void run_many(int threads, int rounds, int pieces, bool rest)
{
    static struct tally t;
    struct pool *p = new_pool(threads);
    memset(&t, 0, sizeof t);
    int sum = 0;
    for (t.round = 1; t.round <= rounds; t.round++) {
        pool_run(p, pieces, count_piece, &t);
        sum += t.round;
        for (int i = 0; i < pieces; i++) /* the caller sees all that the pieces wrote */
            cr_assert_eq(t.plain[i], sum, "piece %d after round %d", i, t.round);
        if (rest) os_sleep_ms(1); /* long enough for the workers to sleep */
    }
    cr_assert_eq(atomic_load(&t.calls), rounds * pieces);
    for (int i = threads; i < 8; i++) cr_assert_eq(atomic_load(&t.threads_seen[i]), 0);
    pool_free(p);
}

Test(pool, one_thread_is_a_loop)
{
    run_many(1, 50, 17, false);
}

Test(pool, two_threads_many_short_runs)
{
    run_many(2, 5000, 3, false);
}

Test(pool, more_threads_than_cpus)
{
    run_many(8, 500, PIECES_MAX, false);
}

Test(pool, sleeping_workers_wake_up)
{
    run_many(3, 60, 5, true);
}

Test(pool, no_pieces_and_one_piece)
{
    run_many(4, 100, 0, false);
    run_many(4, 100, 1, false);
}

Test(pool, freed_without_work_or_never_made)
{
    for (int i = 0; i < 50; i++) pool_free(new_pool(4));
    pool_free(NULL);
}

Test(pool, refuses_no_threads)
{
    struct pool *p = NULL;
    struct err err = {0};
    cr_assert_eq(pool_new(0, &p, &err), ERR_BAD_INPUT);
    cr_assert_eq(pool_new(1 << 20, &p, &err), ERR_BAD_INPUT);
    cr_assert_null(p);
}

struct meeting {
    atomic_int arrived;
};

/* Returns only when both pieces run at the same time: proof that another thread really works. */
static void meet(void *ctx, int piece, int thread)
{
    struct meeting *m = ctx;
    (void)piece;
    (void)thread;
    atomic_fetch_add(&m->arrived, 1);
    while (atomic_load(&m->arrived) < 2) os_sleep_ms(1);
}

Test(pool, pieces_run_side_by_side, .timeout = 60)
{
    struct pool *p = new_pool(2);
    struct meeting m = {0};
    pool_run(p, 2, meet, &m);
    cr_assert_eq(atomic_load(&m.arrived), 2);
    pool_free(p);
}

enum { TEAM_MAX = 8, MEETINGS = 200 };

struct team {
    struct pool *pool;
    int threads, written[2][TEAM_MAX]; /* in turn; plain: the meetings order them */
    atomic_int wrong, members[TEAM_MAX], on_thread[TEAM_MAX];
};

/* Writes its own place, meets, and reads everybody's. */
static void team_member(void *ctx, int member, int thread)
{
    struct team *t = ctx;
    atomic_fetch_add(&t->members[member], 1);
    atomic_fetch_add(&t->on_thread[thread], 1);
    for (int i = 0; i < MEETINGS; i++) {
        t->written[i % 2][member] = i * member;
        pool_meet(t->pool);
        for (int other = 0; other < t->threads; other++)
            if (t->written[i % 2][other] != i * other) atomic_fetch_add(&t->wrong, 1);
        if (i == MEETINGS / 2 && member == 0) os_sleep_ms(2); /* the others go to sleep */
    }
}

static void run_team(int threads, int rounds)
{
    struct team t = {.pool = new_pool(threads), .threads = threads};
    for (int i = 0; i < rounds; i++) pool_team(t.pool, team_member, &t);
    cr_expect_eq(atomic_load(&t.wrong), 0);
    for (int i = 0; i < TEAM_MAX; i++) {
        cr_expect_eq(atomic_load(&t.members[i]), i < threads ? rounds : 0);
        cr_expect_eq(atomic_load(&t.on_thread[i]), i < threads ? rounds : 0);
    }
    pool_free(t.pool);
}

Test(pool, a_team_is_every_thread_once_and_sees_what_was_written_before_it_met, .timeout = 120)
{
    run_team(1, 3);
    run_team(2, 20);
    run_team(3, 5);
    run_team(TEAM_MAX, 3);
}

static void run_inside(void *ctx, int piece, int thread)
{
    (void)piece;
    (void)thread;
    pool_run(ctx, 2, run_inside, ctx);
}

struct masks {
    sigset_t of[4];
    atomic_int ran;
};

/* Waits until every thread has come: each takes a piece. */
static void read_mask(void *ctx, int piece, int thread)
{
    struct masks *m = ctx;
    (void)piece;
    pthread_sigmask(SIG_SETMASK, NULL, &m->of[thread]);
    atomic_fetch_add(&m->ran, 1);
    while (atomic_load(&m->ran) < 4) os_sleep_ms(1);
}

Test(pool, workers_leave_signals_to_others_and_keep_their_faults, .timeout = 60)
{
    struct masks m = {0};
    struct pool *pool = new_pool(4);
    pool_run(pool, 4, read_mask, &m);
    for (int thread = 1; thread < 4; thread++) {
        cr_expect(sigismember(&m.of[thread], SIGINT) && sigismember(&m.of[thread], SIGTERM));
        cr_expect(!sigismember(&m.of[thread], SIGSEGV) && !sigismember(&m.of[thread], SIGILL));
    }
    pool_free(pool);
}

Test(pool, a_run_inside_a_run_is_a_bug, .signal = SIGABRT)
{
    struct pool *p = new_pool(2);
    pool_run(p, 2, run_inside, p);
}

Test(pool, stripes_name_every_piece_once_and_keep_a_thread_s_pieces_together)
{
    static const int counts[] = {1, 2, 3, 7, 16, 97};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        for (int threads = 1; threads <= 8; threads++) {
            bool seen[97] = {false};
            for (int i = 0; i < counts[c]; i++) {
                const int at = pool_stripe(i, counts[c], threads);
                cr_assert(at >= 0 && at < counts[c] && !seen[at], "%d of %d", i, counts[c]);
                seen[at] = true;
                if (i >= threads)
                    cr_assert_eq(at, pool_stripe(i - threads, counts[c], threads) + 1);
            }
        }
    }
}
