/* proof/task/prepare.c - examples to words, gold tags and windows.
 *
 * One pass a text: encode, find the words (the example's own, or what the tokenizer split), lay
 * the gold spans on them, cut windows. What lives as long as the data goes to its arena; what one
 * text needs goes to a scratch arena that is reset after each.
 */
#include "proof/task/task_internal.h"

#include "base/str.h"

struct preparation {
    const struct tokenizer *tok;
    struct token_data *t;
    struct arena scratch;
    struct encoding encoding;
    const int32_t *label_map; /* dataset label -> tag set label, -1 when absent */
    int32_t tokens_max, stride;
};

static const int32_t *map_labels(struct arena *a, const struct dataset *d, const struct tag_set *t)
{
    int32_t *map = arena_alloc(a, ((size_t)d->label_count + 1) * sizeof *map);
    for (int32_t l = 0; l < d->label_count; l++) map[l] = tag_set_label(t, d->labels[l]);
    return map;
}

/* Fills te->words and gives the dense word index of each piece. */
static int32_t *find_words(struct preparation *pr, struct token_example *te, struct err *err)
{
    const struct encoding *e = &pr->encoding;
    const struct example *ex = te->example;
    int32_t *word = arena_try(&pr->scratch, (size_t)e->count + 1, sizeof *word, err);
    if (!word) return NULL;
    int32_t words = 0;
    for (int32_t i = 0; i < e->count; i++) {
        if (i == 0 || e->word[i] != e->word[i - 1]) words++;
        word[i] = ex->words ? e->word[i] : words - 1;
    }
    te->word_count = ex->words ? ex->word_count : words;
    te->words = arena_try(&pr->t->arena, (size_t)te->word_count + 1, sizeof *te->words, err);
    if (!te->words) return NULL;
    for (int32_t w = 0; ex->words && w < te->word_count; w++) te->words[w] = ex->words[w];
    for (int32_t i = 0; !ex->words && i < e->count; i++) {
        struct word_span *w = &te->words[word[i]];
        if (i == 0 || word[i] != word[i - 1]) w->start = e->start[i];
        if (e->end[i] > w->end) w->end = e->end[i];
    }
    return word;
}

/* Lays one span on the words from `from` on; false when tags cannot say it. */
static bool lay_span(struct token_example *te, struct span s, int32_t label, int32_t from)
{
    int32_t first = from;
    while (first < te->word_count && te->words[first].end <= s.start) first++;
    int32_t last = first;
    while (last < te->word_count && te->words[last].start < s.end) {
        if (te->gold[last] != TAG_O) return false;
        last++;
    }
    if (label < 0 || first == last) return false;
    for (int32_t w = first; w < last; w++) te->gold[w] = 1 + 2 * label + (w > first);
    return true;
}

static enum err_code lay_gold(struct preparation *pr, struct token_example *te, struct err *err)
{
    const struct example *ex = te->example;
    struct arena *a = &pr->t->arena;
    te->gold = arena_try(a, (size_t)te->word_count + 1, sizeof *te->gold, err);
    if (!te->gold) return err->code;
    int32_t from = 0; /* spans are sorted by start, so no later one reaches an earlier word */
    for (int32_t s = 0; s < ex->span_count; s++) {
        struct span span = ex->spans[s];
        while (from < te->word_count && te->words[from].end <= span.start) from++;
        int32_t label = pr->label_map[span.label];
        if (lay_span(te, span, label, from)) continue;
        if (!te->lost) {
            te->lost = arena_try(a, (size_t)(ex->span_count - s), sizeof *te->lost, err);
            if (!te->lost) return err->code;
        }
        te->lost[te->lost_count++] = label;
    }
    return ERR_OK;
}

static enum err_code prepare_example(struct preparation *pr, struct token_example *te,
                                     struct err *err)
{
    const struct example *ex = te->example;
    if (tokenizer_encode(pr->tok, ex->text, (size_t)ex->text_bytes, ex->words, ex->word_count,
                         &pr->encoding, err))
        return err->code;
    int32_t *word = find_words(pr, te, err);
    if (!word || lay_gold(pr, te, err)) return err->code;
    te->token_count = pr->encoding.count;
    te->unknown_count = pr->encoding.unknown_count;
    struct pieces p = {.e = &pr->encoding,
                       .word = word,
                       .count = pr->encoding.count,
                       .cls = tokenizer_cls(pr->tok),
                       .sep = tokenizer_sep(pr->tok)};
    return windows_cut(&pr->t->arena, &pr->scratch, &p, pr->tokens_max, pr->stride, te, err);
}

static enum err_code prepare_all(struct preparation *pr, const struct dataset *d,
                                 const struct tag_set *tags, struct err *err)
{
    struct token_data *t = pr->t;
    dataset_fingerprint(d, t->fingerprint);
    if (tag_set_from_labels(&t->arena, (const char *const *)tags->labels, tags->label_count,
                            &t->tags, err))
        return err->code;
    pr->label_map = map_labels(&t->arena, d, &t->tags);
    t->examples = arena_try(&t->arena, (size_t)d->count + 1, sizeof *t->examples, err);
    if (!t->examples) return err->code;
    for (t->count = 0; t->count < d->count; t->count++) {
        struct token_example *te = &t->examples[t->count];
        te->example = &d->examples[t->count];
        if (prepare_example(pr, te, err)) return err->code;
        t->word_count += te->word_count;
        t->token_count += te->token_count;
        t->unknown_count += te->unknown_count;
        t->lost_count += te->lost_count;
        arena_reset(&pr->scratch);
    }
    return ERR_OK;
}

enum err_code token_data_prepare(const struct dataset *d, const struct tokenizer *tok,
                                 const struct tag_set *tags, int32_t tokens_max, int32_t stride,
                                 struct token_data **ret, struct err *err)
{
    if (tokens_max < 3 || tokens_max > MODEL_POSITIONS_MAX)
        return err_set(err, ERR_BAD_INPUT, "max_tokens is %d: it must be 3 to %d", tokens_max,
                       MODEL_POSITIONS_MAX);
    if (stride < 0 || stride > (tokens_max - 2) / 2)
        return err_set(err, ERR_BAD_INPUT, "stride is %d: with %d tokens it must be 0 to %d",
                       stride, tokens_max, (tokens_max - 2) / 2);
    struct token_data *t = mem_try(1, sizeof *t, err);
    if (!t) return err->code;
    arena_init(&t->arena, ARENA_JOB_BYTES_MAX);
    struct preparation pr = {.tok = tok, .t = t, .tokens_max = tokens_max, .stride = stride};
    arena_init(&pr.scratch, ARENA_STEP_BYTES_MAX);
    encoding_init(&pr.encoding);
    enum err_code code = prepare_all(&pr, d, tags, err);
    encoding_release(&pr.encoding);
    arena_release(&pr.scratch);
    if (code == ERR_OK)
        *ret = t;
    else
        token_data_free(t);
    return code;
}

void token_data_free(struct token_data *t)
{
    if (!t) return;
    arena_release(&t->arena);
    mem_free(t);
}

static bool has_target(const struct window *w)
{
    for (int32_t i = 0; i < w->count; i++)
        if (w->targets[i] >= 0) return true;
    return false;
}

enum err_code token_data_sequences(const struct token_data *t, struct train_sequence **ret,
                                   int32_t *ret_count, struct err *err)
{
    size_t most = 0;
    for (int32_t i = 0; i < t->count; i++) most += (size_t)t->examples[i].window_count;
    if (most > INT32_MAX)
        return err_set(err, ERR_LIMIT, "%zu windows are too many to train on", most);
    struct train_sequence *s = mem_try(most + 1, sizeof *s, err);
    if (!s) return err->code;
    int32_t count = 0;
    for (int32_t i = 0; i < t->count; i++) {
        for (int32_t k = 0; k < t->examples[i].window_count; k++) {
            const struct window *w = &t->examples[i].windows[k];
            if (has_target(w)) s[count++] = (struct train_sequence){w->ids, w->targets, w->count};
        }
    }
    if (count == 0) {
        mem_free(s);
        return err_set(err, ERR_BAD_INPUT, "no example has a word to learn from");
    }
    *ret = s;
    *ret_count = count;
    return ERR_OK;
}
