/* proof/data/read_jsonl.c - one JSON object a line.
 *
 * A line is an example or it is nothing: whatever is wrong in it becomes findings of level error
 * with the place of the value, and the line is left out, because half of an example's entities
 * would teach that the other half is none. Only the first ERRORS_PER_LINE_MAX are told.
 *
 * Places: a syntax error stands where jansson saw it; a wrong value where the value begins; a
 *         missing
 * key at column 1. Only lines with spans pay for finding places (json_place.h), one more parse.
 */
#include "proof/data/dataset_internal.h"
#include "proof/data/json_place.h"
#include "proof/data/text_fold.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define ERRORS_PER_LINE_MAX 10

struct jsonl {
    const struct source *source;
    struct builder *builder;
    const char *file; /* the source's name, in the dataset's arena */
    int32_t lines, grouped_lines, first_ungrouped;
};
struct row { /* the line at hand */
    struct jsonl *r;
    const struct line *line;
    const json_t *doc;
    const char *text;
    size_t text_bytes;
    int32_t chars;
    uint32_t *cps;         /* [chars] of the text */
    const char *spans_key; /* "spans" or "entities", whichever is there */
    int32_t errors;        /* told for this line */
};
struct raw_span { /* before sorting */
    struct span span;
    struct place place;
};

/* ---- findings with a place ---- */

static void tell(struct row *w, enum finding_level level, const char *check, size_t offset,
                 const char *hint, const char *message)
{
    if (level == FINDING_ERROR && w->errors++ >= ERRORS_PER_LINE_MAX) return;
    int32_t column = offset == SIZE_MAX ? 1 : line_column(w->line, offset);
    findings_add(w->r->source->findings, level, check, w->r->source->name, w->line->number, column,
                 hint, "%s", message);
}

static size_t place_of(const struct row *w, const char *key)
{
    return json_place_of_key(w->line->bytes, w->line->len, key);
}

static void tell_key(struct row *w, const char *check, const char *key, const char *hint,
                     const char *message)
{
    tell(w, FINDING_ERROR, check, place_of(w, key), hint, message);
}

/* ---- the line ---- */

/* NULL, with a finding, when the line is not one JSON object. */
static json_t *parse_line(struct row *w)
{
    struct err err = {0};
    json_t *doc = NULL;
    const struct line *l = w->line;
    if (!json_parse(l->bytes, l->len, &JSON_LIMITS_BODY, &doc, &err)) {
        if (json_is_object(doc)) return doc;
        json_decref(doc);
        tell(w, FINDING_ERROR, "bad-json", 0, "one {\"text\": ..., \"spans\": [...]} a line",
             "the line is JSON, but not an object");
        return NULL;
    }
    /* The checks before jansson have no place; jansson's own errors do. */
    json_error_t error;
    size_t offset = 0;
    doc = json_loadb(l->bytes, l->len, JSON_REJECT_DUPLICATES, &error);
    if (!doc) offset = error.position > 0 ? (size_t)error.position - 1 : 0;
    json_decref(doc);
    tell(w, FINDING_ERROR, "bad-json", offset < l->len ? offset : l->len,
         "one {\"text\": ..., \"spans\": [...]} a line", doc ? err.message : error.text);
    return NULL;
}

static bool read_text(struct row *w)
{
    const json_t *text = json_object_get(w->doc, "text");
    if (!json_is_string(text)) {
        tell_key(w, "bad-value", "text", "the key is named \"text\"",
                 text ? "\"text\" must be a string" : "there is no \"text\"");
        return false;
    }
    w->text = json_string_value(text);
    w->text_bytes = json_string_length(text);
    if (w->text_bytes > TEXT_BYTES_MAX) {
        tell_key(w, "long-text", "text", "cut it into shorter texts", "the text is too long");
        return false;
    }
    if (text_is_blank(w->text, w->text_bytes)) {
        tell_key(w, "empty-text", "text", "", "the text is empty");
        return false;
    }
    return true;
}

/* The code points of the text, for the checks of spans; NULL + err when memory is refused. */
static enum err_code decode_text(struct row *w, struct err *err)
{
    w->cps = mem_try(w->text_bytes, sizeof *w->cps, err);
    if (!w->cps) return err->code;
    size_t pos = 0;
    while (pos < w->text_bytes) w->cps[w->chars++] = utf8_next(w->text, w->text_bytes, &pos);
    return ERR_OK;
}

/* ---- spans ---- */

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

static bool bounds_check(struct row *w, int32_t start, int32_t end, size_t offset)
{
    const char *problem = bounds_problem(w, start, end);
    if (!problem) return true;
    char message[160];
    BUG_IF(!str_format(message, sizeof message, "%s: [%d, %d) of %d code points", problem, start,
                       end, w->chars));
    tell(w, FINDING_ERROR, "span-outside", offset,
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

static void warn_cut_word(struct row *w, const struct span *s, size_t offset)
{
    bool cuts_first =
        s->start > 0 && char_pair_is_inside_word(w->cps[s->start - 1], w->cps[s->start]);
    bool cuts_last =
        s->end < w->chars && char_pair_is_inside_word(w->cps[s->end - 1], w->cps[s->end]);
    if (!cuts_first && !cuts_last) return;
    char clip[CLIP_BYTES], message[160];
    BUG_IF(!str_format(message, sizeof message, "the span \"%s\" %s inside a word",
                       span_clip(w, s->start, s->end, clip), cuts_first ? "begins" : "ends"));
    tell(w, FINDING_WARNING, "span-splits-word", offset,
         "tags stand on whole words: move the span to the word's border", message);
}

/* False, with findings, when the item is not a usable span; *ret_code when the program must stop.
 * */
static bool read_span(struct row *w, const json_t *item, size_t offset, struct raw_span *ret,
                      enum err_code *ret_code, struct err *err)
{
    const json_t *fields[3];
    span_fields(item, fields);
    int32_t start = whole(fields[0]), end = whole(fields[1]);
    if (start == INT32_MIN || end == INT32_MIN || !json_is_string(fields[2])) {
        tell(w, FINDING_ERROR, "bad-value", offset, "",
             "a span is {\"start\": whole number, \"end\": whole number, \"label\": string}");
        return false;
    }
    const char *label = json_string_value(fields[2]);
    size_t label_len = json_string_length(fields[2]);
    const char *problem = label_problem(label, label_len);
    if (problem) {
        char message[64];
        BUG_IF(!str_format(message, sizeof message, "the label %s", problem));
        tell(w, FINDING_ERROR, "bad-label", offset, "", message);
        return false;
    }
    if (!bounds_check(w, start, end, offset)) return false;
    ret->span = (struct span){.start = start, .end = end};
    ret->place = (struct place){w->line->number, line_column(w->line, offset)};
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

/* Sorts; drops exact repetitions with a warning; tells overlaps. Returns how many are left. */
static int32_t order_spans(struct row *w, struct raw_span *raw, int32_t count)
{
    int32_t n = 0;
    qsort(raw, (size_t)count, sizeof *raw, by_start);
    for (int32_t i = 0; i < count; i++) {
        size_t offset = utf8_byte_of(w->line->bytes, w->line->len, (size_t)raw[i].place.column - 1);
        if (n && by_start(&raw[n - 1], &raw[i]) == 0) {
            tell(w, FINDING_WARNING, "duplicate-span", offset, "", "the same span again");
            continue;
        }
        if (n && raw[i].span.start < raw[n - 1].span.end) {
            char clip[2][CLIP_BYTES], message[200];
            const struct span *a = &raw[n - 1].span, *b = &raw[i].span;
            BUG_IF(!str_format(message, sizeof message, "\"%s\" overlaps \"%s\"",
                               span_clip(w, b->start, b->end, clip[0]),
                               span_clip(w, a->start, a->end, clip[1])));
            tell(w, FINDING_ERROR, "overlapping-spans", offset,
                 "a word can have one tag: keep one of the two", message);
        }
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

static enum err_code read_span_items(struct row *w, const json_t *items, struct example *x,
                                     struct err *err)
{
    size_t count = json_array_size(items);
    size_t *offsets = mem_try(count, sizeof *offsets, err);
    struct raw_span *raw = offsets ? mem_try(count, sizeof *raw, err) : NULL;
    enum err_code code = raw ? ERR_OK : err->code;
    if (code) goto out;
    for (size_t i = 0; i < count; i++) offsets[i] = SIZE_MAX;
    size_t at = place_of(w, w->spans_key);
    (void)json_place_of_items(w->line->bytes, w->line->len, at, offsets, count);
    int32_t n = 0;
    for (size_t i = 0; i < count && !code; i++)
        if (read_span(w, json_array_get(items, i), offsets[i], &raw[n], &code, err)) n++;
    if (code || w->errors) goto out;
    n = order_spans(w, raw, n);
    if (!w->errors) code = keep_spans(w, x, raw, n, err);
out:
    mem_free(raw);
    mem_free(offsets);
    return code;
}

static enum err_code read_spans(struct row *w, struct example *x, struct err *err)
{
    const json_t *spans = json_object_get(w->doc, "spans");
    const json_t *entities = json_object_get(w->doc, "entities");
    if (spans && entities) {
        tell_key(w, "bad-value", "entities", "", "both \"spans\" and \"entities\" are given");
        return ERR_OK;
    }
    w->spans_key = spans ? "spans" : "entities";
    const json_t *items = spans ? spans : entities;
    if (!items) {
        tell(w, FINDING_WARNING, "no-spans", 0, "write \"spans\": [] when that is meant",
             "neither \"spans\" nor \"entities\": read as a text without any");
        return ERR_OK;
    }
    if (!json_is_array(items) || json_array_size(items) > SPANS_PER_EXAMPLE_MAX) {
        tell_key(w, "bad-value", w->spans_key, "",
                 json_is_array(items) ? "more spans than SPANS_PER_EXAMPLE_MAX"
                                      : "the spans must be an array");
        return ERR_OK;
    }
    return json_array_size(items) ? read_span_items(w, items, x, err) : ERR_OK;
}

/* ---- words, names, the example ---- */

static const char *word_problem(const struct row *w, const struct example *x, int32_t i)
{
    struct word_span s = x->words[i];
    const char *problem = bounds_problem(w, s.start, s.end);
    if (problem) return "the word is empty or outside the text";
    if (i && s.start < x->words[i - 1].end) return "the word overlaps or comes before the last one";
    return NULL;
}

static enum err_code read_words(struct row *w, struct example *x, struct err *err)
{
    const json_t *items = json_object_get(w->doc, "words");
    if (!items || json_is_null(items)) return ERR_OK;
    size_t count = json_array_size(items);
    if (count == 0 || count > SPANS_PER_EXAMPLE_MAX) {
        tell_key(w, "bad-words", "words", "leave \"words\" out to have the text cut as BERT does",
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
            tell_key(w, "bad-words", "words", "words are [start, end) in order", problem);
            return ERR_OK;
        }
    }
    return ERR_OK;
}

/* Does [start, end) begin where a given word begins and end where one ends? Words are in order. */
static bool on_words(const struct example *x, const struct span *s)
{
    bool begins = false, ends = false;
    for (int32_t i = 0; i < x->word_count && x->words[i].start < s->end; i++) {
        begins = begins || x->words[i].start == s->start;
        ends = ends || x->words[i].end == s->end;
    }
    return begins && ends;
}

static void check_borders(struct row *w, const struct example *x)
{
    for (int32_t i = 0; i < x->span_count; i++) {
        const struct span *s = &x->spans[i];
        size_t offset = utf8_byte_of(w->line->bytes, w->line->len, (size_t)x->places[i].column - 1);
        if (char_is_space(w->cps[s->start]) || char_is_space(w->cps[s->end - 1]))
            tell(w, FINDING_WARNING, "span-edge-space", offset, "move the span to the words",
                 "the span begins or ends with white space");
        else if (!x->words)
            warn_cut_word(w, s, offset);
        else if (!on_words(x, s))
            tell(w, FINDING_WARNING, "span-splits-word", offset,
                 "tags stand on whole words: move the span to the word's border",
                 "the span does not begin and end where given words do");
    }
}

/* A string, or a whole number as text; NULL when absent, empty, or of another type. */
static const char *read_name(struct row *w, const char *key)
{
    const json_t *v = json_object_get(w->doc, key);
    struct arena *a = &w->r->builder->d->arena;
    if (json_is_integer(v)) return arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    if (json_is_string(v) && json_string_length(v) > 0 && json_string_length(v) < 4096)
        return arena_strdup(a, json_string_value(v));
    if (v && !json_is_null(v))
        tell_key(w, "bad-value", key, "",
                 "an id or group must be a short string or a whole number");
    return NULL;
}

static void name_example(struct row *w, struct example *x)
{
    const char *key = w->r->source->group_key ? w->r->source->group_key : "group";
    x->file = w->r->file;
    x->line = w->line->number;
    const char *id = read_name(w, "id");
    const char *group = read_name(w, key);
    const char *place = arena_printf(&w->r->builder->d->arena, "%s:%d", x->file, x->line);
    x->id = id ? id : place;
    x->group = group ? group : place;
    w->r->lines++;
    if (group)
        w->r->grouped_lines++;
    else if (!w->r->first_ungrouped)
        w->r->first_ungrouped = x->line;
}

static enum err_code keep_meta(struct row *w, struct example *x, struct err *err)
{
    const json_t *meta = json_object_get(w->doc, "meta");
    if (!meta || json_is_null(meta)) return ERR_OK;
    struct buf text;
    buf_init(&text, LINE_BYTES_MAX);
    json_write(meta, false, &text);
    enum err_code code = buf_check(&text, err);
    if (!code) x->meta = builder_string(w->r->builder, text.data, text.len, err);
    buf_release(&text);
    return code ? code : x->meta ? ERR_OK : err->code;
}

static enum err_code read_example(struct row *w, struct err *err)
{
    struct example x = {0};
    if (!read_text(w)) return ERR_OK;
    if (decode_text(w, err) || read_spans(w, &x, err) || read_words(w, &x, err)) return err->code;
    if (w->errors) return ERR_OK;
    check_borders(w, &x);
    name_example(w, &x);
    if (w->errors) return ERR_OK;
    x.text = builder_string(w->r->builder, w->text, w->text_bytes, err);
    if (!x.text || keep_meta(w, &x, err)) return err->code;
    x.text_bytes = (int32_t)w->text_bytes;
    x.chars = w->chars;
    struct example *kept = NULL;
    if (builder_example(w->r->builder, &kept, err)) return err->code;
    *kept = x;
    return ERR_OK;
}

static enum err_code read_line(struct jsonl *r, const struct line *l, struct err *err)
{
    struct row w = {.r = r, .line = l};
    if (!line_check(r->source, l) || text_is_blank(l->bytes, l->len)) return ERR_OK;
    json_t *doc = parse_line(&w);
    if (!doc) return ERR_OK;
    w.doc = doc;
    enum err_code code = read_example(&w, err);
    mem_free(w.cps);
    json_decref(doc);
    return code;
}

/* A group that the user named must be there; one that is only sometimes there deserves a look. */
static void check_groups(const struct jsonl *r)
{
    const struct source *s = r->source;
    char clip[CLIP_BYTES];
    if (!s->group_key || r->lines == r->grouped_lines) return;
    text_clip(s->group_key, strlen(s->group_key), clip);
    if (r->grouped_lines == 0)
        findings_add(s->findings, FINDING_ERROR, "no-group", s->name, 0, 0,
                     "name the key that says whose text it is, or group by nothing",
                     "no line has the key \"%s\" to group by", clip);
    else
        findings_add(s->findings, FINDING_WARNING, "no-group", s->name, r->first_ungrouped, 1,
                     "such a line is a group of its own",
                     "%d of %d lines have no \"%s\"; the first is here",
                     r->lines - r->grouped_lines, r->lines, clip);
}

enum err_code read_jsonl(const struct source *s, struct builder *b, struct err *err)
{
    struct jsonl r = {.source = s, .builder = b};
    struct line l = {0};
    size_t pos = 0;
    r.file = builder_string(b, s->name, strlen(s->name), err);
    if (!r.file) return err->code;
    while (source_line(s, &pos, &l))
        if (read_line(&r, &l, err)) return err->code;
    check_groups(&r);
    return ERR_OK;
}
