/* proof/data/read_conll.c - one word a line, its tag in the last column.
 *
 * Two passes, because the tag scheme is a property of the whole file: the first cuts lines into
 * words and tags, the second decodes each sentence under the scheme that the file turned out to
 * have. Between them words are pointers into the source, so that only sentences that stay are
 * copied.
 *
 * A line is cut at tabs when it holds one (a word may then hold spaces), else at runs of spaces.
 * The first usable line says how many columns the file has.
 */
#include "proof/data/dataset_internal.h"
#include "proof/data/tag_scheme.h"
#include "proof/data/text_fold.h"

#include "base/limits.h"
#include "base/str.h"

#include <string.h>

struct word {
    const char *bytes;
    struct place tag_place;
    int32_t len;
};
struct sentence {
    int32_t first, count; /* words */
    int32_t line;         /* of the first word */
    int32_t document;     /* how many -DOCSTART- lines stand before it */
    bool bad;             /* a finding of level error names it */
};
struct conll {
    const struct source *source;
    struct builder *builder;
    struct word *words;
    struct tag *tags; /* of the words */
    struct sentence *sentences;
    int32_t word_count, word_cap, sentence_count, sentence_cap;
    int32_t columns; /* 0: no line seen yet */
    int32_t documents;
    bool open;        /* the last sentence may still grow */
    const char *file; /* the source's name, in the dataset's arena */
    const char *group;
    int32_t named_document; /* that `group` names; 0: none yet */
};

static const char document_line[] = "-DOCSTART-";

/* ---- first pass: lines to words ---- */

struct columns { /* what a line holds; offsets in bytes */
    size_t word_at, word_len, tag_at, tag_len;
    int32_t count;
};

static struct columns cut(const struct line *l)
{
    size_t end = l->len, pos = 0;
    while (end && (l->bytes[end - 1] == ' ' || l->bytes[end - 1] == '\t')) end--;
    char tab = memchr(l->bytes, '\t', end) ? '\t' : ' ';
    struct columns c = {0};
    for (;;) {
        size_t begin = pos;
        while (pos < end && l->bytes[pos] != tab) pos++;
        if (c.count++ == 0) c.word_len = pos;
        c.tag_at = begin;
        c.tag_len = pos - begin;
        if (pos >= end) return c;
        pos++;
        while (tab == ' ' && pos < end && l->bytes[pos] == ' ') pos++;
    }
}

static bool is_blank(const struct line *l)
{
    for (size_t i = 0; i < l->len; i++)
        if (l->bytes[i] != ' ' && l->bytes[i] != '\t' && l->bytes[i] != '\r') return false;
    return true;
}

static enum err_code open_sentence(struct conll *c, int32_t line, struct err *err)
{
    if (c->open) return ERR_OK;
    if (c->sentence_count == c->sentence_cap) {
        int32_t cap = c->sentence_cap ? c->sentence_cap * 2 : 1024;
        void *grown =
            mem_grow(c->sentences, (size_t)c->sentence_cap, (size_t)cap, sizeof *c->sentences, err);
        if (!grown) return err->code;
        c->sentences = grown;
        c->sentence_cap = cap;
    }
    c->sentences[c->sentence_count++] =
        (struct sentence){.first = c->word_count, .line = line, .document = c->documents};
    c->open = true;
    return ERR_OK;
}

static enum err_code grow_words(struct conll *c, struct err *err)
{
    if (c->word_count < c->word_cap) return ERR_OK;
    if (c->word_cap > INT32_MAX / 2)
        return err_set(err, ERR_LIMIT, "%s holds too many words", c->source->name);
    int32_t cap = c->word_cap ? c->word_cap * 2 : 16384;
    void *grown = mem_grow(c->words, (size_t)c->word_cap, (size_t)cap, sizeof *c->words, err);
    if (!grown) return err->code;
    c->words = grown;
    grown = mem_grow(c->tags, (size_t)c->word_cap, (size_t)cap, sizeof *c->tags, err);
    if (!grown) return err->code;
    c->tags = grown;
    c->word_cap = cap;
    return ERR_OK;
}

/* False, with a finding, when the columns of a line are not usable. */
static bool columns_check(struct conll *c, const struct line *l, const struct columns *cols)
{
    struct findings *f = c->source->findings;
    const char *name = c->source->name;
    if (cols->count < 2) {
        findings_add(f, FINDING_ERROR, "bad-columns", name, l->number, 1,
                     "a line is WORD, then a tab or space, then TAG",
                     "the line has one column, so no tag");
        return false;
    }
    if (!c->columns) c->columns = cols->count;
    if (cols->count != c->columns) {
        findings_add(f, FINDING_ERROR, "bad-columns", name, l->number, 1,
                     "a word that holds spaces needs tabs between the columns",
                     "the line has %d columns; the lines before it have %d", cols->count,
                     c->columns);
        return false;
    }
    if (text_is_blank(l->bytes, cols->word_len)) {
        findings_add(f, FINDING_ERROR, "empty-word", name, l->number, 1, "", "the word is empty");
        return false;
    }
    return true;
}

/* False, with a finding, when it is no tag; ERR_LIMIT goes to *ret_code. */
static bool tag_read(struct conll *c, const struct line *l, const struct columns *cols,
                     struct tag *ret, enum err_code *ret_code, struct err *err)
{
    const char *s = l->bytes + cols->tag_at;
    char clip[CLIP_BYTES];
    size_t at = 0;
    const char *problem = NULL;
    *ret = (struct tag){.prefix = 'O', .label = -1};
    if (!tag_parse(s, cols->tag_len, &ret->prefix, &at))
        problem = "is not O, or B, I, M, E, S, L, U or W with a dash and a label";
    else if (at)
        problem = label_problem(s + at, cols->tag_len - at);
    if (problem) {
        findings_add(c->source->findings, FINDING_ERROR, "bad-tag", c->source->name, l->number,
                     line_column(l, cols->tag_at), "the last column must hold the tag, as B-DRUG",
                     "the tag \"%s\" %s", text_clip(s, cols->tag_len, clip), problem);
        return false;
    }
    if (at) *ret_code = builder_label(c->builder, s + at, cols->tag_len - at, &ret->label, err);
    return *ret_code == ERR_OK;
}

static enum err_code add_line(struct conll *c, const struct line *l, struct err *err)
{
    if (open_sentence(c, l->number, err)) return err->code;
    struct sentence *s = &c->sentences[c->sentence_count - 1];
    if (!line_check(c->source, l)) {
        s->bad = true;
        return ERR_OK;
    }
    struct columns cols = cut(l);
    struct tag tag;
    enum err_code code = ERR_OK;
    if (!columns_check(c, l, &cols) || !tag_read(c, l, &cols, &tag, &code, err)) {
        s->bad = true;
        return code;
    }
    if (grow_words(c, err)) return err->code;
    c->words[c->word_count] = (struct word){
        .bytes = l->bytes,
        .len = (int32_t)cols.word_len,
        .tag_place = {l->number, tag.prefix == 'O' ? 0 : line_column(l, cols.tag_at)}};
    c->tags[c->word_count++] = tag;
    s->count++;
    return ERR_OK;
}

static enum err_code read_lines(struct conll *c, struct err *err)
{
    struct line l = {0};
    size_t pos = 0;
    while (source_line(c->source, &pos, &l)) {
        bool document = l.len >= sizeof document_line - 1 &&
                        memcmp(l.bytes, document_line, sizeof document_line - 1) == 0;
        if (document) c->documents++;
        if (document || is_blank(&l))
            c->open = false;
        else if (add_line(c, &l, err))
            return err->code;
    }
    return ERR_OK;
}

/* ---- second pass: sentences to examples ---- */

static enum tag_scheme detect_scheme(const struct conll *c)
{
    struct tag_census census = {0};
    for (int32_t i = 0; i < c->sentence_count; i++)
        if (!c->sentences[i].bad)
            tag_census_add(&census, c->tags + c->sentences[i].first, c->sentences[i].count);
    return tag_scheme_of(&census);
}

static enum err_code make_text(struct conll *c, const struct sentence *s, struct example *x,
                               struct err *err)
{
    struct arena *a = &c->builder->d->arena;
    const struct word *words = c->words + s->first;
    size_t bytes = 0;
    for (int32_t i = 0; i < s->count; i++) bytes += (size_t)words[i].len + 1;
    char *text = arena_try(a, bytes, 1, err);
    x->words = text ? arena_try(a, (size_t)s->count, sizeof *x->words, err) : NULL;
    if (!x->words) return err->code;
    size_t at = 0;
    int32_t chars = 0;
    for (int32_t i = 0; i < s->count; i++) {
        if (i) {
            text[at++] = ' ';
            chars++;
        }
        memcpy(text + at, words[i].bytes, (size_t)words[i].len);
        x->words[i].start = chars;
        chars += (int32_t)utf8_count(text + at, (size_t)words[i].len);
        x->words[i].end = chars;
        at += (size_t)words[i].len;
    }
    text[at] = '\0';
    x->text = text;
    x->text_bytes = (int32_t)at;
    x->chars = chars;
    x->word_count = s->count;
    return ERR_OK;
}

static void report_illegal(const struct conll *c, const struct sentence *s, enum tag_scheme scheme,
                           const struct tag_illegal *illegal, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        int32_t w = s->first + illegal[i].word;
        size_t len = 0;
        union map_value *value = NULL;
        const char *label = map_at(&c->builder->labels, (size_t)c->tags[w].label, &len, &value);
        findings_add(c->source->findings, FINDING_WARNING, "illegal-tag", c->source->name,
                     c->words[w].tag_place.line, c->words[w].tag_place.column,
                     "read as docs/formats/data.md says; correct the tag if that is not meant",
                     "the tag %c-%s %s (the file is %s)", c->tags[w].prefix, label, illegal[i].why,
                     tag_scheme_name(scheme));
    }
}

static enum err_code make_spans(struct conll *c, const struct sentence *s, struct example *x,
                                const struct tag_run *runs, int32_t count, struct err *err)
{
    if (count == 0) return ERR_OK;
    struct arena *a = &c->builder->d->arena;
    struct span *spans = arena_try(a, (size_t)count, sizeof *spans, err);
    struct place *places = spans ? arena_try(a, (size_t)count, sizeof *places, err) : NULL;
    if (!places) return err->code;
    for (int32_t i = 0; i < count; i++) {
        spans[i] = (struct span){.start = x->words[runs[i].first].start,
                                 .end = x->words[runs[i].end - 1].end,
                                 .label = runs[i].label};
        places[i] = c->words[s->first + runs[i].first].tag_place;
    }
    x->spans = spans;
    x->places = places;
    x->span_count = count;
    return ERR_OK;
}

/* "FILE:LINE", or "FILE:document N" for sentences after a -DOCSTART- line. */
static void name_example(struct conll *c, const struct sentence *s, struct example *x)
{
    struct arena *a = &c->builder->d->arena;
    x->file = c->file;
    x->line = s->line;
    x->id = arena_printf(a, "%s:%d", c->file, s->line);
    if (s->document != c->named_document) {
        c->group = arena_printf(a, "%s:document %d", c->file, s->document);
        c->named_document = s->document;
    }
    x->group = s->document ? c->group : x->id;
}

/* False, with a finding, when the sentence is past a limit. */
static bool size_check(const struct conll *c, const struct sentence *s)
{
    size_t bytes = 0;
    for (int32_t i = 0; i < s->count; i++) bytes += (size_t)c->words[s->first + i].len + 1;
    if (bytes <= TEXT_BYTES_MAX && s->count <= SPANS_PER_EXAMPLE_MAX) return true;
    findings_add(c->source->findings, FINDING_ERROR, "long-text", c->source->name, s->line, 1,
                 "put a blank line between sentences",
                 "the sentence has %d words and %zu bytes; the limits are %d and %u", s->count,
                 bytes, SPANS_PER_EXAMPLE_MAX, TEXT_BYTES_MAX);
    return false;
}

static enum err_code add_sentence(struct conll *c, const struct sentence *s, enum tag_scheme scheme,
                                  struct err *err)
{
    if (s->bad || s->count == 0 || !size_check(c, s)) return ERR_OK;
    struct example *x = NULL;
    size_t room = (size_t)s->count + 1;
    struct tag_run *runs = mem_try(room, sizeof *runs, err);
    struct tag_illegal *illegal = runs ? mem_try(room, sizeof *illegal, err) : NULL;
    enum err_code code = illegal ? builder_example(c->builder, &x, err) : err->code;
    if (code) goto out;
    int32_t illegal_count = 0;
    int32_t count =
        tags_decode(scheme, c->tags + s->first, s->count, runs, illegal, &illegal_count);
    report_illegal(c, s, scheme, illegal, illegal_count);
    name_example(c, s, x);
    code = make_text(c, s, x, err);
    if (!code) code = make_spans(c, s, x, runs, count, err);
out:
    mem_free(illegal);
    mem_free(runs);
    return code;
}

enum err_code read_conll(const struct source *s, struct builder *b, struct err *err)
{
    struct conll c = {.source = s, .builder = b};
    c.file = builder_string(b, s->name, strlen(s->name), err);
    enum err_code code = c.file ? read_lines(&c, err) : err->code;
    if (!code) {
        enum tag_scheme scheme = detect_scheme(&c);
        for (int32_t i = 0; i < c.sentence_count && !code; i++)
            code = add_sentence(&c, &c.sentences[i], scheme, err);
    }
    if (!code && s->group_key && c.documents == 0)
        findings_add(s->findings, FINDING_ERROR, "no-group", s->name, 0, 0,
                     "put a -DOCSTART- line before each document, or group by nothing",
                     "the file has no -DOCSTART- lines, so nothing to group by \"%s\"",
                     s->group_key);
    mem_free(c.words);
    mem_free(c.tags);
    mem_free(c.sentences);
    return code;
}
