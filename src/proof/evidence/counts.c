/* proof/evidence/counts.c - one pass over the data; after it only counts are needed.
 *
 * Every metric here is a ratio of sums over units, so a resample is a sum of rows of counts. The
 * rows are sparse (a sentence has a few entities of a few labels): entries (unit, column, n) are
 * appended example by example, then sorted by unit once.
 */
#include "proof/evidence/evidence_internal.h"

#include <string.h>

int32_t prf_column(int32_t label, enum prf_column c)
{
    return label * PRF_COLUMNS + (int32_t)c;
}

int32_t other_column(const struct counts *c, enum other_column o)
{
    return (c->label_count + 1) * PRF_COLUMNS + (int32_t)o;
}

void entity_lists_init(struct entity_lists *l)
{
    *l = (struct entity_lists){0};
    arena_init(&l->arena, ARENA_STEP_BYTES_MAX);
}

void entity_lists_release(struct entity_lists *l)
{
    arena_release(&l->arena);
}

static enum err_code make_room(struct entity_lists *l, int32_t words, struct err *err)
{
    if (words < l->cap) return ERR_OK;
    size_t cap = (size_t)words * 2 + 64;
    arena_reset(&l->arena);
    l->cap = 0;
    l->gold = arena_try(&l->arena, cap, sizeof *l->gold, err);
    if (l->gold) l->predicted = arena_try(&l->arena, cap, sizeof *l->predicted, err);
    if (!l->gold || !l->predicted) return err->code;
    l->gold_found = arena_try(&l->arena, cap, sizeof *l->gold_found, err);
    if (l->gold_found) l->predicted_right = arena_try(&l->arena, cap, sizeof(bool), err);
    if (!l->gold_found || !l->predicted_right) return err->code;
    l->cap = (int32_t)cap;
    return ERR_OK;
}

enum err_code entity_lists_set(struct entity_lists *l, const struct token_example *te,
                               const struct tag_prediction *p, bool strict, struct err *err)
{
    if (make_room(l, te->word_count, err)) return err->code;
    int32_t words = te->word_count;
    l->gold_count = tags_to_entities(te->words, te->gold, NULL, words, strict, l->gold);
    l->predicted_count =
        tags_to_entities(te->words, p->tags, p->scores, words, strict, l->predicted);
    memset(l->gold_found, 0, (size_t)l->gold_count);
    memset(l->predicted_right, 0, (size_t)l->predicted_count);
    for (int32_t g = 0, k = 0; g < l->gold_count && k < l->predicted_count;) {
        const struct entity *a = &l->gold[g], *b = &l->predicted[k];
        if (a->start == b->start && a->end == b->end && a->label == b->label)
            l->gold_found[g] = l->predicted_right[k] = true;
        if (a->start < b->start)
            g++;
        else if (a->start > b->start)
            k++;
        else
            g++, k++;
    }
    return ERR_OK;
}

struct counting {
    struct counts *c;
    int32_t *dense;   /* [columns] of the present example, zero between examples */
    int32_t *touched; /* [columns] */
    int32_t touched_count;
    size_t entry_count, entry_cap;
    struct count_entry *entries; /* heap, in order of examples */
};

static void add(struct counting *k, int32_t column, int32_t n)
{
    if (n == 0) return;
    if (k->dense[column] == 0) k->touched[k->touched_count++] = column;
    k->dense[column] += n;
}

static void add_prf(struct counting *k, int32_t label, enum prf_column c)
{
    add(k, prf_column(label, c), 1);
    add(k, prf_column(k->c->label_count, c), 1);
}

static enum err_code flush(struct counting *k, int32_t unit, struct err *err)
{
    size_t need = k->entry_count + (size_t)k->touched_count;
    if (need > k->entry_cap) {
        size_t cap = need * 2 + 1024;
        void *grown = mem_grow(k->entries, k->entry_count, cap, sizeof *k->entries, err);
        if (!grown) return err->code;
        k->entries = grown;
        k->entry_cap = cap;
    }
    for (int32_t i = 0; i < k->touched_count; i++) {
        int32_t column = k->touched[i];
        k->entries[k->entry_count++] = (struct count_entry){unit, column, k->dense[column]};
        k->c->total[column] += k->dense[column];
        k->dense[column] = 0;
    }
    k->touched_count = 0;
    return ERR_OK;
}

static void count_strict(struct counts *c, const struct entity_lists *l)
{
    int64_t *all = c->strict_total + (size_t)c->label_count * PRF_COLUMNS;
    for (int32_t i = 0; i < l->gold_count; i++) {
        int64_t *row = c->strict_total + (size_t)l->gold[i].label * PRF_COLUMNS;
        row[COL_GOLD]++, all[COL_GOLD]++;
        row[COL_TRUE_POSITIVE] += l->gold_found[i], all[COL_TRUE_POSITIVE] += l->gold_found[i];
    }
    for (int32_t i = 0; i < l->predicted_count; i++)
        c->strict_total[l->predicted[i].label * PRF_COLUMNS + COL_PREDICTED]++,
            all[COL_PREDICTED]++;
}

/* Spans that tags cannot say: missed, in both modes. */
static void count_lost(struct counting *k, const struct token_example *te)
{
    struct counts *c = k->c;
    for (int32_t i = 0; i < te->lost_count; i++) {
        int32_t label = te->lost[i];
        if (label >= 0) {
            add(k, prf_column(label, COL_GOLD), 1);
            c->strict_total[prf_column(label, COL_GOLD)]++;
        }
        add(k, prf_column(c->label_count, COL_GOLD), 1);
        c->strict_total[prf_column(c->label_count, COL_GOLD)]++;
    }
}

static void count_words(struct counting *k, const struct token_example *te,
                        const struct tag_prediction *p)
{
    int32_t right = 0;
    for (int32_t w = 0; w < te->word_count; w++) {
        int32_t gold = te->gold[w], said = p->tags[w];
        right += gold == said;
        k->c->tag_total[gold * 3] += gold == said;
        k->c->tag_total[said * 3 + 1]++;
        k->c->tag_total[gold * 3 + 2]++;
    }
    add(k, other_column(k->c, COL_WORDS_RIGHT), right);
    add(k, other_column(k->c, COL_WORDS), te->word_count);
}

static enum err_code count_seen(struct counting *k, struct seen_set *seen,
                                const struct token_example *te, const struct tag_set *tags,
                                struct entity_lists *l, struct err *err)
{
    /* predicted_right is free by now: it holds the answers */
    bool *is_seen = l->predicted_right;
    if (seen_set_ask(seen, te, tags, l->gold, l->gold_count, is_seen, err)) return err->code;
    for (int32_t i = 0; i < l->gold_count; i++) {
        add(k, other_column(k->c, is_seen[i] ? COL_SEEN_GOLD : COL_UNSEEN_GOLD), 1);
        if (l->gold_found[i])
            add(k, other_column(k->c, is_seen[i] ? COL_SEEN_FOUND : COL_UNSEEN_FOUND), 1);
    }
    return ERR_OK;
}

static enum err_code count_example(struct counting *k, const struct token_data *data, int32_t i,
                                   const struct tag_prediction *p, struct entity_lists *l,
                                   struct seen_set *seen, struct err *err)
{
    const struct token_example *te = &data->examples[i];
    if (entity_lists_set(l, te, p, true, err)) return err->code;
    count_strict(k->c, l);
    if (entity_lists_set(l, te, p, false, err)) return err->code;
    for (int32_t g = 0; g < l->gold_count; g++) {
        add_prf(k, l->gold[g].label, COL_GOLD);
        if (l->gold_found[g]) add_prf(k, l->gold[g].label, COL_TRUE_POSITIVE);
    }
    for (int32_t q = 0; q < l->predicted_count; q++)
        add_prf(k, l->predicted[q].label, COL_PREDICTED);
    count_lost(k, te);
    count_words(k, te, p);
    return seen ? count_seen(k, seen, te, &data->tags, l, err) : ERR_OK;
}

/* Counting sort of the entries by unit into the arena. */
static enum err_code sort_entries(struct arena *a, struct counting *k, struct err *err)
{
    struct counts *c = k->c;
    c->entries = arena_try(a, k->entry_count + 1, sizeof *c->entries, err);
    c->row = c->entries ? arena_try(a, (size_t)c->unit_count + 2, sizeof *c->row, err) : NULL;
    if (!c->row) return err->code;
    for (size_t i = 0; i < k->entry_count; i++) c->row[k->entries[i].unit + 2]++;
    for (int32_t u = 0; u < c->unit_count; u++) c->row[u + 2] += c->row[u + 1];
    for (size_t i = 0; i < k->entry_count; i++)
        c->entries[c->row[k->entries[i].unit + 1]++] = k->entries[i];
    return ERR_OK;
}

enum err_code counts_make(struct arena *a, const struct token_data *data,
                          const struct tag_prediction *p, const int32_t *units, int32_t unit_count,
                          struct seen_set *seen, struct counts *ret, struct err *err)
{
    int32_t labels = data->tags.label_count;
    int32_t columns = (labels + 1) * PRF_COLUMNS + OTHER_COLUMNS;
    *ret = (struct counts){.label_count = labels, .columns = columns, .unit_count = unit_count};
    ret->total = arena_alloc(a, (size_t)columns * sizeof(int64_t));
    ret->strict_total = arena_alloc(a, ((size_t)labels + 1) * PRF_COLUMNS * sizeof(int64_t));
    ret->tag_total = arena_alloc(a, (size_t)data->tags.tag_count * 3 * sizeof(int64_t));
    struct counting k = {.c = ret,
                         .dense = arena_alloc(a, (size_t)columns * sizeof(int32_t)),
                         .touched = arena_alloc(a, (size_t)columns * sizeof(int32_t))};
    struct entity_lists lists;
    entity_lists_init(&lists);
    enum err_code code = ERR_OK;
    for (int32_t i = 0; i < data->count && code == ERR_OK; i++) {
        code = count_example(&k, data, i, &p[i], &lists, seen, err);
        if (code == ERR_OK) code = flush(&k, units[i], err);
    }
    if (code == ERR_OK) code = sort_entries(a, &k, err);
    entity_lists_release(&lists);
    mem_free(k.entries);
    return code;
}
