/* proof/evidence/errors.c - the errors that a person should read first.
 *
 * A gold entity that was not found exactly is paired with a prediction that overlaps it: the same
 * span under another label, or another span. What stays alone is missed or spurious. The worst
 * are those of which the model was surest: they are errors of the data as often as of the model.
 */
#include "proof/evidence/evidence_internal.h"

#include "base/str.h"

#include <stdlib.h>

#define CONTEXT_CHARS 60

struct finding_item {
    int32_t example;
    enum error_kind kind;
    struct entity gold, predicted;
    float confidence;
};
struct finder {
    struct finding_item *items; /* heap */
    size_t count, cap;
};
static const struct entity none = {-1, -1, -1, 0};

const char *error_kind_name(enum error_kind k)
{
    static const char *const names[] = {"missed", "spurious", "label", "boundary"};
    return names[k];
}

static enum err_code keep(struct finder *f, struct finding_item item, struct err *err)
{
    if (f->count == f->cap) {
        size_t cap = f->cap * 2 + 256;
        void *grown = mem_grow(f->items, f->count, cap, sizeof *f->items, err);
        if (!grown) return err->code;
        f->items = grown;
        f->cap = cap;
    }
    f->items[f->count++] = item;
    return ERR_OK;
}

/* The unused prediction that overlaps g best: the same span before any other. -1: none. */
static int32_t find_overlap(const struct entity_lists *l, const struct entity *g)
{
    int32_t found = -1;
    for (int32_t i = 0; i < l->predicted_count && l->predicted[i].start < g->end; i++) {
        const struct entity *p = &l->predicted[i];
        if (l->predicted_right[i] || p->end <= g->start) continue;
        if (p->start == g->start && p->end == g->end) return i;
        if (found < 0) found = i;
    }
    return found;
}

/* How sure the model was that these words are no entity. */
static float sureness(const struct token_example *te, const struct tag_prediction *p,
                      const struct entity *g)
{
    double sum = 0;
    int32_t words = 0;
    for (int32_t w = 0; w < te->word_count && te->words[w].start < g->end; w++) {
        if (te->words[w].end <= g->start) continue;
        sum += p->scores ? (double)p->scores[w] : 1;
        words++;
    }
    return words ? (float)(sum / words) : 0;
}

static enum err_code find_in(struct finder *f, struct entity_lists *l, int32_t index,
                             const struct token_example *te, const struct tag_prediction *p,
                             struct err *err)
{
    if (entity_lists_set(l, te, p, false, err)) return err->code;
    for (int32_t i = 0; i < l->gold_count; i++) {
        if (l->gold_found[i]) continue;
        const struct entity *g = &l->gold[i];
        int32_t k = find_overlap(l, g);
        struct finding_item item = {index, ERROR_MISSED, *g, none, 0};
        if (k >= 0) {
            l->predicted_right[k] = true; /* used */
            item.predicted = l->predicted[k];
            item.kind = item.predicted.label == g->label ? ERROR_BOUNDARY : ERROR_LABEL;
        }
        item.confidence = k >= 0 ? item.predicted.score : sureness(te, p, g);
        if (keep(f, item, err)) return err->code;
    }
    for (int32_t k = 0; k < l->predicted_count; k++) {
        const struct entity *q = &l->predicted[k];
        if (l->predicted_right[k]) continue;
        if (keep(f, (struct finding_item){index, ERROR_SPURIOUS, none, *q, q->score}, err))
            return err->code;
    }
    return ERR_OK;
}

static int worse_first(const void *a, const void *b)
{
    const struct finding_item *x = a, *y = b;
    if (x->confidence != y->confidence) return x->confidence > y->confidence ? -1 : 1;
    if (x->example != y->example) return x->example < y->example ? -1 : 1;
    int32_t xs = x->gold.start >= 0 ? x->gold.start : x->predicted.start;
    int32_t ys = y->gold.start >= 0 ? y->gold.start : y->predicted.start;
    if (xs != ys) return xs < ys ? -1 : 1;
    return (int)x->kind - (int)y->kind;
}

static const char *slice(struct arena *a, const struct example *ex, int32_t from, int32_t to)
{
    size_t bytes = (size_t)ex->text_bytes;
    size_t start = utf8_byte_of(ex->text, bytes, (size_t)from);
    size_t end = utf8_byte_of(ex->text, bytes, (size_t)to);
    return arena_strndup(a, ex->text + start, end - start);
}

static struct error_item describe(struct arena *a, const struct token_data *data,
                                  const struct finding_item *f)
{
    const struct example *ex = data->examples[f->example].example;
    struct entity g = f->gold, p = f->predicted;
    int32_t start = g.start < 0 || (p.start >= 0 && p.start < g.start) ? p.start : g.start;
    int32_t end = p.end > g.end ? p.end : g.end;
    int32_t from = start > CONTEXT_CHARS ? start - CONTEXT_CHARS : 0;
    int32_t to = ex->chars - end > CONTEXT_CHARS ? end + CONTEXT_CHARS : ex->chars;
    return (struct error_item){.example = ex,
                               .kind = f->kind,
                               .gold = g,
                               .predicted = p,
                               .confidence = f->confidence,
                               .before = slice(a, ex, from, start),
                               .text = slice(a, ex, start, end),
                               .after = slice(a, ex, end, to)};
}

enum err_code errors_collect(struct evaluation *e, const struct token_data *data,
                             const struct tag_prediction *p, int32_t errors_max, struct err *err)
{
    struct finder f = {0};
    struct entity_lists lists;
    entity_lists_init(&lists);
    enum err_code code = ERR_OK;
    for (int32_t i = 0; i < data->count && code == ERR_OK; i++)
        code = find_in(&f, &lists, i, &data->examples[i], &p[i], err);
    entity_lists_release(&lists);
    if (code == ERR_OK && f.count > 0) {
        qsort(f.items, f.count, sizeof *f.items, worse_first);
        int32_t n = f.count < (size_t)errors_max ? (int32_t)f.count : errors_max;
        e->errors = arena_alloc(&e->arena, (size_t)n * sizeof *e->errors);
        for (; e->error_count < n; e->error_count++)
            e->errors[e->error_count] = describe(&e->arena, data, &f.items[e->error_count]);
    }
    e->errors_all = (int64_t)f.count;
    mem_free(f.items);
    return code;
}
