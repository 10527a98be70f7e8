/* proof/data/check.c - what only all lines together show.
 *
 * Texts are compared through a map from the folded text to the first example that has it. The map
 * holds the texts themselves, not hashes of them, so that a finding is never a coincidence. A
 * finding that would repeat for every span of a label stands once, at the first, with the count.
 */
#include "proof/data/check.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/str.h"
#include "proof/data/dataset_internal.h"
#include "proof/data/text_fold.h"

#include <string.h>

#define RARE_MIN 10

static struct place example_place(const struct example *x)
{
    return (struct place){x->line, 1};
}

static struct place span_place(const struct example *x, int32_t k)
{
    return x->places ? x->places[k] : example_place(x);
}

/* ---- labels ---- */

struct label_use {
    int64_t count;
    const char *file;
    struct place first;
};

static void count_labels(const struct dataset *d, struct label_use *uses)
{
    for (int32_t i = 0; i < d->count; i++) {
        const struct example *x = &d->examples[i];
        for (int32_t k = 0; k < x->span_count; k++) {
            struct label_use *u = &uses[x->spans[k].label];
            if (u->count++ == 0) {
                u->file = x->file;
                u->first = span_place(x, k);
            }
        }
    }
}

static bool is_known(const struct data_check_options *o, const char *label)
{
    if (!o->known_labels) return true;
    for (int32_t i = 0; i < o->known_label_count; i++)
        if (str_eq(o->known_labels[i], label)) return true;
    return false;
}

static void tell_unknown(const struct data_check_options *o, const char *label,
                         const struct label_use *u, struct findings *f)
{
    const char *near = str_nearest(label, o->known_labels, (size_t)o->known_label_count);
    char hint[LABEL_BYTES_MAX + 32] = "";
    if (near) BUG_IF(!str_format(hint, sizeof hint, "did you mean \"%s\"?", near));
    findings_add(f, FINDING_ERROR, "unknown-label", u->file, u->first.line, u->first.column, hint,
                 "the label \"%s\" is not one of this use case (%lld spans; the first is here)",
                 label, (long long)u->count);
}

static void check_labels(const struct dataset *d, const struct data_check_options *o,
                         struct findings *f)
{
    struct label_use uses[LABEL_COUNT_MAX] = {0};
    int32_t rare_min = o->rare_min > 0 ? o->rare_min : RARE_MIN;
    BUG_IF(d->label_count > LABEL_COUNT_MAX);
    count_labels(d, uses);
    for (int32_t i = 0; i < d->label_count; i++) {
        const struct label_use *u = &uses[i];
        if (u->count == 0) continue;
        if (!is_known(o, d->labels[i])) tell_unknown(o, d->labels[i], u, f);
        if (u->count < rare_min)
            findings_add(f, FINDING_WARNING, "rare-label", u->file, u->first.line, u->first.column,
                         "too few to learn from or to judge by: add examples, or merge the label",
                         "the label \"%s\" has %lld spans, fewer than %d", d->labels[i],
                         (long long)u->count, rare_min);
    }
}

/* ---- texts ---- */

struct text_index {
    struct map first; /* folded text to the first example that has it */
    char *scratch;
    size_t scratch_len;
};

static void text_index_init(struct text_index *t)
{
    *t = (struct text_index){0};
    map_init(&t->first, EXAMPLE_COUNT_MAX);
}

static void text_index_release(struct text_index *t)
{
    map_release(&t->first);
    mem_free(t->scratch);
}

/* Folds into scratch; a check that has no memory for a text aborts rather than pass it by. */
static void fold_example(struct text_index *t, const struct example *x)
{
    struct err err = {0};
    mem_free(t->scratch);
    t->scratch = mem_try((size_t)x->text_bytes, 1, &err);
    BUG_IF(!t->scratch);
    t->scratch_len = text_fold(x->text, (size_t)x->text_bytes, t->scratch);
}

/* The first example with the text of x, NULL when there is none. */
static const struct example *text_find(struct text_index *t, const struct example *x)
{
    fold_example(t, x);
    union map_value *v = map_get(&t->first, t->scratch, t->scratch_len);
    return v ? v->p : NULL;
}

/* The same, and x becomes the first when there is none. */
static const struct example *text_find_or_add(struct text_index *t, struct example *x)
{
    struct err err = {0};
    const struct example *first = text_find(t, x);
    if (first) return first;
    BUG_IF(map_put(&t->first, t->scratch, t->scratch_len, (union map_value){.p = x}, &err));
    return NULL;
}

/* Spans of two texts that fold to the same one, compared where they stand in the folded text. */
static bool same_spans(const struct example *a, const struct example *b)
{
    if (a->span_count != b->span_count) return false;
    for (int32_t i = 0; i < a->span_count; i++) {
        const struct span *s = &a->spans[i], *t = &b->spans[i];
        size_t a_len = (size_t)a->text_bytes, b_len = (size_t)b->text_bytes;
        if (s->label != t->label ||
            text_fold_position(a->text, a_len, s->start) !=
                text_fold_position(b->text, b_len, t->start) ||
            text_fold_position(a->text, a_len, s->end) !=
                text_fold_position(b->text, b_len, t->end))
            return false;
    }
    return true;
}

static void check_duplicates(const struct dataset *d, struct findings *f)
{
    struct text_index index;
    text_index_init(&index);
    for (int32_t i = 0; i < d->count; i++) {
        struct example *x = &d->examples[i];
        const struct example *first = text_find_or_add(&index, x);
        if (!first) continue;
        bool same = same_spans(first, x);
        findings_add(f, FINDING_WARNING, same ? "duplicate-text" : "contradiction", x->file,
                     x->line, 1, same ? "" : "one of the two is labelled wrongly, or both",
                     "the same text as %s:%d, with %s spans", first->file, first->line,
                     same ? "the same" : "other");
    }
    text_index_release(&index);
}

void data_check(const struct dataset *d, const struct data_check_options *o, struct findings *f)
{
    static const struct data_check_options plain = {0};
    check_labels(d, o ? o : &plain, f);
    check_duplicates(d, f);
}

/* ---- leakage ---- */

static void check_leaked_texts(const struct dataset *train, const struct dataset *other,
                               const char *other_name, struct findings *f)
{
    struct text_index index;
    text_index_init(&index);
    for (int32_t i = 0; i < train->count; i++) (void)text_find_or_add(&index, &train->examples[i]);
    for (int32_t i = 0; i < other->count; i++) {
        const struct example *x = &other->examples[i];
        const struct example *first = text_find(&index, x);
        if (first)
            findings_add(f, FINDING_ERROR, "leaked-text", x->file, x->line, 1,
                         "remove it from one of the two, or let data split deal the texts",
                         "this text of %s is also in train (%s:%d)", other_name, first->file,
                         first->line);
    }
    text_index_release(&index);
}

static void check_leaked_groups(const struct dataset *train, const struct dataset *other,
                                const char *other_name, struct findings *f)
{
    struct map groups; /* of train: group to its first example; NULL once told */
    struct err err = {0};
    char clip[CLIP_BYTES];
    map_init(&groups, EXAMPLE_COUNT_MAX);
    for (int32_t i = 0; i < train->count; i++) {
        const char *g = train->examples[i].group;
        if (map_get(&groups, g, strlen(g))) continue;
        union map_value v = {.p = &train->examples[i]};
        BUG_IF(map_put(&groups, g, strlen(g), v, &err));
    }
    for (int32_t i = 0; i < other->count; i++) {
        const struct example *x = &other->examples[i];
        union map_value *v = map_get(&groups, x->group, strlen(x->group));
        if (!v || !v->p) continue;
        const struct example *first = v->p;
        v->p = NULL;
        findings_add(f, FINDING_ERROR, "leaked-group", x->file, x->line, 1,
                     "all texts of one group belong on one side",
                     "the group \"%s\" of %s is also in train (%s:%d)",
                     text_clip(x->group, strlen(x->group), clip), other_name, first->file,
                     first->line);
    }
    map_release(&groups);
}

void data_check_leakage(const struct dataset *train, const struct dataset *other,
                        const char *other_name, struct findings *f)
{
    check_leaked_texts(train, other, other_name, f);
    check_leaked_groups(train, other, other_name, f);
}
