/* proof/evidence/seen.c - what training has shown, by words and label.
 *
 * A model that only repeats its training list looks good on a test that repeats it too. Recall
 * over entities that training never showed is the part that carries to a new customer, so it is
 * measured apart.
 */
#include "proof/evidence/evidence_internal.h"

#include "base/map.h"
#include "proof/task/fold.h"

#define SEEN_COUNT_MAX 10000000

struct seen_set {
    struct map keys; /* label, NUL, folded words */
    struct folded_words words;
    struct buf key;
};

/* The key of words [first, last) of what s->words holds. */
static enum err_code make_key(struct seen_set *s, const char *label, int32_t first, int32_t last,
                              struct err *err)
{
    size_t from = s->words.start[first], to = s->words.end[last - 1];
    buf_clear(&s->key);
    buf_adds(&s->key, label);
    buf_addc(&s->key, '\0');
    buf_add(&s->key, s->words.text.data + from, to - from);
    return buf_check(&s->key, err);
}

/* The words of an entity, found from `from` on: entities come in order. */
static int32_t find_words(const struct token_example *te, const struct entity *e, int32_t from,
                          int32_t *ret_last)
{
    while (te->words[from].start < e->start) from++;
    int32_t last = from + 1;
    while (last < te->word_count && te->words[last].end <= e->end) last++;
    *ret_last = last;
    return from;
}

static enum err_code learn(struct seen_set *s, const struct token_data *train,
                           const struct token_example *te, struct entity *entities, struct err *err)
{
    int32_t count = tags_to_entities(te->words, te->gold, NULL, te->word_count, false, entities);
    if (count == 0) return ERR_OK;
    if (folded_words_set(&s->words, te, err)) return err->code;
    for (int32_t i = 0, at = 0; i < count; i++) {
        int32_t last;
        at = find_words(te, &entities[i], at, &last);
        if (make_key(s, train->tags.labels[entities[i].label], at, last, err) ||
            map_put(&s->keys, s->key.data, s->key.len, (union map_value){.i = 1}, err))
            return err->code;
    }
    return ERR_OK;
}

enum err_code seen_set_new(const struct token_data *train, struct seen_set **ret, struct err *err)
{
    struct seen_set *s = mem_try(1, sizeof *s, err);
    if (!s) return err->code;
    map_init(&s->keys, SEEN_COUNT_MAX);
    folded_words_init(&s->words);
    buf_init(&s->key, TEXT_BYTES_MAX * 8 + LABEL_BYTES_MAX + 2);
    int32_t longest = 0;
    for (int32_t i = 0; i < train->count; i++)
        if (train->examples[i].word_count > longest) longest = train->examples[i].word_count;
    struct entity *entities = mem_try((size_t)longest + 1, sizeof *entities, err);
    enum err_code code = entities ? ERR_OK : err->code;
    for (int32_t i = 0; i < train->count && code == ERR_OK; i++)
        code = learn(s, train, &train->examples[i], entities, err);
    mem_free(entities);
    if (code)
        seen_set_free(s);
    else
        *ret = s;
    return code;
}

void seen_set_free(struct seen_set *s)
{
    if (!s) return;
    map_release(&s->keys);
    folded_words_release(&s->words);
    buf_release(&s->key);
    mem_free(s);
}

enum err_code seen_set_ask(struct seen_set *s, const struct token_example *te,
                           const struct tag_set *tags, const struct entity *entities, int32_t count,
                           bool *seen, struct err *err)
{
    if (count == 0) return ERR_OK;
    if (folded_words_set(&s->words, te, err)) return err->code;
    for (int32_t i = 0, at = 0; i < count; i++) {
        int32_t last;
        at = find_words(te, &entities[i], at, &last);
        if (make_key(s, tags->labels[entities[i].label], at, last, err)) return err->code;
        seen[i] = map_get(&s->keys, s->key.data, s->key.len) != NULL;
    }
    return ERR_OK;
}
