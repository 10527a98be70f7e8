/* engine/text/unicode.c - utf8proc's tables, corrected by the generated delta.
 *
 * The rules here are repeated in tools/oracle/unicode_delta.py, which compares them with
 * tokenizers for every code point: whoever changes one changes both and runs it again.
 * Unassigned code points are kept by the clean-up, though BERT's own script removed them:
 * tokenizers does not list them.
 */
#include "engine/text/unicode_internal.h"
#include "base/err.h"
#include <utf8proc.h>

static bool is_cjk(uint32_t cp)
{
    return (cp >= 0x4E00 && cp <= 0x9FFF) || (cp >= 0x3400 && cp <= 0x4DBF) ||
           (cp >= 0xF900 && cp <= 0xFAFF) || (cp >= 0x20000 && cp <= 0x2A6DF) ||
           (cp >= 0x2A700 && cp <= 0x2B81F) || (cp >= 0x2B920 && cp <= 0x2CEAF) ||
           (cp >= 0x2F800 && cp <= 0x2FA1F);
}

static bool is_ascii_punct(uint32_t cp)
{
    return (cp >= '!' && cp <= '/') || (cp >= ':' && cp <= '@') || (cp >= '[' && cp <= '`') ||
           (cp >= '{' && cp <= '~');
}

static unsigned category_flags(uint32_t cp)
{
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_CC:
        if (cp == '\t' || cp == '\n' || cp == '\r') return UNICODE_SPACE;
        if (cp == 0x0B || cp == 0x0C || cp == 0x85) return UNICODE_DROP | UNICODE_SPACE;
        return UNICODE_DROP;
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
        return UNICODE_DROP;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return UNICODE_SPACE;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
        return UNICODE_PUNCT;
    case UTF8PROC_CATEGORY_MN:
        return UNICODE_MARK;
    default:
        return is_ascii_punct(cp) ? UNICODE_PUNCT : 0;
    }
}

unsigned unicode_flags(uint32_t cp)
{
    if (is_cjk(cp)) return UNICODE_CJK;
    if (cp == 0xFFFD) return UNICODE_DROP;
    size_t lo = 0, hi = unicode_flags_delta_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const struct unicode_flags_delta *d = &unicode_flags_delta[mid];
        if (cp < d->first)
            hi = mid;
        else if (cp > d->last)
            lo = mid + 1;
        else
            return d->flags;
    }
    return category_flags(cp);
}

static const struct unicode_value_delta *find(const struct unicode_value_delta *table, size_t count,
                                              uint32_t cp)
{
    size_t lo = 0, hi = count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (cp < table[mid].first)
            hi = mid;
        else if (cp > table[mid].last)
            lo = mid + 1;
        else
            return &table[mid];
    }
    return NULL;
}

int unicode_class(uint32_t cp)
{
    int utf8proc_class = utf8proc_get_property((utf8proc_int32_t)cp)->combining_class;
    if (utf8proc_class == 0) return 0; /* the delta only ever takes a class away */
    const struct unicode_value_delta *d = find(unicode_class_delta, unicode_class_delta_count, cp);
    return d ? d->value : utf8proc_class;
}

int unicode_decompose(uint32_t cp, uint32_t out[UNICODE_PARTS_MAX])
{
    utf8proc_int32_t parts[UNICODE_PARTS_MAX];
    int boundary = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)cp, parts, UNICODE_PARTS_MAX,
                                                 UTF8PROC_DECOMPOSE, &boundary);
    BUG_IF(n < 1 || n > UNICODE_PARTS_MAX);
    if (n > 1 && find(unicode_whole_delta, unicode_whole_delta_count, cp)) {
        out[0] = cp;
        return 1;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++) out[i] = (uint32_t)parts[i];
    return (int)n;
}

int unicode_lower(uint32_t cp, uint32_t out[2])
{
    if (cp == 0x130) { /* I with dot above: the only character whose lower case is two */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    const struct unicode_value_delta *d = find(unicode_lower_delta, unicode_lower_delta_count, cp);
    if (d)
        out[0] = (uint32_t)((int32_t)cp + d->value);
    else
        out[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);
    return 1;
}
