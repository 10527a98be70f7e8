/* base/str_columns.c - widths on a terminal, from utf8proc's tables. A file of its own, so that
 * str.c needs no library and can be cross-compiled alone. */
#include "base/str.h"
#include <utf8proc.h>

size_t utf8_columns(const char *s, size_t len)
{
    size_t columns = 0;
    for (size_t at = 0; at < len;) {
        int width = utf8proc_charwidth((utf8proc_int32_t)utf8_next(s, len, &at));
        if (width > 0) columns += (size_t)width;
    }
    return columns;
}
