/* proof/task/dictionary.c - the baseline that memorises: what does the model know beyond the
 * list?
 *
 * It stands here, beside the other predictors, because it is one: evaluation, gate and report
 * take it through the same seam. A key is a run of folded words; an example is folded once, so
 * that every run is a slice of it. Matching goes from left to right and takes the longest known
 * run that begins at a word.
 */
#include "proof/task/fold.h"
#include "proof/task/predictor_internal.h"

#include "base/map.h"
#include "base/str.h"

#define ENTRY_COUNT_MAX  10000000
#define PHRASE_WORDS_MAX 64 /* longer training spans are not memorised */

struct entry {
    int32_t *counts; /* [label_count] how often the phrase bore each label */
};
struct dictionary {
    struct arena arena;
    struct map entries; /* folded phrase -> struct entry */
    struct tag_set tags;
    int32_t longest; /* words */
};

static enum err_code memorise(struct dictionary *d, const char *key, size_t len, int32_t label,
                              struct err *err)
{
    union map_value *v = map_get(&d->entries, key, len);
    struct entry *e = v ? v->p : NULL;
    if (!e) {
        e = arena_try(&d->arena, 1, sizeof *e, err);
        if (e)
            e->counts = arena_try(&d->arena, (size_t)d->tags.label_count, sizeof *e->counts, err);
        if (!e || !e->counts) return err->code;
        if (map_put(&d->entries, key, len, (union map_value){.p = e}, err)) return err->code;
    }
    e->counts[label]++;
    return ERR_OK;
}

static enum err_code learn_example(struct dictionary *d, const struct token_example *te,
                                   struct folded_words *f, struct err *err)
{
    if (folded_words_set(f, te, err)) return err->code;
    for (int32_t w = 0; w < te->word_count;) {
        int32_t first = w++;
        if (te->gold[first] == TAG_O) continue;
        int32_t inside =
            te->gold[first] + te->gold[first] % 2; /* B-X is odd, I-X the even after it */
        while (w < te->word_count && te->gold[w] == inside) w++;
        if (w - first > PHRASE_WORDS_MAX) continue;
        const char *key = f->text.data + f->start[first];
        if (memorise(d, key, f->end[w - 1] - f->start[first], (inside - 2) / 2, err))
            return err->code;
        if (w - first > d->longest) d->longest = w - first;
    }
    return ERR_OK;
}

static int32_t majority(const struct entry *e, int32_t labels, float *ret_share)
{
    int32_t best = 0;
    int64_t sum = 0;
    for (int32_t l = 0; l < labels; l++) {
        sum += e->counts[l];
        if (e->counts[l] > e->counts[best]) best = l;
    }
    *ret_share = (float)e->counts[best] / (float)sum;
    return best;
}

/* Tags the longest phrase that begins at `at`; gives how many words it took, 0 for none. */
static int32_t match_at(const struct dictionary *d, const struct tag_set *tags,
                        const struct folded_words *f, int32_t at, int32_t word_count,
                        struct tag_prediction *ret)
{
    const struct entry *found = NULL;
    int32_t words = word_count - at < d->longest ? word_count - at : d->longest;
    for (; words > 0 && !found; words -= !found) {
        size_t from = f->start[at], to = f->end[at + words - 1];
        union map_value *v = map_get(&d->entries, f->text.data + from, to - from);
        if (v) found = v->p;
    }
    if (!found) return 0;
    float share;
    int32_t known = majority(found, d->tags.label_count, &share);
    int32_t label = tag_set_label(tags, d->tags.labels[known]);
    if (label < 0) return 0;
    for (int32_t n = 0; n < words; n++) {
        ret->tags[at + n] = 1 + 2 * label + (n > 0);
        ret->scores[at + n] = share;
    }
    return words;
}

static enum err_code dictionary_predict(void *self, const struct token_data *data, struct arena *a,
                                        struct tag_prediction *ret, struct err *err)
{
    const struct dictionary *d = self;
    if (prediction_clear(data, a, ret, err)) return err->code;
    struct folded_words f;
    folded_words_init(&f);
    enum err_code code = ERR_OK;
    for (int32_t i = 0; i < data->count && code == ERR_OK; i++) {
        const struct token_example *te = &data->examples[i];
        code = folded_words_set(&f, te, err);
        for (int32_t w = 0; w < te->word_count && code == ERR_OK;) {
            int32_t took = match_at(d, &data->tags, &f, w, te->word_count, &ret[i]);
            w += took ? took : 1;
        }
    }
    folded_words_release(&f);
    return code;
}

static void dictionary_release(void *self)
{
    struct dictionary *d = self;
    map_release(&d->entries);
    arena_release(&d->arena);
    mem_free(d);
}

enum err_code predictor_dictionary(const struct token_data *train, struct predictor *ret,
                                   struct err *err)
{
    struct dictionary *d = mem_try(1, sizeof *d, err);
    if (!d) return err->code;
    arena_init(&d->arena, ARENA_JOB_BYTES_MAX);
    map_init(&d->entries, ENTRY_COUNT_MAX);
    struct folded_words f;
    folded_words_init(&f);
    enum err_code code = tag_set_from_labels(&d->arena, (const char *const *)train->tags.labels,
                                             train->tags.label_count, &d->tags, err);
    for (int32_t i = 0; i < train->count && code == ERR_OK; i++)
        code = learn_example(d, &train->examples[i], &f, err);
    folded_words_release(&f);
    if (code) {
        dictionary_release(d);
        return code;
    }
    *ret = (struct predictor){"dictionary", d, dictionary_predict, dictionary_release};
    return ERR_OK;
}
