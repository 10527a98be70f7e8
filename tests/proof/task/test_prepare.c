/* Words, gold tags and windows: every rule of token_task.h over hand-made and random texts. */
#include "letters.h"

#include "base/str.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct letters l;
static void set_up(void)
{
    letters_open(&l);
}
static void tear_down(void)
{
    letters_close(&l);
}
TestSuite(prepare, .init = set_up, .fini = tear_down);

static void check_gold(const struct token_example *te, const struct tag_set *t, const char *want)
{
    char got[200];
    int at = 0;
    for (int32_t w = 0; w < te->word_count; w++)
        at +=
            snprintf(got + at, sizeof got - (size_t)at, "%s%s", w ? " " : "", t->tags[te->gold[w]]);
    cr_assert_str_eq(got, want);
}

Test(prepare, spans_become_tags_of_the_words_they_touch)
{
    struct dataset *d =
        letters_dataset("{\"text\":\"no aspirin, chest "
                        "xray\",\"spans\":[{\"start\":3,\"end\":10,\"label\":\"DRUG\"},"
                        "{\"start\":12,\"end\":22,\"label\":\"TEST\"}]}\n");
    struct token_data *t = letters_prepare(&l, d, 64, 0);
    const struct token_example *te = &t->examples[0];
    cr_assert_eq(te->word_count, 5);
    check_gold(te, &t->tags, "O B-DRUG O B-TEST I-TEST");
    cr_assert(te->words[1].start == 3 && te->words[1].end == 10);
    cr_assert_eq(te->lost_count, 0);
    cr_assert_eq(te->window_count, 1);
    const struct window *w = &te->windows[0];
    cr_assert_eq(w->count, te->token_count + 2);
    cr_assert(w->ids[0] == tokenizer_cls(l.tok) && w->ids[w->count - 1] == tokenizer_sep(l.tok));
    cr_assert(w->targets[0] == -1 && w->targets[w->count - 1] == -1);
    cr_assert_eq(w->targets[3], 1, "B-DRUG on the first piece, behind [CLS] n o");
    cr_assert_eq(w->targets[4], -1, "continuations are ignored");
    cr_assert(w->spans[3].start == 3 && w->spans[3].end == 4);
    token_data_free(t);
    dataset_free(d);
}

Test(prepare, what_tags_cannot_say_is_lost_and_counted)
{
    /* inside one word; sharing a word with the one before; of a label that the set lacks */
    struct dataset *d = letters_dataset(
        "{\"text\":\"abcdef gh ij\",\"spans\":[{\"start\":1,\"end\":3,\"label\":\"DRUG\"},"
        "{\"start\":4,\"end\":6,\"label\":\"TEST\"},{\"start\":7,\"end\":9,\"label\":\"OTHER\"}]}"
        "\n");
    struct token_data *t = letters_prepare(&l, d, 64, 0);
    check_gold(&t->examples[0], &t->tags, "B-DRUG O O");
    cr_assert_eq(t->examples[0].lost_count, 2);
    cr_assert_eq(t->examples[0].lost[0], tag_set_label(&t->tags, "TEST"));
    cr_assert_eq(t->examples[0].lost[1], -1);
    cr_assert_eq(t->lost_count, 2);
    token_data_free(t);
    dataset_free(d);
}

Test(prepare, given_words_stay_whole)
{
    static const char conll[] = "a.b O\ncd B-DRUG\n, I-DRUG\n\n";
    struct dataset *d = NULL;
    struct findings f;
    struct err err = {0};
    findings_init(&f, 10);
    cr_assert_eq(
        dataset_parse("x.conll", conll, strlen(conll), DATA_FORMAT_CONLL, NULL, &f, &d, &err),
        ERR_OK, "%s", err.message);
    struct token_data *t = letters_prepare(&l, d, 64, 0);
    cr_assert_eq(t->examples[0].word_count, 3, "a.b is one word");
    check_gold(&t->examples[0], &t->tags, "O B-DRUG I-DRUG");
    token_data_free(t);
    dataset_free(d);
    findings_release(&f);
}

/* min(left, right) context of word w (pieces [first, last)) in window pieces [start, end) */
static int32_t context(int32_t first, int32_t last, int32_t start, int32_t end)
{
    int32_t left = first - start, right = end - last;
    if (right < 0) right = 0;
    return left < right ? left : right;
}

/* The properties of rule 1 and 2, recomputed from nothing but the tokens. */
static void check_windows(const struct token_example *te, int32_t tokens_max, int32_t stride)
{
    int32_t word_of[4096], starts[512], ends[512], n = te->token_count;
    memset(word_of, -1, sizeof word_of);
    int32_t at = 0, judged[512] = {0}, judge[512] = {0};
    for (int32_t k = 0; k < te->window_count; k++) {
        const struct window *w = &te->windows[k];
        cr_assert(w->count >= 3 && w->count <= tokens_max);
        /* pieces are one letter each and words are apart by one space: the place follows from the
         * span */
        int32_t start = w->spans[1].start - w->word[1];
        cr_assert_eq(te->words[w->word[1]].start, w->spans[1].start, "begins inside a word");
        cr_assert(k == 0 ? start == 0 : start > starts[k - 1]);
        cr_assert(k == 0 || ends[k - 1] - start <= stride, "overlap %d", ends[k - 1] - start);
        starts[k] = start, ends[k] = start + w->count - 2;
        cr_assert(k == 0 || ends[k] > ends[k - 1]);
        for (int32_t i = 1; i < w->count - 1; i++) {
            word_of[start + i - 1] = w->word[i];
            bool first = w->spans[i].start == te->words[w->word[i]].start;
            cr_assert(!w->judged[i] || first, "judged on a continuation");
            cr_assert_eq(w->targets[i], w->judged[i] ? te->gold[w->word[i]] : -1);
            if (w->judged[i]) judged[w->word[i]]++, judge[w->word[i]] = k;
        }
    }
    for (int32_t w = 0; w < te->word_count; w++) {
        cr_assert_eq(judged[w], 1, "word %d is judged %d times", w, judged[w]);
        int32_t letters = te->words[w].end - te->words[w].start, best = -1, best_window = -1;
        for (int32_t k = 0; k < te->window_count; k++) {
            if (at < starts[k] || at >= ends[k]) continue;
            int32_t c = context(at, at + letters, starts[k], ends[k]);
            if (c > best) best = c, best_window = k;
        }
        cr_assert_eq(judge[w], best_window, "word %d has more context elsewhere", w);
        for (int32_t i = at; i < at + letters && letters <= tokens_max - 2; i++)
            cr_assert_eq(word_of[i], w, "piece %d is in no window", i);
        at += letters;
    }
    cr_assert_eq(at, n);
}

Test(prepare, windows_keep_their_rules_over_random_texts)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        int32_t tokens_max = 3 + (int32_t)(seed * 7 % 23), stride = (int32_t)(seed % 5);
        if (stride > (tokens_max - 2) / 2) stride = (tokens_max - 2) / 2;
        char *text = letters_random(seed, 20, 60, seed % 2 ? 4 : 12);
        struct dataset *d = letters_dataset(text);
        struct token_data *t = letters_prepare(&l, d, tokens_max, stride);
        for (int32_t i = 0; i < t->count; i++) check_windows(&t->examples[i], tokens_max, stride);
        struct train_sequence *s = NULL;
        int32_t count = 0, judged = 0;
        struct err err = {0};
        cr_assert_eq(token_data_sequences(t, &s, &count, &err), ERR_OK);
        for (int32_t i = 0; i < count; i++)
            for (int32_t k = 0; k < s[i].count; k++) judged += s[i].targets[k] >= 0;
        cr_assert_eq(judged, t->word_count, "every word is a target once");
        mem_free(s);
        token_data_free(t);
        dataset_free(d);
        mem_free(text);
    }
}

Test(prepare, a_word_longer_than_the_window_ends_and_is_judged)
{
    struct dataset *d =
        letters_dataset("{\"text\":\"ab abcdefghijklmnopqrstuvwxyzabcdefghijklmn cd\"}\n");
    struct token_data *t = letters_prepare(&l, d, 8, 3);
    cr_assert_eq(t->examples[0].word_count, 3);
    cr_assert_eq(t->examples[0].window_count, 3);
    check_windows(&t->examples[0], 8, 3);
    token_data_free(t);
    dataset_free(d);
}

Test(prepare, a_text_of_one_window_is_not_cut)
{
    struct dataset *d = letters_dataset("{\"text\":\"abc def\"}\n");
    struct token_data *t = letters_prepare(&l, d, 8, 3);
    cr_assert_eq(t->examples[0].window_count, 1);
    cr_assert_eq(t->examples[0].windows[0].count, 8);
    token_data_free(t);
    dataset_free(d);
}

Test(prepare, unknown_pieces_are_counted_and_impossible_sizes_refused)
{
    struct dataset *d = letters_dataset("{\"text\":\"ab 123 \u00df\"}\n");
    struct token_data *t = letters_prepare(&l, d, 64, 0);
    cr_assert_eq(t->unknown_count, 2);
    cr_assert_eq(t->token_count, 4);
    token_data_free(t);
    struct err err = {0};
    t = NULL;
    static const int32_t sizes[][2] = {
        {2, 0}, {-1, 0}, {10, 5}, {10, -1}, {MODEL_POSITIONS_MAX + 1, 0}};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++)
        cr_assert_eq(token_data_prepare(d, l.tok, &l.tags, sizes[i][0], sizes[i][1], &t, &err),
                     ERR_BAD_INPUT, "%zu", i);
    cr_assert_null(t);
    dataset_free(d);
}

Test(prepare, texts_without_pieces_have_no_windows)
{
    struct dataset *d = letters_dataset("{\"text\":\"\u200d\"}\n");
    struct token_data *t = letters_prepare(&l, d, 8, 0);
    struct train_sequence *s = NULL;
    int32_t count = 0;
    struct err err = {0};
    cr_assert_eq(t->examples[0].window_count, 0);
    cr_assert_eq(token_data_sequences(t, &s, &count, &err), ERR_BAD_INPUT);
    token_data_free(t);
    dataset_free(d);
}
