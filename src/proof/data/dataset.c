/* proof/data/dataset.c - whole datasets: freed, picked from, joined, named by content, written.
 *
 * Copies are deep, so that a part of a split outlives what it came from. The fingerprint hashes
 * what a model can learn from and what a split must respect, and nothing that says where the data
 * lay: a group enters as the number of the first example that has it.
 */
#include "proof/data/dataset_internal.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"

#include <string.h>

void dataset_free(struct dataset *d)
{
    if (!d) return;
    arena_release(&d->arena);
    mem_free(d);
}

/* ---- copies ---- */

static void *copy_array(struct arena *a, const void *from, int32_t count, size_t size,
                        struct err *err)
{
    void *to = arena_try(a, (size_t)count, size, err);
    if (to) memcpy(to, from, (size_t)count * size);
    return to;
}

static enum err_code copy_spans(struct builder *b, const struct dataset *from, struct example *x,
                                struct err *err)
{
    struct arena *a = &b->d->arena;
    if (x->span_count == 0) {
        x->spans = NULL;
        x->places = NULL;
        return ERR_OK;
    }
    x->spans = copy_array(a, x->spans, x->span_count, sizeof *x->spans, err);
    if (!x->spans) return err->code;
    for (int32_t i = 0; i < x->span_count; i++) {
        const char *name = from->labels[x->spans[i].label];
        if (builder_label(b, name, strlen(name), &x->spans[i].label, err)) return err->code;
    }
    if (x->places) {
        x->places = copy_array(a, x->places, x->span_count, sizeof *x->places, err);
        if (!x->places) return err->code;
    }
    return ERR_OK;
}

/* Strings are shared where the source shares them with the example before: one file name, one group
 * of a document. */
static const char *copy_string(struct builder *b, const char *s, const char *before,
                               struct err *err)
{
    if (before && str_eq(s, before)) return before;
    return builder_string(b, s, strlen(s), err);
}

static enum err_code copy_example(struct builder *b, const struct dataset *from,
                                  const struct example *original, struct err *err)
{
    struct example *kept = NULL, x = *original;
    if (copy_spans(b, from, &x, err)) return err->code;
    if (x.words) {
        x.words = copy_array(&b->d->arena, x.words, x.word_count, sizeof *x.words, err);
        if (!x.words) return err->code;
    }
    if (builder_example(b, &kept, err)) return err->code;
    const struct example *before = b->count > 1 ? kept - 1 : NULL;
    x.file = copy_string(b, x.file, before ? before->file : NULL, err);
    x.id = x.file ? builder_string(b, x.id, strlen(x.id), err) : NULL;
    x.group = x.id ? copy_string(b, x.group, before ? before->group : NULL, err) : NULL;
    x.text = x.group ? builder_string(b, x.text, (size_t)x.text_bytes, err) : NULL;
    if (x.text && x.meta) {
        x.meta = builder_string(b, x.meta, strlen(x.meta), err);
        if (!x.meta) return err->code;
    }
    *kept = x;
    return x.text ? ERR_OK : err->code;
}

static enum err_code copy_labels(struct builder *b, const struct dataset *from, struct err *err)
{
    int32_t number = 0;
    for (int32_t i = 0; i < from->label_count; i++)
        if (builder_label(b, from->labels[i], strlen(from->labels[i]), &number, err))
            return err->code;
    return ERR_OK;
}

enum err_code dataset_pick(const struct dataset *d, const int32_t *indexes, int32_t count,
                           struct dataset **ret, struct err *err)
{
    struct builder b;
    if (builder_init(&b, err)) return err->code;
    enum err_code code = copy_labels(&b, d, err);
    for (int32_t i = 0; i < count && !code; i++) {
        BUG_IF(indexes[i] < 0 || indexes[i] >= d->count);
        code = copy_example(&b, d, &d->examples[indexes[i]], err);
    }
    if (!code) code = builder_finish(&b, ret, err);
    builder_release(&b);
    return code;
}

enum err_code dataset_join(const struct dataset *a, const struct dataset *b, struct dataset **ret,
                           struct err *err)
{
    const struct dataset *const sides[] = {a, b};
    struct builder joined;
    if (builder_init(&joined, err)) return err->code;
    enum err_code code = ERR_OK;
    for (size_t k = 0; k < ARRAY_COUNT(sides) && !code; k++) {
        code = copy_labels(&joined, sides[k], err);
        for (int32_t i = 0; i < sides[k]->count && !code; i++)
            code = copy_example(&joined, sides[k], &sides[k]->examples[i], err);
    }
    if (!code) code = builder_finish(&joined, ret, err);
    builder_release(&joined);
    return code;
}

/* ---- the name by content ---- */

static void hash_example(struct hash *h, const struct dataset *d, const struct example *x)
{
    hash_add_i64(h, x->text_bytes);
    hash_add(h, x->text, (size_t)x->text_bytes);
    hash_add_i64(h, x->words ? x->word_count : -1);
    for (int32_t i = 0; x->words && i < x->word_count; i++) {
        hash_add_i64(h, x->words[i].start);
        hash_add_i64(h, x->words[i].end);
    }
    hash_add_i64(h, x->span_count);
    for (int32_t i = 0; i < x->span_count; i++) {
        hash_add_i64(h, x->spans[i].start);
        hash_add_i64(h, x->spans[i].end);
        hash_add_str(h, d->labels[x->spans[i].label]);
    }
}

void dataset_fingerprint(const struct dataset *d, char hex[65])
{
    struct hash h;
    struct map groups;
    struct err err = {0};
    hash_init(&h);
    map_init(&groups, EXAMPLE_COUNT_MAX);
    hash_add_str(&h, "cairn.dataset/v1");
    hash_add_i64(&h, d->count);
    for (int32_t i = 0; i < d->count; i++) {
        const struct example *x = &d->examples[i];
        size_t len = strlen(x->group);
        union map_value *first = map_get(&groups, x->group, len);
        hash_example(&h, d, x);
        hash_add_i64(&h, first ? first->i : i);
        BUG_IF(!first && map_put(&groups, x->group, len, (union map_value){.i = i}, &err));
    }
    map_release(&groups);
    hash_finish(&h, hex);
}

/* ---- JSON lines ---- */

static void set(json_t *o, const char *key, json_t *value)
{
    BUG_IF(!value || json_object_set_new(o, key, value));
}

static json_t *pair(int32_t start, int32_t end)
{
    json_t *p = json_array();
    BUG_IF(!p || json_array_append_new(p, json_integer(start)) ||
           json_array_append_new(p, json_integer(end)));
    return p;
}

static json_t *words_json(const struct example *x)
{
    json_t *words = json_array();
    BUG_IF(!words);
    for (int32_t i = 0; i < x->word_count; i++)
        BUG_IF(json_array_append_new(words, pair(x->words[i].start, x->words[i].end)));
    return words;
}

static json_t *spans_json(const struct dataset *d, const struct example *x)
{
    json_t *spans = json_array();
    BUG_IF(!spans);
    for (int32_t i = 0; i < x->span_count; i++) {
        json_t *s = json_object();
        BUG_IF(!s);
        set(s, "start", json_integer(x->spans[i].start));
        set(s, "end", json_integer(x->spans[i].end));
        set(s, "label", json_string(d->labels[x->spans[i].label]));
        BUG_IF(json_array_append_new(spans, s));
    }
    return spans;
}

void dataset_write_jsonl(const struct dataset *d, struct buf *out)
{
    for (int32_t i = 0; i < d->count; i++) {
        const struct example *x = &d->examples[i];
        json_t *o = json_object();
        BUG_IF(!o);
        set(o, "id", json_string(x->id));
        set(o, "group", json_string(x->group));
        set(o, "text", json_stringn(x->text, (size_t)x->text_bytes));
        if (x->words) set(o, "words", words_json(x));
        set(o, "spans", spans_json(d, x));
        if (x->meta) set(o, "meta", json_loads(x->meta, JSON_DECODE_ANY, NULL));
        json_write(o, false, out);
        json_decref(o);
        buf_addc(out, '\n');
    }
}
