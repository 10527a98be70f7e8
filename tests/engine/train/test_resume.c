/* Interruptions: every way to stop a run must end, once resumed, in the digest of the run that
 * nothing stopped. */
#include "base/arena.h"
#include "base/rng.h"
#include "engine/train/checkpoint_internal.h"
#include "train_fixture.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EPOCHS = 3, KILLS = 12 };

static void uninterrupted(char hex[65])
{
    struct fixture f;
    fixture_begin(&f, 1);
    cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
    fixture_end(&f);
}

static void begin(struct fixture *f, struct test_folder *t, int threads)
{
    fixture_begin(f, threads);
    f->job.checkpoint_dir = test_folder_path(t, "checkpoints");
}

static void resume(struct fixture *f)
{
    fixture_restart(f);
    f->stop_at = 0;
    f->job.resume = true;
}

Test(resume, after_ctrl_c_at_any_step_ends_in_the_same_digest)
{
    char want[65], hex[65];
    uninterrupted(want);
    for (int64_t step = 1; step <= EPOCHS * FIXTURE_STEPS; step++) {
        struct test_folder t;
        struct fixture f;
        test_folder_make(&t);
        begin(&f, &t, 1);
        f.job.checkpoint_seconds = 3600; /* only the stop itself writes one */
        f.stop_at = step;
        cr_assert_eq(fixture_run(&f, hex), ERR_INTERRUPTED);
        cr_expect(strstr(f.err.hint, "resume"), "%s", f.err.hint);
        resume(&f);
        cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
        cr_expect_str_eq(hex, want, "stopped after step %d", (int)step);
        cr_expect_eq(f.result.steps, EPOCHS * FIXTURE_STEPS);
        cr_expect_eq(f.result.epochs, EPOCHS);
        fixture_end(&f);
        test_folder_remove(&t);
    }
}

Test(resume, again_and_again_with_other_threads)
{
    char want[65], hex[65];
    struct test_folder t;
    struct fixture f;
    enum err_code code = ERR_INTERRUPTED;
    uninterrupted(want);
    test_folder_make(&t);
    for (int64_t step = 1; code == ERR_INTERRUPTED; step++) { /* one step a process */
        begin(&f, &t, 1 + (int)(step % 2));
        f.job.checkpoint_seconds = 3600;
        f.job.resume = true;
        f.stop_at = step;
        code = fixture_run(&f, hex);
        cr_assert_leq(step, EPOCHS * FIXTURE_STEPS + 1);
        fixture_end(&f);
    }
    cr_assert_eq(code, ERR_OK);
    cr_expect_str_eq(hex, want);
    test_folder_remove(&t);
}

static void train_as_child(struct test_folder *t, int report_fd)
{
    struct fixture f;
    char hex[65];
    begin(&f, t, 2);
    f.job.resume = true;
    f.report_fd = report_fd;
    _exit(fixture_run(&f, hex) ? 1 : 0);
}

/* A child trains with a checkpoint after every step. It is killed within wait_ms after its first
 * step, or when it is done; *ret_first and *ret_last are the first and last step it reported. */
static void train_and_kill(struct test_folder *t, int wait_ms, int64_t *ret_first,
                           int64_t *ret_last)
{
    int fds[2];
    int64_t step;
    cr_assert_eq(pipe(fds), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) train_as_child(t, fds[1]);
    close(fds[1]);
    cr_assert_eq(read(fds[0], ret_first, sizeof *ret_first), sizeof *ret_first);
    *ret_last = *ret_first;
    os_sleep_ms(wait_ms);
    kill(child, SIGKILL);
    while (read(fds[0], &step, sizeof step) == sizeof step) *ret_last = step;
    cr_assert_eq(waitpid(child, NULL, 0), child);
    close(fds[0]);
}

static size_t files_in(const char *dir)
{
    struct arena a;
    struct err err = {0};
    char **names;
    size_t count = 0;
    arena_init(&a, 1 << 20);
    cr_assert(!os_list(dir, &a, &names, &count, &err), "%s", err.message);
    arena_release(&a);
    return count;
}

/* The moments differ each time; neither the digest nor what is lost may. */
Test(resume, after_kill_9_at_random_moments_ends_in_the_same_digest)
{
    char want[65], hex[65];
    struct test_folder t;
    struct fixture f;
    struct rng r;
    int64_t first, last = 0, before = 0;
    uninterrupted(want);
    rng_init(&r, (uint64_t)os_now_us(), RNG_SAMPLE, 0);
    test_folder_make(&t);
    for (int i = 0; i < KILLS && last < EPOCHS * FIXTURE_STEPS; i++, before = last) {
        train_and_kill(&t, (int)rng_below(&r, 6), &first, &last);
        cr_expect_geq(first, before, "step %d was done, resumed at %d", (int)before, (int)first);
    }
    begin(&f, &t, 1);
    f.job.resume = true;
    cr_assert(!fixture_run(&f, hex), "%s: %s", f.err.message, f.err.detail);
    cr_expect_str_eq(hex, want);
    cr_expect_leq(files_in(f.job.checkpoint_dir), 4, "files of cut writes are left");
    fixture_end(&f);
    test_folder_remove(&t);
}

static void spoil(struct test_folder *t, const char *name)
{
    const char *path = test_folder_path(t, name);
    struct err err = {0};
    struct buf whole;
    buf_init(&whole, 64 << 20);
    cr_assert(!os_read_file(path, 64 << 20, &whole, &err), "%s", err.message);
    whole.data[whole.len / 2] ^= 1;
    cr_assert(!os_write_atomic(path, whole.data, whole.len, &err));
    buf_release(&whole);
}

static void stopped_after(struct test_folder *t, struct fixture *f, int64_t step)
{
    char hex[65];
    test_folder_make(t);
    begin(f, t, 1);
    f->stop_at = step;
    cr_assert_eq(fixture_run(f, hex), ERR_INTERRUPTED);
    resume(f);
}

Test(resume, a_damaged_slot_falls_back_to_the_other)
{
    static const char *const slots[] = {"checkpoints/checkpoint-a", "checkpoints/checkpoint-b"};
    char want[65], hex[65];
    uninterrupted(want);
    for (size_t i = 0; i < 2; i++) {
        struct test_folder t;
        struct fixture f;
        stopped_after(&t, &f, 8);
        spoil(&t, slots[i]);
        cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
        cr_expect_str_eq(hex, want, "%s damaged", slots[i]);
        fixture_end(&f);
        test_folder_remove(&t);
    }
}

Test(resume, two_damaged_slots_are_an_error_that_says_so)
{
    struct test_folder t;
    struct fixture f;
    char hex[65];
    stopped_after(&t, &f, 8);
    spoil(&t, "checkpoints/checkpoint-a");
    spoil(&t, "checkpoints/checkpoint-b");
    cr_expect_eq(fixture_run(&f, hex), ERR_CORRUPT);
    cr_expect(strstr(f.err.message, "damaged"), "%s", f.err.message);
    fixture_end(&f);
    test_folder_remove(&t);
}

Test(resume, a_checkpoint_of_another_version_is_refused_by_name)
{
    static const char *const slots[] = {"checkpoints/checkpoint-a", "checkpoints/checkpoint-b"};
    char hex[65], old[4096 + 64] = "cairn.checkpoint/v1"; /* whole, and its own SHA-256 is right */
    struct test_folder t;
    struct fixture f;
    struct err err = {0};
    stopped_after(&t, &f, 8);
    hash_bytes(old, 4096, hex);
    memcpy(old + 4096, hex, 64);
    for (size_t i = 0; i < 2; i++)
        cr_assert(!os_write_atomic(test_folder_path(&t, slots[i]), old, sizeof old, &err));
    cr_expect_eq(fixture_run(&f, hex), ERR_CONFLICT);
    cr_expect(strstr(f.err.message, "another version"), "%s", f.err.message);
    fixture_end(&f);
    test_folder_remove(&t);
}

/* Stopped in the third epoch; the first one was the best. */
static void stopped_behind_the_best(struct test_folder *t, struct fixture *f)
{
    char hex[65];
    test_folder_make(t);
    begin(f, t, 1);
    f->scores[0] = 0.9;
    f->scores[1] = f->scores[2] = 0.1;
    f->stop_at = 14;
    cr_assert_eq(fixture_run(f, hex), ERR_INTERRUPTED);
    cr_assert(os_exists(test_folder_path(t, "checkpoints/best-1")));
    cr_expect_not(os_exists(test_folder_path(t, "checkpoints/best-2")));
    resume(f);
    f->scores[0] = 0.1; /* the first evaluation from here on is the third epoch's */
}

Test(resume, the_best_epoch_is_found_again_and_goes_with_its_last_slot)
{
    char want[65], hex[65];
    struct test_folder t;
    struct fixture f;
    fixture_begin(&f, 1);
    f.scores[0] = 0.9;
    f.scores[1] = f.scores[2] = 0.1;
    cr_assert(!fixture_run(&f, want));
    fixture_end(&f);
    stopped_behind_the_best(&t, &f);
    cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
    cr_expect_str_eq(hex, want);
    cr_expect_eq(f.result.best_epoch, 1);
    fixture_restart(&f);
    f.scores[0] = 0.1;
    f.scores[1] = 0.2; /* now the second is better: the first goes when both slots are past it */
    f.job.resume = false;
    cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
    cr_expect_not(os_exists(test_folder_path(&t, "checkpoints/best-1")));
    cr_expect(os_exists(test_folder_path(&t, "checkpoints/best-2")));
    fixture_end(&f);
    test_folder_remove(&t);
}

Test(resume, a_damaged_or_missing_best_epoch_is_an_error_that_names_it)
{
    for (int missing = 0; missing < 2; missing++) {
        char hex[65];
        struct test_folder t;
        struct fixture f;
        struct err err = {0};
        stopped_behind_the_best(&t, &f);
        if (missing)
            cr_assert(!os_remove(test_folder_path(&t, "checkpoints/best-1"), &err));
        else
            spoil(&t, "checkpoints/best-1");
        cr_expect_eq(fixture_run(&f, hex), ERR_CORRUPT);
        cr_expect(strstr(f.err.message, "best-1"), "%s", f.err.message);
        fixture_end(&f);
        test_folder_remove(&t);
    }
}

static void change_data(struct fixture *f)
{
    f->targets[3][1] = (f->targets[3][1] + 1) % 3;
}
static void change_fingerprint(struct fixture *f)
{
    f->job.data_fingerprint = "other";
}
static void change_recipe(struct fixture *f)
{
    f->job.recipe.learning_rate *= 2;
}
static void change_epochs(struct fixture *f)
{
    f->job.recipe.epochs++;
}
static void change_weights(struct fixture *f)
{
    f->job.model->params[5] += 1;
}

Test(resume, refuses_a_checkpoint_of_another_run)
{
    void (*const changes[])(struct fixture *) = {change_data, change_fingerprint, change_recipe,
                                                 change_epochs, change_weights};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct test_folder t;
        struct fixture f;
        char hex[65];
        stopped_after(&t, &f, 8);
        changes[i](&f);
        cr_expect_eq(fixture_run(&f, hex), ERR_CONFLICT, "change %zu", i);
        fixture_end(&f);
        test_folder_remove(&t);
    }
}

Test(resume, a_new_run_removes_the_checkpoints_of_the_old)
{
    struct test_folder t;
    struct fixture f;
    char hex[65], want[65];
    uninterrupted(want);
    stopped_after(&t, &f, 8);
    f.job.resume = false;
    f.job.checkpoint_seconds = 3600;
    cr_assert(!fixture_run(&f, hex));
    cr_expect_str_eq(hex, want);
    cr_expect_not(os_exists(test_folder_path(&t, "checkpoints/checkpoint-a")));
    cr_expect_not(os_exists(test_folder_path(&t, "checkpoints/checkpoint-b")));
    fixture_end(&f);
    test_folder_remove(&t);
}

Test(resume, without_a_checkpoint_starts_from_the_beginning)
{
    struct test_folder t;
    struct fixture f;
    char hex[65], want[65];
    uninterrupted(want);
    test_folder_make(&t);
    begin(&f, &t, 1);
    f.job.resume = true;
    cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
    cr_expect_str_eq(hex, want);
    fixture_end(&f);
    test_folder_remove(&t);
}

static int writes_left;

static ssize_t write_until_full(int fd, const void *bytes, size_t len)
{
    if (writes_left-- > 0) return os_real.write(fd, bytes, len);
    errno = ENOSPC;
    return -1;
}

Test(resume, a_full_disk_stops_the_run_and_leaves_the_last_checkpoint_whole)
{
    char want[65], hex[65];
    uninterrupted(want);
    for (int writes = 0; writes < 150; writes += 7) {
        struct os_ops ops = os_real;
        struct test_folder t;
        struct fixture f;
        test_folder_make(&t);
        begin(&f, &t, 1);
        ops.write = write_until_full;
        writes_left = writes;
        os_use(&ops);
        cr_expect_eq(fixture_run(&f, hex), ERR_IO, "%s", f.err.message);
        os_use(NULL);
        resume(&f);
        cr_assert(!fixture_run(&f, hex), "%s", f.err.message);
        cr_expect_str_eq(hex, want, "full after %d writes", writes);
        fixture_end(&f);
        test_folder_remove(&t);
    }
}
