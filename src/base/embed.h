/* base/embed.h - files that the program carries inside (made at build by tools/embed).
 *
 * Bytes are as in the file, with a NUL after them that `len` does not count. A table ends with name
 * == NULL. Owner: the program. Threads: read-only.
 */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include <stddef.h>

struct embedded_file {
    const char *name;
    const unsigned char *data;
    size_t len;
};

#endif
