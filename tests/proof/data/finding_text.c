/* tests/proof/data/finding_text.c - see finding_text.h. */
#include "finding_text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

const char *finding_text(const struct findings *f)
{
    static char out[8192];
    size_t at = 0;
    out[0] = '\0';
    for (int32_t i = 0; i < f->count && at < sizeof out - 256; i++) {
        const struct finding *x = &f->items[i];
        at += (size_t)snprintf(out + at, sizeof out - at, "%s %s %s:%d:%d\n",
                               finding_level_name(x->level), x->check, x->file, x->line, x->column);
    }
    return out;
}

struct dataset *parse_text(const char *text, enum data_format format, const char *group_key,
                           struct findings *f)
{
    struct err err = {0};
    struct dataset *d = NULL;
    findings_init(f, FINDINGS_MAX);
    enum err_code code = dataset_parse("x", text, strlen(text), format, group_key, f, &d, &err);
    cr_assert_eq(code != ERR_OK, d == NULL);
    cr_assert(code == ERR_OK || code == ERR_BAD_INPUT, "%s", err.message);
    return d;
}

const char *span_text(const struct dataset *d, int32_t example)
{
    static char out[4096];
    size_t at = 0;
    out[0] = '\0';
    const struct example *x = &d->examples[example];
    for (int32_t i = 0; i < x->span_count && at < sizeof out - 256; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%d-%d %s", i ? "|" : "",
                               x->spans[i].start, x->spans[i].end, d->labels[x->spans[i].label]);
    return out;
}
