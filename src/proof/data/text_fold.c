/* proof/data/text_fold.c - folding by the Unicode property White_Space, words by BERT's own
 * classes.
 *
 * The classes come from utf8proc's general categories. BERT counts the ASCII symbols ($ + < = > ^ `
 * | ~) as punctuation although Unicode does not, and puts spaces around the ideograph blocks.
 */
#include "proof/data/text_fold.h"

#include "base/str.h"

#include <utf8proc.h>

bool char_is_space(uint32_t cp)
{
    if (cp == ' ' || (cp >= '\t' && cp <= '\r')) return true;
    if (cp < 0x80) return false;
    return cp == 0x85 || cp == 0xA0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200A) ||
           cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

static bool is_punctuation(uint32_t cp)
{
    if ((cp >= 33 && cp <= 47) || (cp >= 58 && cp <= 64) || (cp >= 91 && cp <= 96) ||
        (cp >= 123 && cp <= 126))
        return true;
    if (cp < 0x80) return false;
    utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);
    return c >= UTF8PROC_CATEGORY_PC && c <= UTF8PROC_CATEGORY_PO;
}

static bool is_ideograph(uint32_t cp)
{
    return (cp >= 0x4E00 && cp <= 0x9FFF) || (cp >= 0x3400 && cp <= 0x4DBF) ||
           (cp >= 0x20000 && cp <= 0x2A6DF) || (cp >= 0x2A700 && cp <= 0x2CEAF) ||
           (cp >= 0xF900 && cp <= 0xFAFF) || (cp >= 0x2F800 && cp <= 0x2FA1F);
}

static bool is_word_char(uint32_t cp)
{
    return !char_is_space(cp) && !is_punctuation(cp) && !is_ideograph(cp);
}

bool char_pair_is_inside_word(uint32_t before, uint32_t after)
{
    return is_word_char(before) && is_word_char(after);
}

size_t text_fold(const char *text, size_t len, char *out)
{
    size_t pos = 0, n = 0;
    bool gap = false;
    while (pos < len) {
        size_t at = pos;
        if (char_is_space(utf8_next(text, len, &pos))) {
            gap = n > 0;
            continue;
        }
        if (gap) out[n++] = ' ';
        gap = false;
        while (at < pos) out[n++] = text[at++];
    }
    return n;
}

int32_t text_fold_position(const char *text, size_t len, int32_t at)
{
    size_t pos = 0;
    int32_t folded = 0;
    bool gap = false;
    for (int32_t i = 0; i < at && pos < len; i++) {
        if (char_is_space(utf8_next(text, len, &pos))) {
            gap = folded > 0;
            continue;
        }
        folded += gap ? 2 : 1;
        gap = false;
    }
    return folded + (gap ? 1 : 0);
}

bool text_is_blank(const char *text, size_t len)
{
    size_t pos = 0;
    while (pos < len)
        if (!char_is_space(utf8_next(text, len, &pos))) return false;
    return true;
}
