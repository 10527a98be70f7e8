/* proof/data/tag_scheme.c - one scheme for a whole file, then one pass over each sentence.
 *
 * IOB1 and IOB2 differ only in where B- may stand, and both are decoded by the same rule; what the
 * scheme decides is which tags are called illegal. So the scheme is the one under which fewer tags
 * of the file are: an entity that begins with I- speaks against IOB2, a B- that does not touch an
 * entity of its label speaks against IOB1. A file without any evidence is IOB2.
 */
#include "proof/data/tag_scheme.h"

#include <string.h>

const char *tag_scheme_name(enum tag_scheme s)
{
    static const char *const names[] = {"IOB1", "IOB2", "IOBES", "BMES"};
    return names[s];
}

bool tag_parse(const char *s, size_t len, char *ret_prefix, size_t *ret_label_at)
{
    if (len == 1 && s[0] == 'O') {
        *ret_prefix = 'O';
        *ret_label_at = 0;
        return true;
    }
    if (len < 3 || s[1] != '-' || s[0] == '\0' || !strchr("BIMELSUW", s[0])) return false;
    *ret_prefix = s[0];
    *ret_label_at = 2;
    return true;
}

static bool is_single(char prefix)
{
    return prefix == 'S' || prefix == 'U' || prefix == 'W';
}

static bool begins(char prefix)
{
    return prefix == 'B' || is_single(prefix);
}

static bool is_end(char prefix)
{
    return prefix == 'E' || prefix == 'L';
}

void tag_census_add(struct tag_census *c, const struct tag *tags, int32_t count)
{
    struct tag before = {.prefix = 'O'};
    for (int32_t i = 0; i < count; i++) {
        struct tag t = tags[i];
        bool touches = before.prefix != 'O' && before.label == t.label;
        if (t.prefix == 'M') c->middle_m++;
        if (t.prefix == 'I') c->middle_i++;
        if (is_end(t.prefix) || is_single(t.prefix)) c->ends++;
        if (t.prefix == 'I' && !touches) c->start_i++;
        if (t.prefix == 'B' && !touches) c->start_b++;
        before = t;
    }
}

enum tag_scheme tag_scheme_of(const struct tag_census *c)
{
    if (c->middle_m > c->middle_i) return TAG_BMES;
    if (c->ends > 0) return TAG_IOBES;
    if (c->start_i == 0) return TAG_IOB2;
    return c->start_i > c->start_b ? TAG_IOB1 : TAG_IOB2;
}

/* What is wrong with tag `t`; NULL: fine. `touches`: the word before it has the same label. */
static const char *iob_problem(enum tag_scheme scheme, struct tag t, bool touches)
{
    if (t.prefix == 'B' && scheme == TAG_IOB1 && !touches)
        return "begins with B- where IOB1 writes I-";
    if (t.prefix == 'I' && scheme == TAG_IOB2 && !touches)
        return "goes on with no entity of its label";
    if (t.prefix != 'B' && t.prefix != 'I') return "is not a tag of this scheme";
    return NULL;
}

/* `open`: an entity waits for its end; `goes_on`: one of t's label. */
static const char *ended_problem(enum tag_scheme scheme, struct tag t, bool open, bool goes_on)
{
    char middle = scheme == TAG_BMES ? 'M' : 'I';
    if ((t.prefix == 'M' || t.prefix == 'I') && t.prefix != middle)
        return "is not a tag of this scheme";
    if (begins(t.prefix) && open) return "begins while the entity before it has no end";
    if (!begins(t.prefix) && !goes_on) return "goes on with no entity of its label";
    return NULL;
}

int32_t tags_decode(enum tag_scheme scheme, const struct tag *tags, int32_t count,
                    struct tag_run *runs, struct tag_illegal *illegal, int32_t *ret_illegal_count)
{
    bool ended = scheme == TAG_IOBES || scheme == TAG_BMES;
    int32_t n = 0, bad = 0;
    bool open = false; /* runs[n - 1] may still grow */
    for (int32_t i = 0; i < count; i++) {
        struct tag t = tags[i];
        if (t.prefix == 'O') {
            if (open && ended) illegal[bad++] = (struct tag_illegal){i - 1, "has no end after it"};
            open = false;
            continue;
        }
        bool goes_on = open && runs[n - 1].label == t.label;
        const char *problem =
            ended ? ended_problem(scheme, t, open, goes_on) : iob_problem(scheme, t, goes_on);
        if (problem) illegal[bad++] = (struct tag_illegal){i, problem};
        if (ended && !goes_on && !begins(t.prefix)) {
            open = false;
            continue;
        }
        if (goes_on && !begins(t.prefix))
            runs[n - 1].end = i + 1;
        else
            runs[n++] = (struct tag_run){i, i + 1, t.label};
        open = !is_end(t.prefix) && !is_single(t.prefix);
    }
    if (open && ended) illegal[bad++] = (struct tag_illegal){count - 1, "has no end after it"};
    *ret_illegal_count = bad;
    return n;
}
