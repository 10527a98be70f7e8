/* proof/task/fold.c - case folding by utf8proc; white space is what Unicode calls a separator, or
 * a control character that BERT's clean-up reads as space.
 */
#include "proof/task/fold.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static bool is_space(uint32_t cp)
{
    if (cp == ' ' || (cp >= '\t' && cp <= '\r')) return true;
    if (cp < 0x80) return false;
    utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);
    return c == UTF8PROC_CATEGORY_ZS || c == UTF8PROC_CATEGORY_ZL || c == UTF8PROC_CATEGORY_ZP;
}

void case_fold(const char *s, size_t len, struct buf *out)
{
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len, &folded,
                                      UTF8PROC_CASEFOLD | UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    if (n < 0) { /* out of memory: let the buffer say so at its next check */
        out->failed = true;
        return;
    }
    bool gap = false, any = false;
    for (size_t pos = 0; pos < (size_t)n;) {
        size_t from = pos;
        uint32_t cp = utf8_next((const char *)folded, (size_t)n, &pos);
        if (is_space(cp)) {
            gap = true;
            continue;
        }
        if (gap && any) buf_addc(out, ' ');
        buf_add(out, folded + from, pos - from);
        gap = false;
        any = true;
    }
    free(folded);
}

void folded_words_init(struct folded_words *f)
{
    *f = (struct folded_words){0};
    buf_init(&f->text,
             TEXT_BYTES_MAX * 8); /* folding lengthens, at most by 3; words may be single letters */
}

void folded_words_release(struct folded_words *f)
{
    buf_release(&f->text);
    mem_free(f->start);
    mem_free(f->end);
}

enum err_code folded_words_set(struct folded_words *f, const struct token_example *te,
                               struct err *err)
{
    size_t count = (size_t)te->word_count, at = 0, chars = 0;
    if (count > f->cap) {
        size_t *start = mem_try(count, sizeof *start, err);
        size_t *end = start ? mem_try(count, sizeof *end, err) : NULL;
        if (!end) {
            mem_free(start);
            return err->code;
        }
        mem_free(f->start);
        mem_free(f->end);
        f->start = start;
        f->end = end;
        f->cap = count;
    }
    buf_clear(&f->text);
    const char *text = te->example->text;
    size_t bytes = (size_t)te->example->text_bytes;
    for (size_t w = 0; w < count; w++) {
        struct word_span span = te->words[w];
        if ((size_t)span.start < chars) at = chars = 0; /* one character may give two words */
        at += utf8_byte_of(text + at, bytes - at, (size_t)span.start - chars);
        size_t len = utf8_byte_of(text + at, bytes - at, (size_t)(span.end - span.start));
        if (w) buf_addc(&f->text, ' ');
        f->start[w] = f->text.len;
        case_fold(text + at, len, &f->text);
        f->end[w] = f->text.len;
        at += len;
        chars = (size_t)span.end;
    }
    return buf_check(&f->text, err);
}
