/* base/pool.c - one 64-bit ticket hands out the pieces.
 *
 *     ticket = run number (32 bits) | pieces left (32 bits)
 *
 * A thread takes a piece by lowering `pieces left` with compare-and-swap. Pieces go out in order:
 * who lists large ones first ends with small ones, and all threads end together. Because the run
 * number is in the same word, a late thread that read the fields of an older run (fn, ctx, count)
 * fails its swap and looks again: it never has to be waited for, so a sleeping thread costs a short
 * run nothing. The fields may change only when no piece is left and all are done, and that is when
 * pool_run writes them:
 *
 *     caller:  fn, ctx, count, undone = n  ->  ticket = (run + 1, n)  ->  wakes, works,
 *              waits: undone == 0
 *     worker:  ticket, fn, ctx, count read ->  ticket - 1 swapped in  ->  fn(piece)  ->  undone - 1
 *
 * Waiting spins first, since the layers of a network follow each other within microseconds, then
 * sleeps on a futex. With more threads than CPUs spinning would only keep the others from working,
 * so it is left out. A sleeper counts itself before it looks a last time, and a waker changes the
 * word before it reads the count (both sequentially consistent), so that no wake-up is lost and
 * most need no system call.
 *
 * A team is a run of as many pieces as threads. A member that waits at its first meeting cannot
 * take a second piece, so each thread gets exactly one. A meeting is a counter, and a word that the
 * last to come changes: fewer cache lines cross between cores than for a run.
 */
#define _GNU_SOURCE /* syscall */
#include "base/pool.h"
#include "base/arena.h"
#include "base/os.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS_MAX 1024
#define SPIN_COUNT  4000 /* pauses: about 50 to 150 microseconds on today's CPUs */
#define LINE_BYTES  64

struct worker {
    struct pool *pool;
    pthread_t thread;
    int index;
};

struct pool {
    _Alignas(LINE_BYTES) _Atomic uint64_t ticket;
    _Alignas(LINE_BYTES) _Atomic uint32_t undone; /* futex of the caller */
    _Atomic uint32_t caller_sleeps;
    _Alignas(LINE_BYTES) _Atomic uint32_t arrived; /* at the meeting that is gathering */
    _Alignas(LINE_BYTES) _Atomic uint32_t met;     /* meetings so far; futex of who waits */
    _Atomic uint32_t met_sleepers;
    _Alignas(LINE_BYTES) _Atomic uint32_t wake; /* futex of the workers */
    _Atomic uint32_t sleepers;
    _Atomic bool stop;
    _Atomic(pool_fn *) fn;
    _Atomic(void *) ctx;
    _Atomic uint32_t count;
    int threads, spin;
    struct worker *workers; /* threads - 1 */
};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void futex_wait(_Atomic uint32_t *word, uint32_t while_value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_value, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static bool work_is_there(struct pool *p)
{
    return (uint32_t)atomic_load(&p->ticket) != 0;
}

/* Takes and does pieces until none is left. */
static void work(struct pool *p, int thread)
{
    uint64_t ticket = atomic_load(&p->ticket);
    while ((uint32_t)ticket != 0) {
        pool_fn *fn = atomic_load_explicit(&p->fn, memory_order_relaxed);
        void *ctx = atomic_load_explicit(&p->ctx, memory_order_relaxed);
        const uint32_t count = atomic_load_explicit(&p->count, memory_order_relaxed);
        if (!atomic_compare_exchange_weak(&p->ticket, &ticket, ticket - 1)) continue;
        fn(ctx, (int)(count - (uint32_t)ticket), thread);
        if (atomic_fetch_sub(&p->undone, 1) == 1 && atomic_load(&p->caller_sleeps))
            futex_wake(&p->undone, 1);
        ticket = atomic_load(&p->ticket);
    }
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->pool;
    while (!atomic_load(&p->stop)) {
        work(p, w->index);
        for (int i = 0; i < p->spin && !work_is_there(p); i++) pause_briefly();
        uint32_t seen = atomic_load(&p->wake);
        atomic_fetch_add(&p->sleepers, 1);
        if (!work_is_there(p) && !atomic_load(&p->stop)) futex_wait(&p->wake, seen);
        atomic_fetch_sub(&p->sleepers, 1);
    }
    return NULL;
}

static void wake_workers(struct pool *p, int count)
{
    atomic_fetch_add(&p->wake, 1);
    if (atomic_load(&p->sleepers) > 0) futex_wake(&p->wake, count);
}

static void stop_workers(struct pool *p, int started)
{
    atomic_store(&p->stop, true);
    wake_workers(p, INT_MAX);
    for (int i = 0; i < started; i++) pthread_join(p->workers[i].thread, NULL);
}

/* Starts the workers with signals blocked: those are for the thread that owns the program's loop.
 * A fault is the thread's own: blocked, it would end the process past the handler that tells where
 * (a sanitizer's). */
static int start_workers(struct pool *p, int *ret_started)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
    sigset_t all, before;
    sigfillset(&all);
    for (size_t f = 0; f < sizeof faults / sizeof faults[0]; f++) sigdelset(&all, faults[f]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int why = 0, i = 0;
    for (; i < p->threads - 1 && why == 0; i++) {
        p->workers[i] = (struct worker){.pool = p, .index = i + 1};
        why = pthread_create(&p->workers[i].thread, NULL, worker_main, &p->workers[i]);
        if (why != 0) break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *ret_started = i;
    return why;
}

enum err_code pool_new(int threads, struct pool **ret, struct err *err)
{
    if (threads < 1 || threads > THREADS_MAX)
        return err_set(err, ERR_BAD_INPUT, "%d threads: 1 to %d can be had", threads, THREADS_MAX);
    struct pool *p = mem_try(1, sizeof *p, err);
    if (!p) return ERR_NO_MEMORY;
    p->threads = threads;
    p->spin = threads <= os_cpu_count() ? SPIN_COUNT : 0;
    p->workers = mem_try((size_t)threads, sizeof *p->workers, err);
    if (!p->workers) {
        mem_free(p);
        return ERR_NO_MEMORY;
    }
    int started, why = start_workers(p, &started);
    if (why != 0) {
        stop_workers(p, started);
        mem_free(p->workers);
        mem_free(p);
        err_set(err, ERR_NO_MEMORY, "thread %d of %d did not start", started + 2, threads);
        return err_errno(err, why);
    }
    *ret = p;
    return ERR_OK;
}

void pool_free(struct pool *p)
{
    if (!p) return;
    stop_workers(p, p->threads - 1);
    mem_free(p->workers);
    mem_free(p);
}

int pool_threads(const struct pool *p)
{
    return p->threads;
}

static void wait_until_done(struct pool *p)
{
    for (int i = 0; i < p->spin && atomic_load(&p->undone) != 0; i++) pause_briefly();
    if (atomic_load(&p->undone) == 0) return;
    atomic_store(&p->caller_sleeps, 1);
    for (uint32_t left; (left = atomic_load(&p->undone)) != 0;) futex_wait(&p->undone, left);
    atomic_store(&p->caller_sleeps, 0);
}

void pool_run(struct pool *p, int piece_count, pool_fn *fn, void *ctx)
{
    BUG_IF(piece_count < 0);
    if (piece_count == 0) return;
    if (p->threads == 1 || piece_count == 1) {
        for (int i = 0; i < piece_count; i++) fn(ctx, i, 0);
        return;
    }
    uint64_t ticket = atomic_load(&p->ticket);
    BUG_IF((uint32_t)ticket != 0 || atomic_load(&p->undone) != 0); /* two runs at once */
    atomic_store_explicit(&p->fn, fn, memory_order_relaxed);
    atomic_store_explicit(&p->ctx, ctx, memory_order_relaxed);
    atomic_store_explicit(&p->count, (uint32_t)piece_count, memory_order_relaxed);
    atomic_store(&p->undone, (uint32_t)piece_count);
    atomic_store(&p->ticket, ((ticket >> 32) + 1) << 32 | (uint32_t)piece_count);
    wake_workers(p, piece_count - 1);
    work(p, 0);
    wait_until_done(p);
}

int pool_stripe(int piece, int count, int threads)
{
    const int stripe = piece % threads, least = count / threads, longer = count % threads;
    return stripe * least + (stripe < longer ? stripe : longer) + piece / threads;
}

void pool_team(struct pool *p, pool_fn *fn, void *ctx)
{
    pool_run(p, p->threads, fn, ctx);
}

void pool_meet(struct pool *p)
{
    if (p->threads == 1) return;
    const uint32_t met = atomic_load(&p->met);
    if (atomic_fetch_add(&p->arrived, 1) + 1 == (uint32_t)p->threads) {
        atomic_store(&p->arrived, 0);
        atomic_store(&p->met, met + 1);
        if (atomic_load(&p->met_sleepers) > 0) futex_wake(&p->met, INT_MAX);
        return;
    }
    for (int i = 0; i < p->spin && atomic_load(&p->met) == met; i++) pause_briefly();
    if (atomic_load(&p->met) != met) return;
    atomic_fetch_add(&p->met_sleepers, 1);
    while (atomic_load(&p->met) == met) futex_wait(&p->met, met);
    atomic_fetch_sub(&p->met_sleepers, 1);
}
