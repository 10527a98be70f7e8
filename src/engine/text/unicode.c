/* engine/text/unicode.c - utf8proc's tables, corrected by the generated delta.
 *
 * Both are searched once for a code point, when its page of 256 is first asked for; then a text
 * pays one load. Pages are filled under a lock and published by a flag, and never change again.
 * They lie in zeroed memory of the program, of which only pages that texts use take any.
 *
 * The rules here are repeated in tools/oracle/unicode_delta.py, which compares them with
 * tokenizers for every code point: whoever changes one changes both and runs it again.
 * Unassigned code points are kept by the clean-up, though BERT's own script removed them:
 * tokenizers does not list them.
 */
#include "engine/text/unicode_internal.h"
#include "base/err.h"
#include <pthread.h>
#include <stdatomic.h>
#include <utf8proc.h>

enum { CODE_POINTS = 0x110000, PAGE = 256, DOTTED_I = 0x130 };

struct facts {
    int32_t lower; /* the lower case, of U+0130 without its dot */
    uint8_t flags, order;
    bool decomposes, plain;
};

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

static unsigned find_flags(uint32_t cp)
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

static int find_class(uint32_t cp)
{
    int utf8proc_class = utf8proc_get_property((utf8proc_int32_t)cp)->combining_class;
    if (utf8proc_class == 0) return 0; /* the delta only ever takes a class away */
    const struct unicode_value_delta *d = find(unicode_class_delta, unicode_class_delta_count, cp);
    return d ? d->value : utf8proc_class;
}

static int find_parts(uint32_t cp, uint32_t out[UNICODE_PARTS_MAX])
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

static int32_t find_lower(uint32_t cp)
{
    const struct unicode_value_delta *d = find(unicode_lower_delta, unicode_lower_delta_count, cp);
    return d ? (int32_t)cp + d->value : utf8proc_tolower((utf8proc_int32_t)cp);
}

static struct facts facts_of_all[CODE_POINTS];
static atomic_bool page_ready[CODE_POINTS / PAGE];
static pthread_mutex_t page_lock = PTHREAD_MUTEX_INITIALIZER;

static void fill_page(uint32_t page)
{
    pthread_mutex_lock(&page_lock);
    for (uint32_t cp = page * PAGE; !page_ready[page] && cp < (page + 1) * PAGE; cp++) {
        uint32_t parts[UNICODE_PARTS_MAX];
        facts_of_all[cp] = (struct facts){
            .lower = find_lower(cp),
            .flags = (uint8_t)find_flags(cp),
            .order = (uint8_t)find_class(cp),
            .decomposes = find_parts(cp, parts) > 1 || parts[0] != cp,
        };
        struct facts *f = &facts_of_all[cp];
        f->plain = f->flags == 0 && f->order == 0 && !f->decomposes && cp != DOTTED_I &&
                   find_flags((uint32_t)f->lower) == 0;
    }
    atomic_store_explicit(&page_ready[page], true, memory_order_release);
    pthread_mutex_unlock(&page_lock);
}

static inline const struct facts *facts_of(uint32_t cp)
{
    BUG_IF(cp >= CODE_POINTS);
    const uint32_t page = cp / PAGE;
    if (!atomic_load_explicit(&page_ready[page], memory_order_acquire)) fill_page(page);
    return &facts_of_all[cp];
}

unsigned unicode_flags(uint32_t cp)
{
    return facts_of(cp)->flags;
}

bool unicode_is_plain(uint32_t cp, uint32_t *ret_lower)
{
    const struct facts *f = facts_of(cp);
    *ret_lower = (uint32_t)f->lower;
    return f->plain;
}

int unicode_class(uint32_t cp)
{
    return facts_of(cp)->order;
}

/* A Hangul syllable is its letters' numbers in one (Unicode, section 3.12). */
static int hangul_parts(uint32_t cp, uint32_t out[UNICODE_PARTS_MAX])
{
    enum { FIRST = 0xAC00, LEADING = 0x1100, VOWEL = 0x1161, TRAILING = 0x11A7 };
    enum { VOWELS = 21, TRAILINGS = 28 };
    const uint32_t s = cp - FIRST, trailing = s % TRAILINGS;
    out[0] = LEADING + s / (VOWELS * TRAILINGS);
    out[1] = VOWEL + s / TRAILINGS % VOWELS;
    out[2] = TRAILING + trailing;
    return trailing ? 3 : 2;
}

int unicode_decompose(uint32_t cp, uint32_t out[UNICODE_PARTS_MAX])
{
    if (cp >= 0xAC00 && cp <= 0xD7A3) return hangul_parts(cp, out);
    if (facts_of(cp)->decomposes) return find_parts(cp, out);
    out[0] = cp;
    return 1;
}

int unicode_lower(uint32_t cp, uint32_t out[2])
{
    if (cp == DOTTED_I) { /* I with dot above: the only character whose lower case is two */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    out[0] = (uint32_t)facts_of(cp)->lower;
    return 1;
}
