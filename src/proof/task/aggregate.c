/* proof/task/aggregate.c - see aggregate.h.
 *
 * Three steps, each the twin of a method of TokenClassificationPipeline, so that the two can be
 * read side by side:
 *     gather_tokens  gather_pre_entities  what each token is: piece, span, does it continue a word
 *     label_tokens   aggregate_words      one label and score a token (none, simple) or a word
 *     group_units    group_entities       neighbours of one label become one entity
 * and merge_windows is aggregate_overlapping_entities. Means are taken in double and rounded once:
 * the original sums in fp32 in an order that depends on the length, so its last bits are not worth
 * copying.
 */
#include "proof/task/aggregate.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct token { /* a pre-entity */
    const char *piece;
    const float *probs;
    int32_t start, end, index;
    bool continues; /* is_subword */
};
struct unit { /* what is grouped: a token, or a word of several */
    const char *label, *word;
    float score;
    int32_t start, end, index;
};
struct job {
    const struct token_scores *scores;
    const struct aggregate_options *options;
    struct arena *arena;
    struct wire_entity *entities; /* room for one a token of every window */
    int32_t count;
};

static const char *const strategy_names[] = {"none", "simple", "first", "average", "max"};

struct aggregate_options aggregate_options_default(void)
{
    static const char *const ignore[] = {"O"};
    return (struct aggregate_options){
        .strategy = AGGREGATE_FIRST, .ignore_labels = ignore, .ignore_count = 1};
}

enum err_code aggregate_strategy_parse(const char *name, enum aggregate_strategy *ret,
                                       struct err *err)
{
    for (size_t i = 0; i < ARRAY_COUNT(strategy_names); i++) {
        if (strcasecmp(name, strategy_names[i]) == 0) {
            *ret = (enum aggregate_strategy)i;
            return ERR_OK;
        }
    }
    err_set(err, ERR_BAD_INPUT, "aggregation_strategy \"%.40s\" is not known", name);
    return err_hint(err, "use none, simple, first, average or max");
}

const char *aggregate_strategy_name(enum aggregate_strategy s)
{
    return strategy_names[s];
}

/* Maps code points to bytes for spans that mostly move forward: each text is walked about once. */
struct cursor {
    const char *text;
    size_t bytes, at_byte;
    int32_t at_char;
};

static size_t cursor_seek(struct cursor *c, int32_t code_point)
{
    if (code_point < c->at_char) c->at_char = 0, c->at_byte = 0;
    while (c->at_char < code_point && c->at_byte < c->bytes) {
        utf8_next(c->text, c->bytes, &c->at_byte);
        c->at_char++;
    }
    return c->at_byte;
}

static struct token *gather_tokens(struct job *j, const struct score_window *w)
{
    const struct token_scores *s = j->scores;
    const struct encoding *e = s->encoding;
    struct token *tokens = arena_alloc(j->arena, (size_t)w->count * sizeof *tokens);
    struct cursor at = {.text = s->text, .bytes = s->text_bytes};
    const int32_t unknown = tokenizer_unk(s->tokenizer);
    for (int32_t i = 0; i < w->count; i++) {
        const int32_t t = w->first + i;
        struct token *token = &tokens[i];
        token->probs = s->probs + (size_t)(w->row + i) * (size_t)s->label_count;
        token->start = e->start[t];
        token->end = e->end[t];
        token->index = i + 1; /* [CLS] is 0 */
        if (e->id[t] == unknown) {
            const size_t from = cursor_seek(&at, token->start), to = cursor_seek(&at, token->end);
            token->piece = arena_strndup(j->arena, s->text + from, to - from);
        } else {
            token->piece = tokenizer_piece(s->tokenizer, e->id[t]);
            const size_t chars = utf8_count(token->piece, strlen(token->piece));
            token->continues = chars != (size_t)(token->end - token->start);
        }
    }
    return tokens;
}

/* Replaces every `from` by the not longer `to`, in place. */
static void replace_all(char *s, const char *from, const char *to)
{
    const size_t from_len = strlen(from), to_len = strlen(to);
    char *out = s;
    while (*s) {
        if (strncmp(s, from, from_len) == 0) {
            memcpy(out, to, to_len);
            out += to_len;
            s += from_len;
        } else {
            *out++ = *s++;
        }
    }
    *out = '\0';
}

/* One piece as the WordPiece decoder of tokenizers (cleanup on) writes it; returns its length in
 * out. */
static size_t decode_piece(const char *piece, bool is_first, char *out)
{
    static const char *const cleanup[][2] = {
        {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
        {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
        {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    char *p = out;
    if (!is_first && strncmp(piece, "##", 2) == 0)
        piece += 2;
    else if (!is_first)
        *p++ = ' ';
    memcpy(p, piece, strlen(piece) + 1);
    for (size_t i = 0; i < ARRAY_COUNT(cleanup); i++)
        replace_all(out, cleanup[i][0], cleanup[i][1]);
    return strlen(out);
}

/* The text of some pieces: convert_tokens_to_string. word_at gives the i-th. */
static const char *decode(struct arena *a, const void *items, int32_t count,
                          const char *(*word_at)(const void *items, int32_t i))
{
    size_t bytes = 1;
    for (int32_t i = 0; i < count; i++) bytes += strlen(word_at(items, i)) + 1;
    char *text = arena_alloc(a, bytes);
    size_t len = 0;
    for (int32_t i = 0; i < count; i++) len += decode_piece(word_at(items, i), i == 0, text + len);
    return text;
}

static const char *token_word(const void *items, int32_t i)
{
    return ((const struct token *)items)[i].piece;
}

static const char *unit_word(const void *items, int32_t i)
{
    return ((const struct unit *)items)[i].word;
}

static int32_t best_of(const float *probs, int32_t n)
{
    int32_t best = 0;
    for (int32_t i = 1; i < n; i++)
        if (probs[i] > probs[best]) best = i;
    return best;
}

/* The mean distribution of some tokens; in the arena. */
static const float *mean_probs(struct arena *a, const struct token *tokens, int32_t count,
                               int32_t n)
{
    float *mean = arena_alloc(a, (size_t)n * sizeof *mean);
    for (int32_t l = 0; l < n; l++) {
        double sum = 0;
        for (int32_t i = 0; i < count; i++) sum += (double)tokens[i].probs[l];
        mean[l] = (float)(sum / count);
    }
    return mean;
}

/* The distribution that decides about a word of `count` pieces. */
static const float *word_probs(struct job *j, const struct token *tokens, int32_t count)
{
    const int32_t n = j->scores->label_count;
    if (j->options->strategy == AGGREGATE_AVERAGE && count > 1)
        return mean_probs(j->arena, tokens, count, n);
    const float *chosen = tokens[0].probs;
    if (j->options->strategy == AGGREGATE_MAX) {
        for (int32_t i = 1; i < count; i++)
            if (tokens[i].probs[best_of(tokens[i].probs, n)] > chosen[best_of(chosen, n)])
                chosen = tokens[i].probs;
    }
    return chosen;
}

/* Tokens to units: one each for none and simple, else one a word. */
static struct unit *label_tokens(struct job *j, const struct token *tokens, int32_t count,
                                 int32_t *ret_count)
{
    const enum aggregate_strategy strategy = j->options->strategy;
    const bool words = strategy != AGGREGATE_NONE && strategy != AGGREGATE_SIMPLE;
    struct unit *units = arena_alloc(j->arena, (size_t)count * sizeof *units);
    int32_t made = 0;
    for (int32_t i = 0, len; i < count; i += len) {
        len = 1;
        while (words && i + len < count && tokens[i + len].continues) len++;
        const float *probs = word_probs(j, tokens + i, len);
        const int32_t best = best_of(probs, j->scores->label_count);
        units[made++] = (struct unit){.label = j->scores->labels[best],
                                      .score = probs[best],
                                      .word = words ? decode(j->arena, tokens + i, len, token_word)
                                                    : tokens[i].piece,
                                      .start = tokens[i].start,
                                      .end = tokens[i + len - 1].end,
                                      .index = tokens[i].index};
    }
    *ret_count = made;
    return units;
}

static void emit(struct job *j, struct wire_entity entity)
{
    for (int32_t i = 0; i < j->options->ignore_count; i++)
        if (str_eq(entity.label, j->options->ignore_labels[i])) return;
    j->entities[j->count++] = entity;
}

/* get_tag: the type of a label, and whether it begins an entity. */
static const char *label_type(const char *label, bool *ret_begins)
{
    *ret_begins = strncmp(label, "B-", 2) == 0;
    return *ret_begins || strncmp(label, "I-", 2) == 0 ? label + 2 : label;
}

static bool same_group(const struct unit *before, const struct unit *next)
{
    bool before_begins, next_begins;
    const char *before_type = label_type(before->label, &before_begins);
    const char *next_type = label_type(next->label, &next_begins);
    return !next_begins && str_eq(before_type, next_type);
}

static void group_units(struct job *j, const struct unit *units, int32_t count)
{
    for (int32_t i = 0, len; i < count; i += len) {
        double sum = (double)units[i].score;
        for (len = 1; i + len < count && same_group(&units[i + len - 1], &units[i + len]); len++)
            sum += (double)units[i + len].score;
        const char *dash = strchr(units[i].label, '-');
        emit(j, (struct wire_entity){.label = dash ? dash + 1 : units[i].label,
                                     .score = (float)(sum / len),
                                     .index = -1,
                                     .word = decode(j->arena, units + i, len, unit_word),
                                     .start = units[i].start,
                                     .end = units[i + len - 1].end});
    }
}

static void aggregate_window(struct job *j, const struct score_window *w)
{
    int32_t count = 0;
    const struct token *tokens = gather_tokens(j, w);
    const struct unit *units = label_tokens(j, tokens, w->count, &count);
    if (j->options->strategy != AGGREGATE_NONE) {
        group_units(j, units, count);
        return;
    }
    for (int32_t i = 0; i < count; i++)
        emit(j, (struct wire_entity){.label = units[i].label,
                                     .score = units[i].score,
                                     .index = units[i].index,
                                     .word = units[i].word,
                                     .start = units[i].start,
                                     .end = units[i].end});
}

static int by_start(const void *a, const void *b)
{
    const struct wire_entity *x = *(const struct wire_entity *const *)a;
    const struct wire_entity *y = *(const struct wire_entity *const *)b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return (x > y) - (x < y); /* stable: they stand in one array */
}

/* Windows overlap, and so do their entities: of two the longer stays, then the surer. */
static void merge_windows(struct job *j)
{
    if (j->count == 0) return;
    const struct wire_entity **sorted = arena_alloc(j->arena, (size_t)j->count * sizeof *sorted);
    for (int32_t i = 0; i < j->count; i++) sorted[i] = &j->entities[i];
    qsort(sorted, (size_t)j->count, sizeof *sorted, by_start);
    struct wire_entity *kept = arena_alloc(j->arena, (size_t)j->count * sizeof *kept);
    int32_t count = 0;
    struct wire_entity last = *sorted[0];
    for (int32_t i = 1; i < j->count; i++) {
        const struct wire_entity *e = sorted[i];
        const int32_t length = e->end - e->start, last_length = last.end - last.start;
        if (e->start < last.end) {
            if (length > last_length || (length == last_length && e->score > last.score)) last = *e;
        } else {
            kept[count++] = last;
            last = *e;
        }
    }
    kept[count++] = last;
    j->entities = kept;
    j->count = count;
}

enum err_code aggregate(const struct token_scores *s, const struct aggregate_options *o,
                        struct arena *a, struct wire_entity **ret, int32_t *ret_count,
                        struct err *err)
{
    size_t most = 0;
    for (int32_t w = 0; w < s->window_count; w++) most += (size_t)s->windows[w].count;
    struct job j = {.scores = s, .options = o, .arena = a};
    j.entities = arena_try(a, most + 1, sizeof *j.entities, err);
    if (!j.entities) return err->code;
    for (int32_t w = 0; w < s->window_count; w++) aggregate_window(&j, &s->windows[w]);
    if (s->window_count > 1) merge_windows(&j);
    *ret = j.entities;
    *ret_count = j.count;
    return ERR_OK;
}

static void write_string(struct buf *out, const char *s)
{
    buf_addc(out, '"');
    for (const char *from = s;; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        buf_add(out, from, (size_t)(s - from));
        if (c == '\0') break;
        if (c < 0x20)
            buf_addf(out, "\\u%04x", c);
        else
            buf_addf(out, "\\%c", c);
        from = s + 1;
    }
    buf_addc(out, '"');
}

void aggregate_write(const struct wire_entity *entities, int32_t count,
                     enum aggregate_strategy strategy, struct buf *out)
{
    const bool none = strategy == AGGREGATE_NONE;
    buf_addc(out, '[');
    for (int32_t i = 0; i < count; i++) {
        const struct wire_entity *e = &entities[i];
        buf_adds(out, i ? ",{" : "{");
        buf_adds(out, none ? "\"entity\":" : "\"entity_group\":");
        write_string(out, e->label);
        buf_addf(out, ",\"score\":%.9g", (double)e->score);
        if (none) buf_addf(out, ",\"index\":%d", e->index);
        buf_adds(out, ",\"word\":");
        write_string(out, e->word);
        buf_addf(out, ",\"start\":%d,\"end\":%d}", e->start, e->end);
    }
    buf_addc(out, ']');
}
