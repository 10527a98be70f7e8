#include "base/log.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct seen {
    char last[9000];
    enum log_level level;
    int count;
};

static void keep(void *ctx, enum log_level level, const char *line)
{
    struct seen *s = ctx;
    snprintf(s->last, sizeof s->last, "%s", line);
    s->level = level;
    s->count++; /* the lock of log.c makes this right */
}

Test(log, levels_and_escapes)
{
    static struct seen s;
    log_to(keep, &s, LOG_WARN);
    log_info("not this");
    cr_assert_eq(s.count, 0);
    log_warn("user \"%s\"", "x\nerror: forged \x1b[0m \xff \xE2\x82\xAC");
    cr_assert_str_eq(s.last, "user \"x\\x0aerror: forged \\x1b[0m \\xff \xE2\x82\xAC\"");
    cr_assert_eq(s.level, LOG_WARN);
}

Test(log, long_lines_are_cut)
{
    static struct seen s;
    static char text[5000];
    log_to(keep, &s, LOG_DEBUG);
    memset(text, '\n', sizeof text - 1);
    log_debug("%s", text);
    cr_assert_eq(strlen(s.last), (size_t)(2048 - 7) * 4 + 6);
    cr_assert_str_eq(s.last + strlen(s.last) - 6, " [cut]");
}

static void *shout(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++) log_error("line %d", i);
    return NULL;
}

Test(log, threads_do_not_interleave)
{
    static struct seen s;
    pthread_t threads[4];
    log_to(keep, &s, LOG_INFO);
    for (int i = 0; i < 4; i++) cr_assert_eq(pthread_create(&threads[i], NULL, shout, NULL), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    cr_assert_eq(s.count, 4000);
}
