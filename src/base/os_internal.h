/* base/os_internal.h - what the os_*.c files share. */
#ifndef BASE_OS_INTERNAL_H
#define BASE_OS_INTERNAL_H

#include "base/os.h"

extern const struct os_ops *os_now; /* the table in use */

/* Closes `fd` when it is open and keeps errno. */
void os_close_quietly(int fd);
/* "." or everything before the last slash. */
enum err_code os_folder_of(const char *path, char out[PATH_BYTES_MAX], struct err *err) MUST_CHECK;
/* Opens a folder so that it can be synced later: an error that can come early comes early. */
enum err_code os_open_folder_of(const char *path, int *ret_fd, struct err *err) MUST_CHECK;
/* ERR_NOT_FOUND for a missing file, ERR_IO for the rest; "cannot VERB PATH: reason". */
enum err_code os_fail(struct err *err, const char *verb, const char *path);

#endif
