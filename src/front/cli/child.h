/* front/cli/child.h - another process of this program, whose output is read: cairn bench measures
 * parts in processes of their own, and a server's start from outside.
 *
 *     struct child c;
 *     const char *const words[] = {"cairn", "bench", "infer", "--json", NULL};
 *     if (child_start(words, NULL, false, &c, err)) return err->code;
 *     if (child_read(&c, &out, &ended, err)) ...     // what there is now; waits for some
 *     int exit_code = child_end(&c, 0);              // waits; 128 + signal when one ended it
 */
#ifndef FRONT_CLI_CHILD_H
#define FRONT_CLI_CHILD_H

#include "base/buf.h"
#include <stdint.h>
#include <sys/types.h>

struct child {
    pid_t pid;
    int out; /* its stdout */
};
/* Starts this program with other words, in `folder` unless that is NULL. `silent`: its stderr goes
 * nowhere. */
enum err_code child_start(const char *const *words, const char *folder, bool silent,
                          struct child *ret, struct err *err) MUST_CHECK;
/* Appends what it says next; *ret_ended when there is no more. ERR_INTERRUPTED when this process
 * was asked to stop. */
enum err_code child_read(struct child *c, struct buf *out, bool *ret_ended,
                         struct err *err) MUST_CHECK;
/* Most memory that it has had resident since it became this program, shared pages of files
 * included; 0 when the system does not say. */
int64_t child_peak_bytes(const struct child *c);
/* Sends a signal unless it is 0, then waits for the end. */
int child_end(struct child *c, int signal);

#endif
