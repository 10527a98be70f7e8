/* proof/data/read_spans.c - the spans and words of one JSON object, each checked where it stands.
 *
 * The columns of all spans are found in one pass over the line (json_place.h), because a place for
 * each would make a long line cost its square. Nothing here is worse than n log n in the line.
 */
#include "proof/data/json_place.h"
#include "proof/data/jsonl_internal.h"
#include "proof/data/text_fold.h"

#include "base/limits.h"
#include "base/str.h"

#include <stdlib.h>

struct raw_span { /* before sorting */
    struct span span;
    struct place place;
};

/* A whole number that fits, from a number of either kind; INT32_MIN when it is not one. */
static int32_t whole(const json_t *v)
{
    double x = json_is_number(v) ? json_number_value(v) : 0.5;
    return x > -1e9 && x < 1e9 && (double)(int32_t)x == x ? (int32_t)x : INT32_MIN;
}

/* {"start", "end", "label"} or [start, end, "label"]: borrowed values, NULL when absent. */
static void span_fields(const json_t *item, const json_t *ret[3])
{
    static const char *const keys[3] = {"start", "end", "label"};
    for (size_t i = 0; i < 3; i++)
        ret[i] = json_is_array(item) ? json_array_get(item, i) : json_object_get(item, keys[i]);
}

/* What is wrong with [start, end), or NULL. */
static const char *bounds_problem(const struct row *w, int32_t start, int32_t end)
{
    if (start < 0 || end < 0) return "the span begins before the text";
    if (end > w->chars || start > w->chars) return "the span ends behind the text";
    if (start >= end) return "the span is empty";
    return NULL;
}

static bool bounds_check(struct row *w, int32_t start, int32_t end, int32_t column)
{
    const char *problem = bounds_problem(w, start, end);
    if (!problem) return true;
    char message[160];
    BUG_IF(!str_format(message, sizeof message, "%s: [%d, %d) of %d code points", problem, start,
                       end, w->chars));
    row_tell(w, FINDING_ERROR, "span-outside", column,
             "start and end count code points from 0; end is one past the last", message);
    return false;
}

/* The text of [start, end), cut for a message. */
static const char *span_clip(const struct row *w, int32_t start, int32_t end, char out[CLIP_BYTES])
{
    size_t from = utf8_byte_of(w->text, w->text_bytes, (size_t)start);
    size_t to = utf8_byte_of(w->text, w->text_bytes, (size_t)end);
    return text_clip(w->text + from, to - from, out);
}

static void warn_cut_word(struct row *w, const struct span *s, int32_t column)
{
    bool cuts_first =
        s->start > 0 && char_pair_is_inside_word(w->cps[s->start - 1], w->cps[s->start]);
    bool cuts_last =
        s->end < w->chars && char_pair_is_inside_word(w->cps[s->end - 1], w->cps[s->end]);
    if (!cuts_first && !cuts_last) return;
    char clip[CLIP_BYTES], message[160];
    BUG_IF(!str_format(message, sizeof message, "the span \"%s\" %s inside a word",
                       span_clip(w, s->start, s->end, clip), cuts_first ? "begins" : "ends"));
    row_tell(w, FINDING_WARNING, "span-splits-word", column,
             "tags stand on whole words: move the span to the word's border", message);
}

/* False, with findings, when the item is not a usable span; *ret_code when the program must stop.
 * */
static bool read_span(struct row *w, const json_t *item, int32_t column, struct raw_span *ret,
                      enum err_code *ret_code, struct err *err)
{
    const json_t *fields[3];
    span_fields(item, fields);
    int32_t start = whole(fields[0]), end = whole(fields[1]);
    if (start == INT32_MIN || end == INT32_MIN || !json_is_string(fields[2])) {
        row_tell(w, FINDING_ERROR, "bad-value", column, "",
                 "a span is {\"start\": whole number, \"end\": whole number, \"label\": string}");
        return false;
    }
    const char *label = json_string_value(fields[2]);
    size_t label_len = json_string_length(fields[2]);
    const char *problem = label_problem(label, label_len);
    if (problem) {
        char message[64];
        BUG_IF(!str_format(message, sizeof message, "the label %s", problem));
        row_tell(w, FINDING_ERROR, "bad-label", column, "", message);
        return false;
    }
    if (!bounds_check(w, start, end, column)) return false;
    ret->span = (struct span){.start = start, .end = end};
    ret->place = (struct place){w->line->number, column};
    *ret_code = builder_label(w->r->builder, label, label_len, &ret->span.label, err);
    return *ret_code == ERR_OK;
}

static int by_start(const void *a, const void *b)
{
    const struct span *x = &((const struct raw_span *)a)->span;
    const struct span *y = &((const struct raw_span *)b)->span;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return (x->label > y->label) - (x->label < y->label);
}

static void tell_overlap(struct row *w, const struct span *a, const struct raw_span *b)
{
    char clip[2][CLIP_BYTES], message[200];
    if (w->errors >= FINDINGS_PER_LINE_MAX) return;
    BUG_IF(!str_format(message, sizeof message, "\"%s\" overlaps \"%s\"",
                       span_clip(w, b->span.start, b->span.end, clip[0]),
                       span_clip(w, a->start, a->end, clip[1])));
    row_tell(w, FINDING_ERROR, "overlapping-spans", b->place.column,
             "a word can have one tag: keep one of the two", message);
}

/* Sorts; drops exact repetitions with a warning; tells overlaps. Returns how many are left. */
static int32_t order_spans(struct row *w, struct raw_span *raw, int32_t count)
{
    int32_t n = 0;
    qsort(raw, (size_t)count, sizeof *raw, by_start);
    for (int32_t i = 0; i < count; i++) {
        if (n && by_start(&raw[n - 1], &raw[i]) == 0) {
            row_tell(w, FINDING_WARNING, "duplicate-span", raw[i].place.column, "",
                     "the same span again");
            continue;
        }
        if (n && raw[i].span.start < raw[n - 1].span.end)
            tell_overlap(w, &raw[n - 1].span, &raw[i]);
        raw[n++] = raw[i];
    }
    return n;
}

/* Copies ordered spans into the example. */
static enum err_code keep_spans(struct row *w, struct example *x, const struct raw_span *raw,
                                int32_t count, struct err *err)
{
    struct arena *a = &w->r->builder->d->arena;
    if (count == 0) return ERR_OK;
    struct place *places = arena_try(a, (size_t)count, sizeof *places, err);
    x->spans = places ? arena_try(a, (size_t)count, sizeof *x->spans, err) : NULL;
    if (!x->spans) return err->code;
    for (int32_t i = 0; i < count; i++) {
        x->spans[i] = raw[i].span;
        places[i] = raw[i].place;
    }
    x->places = places;
    x->span_count = count;
    return ERR_OK;
}

/* The columns of the items of an array, in one pass over the line; 1 for one that is not found. */
static void place_items(const struct row *w, const char *key, size_t count, size_t *offsets,
                        int32_t *ret_columns)
{
    const struct line *l = w->line;
    size_t found = json_place_of_items(l->bytes, l->len, json_place_of_key(l->bytes, l->len, key),
                                       offsets, count);
    size_t at = 0;
    int32_t column = 1;
    for (size_t i = 0; i < count; i++) {
        if (i < found) column += (int32_t)utf8_count(l->bytes + at, offsets[i] - at);
        if (i < found) at = offsets[i];
        ret_columns[i] = i < found ? column : 1;
    }
}

static enum err_code read_items(struct row *w, const char *key, const json_t *items,
                                struct example *x, struct err *err)
{
    size_t count = json_array_size(items);
    size_t *offsets = mem_try(count, sizeof *offsets, err);
    int32_t *columns = offsets ? mem_try(count, sizeof *columns, err) : NULL;
    struct raw_span *raw = columns ? mem_try(count, sizeof *raw, err) : NULL;
    enum err_code code = raw ? ERR_OK : err->code;
    if (code) goto out;
    place_items(w, key, count, offsets, columns);
    int32_t n = 0;
    for (size_t i = 0; i < count && !code; i++)
        if (read_span(w, json_array_get(items, i), columns[i], &raw[n], &code, err)) n++;
    if (code || w->errors) goto out;
    n = order_spans(w, raw, n);
    if (!w->errors) code = keep_spans(w, x, raw, n, err);
out:
    mem_free(raw);
    mem_free(columns);
    mem_free(offsets);
    return code;
}

enum err_code row_read_spans(struct row *w, struct example *x, struct err *err)
{
    const json_t *spans = json_object_get(w->doc, "spans");
    const json_t *entities = json_object_get(w->doc, "entities");
    if (spans && entities) {
        row_tell_key(w, "bad-value", "entities", "", "both \"spans\" and \"entities\" are given");
        return ERR_OK;
    }
    const char *key = spans ? "spans" : "entities";
    const json_t *items = spans ? spans : entities;
    if (!items) {
        row_tell(w, FINDING_WARNING, "no-spans", 1, "write \"spans\": [] when that is meant",
                 "neither \"spans\" nor \"entities\": read as a text without any");
        return ERR_OK;
    }
    if (!json_is_array(items) || json_array_size(items) > SPANS_PER_EXAMPLE_MAX) {
        row_tell_key(w, "bad-value", key, "",
                     json_is_array(items) ? "more spans than SPANS_PER_EXAMPLE_MAX"
                                          : "the spans must be an array");
        return ERR_OK;
    }
    return json_array_size(items) ? read_items(w, key, items, x, err) : ERR_OK;
}

/* ---- words ---- */

static const char *word_problem(const struct row *w, const struct example *x, int32_t i)
{
    struct word_span s = x->words[i];
    const char *problem = bounds_problem(w, s.start, s.end);
    if (problem) return "the word is empty or outside the text";
    if (i && s.start < x->words[i - 1].end) return "the word overlaps or comes before the last one";
    return NULL;
}

enum err_code row_read_words(struct row *w, struct example *x, struct err *err)
{
    const json_t *items = json_object_get(w->doc, "words");
    if (!items || json_is_null(items)) return ERR_OK;
    size_t count = json_array_size(items);
    if (count == 0 || count > SPANS_PER_EXAMPLE_MAX) {
        row_tell_key(w, "bad-words", "words",
                     "leave \"words\" out to have the text cut as BERT does",
                     "\"words\" must be an array of [start, end], not empty and not too long");
        return ERR_OK;
    }
    x->words = arena_try(&w->r->builder->d->arena, count, sizeof *x->words, err);
    if (!x->words) return err->code;
    x->word_count = (int32_t)count;
    for (int32_t i = 0; i < x->word_count; i++) {
        const json_t *item = json_array_get(items, (size_t)i);
        x->words[i].start = whole(json_array_get(item, 0));
        x->words[i].end = whole(json_array_get(item, 1));
        const char *problem = word_problem(w, x, i);
        if (problem) {
            row_tell_key(w, "bad-words", "words", "words are [start, end) in order", problem);
            return ERR_OK;
        }
    }
    return ERR_OK;
}

/* Does the span begin where a given word begins and end where one ends? *at, the first word that
 * may matter, moves on: both are in order. */
static bool on_words(const struct example *x, const struct span *s, int32_t *at)
{
    bool begins = false, ends = false;
    while (*at < x->word_count && x->words[*at].end <= s->start) (*at)++;
    for (int32_t i = *at; i < x->word_count && x->words[i].start < s->end; i++) {
        begins = begins || x->words[i].start == s->start;
        ends = ends || x->words[i].end == s->end;
    }
    return begins && ends;
}

void row_check_borders(struct row *w, const struct example *x)
{
    int32_t word = 0;
    for (int32_t i = 0; i < x->span_count && w->warnings < FINDINGS_PER_LINE_MAX; i++) {
        const struct span *s = &x->spans[i];
        int32_t column = x->places[i].column;
        if (char_is_space(w->cps[s->start]) || char_is_space(w->cps[s->end - 1]))
            row_tell(w, FINDING_WARNING, "span-edge-space", column, "move the span to the words",
                     "the span begins or ends with white space");
        else if (!x->words)
            warn_cut_word(w, s, column);
        else if (!on_words(x, s, &word))
            row_tell(w, FINDING_WARNING, "span-splits-word", column,
                     "tags stand on whole words: move the span to the word's border",
                     "the span does not begin and end where given words do");
    }
}
