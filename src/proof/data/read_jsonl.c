/* proof/data/read_jsonl.c - one JSON object a line.
 *
 * A line is an example or it is nothing: whatever is wrong in it becomes findings of level error
 * with the place of the value, and the line is left out, because half of an example's entities
 * would teach that the other half is none. Spans and words are read in read_spans.c.
 *
 * Places: a syntax error stands where jansson saw it; a wrong value where the value begins; a
 * missing key at column 1. Only lines with spans pay for finding places (json_place.h), one more
 * parse.
 */
#include "proof/data/jsonl_internal.h"
#include "proof/data/json_place.h"
#include "proof/data/text_fold.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* ---- findings with a place ---- */

void row_tell(struct row *w, enum finding_level level, const char *check, int32_t column,
              const char *hint, const char *message)
{
    int32_t *found = level == FINDING_ERROR ? &w->errors : &w->warnings;
    if ((*found)++ >= FINDINGS_PER_LINE_MAX) return;
    findings_add(w->r->source->findings, level, check, w->r->source->name, w->line->number, column,
                 hint, "%s", message);
}

void row_tell_key(struct row *w, const char *check, const char *key, const char *hint,
                  const char *message)
{
    size_t offset = json_place_of_key(w->line->bytes, w->line->len, key);
    int32_t column = offset == SIZE_MAX ? 1 : line_column(w->line, offset);
    row_tell(w, FINDING_ERROR, check, column, hint, message);
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
        row_tell(w, FINDING_ERROR, "bad-json", 1, "one {\"text\": ..., \"spans\": [...]} a line",
                 "the line is JSON, but not an object");
        return NULL;
    }
    /* The checks before jansson have no place; jansson's own errors do. */
    json_error_t error;
    size_t offset = 0;
    doc = json_loadb(l->bytes, l->len, JSON_REJECT_DUPLICATES, &error);
    if (!doc) offset = error.position > 0 ? (size_t)error.position - 1 : 0;
    json_decref(doc);
    row_tell(w, FINDING_ERROR, "bad-json", line_column(l, offset < l->len ? offset : l->len),
             "one {\"text\": ..., \"spans\": [...]} a line", doc ? err.message : error.text);
    return NULL;
}

static bool read_text(struct row *w)
{
    const json_t *text = json_object_get(w->doc, "text");
    if (!json_is_string(text)) {
        row_tell_key(w, "bad-value", "text", "the key is named \"text\"",
                     text ? "\"text\" must be a string" : "there is no \"text\"");
        return false;
    }
    w->text = json_string_value(text);
    w->text_bytes = json_string_length(text);
    if (w->text_bytes > TEXT_BYTES_MAX) {
        row_tell_key(w, "long-text", "text", "cut it into shorter texts", "the text is too long");
        return false;
    }
    if (text_is_blank(w->text, w->text_bytes)) {
        row_tell_key(w, "empty-text", "text", "", "the text is empty");
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

/* ---- names, the example ---- */

/* A string, or a whole number as text; NULL when absent, empty, or of another type. */
static const char *read_name(struct row *w, const char *key)
{
    const json_t *v = json_object_get(w->doc, key);
    struct arena *a = &w->r->builder->d->arena;
    if (json_is_integer(v)) return arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    if (json_is_string(v) && json_string_length(v) > 0 && json_string_length(v) < 4096)
        return arena_strdup(a, json_string_value(v));
    if (v && !json_is_null(v))
        row_tell_key(w, "bad-value", key, "",
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
    if (decode_text(w, err) || row_read_spans(w, &x, err) || row_read_words(w, &x, err))
        return err->code;
    if (w->errors) return ERR_OK;
    row_check_borders(w, &x);
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
