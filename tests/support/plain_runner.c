/* tests/support/plain_runner.c - runs Criterion's tests without Criterion's library.
 *
 * Criterion starts tests in an arena that it maps at fixed addresses. ThreadSanitizer owns those
 * addresses, and there is no Criterion for the AArch64 cross compiler. So for these two builds the
 * tests are compiled against Criterion's headers as ever and linked with this file instead: it
 * defines the few functions that the macros call and walks the same table of tests. Each test runs
 * in a process of its own, as there; the report is TAP.
 *
 *     test-base [--tap=FILE] [--filter=SUITE/]     other arguments are ignored
 *
 * It leaves out what no test of ours uses: parameters, theories and redirection.
 */
#define _GNU_SOURCE /* vasprintf */
#include "base/err.h"
#include <criterion/criterion.h>
#include <criterion/event.h>
#include <criterion/options.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_FAILED = 101, STATUS_SKIPPED = 102, REASON_BYTES = 300, SECONDS_MAX = 600 };

struct criterion_options criterion_options;
extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));

static const struct criterion_test *current; /* in this process */
static bool failed;
static int reason_pipe; /* carries why it was skipped */

PRINTF_LIKE(2, 3) int cr_asprintf(char **ret, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vasprintf(ret, fmt, args);
    va_end(args);
    return len;
}

PRINTF_LIKE(2, 0) int cr_vasprintf(char **ret, const char *fmt, va_list args)
{
    return vasprintf(ret, fmt, args);
}

void cr_asprintf_free(char *text)
{
    free(text);
}

char *cr_translate_assert_msg(int index, ...)
{
    char *text;
    return cr_asprintf(&text, "assertion of kind %d failed", index) < 0 ? NULL : text;
}

void cri_asserts_passed_incr(void) {}

void criterion_send_assert(struct criterion_assert_stats *stats)
{
    fprintf(stderr, "%s:%u: %s\n", stats->file, stats->line, stats->message);
}

void criterion_abort_test(void)
{
    exit(STATUS_FAILED);
}

void criterion_continue_test(void)
{
    failed = true;
}

PRINTF_LIKE(1, 2) void criterion_skip_test(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vdprintf(reason_pipe, fmt, args);
    va_end(args);
    exit(STATUS_SKIPPED);
}

static const struct criterion_test_extra_data *suite_of(const struct criterion_test *test)
{
    for (struct criterion_suite **at = __start_cr_sts; at < __stop_cr_sts; at++)
        if (*at && strcmp((*at)->name, test->category) == 0) return (*at)->data;
    return NULL;
}

void criterion_internal_test_setup(void)
{
    const struct criterion_test_extra_data *suite = suite_of(current);
    if (suite && suite->init) suite->init();
    if (current->data->init) current->data->init();
}

void criterion_internal_test_main(void (*test)(void))
{
    test();
}

void criterion_internal_test_teardown(void)
{
    const struct criterion_test_extra_data *suite = suite_of(current);
    if (current->data->fini) current->data->fini();
    if (suite && suite->fini) suite->fini();
}

/* Runs the test in a child; gives its wait status and, when it was skipped, why. */
static int run(const struct criterion_test *test, char reason[REASON_BYTES])
{
    int ends[2], status;
    if (pipe(ends) != 0) abort();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        reason_pipe = ends[1];
        alarm(SECONDS_MAX);
        current = test;
        test->test();
        exit(failed ? STATUS_FAILED : 0);
    }
    close(ends[1]);
    ssize_t len = read(ends[0], reason, REASON_BYTES - 1);
    reason[len > 0 ? len : 0] = '\0';
    close(ends[0]);
    if (waitpid(child, &status, 0) != child) abort();
    return status;
}

static bool as_expected(const struct criterion_test *test, int status)
{
    if (test->data->signal != 0)
        return WIFSIGNALED(status) && WTERMSIG(status) == test->data->signal;
    return WIFEXITED(status) && WEXITSTATUS(status) == test->data->exit_code;
}

int main(int argc, char **argv)
{
    FILE *tap = stdout;
    const char *filter = "";
    int bad = 0, number = 0;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--tap=", 6) == 0) tap = fopen(argv[i] + 6, "w");
        if (strncmp(argv[i], "--filter=", 9) == 0) filter = argv[i] + 9;
    }
    if (!tap) return 2;
    for (struct criterion_test **at = __start_cr_tst; at < __stop_cr_tst; at++) {
        const struct criterion_test *test = *at;
        if (strncmp(test->data->identifier_, filter, strlen(filter)) != 0) continue;
        char reason[REASON_BYTES];
        int status = run(test, reason);
        bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIPPED;
        bool good = skipped || as_expected(test, status);
        bad += !good;
        fprintf(tap, "%s %d - %s::%s%s%s\n", good ? "ok" : "not ok", ++number, test->category,
                test->name, skipped ? " # SKIP " : "", skipped ? reason : "");
        fflush(tap);
    }
    fprintf(tap, "1..%d\n", number);
    return bad > 0 || number == 0;
}
