/* base/yaml.c - a small tree of our own, built from libfyaml's events.
 *
 * Events and not libfyaml's documents, because only events carry the place of every list and map,
 * its parser is a loop and not a recursion, and an alias can be counted before it is followed: each
 * node knows how many nodes it stands for when written out (`weight`), so nine lines that mean a
 * billion nodes are refused by addition, without being expanded. An alias shares the node that it
 * names; one that names a node which is still open would be a cycle and is refused.
 *
 * Everything lives in one arena, with the document.
 */
#include "base/yaml.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/str.h"
#include "base/yaml_internal.h"
#include <libfyaml.h>
#include <string.h>

#define DEPTH_MAX   32
#define WEIGHT_MAX  100000 /* nodes, aliases written out */
#define ANCHORS_MAX 1000
#define ARENA_BYTES ((size_t)256 << 20)

struct yaml {
    struct arena arena;
    const char *file;
    const struct yaml_node *root;
};

struct anchor {
    const char *name;
    struct yaml_node *node;
    bool open;
};

struct build {
    struct yaml *y;
    struct fy_parser *parser;
    struct yaml_node *open[DEPTH_MAX]; /* lists and maps that have begun */
    struct yaml_node *key[DEPTH_MAX];  /* of the map at this depth, waiting for its value */
    int depth, documents;
    struct anchor anchors[ANCHORS_MAX];
    size_t anchor_count;
    const struct yaml_node *latest; /* for the place of an error: an alias has no node of its own */
    struct err *err;
};

static enum err_code refuse(struct build *b, enum err_code code, const struct yaml_node *at,
                            const char *what)
{
    return err_set(b->err, code, "%s:%d:%d: %s", at->file, at->line, at->column, what);
}

/* libfyaml marks quoted texts behind the quote, and aliases behind the star. */
static int marked_inside(struct fy_event *event)
{
    if (event->type == FYET_ALIAS) return 1;
    if (event->type != FYET_SCALAR || !event->scalar.value) return 0;
    enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

static struct yaml_node *new_node(struct build *b, struct fy_event *event, enum yaml_kind kind)
{
    struct yaml_node *n = arena_alloc(&b->y->arena, sizeof *n);
    const struct fy_mark *mark = fy_event_start_mark(event);
    *n = (struct yaml_node){.kind = kind, .file = b->y->file, .line = 1, .column = 1, .weight = 1};
    if (mark) {
        n->line = mark->line + 1;
        n->column = mark->column + 1 - marked_inside(event);
    }
    b->latest = n;
    return n;
}

/* A scalar's text; NULL when it holds a NUL or memory is refused, with the error set. */
static const char *text_of(struct build *b, struct fy_token *token, const struct yaml_node *at)
{
    size_t len = 0;
    const char *text = token ? fy_token_get_text(token, &len) : "";
    if (!text) {
        err_set(b->err, ERR_NO_MEMORY, "no memory for %s", b->y->file);
        return NULL;
    }
    if (memchr(text, '\0', len)) {
        refuse(b, ERR_BAD_INPUT, at, "a text with a NUL character is not accepted");
        return NULL;
    }
    return arena_strndup(&b->y->arena, text, len);
}

static struct yaml_node *scalar_of(struct build *b, struct fy_event *event)
{
    struct yaml_node *n = new_node(b, event, YAML_SCALAR);
    struct fy_token *token = event->scalar.value;
    n->text = text_of(b, token, n);
    n->plain = !token || fy_token_scalar_style(token) == FYSS_PLAIN;
    return n->text ? n : NULL;
}

static struct yaml_node *alias_of(struct build *b, struct fy_event *event)
{
    struct yaml_node *at = new_node(b, event, YAML_SCALAR);
    const char *name = text_of(b, event->alias.anchor, at);
    if (!name) return NULL;
    for (size_t i = b->anchor_count; i-- > 0;) { /* the latest of that name counts */
        if (!str_eq(b->anchors[i].name, name)) continue;
        if (!b->anchors[i].open) return b->anchors[i].node;
        refuse(b, ERR_BAD_INPUT, at, "an alias inside the node that it names");
        return NULL;
    }
    refuse(b, ERR_BAD_INPUT, at, "the alias names no anchor");
    return NULL;
}

static enum err_code remember_anchor(struct build *b, struct fy_event *event,
                                     struct yaml_node *node, bool open)
{
    struct fy_token *token = fy_event_get_anchor_token(event);
    if (!token) return ERR_OK;
    if (b->anchor_count == ANCHORS_MAX) return refuse(b, ERR_LIMIT, node, "too many anchors");
    const char *name = text_of(b, token, node);
    if (!name) return b->err->code;
    b->anchors[b->anchor_count++] = (struct anchor){name, node, open};
    return ERR_OK;
}

/* Appends to the list or map; arrays double in the arena. */
static void append(struct arena *a, struct yaml_node *parent, const struct yaml_node *key,
                   const struct yaml_node *child)
{
    if (parent->count == parent->cap) {
        size_t cap = parent->cap ? parent->cap * 2 : 4;
        const struct yaml_node **items = arena_alloc(a, cap * sizeof *items);
        const struct yaml_node **keys = arena_alloc(a, cap * sizeof *keys);
        if (parent->count > 0) {
            memcpy(items, parent->items, parent->count * sizeof *items);
            memcpy(keys, parent->keys, parent->count * sizeof *keys);
        }
        parent->items = items;
        parent->keys = keys;
        parent->cap = cap;
    }
    parent->items[parent->count] = child;
    parent->keys[parent->count++] = key;
    parent->weight += child->weight;
}

/* Puts a finished node where it belongs: the root, a list item, a key, or the value of the waiting
 * key. */
static enum err_code place(struct build *b, struct yaml_node *n)
{
    if (b->depth == 0) {
        b->y->root = n;
        return ERR_OK;
    }
    struct yaml_node *parent = b->open[b->depth - 1];
    struct yaml_node **key = &b->key[b->depth - 1];
    if (parent->kind == YAML_MAP && !*key) {
        if (n->kind != YAML_SCALAR) return refuse(b, ERR_BAD_INPUT, n, "a key must be a text");
        if (yaml_get(parent, n->text)) {
            refuse(b, ERR_BAD_INPUT, n, "this key was already given");
            return err_detail(b->err, "the key is \"%s\"", n->text);
        }
        *key = n;
        return ERR_OK;
    }
    append(&b->y->arena, parent, *key, n);
    *key = NULL;
    if (parent->weight > WEIGHT_MAX || n->height + 1 + b->depth > DEPTH_MAX) {
        refuse(b, ERR_LIMIT, b->latest,
               "the document is too large once its aliases are written out");
        return err_detail(b->err, "the limits are %d values and %d levels", WEIGHT_MAX, DEPTH_MAX);
    }
    if (n->height + 1 > parent->height) parent->height = n->height + 1;
    return ERR_OK;
}

static enum err_code open_node(struct build *b, struct fy_event *event, enum yaml_kind kind)
{
    struct yaml_node *n = new_node(b, event, kind);
    if (b->depth == DEPTH_MAX) return refuse(b, ERR_LIMIT, n, "nested too deeply");
    if (b->depth > 0 && b->open[b->depth - 1]->kind == YAML_MAP && !b->key[b->depth - 1])
        return refuse(b, ERR_BAD_INPUT, n, "a key must be a text");
    b->key[b->depth] = NULL;
    b->open[b->depth++] = n;
    return remember_anchor(b, event, n, true);
}

static enum err_code close_node(struct build *b)
{
    struct yaml_node *n = b->open[--b->depth];
    for (size_t i = 0; i < b->anchor_count; i++)
        if (b->anchors[i].node == n) b->anchors[i].open = false;
    return place(b, n);
}

static enum err_code take_event(struct build *b, struct fy_event *event)
{
    struct yaml_node *n;
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (++b->documents == 1) return ERR_OK;
        return refuse(b, ERR_BAD_INPUT, new_node(b, event, YAML_SCALAR),
                      "a second document begins here, one is expected");
    case FYET_MAPPING_START:
        return open_node(b, event, YAML_MAP);
    case FYET_SEQUENCE_START:
        return open_node(b, event, YAML_LIST);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        return close_node(b);
    case FYET_SCALAR:
        n = scalar_of(b, event);
        if (!n) return b->err->code;
        if (remember_anchor(b, event, n, false)) return b->err->code;
        return place(b, n);
    case FYET_ALIAS:
        n = alias_of(b, event);
        return n ? place(b, n) : b->err->code;
    default:
        return ERR_OK;
    }
}

/* libfyaml's first error with its place. */
static enum err_code syntax_error(struct build *b, struct fy_diag *diag)
{
    void *at = NULL;
    struct fy_diag_error *e = fy_diag_errors_iterate(diag, &at);
    if (!e) return err_set(b->err, ERR_BAD_INPUT, "%s:1:1: not YAML", b->y->file);
    err_set(b->err, ERR_BAD_INPUT, "%s:%d:%d: not YAML", b->y->file, e->line > 0 ? e->line : 1,
            e->column > 0 ? e->column : 1);
    return err_detail(b->err, "%s", e->msg ? e->msg : "");
}

static enum err_code run_parser(struct build *b, struct fy_diag *diag)
{
    for (;;) {
        struct fy_event *event = fy_parser_parse(b->parser);
        if (!event) return fy_diag_got_error(diag) ? syntax_error(b, diag) : ERR_OK;
        enum err_code code = take_event(b, event);
        bool end = event->type == FYET_STREAM_END;
        fy_parser_event_free(b->parser, event);
        if (code || end) return code;
    }
}

static enum err_code build_tree(struct yaml *y, const char *bytes, size_t len, struct err *err)
{
    enum err_code code = ERR_NO_MEMORY;
    struct build *b = mem_try(1, sizeof *b, err);
    if (!b) return code;
    b->y = y;
    b->err = err;
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2, .diag = diag};
    if (diag) {
        fy_diag_set_collect_errors(diag, true);
        b->parser = fy_parser_create(&cfg);
    }
    if (b->parser && fy_parser_set_string(b->parser, bytes, len) == 0)
        code = run_parser(b, diag);
    else
        err_set(err, ERR_NO_MEMORY, "no memory to read %s", y->file);
    fy_parser_destroy(b->parser);
    fy_diag_destroy(diag);
    mem_free(b);
    return code;
}

enum err_code yaml_parse(const char *name, const char *bytes, size_t len, struct yaml **ret,
                         struct err *err)
{
    if (len > YAML_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "%s: %zu bytes of YAML are more than %u", name, len,
                       YAML_BYTES_MAX);
    size_t valid = utf8_valid_prefix(bytes, len);
    const char *nul = memchr(bytes, '\0', valid);
    if (nul) valid = (size_t)(nul - bytes);
    if (valid < len) {
        size_t line = 1, begin = 0;
        for (size_t i = 0; i < valid; i++)
            if (bytes[i] == '\n') line++, begin = i + 1;
        return err_set(err, ERR_BAD_INPUT, "%s:%zu:%zu: %s", name, line,
                       utf8_count(bytes + begin, valid - begin) + 1,
                       nul ? "a NUL byte" : "not UTF-8");
    }
    struct yaml *y = mem_try(1, sizeof *y, err);
    if (!y) return ERR_NO_MEMORY;
    arena_init(&y->arena, ARENA_BYTES);
    y->file = arena_strdup(&y->arena, name);
    enum err_code code = build_tree(y, bytes, len, err);
    if (!code && !y->root) code = err_set(err, ERR_BAD_INPUT, "%s:1:1: the file is empty", name);
    if (code)
        yaml_free(y);
    else
        *ret = y;
    return code;
}

enum err_code yaml_load(const char *path, struct yaml **ret, struct err *err)
{
    struct buf text;
    buf_init(&text, YAML_BYTES_MAX);
    enum err_code code = os_read_file(path, YAML_BYTES_MAX, &text, err);
    if (!code) code = yaml_parse(path, text.data, text.len, ret, err);
    buf_release(&text);
    return code;
}

void yaml_free(struct yaml *y)
{
    if (!y) return;
    arena_release(&y->arena);
    mem_free(y);
}

const struct yaml_node *yaml_root(const struct yaml *y)
{
    return y->root;
}
