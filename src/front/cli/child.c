/* front/cli/child.c - fork and exec of /proc/self/exe: the very program that runs, wherever it was
 * moved to meanwhile. */
#include "front/cli/child.h"
#include "base/str.h"
#include "front/cli/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 32, EXIT_NO_EXEC = 127 };

/* In the child, after fork: only calls that are allowed there. */
static _Noreturn void become(char *const *words, const char *folder, bool silent, int out)
{
    if (folder && chdir(folder)) _exit(EXIT_NO_EXEC);
    if (dup2(out, STDOUT_FILENO) < 0) _exit(EXIT_NO_EXEC);
    int nowhere = silent ? open("/dev/null", O_WRONLY) : -1;
    if (nowhere >= 0) (void)dup2(nowhere, STDERR_FILENO);
    execv("/proc/self/exe", words);
    _exit(EXIT_NO_EXEC);
}

enum err_code child_start(const char *const *words, const char *folder, bool silent,
                          struct child *ret, struct err *err)
{
    char *copy[WORDS_MAX + 1] = {NULL};
    int ends[2];
    for (int i = 0; words[i]; i++) {
        BUG_IF(i == WORDS_MAX);
        copy[i] = (char *)(uintptr_t)words[i]; /* execv asks for char *, and changes nothing */
    }
    if (pipe(ends)) return err_set(err, ERR_IO, "no pipe: %s", strerror(errno));
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC); /* its copy as stdout stays open */
    pid_t pid = fork();
    if (pid == 0) become(copy, folder, silent, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return err_set(err, ERR_IO, "no new process: %s", strerror(errno));
    }
    *ret = (struct child){.pid = pid, .out = ends[0]};
    return ERR_OK;
}

enum err_code child_read(struct child *c, struct buf *out, bool *ret_ended, struct err *err)
{
    char bytes[4096];
    ssize_t got;
    do {
        if (cli_stop_asked(NULL)) return err_set(err, ERR_INTERRUPTED, "interrupted");
        got = read(c->out, bytes, sizeof bytes);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_set(err, ERR_IO, "a process of ours cannot be read: %s", strerror(errno));
    *ret_ended = got == 0;
    buf_add(out, bytes, (size_t)got);
    return buf_check(out, err);
}

/* Not ru_maxrss: that begins with what this process had resident when it forked. */
int64_t child_peak_bytes(const struct child *c)
{
    char path[64], line[256];
    long long kib = 0;
    (void)str_format(path, sizeof path, "/proc/%ld/status", (long)c->pid);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    while (kib == 0 && fgets(line, sizeof line, f))
        if (str_starts(line, "VmHWM:")) kib = strtoll(line + strlen("VmHWM:"), NULL, 10);
    fclose(f);
    return kib * 1024;
}

int child_end(struct child *c, int signal)
{
    int status = 0;
    if (signal) (void)kill(c->pid, signal);
    close(c->out);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
