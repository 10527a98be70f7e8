/* live/feedback/feedback.c - an item is checked against the prediction that it speaks of, then
 * kept.
 *
 * Nothing is believed: the text must hash to what was predicted on, because a correction on another
 * text would teach nonsense under a true name; a span must cut no word, because no tagger of words
 * could ever produce it. What an item brings beyond its verdict (text, spans) is kept only when it
 * can be learned from.
 */
#include "live/feedback/feedback.h"
#include "base/limits.h"
#include "base/str.h"
#include "live/registry/predictions.h"
#include "proof/data/text_fold.h"
#include "proof/evidence/bounds.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const item_keys[] = {
    "prediction_id", "verdict", "spans", "text", "complete", "by", "group", "key", "simulated"};

static enum err_code only_known(const json_t *o, struct err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < ARRAY_COUNT(item_keys); i++)
            known = known || str_eq(key, item_keys[i]);
        if (known) continue;
        const char *nearest = str_nearest(key, item_keys, ARRAY_COUNT(item_keys));
        err_set(err, ERR_BAD_INPUT, "feedback has no key \"%.60s\"", key);
        return nearest ? err_hint(err, "did you mean \"%s\"?", nearest) : err->code;
    }
    return ERR_OK;
}

static enum err_code parse_verdict(const char *name, enum feedback_verdict *ret, struct err *err)
{
    for (int v = 0; v < FEEDBACK_VERDICT_COUNT; v++) {
        if (!str_eq(name, feedback_verdict_name((enum feedback_verdict)v))) continue;
        *ret = (enum feedback_verdict)v;
        return ERR_OK;
    }
    err_set(err, ERR_BAD_INPUT, "\"%.40s\" is not a verdict", name);
    return err_hint(err, "\"verdict\" is accept, correct or reject");
}

static enum err_code parse_span(const json_t *o, size_t index, struct feedback_span *ret,
                                struct err *err)
{
    int64_t start = 0, end = 0;
    if (!json_is_object(o))
        return err_set(err, ERR_BAD_INPUT, "span %zu is not an object", index + 1);
    if (json_need_int(o, "start", &start, err)) return err->code;
    if (json_need_int(o, "end", &end, err)) return err->code;
    if (json_need_string(o, "label", &ret->label, err)) return err->code;
    if (start < 0 || end <= start || end > (int64_t)TEXT_BYTES_MAX) {
        return err_set(err, ERR_BAD_INPUT, "span %zu, [%lld, %lld), is empty or impossible",
                       index + 1, (long long)start, (long long)end);
    }
    ret->start = (int32_t)start;
    ret->end = (int32_t)end;
    return ERR_OK;
}

static int by_start(const void *a, const void *b)
{
    const struct feedback_span *x = a, *y = b;
    return x->start != y->start ? (x->start < y->start ? -1 : 1)
                                : (x->end > y->end) - (x->end < y->end);
}

static enum err_code parse_spans(const json_t *list, struct arena *a, struct feedback_item *item,
                                 struct err *err)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list)) return err_set(err, ERR_BAD_INPUT, "\"spans\" must be a list");
    if (count > SPANS_PER_EXAMPLE_MAX) {
        return err_set(err, ERR_LIMIT, "%zu spans; the limit is %d", count, SPANS_PER_EXAMPLE_MAX);
    }
    item->spans = arena_try(a, count + 1, sizeof *item->spans, err);
    if (!item->spans) return err->code;
    for (size_t i = 0; i < count; i++) {
        if (parse_span(json_array_get(list, i), i, &item->spans[i], err)) return err->code;
    }
    qsort(item->spans, count, sizeof *item->spans, by_start);
    item->span_count = (int32_t)count;
    item->has_spans = true;
    return ERR_OK;
}

enum err_code feedback_item_parse(const json_t *o, struct arena *a, struct feedback_item *ret,
                                  struct err *err)
{
    struct feedback_item item = {.verdict = FEEDBACK_ACCEPT};
    const char *verdict = NULL, *key = NULL;
    if (!json_is_object(o)) return err_set(err, ERR_BAD_INPUT, "feedback must be a JSON object");
    if (only_known(o, err)) return err->code;
    if (json_need_string(o, "prediction_id", &item.prediction_id, err)) return err->code;
    if (json_need_string(o, "verdict", &verdict, err)) return err->code;
    if (parse_verdict(verdict, &item.verdict, err)) return err->code;
    if (json_opt_string(o, "text", &item.text, err)) return err->code;
    if (json_opt_bool(o, "complete", &item.complete, err)) return err->code;
    if (json_opt_bool(o, "simulated", &item.simulated, err)) return err->code;
    if (json_opt_string(o, "by", &item.by, err)) return err->code;
    if (json_opt_string(o, "group", &item.group, err)) return err->code;
    if (json_opt_string(o, "key", &key, err)) return err->code;
    if (key && item.group)
        return err_set(err, ERR_BAD_INPUT, "\"group\" and \"key\" mean the same: give one");
    if (key) item.group = key;
    const json_t *spans = json_object_get(o, "spans");
    if (spans && !json_is_null(spans) && parse_spans(spans, a, &item, err)) return err->code;
    *ret = item;
    return ERR_OK;
}

bool feedback_captures(const struct feedback_config *c, const char *prediction_id)
{
    char head[9];
    if (c->capture != CAPTURE_SAMPLE) return c->capture == CAPTURE_ON;
    if (!str_format(head, sizeof head, "%.8s", prediction_id)) return false;
    return (double)strtoul(head, NULL, 16) / 4294967296.0 < c->sample;
}

/* An edge is clean when it does not stand between two characters of one word. */
static bool edge_is_clean(const char *text, size_t len, int32_t at, int32_t chars)
{
    if (at == 0 || at == chars) return true;
    size_t pos = utf8_byte_of(text, len, (size_t)at - 1);
    uint32_t before = utf8_next(text, len, &pos);
    uint32_t after = utf8_next(text, len, &pos);
    return !char_pair_is_inside_word(before, after);
}

static enum err_code check_label(const struct feedback_rules *rules, const char *label,
                                 struct err *err)
{
    for (int32_t i = 0; i < rules->label_count; i++) {
        if (str_eq(rules->labels[i], label)) return ERR_OK;
    }
    const char *nearest = str_nearest(label, rules->labels, (size_t)rules->label_count);
    err_set(err, ERR_BAD_INPUT, "the model has no label \"%.60s\"", label);
    return nearest ? err_hint(err, "did you mean \"%s\"?", nearest) : err->code;
}

static enum err_code check_spans(const struct feedback_item *item, const char *text,
                                 const struct feedback_rules *rules, struct err *err)
{
    size_t len = strlen(text);
    int32_t chars = (int32_t)utf8_count(text, len), last_end = 0;
    for (int32_t i = 0; i < item->span_count; i++) {
        const struct feedback_span *s = &item->spans[i];
        if (s->end > chars) {
            return err_set(err, ERR_BAD_INPUT,
                           "span [%d, %d) is outside the text, which has %d characters", s->start,
                           s->end, chars);
        }
        if (s->start < last_end)
            return err_set(err, ERR_BAD_INPUT, "span [%d, %d) overlaps another", s->start, s->end);
        if (!edge_is_clean(text, len, s->start, chars) ||
            !edge_is_clean(text, len, s->end, chars)) {
            err_set(err, ERR_BAD_INPUT, "span [%d, %d) cuts a word", s->start, s->end);
            return err_hint(err, "offsets count code points; begin and end at whole words");
        }
        if (check_label(rules, s->label, err)) return err->code;
        last_end = s->end;
    }
    return ERR_OK;
}

/* The text that the item speaks of: its own, checked against the prediction's hash, or the captured
 * one, or none (*ret NULL). */
static enum err_code find_text(const struct registry *r, const struct feedback_item *item,
                               const struct prediction_row *p, const char **ret, struct err *err)
{
    char hex[HASH_HEX_BYTES];
    *ret = p->text;
    if (!item->text) return ERR_OK;
    size_t len = strlen(item->text);
    if (len > TEXT_BYTES_MAX) {
        return err_set(err, ERR_LIMIT, "the text has %zu bytes; the limit is %u", len,
                       TEXT_BYTES_MAX);
    }
    if (utf8_valid_prefix(item->text, len) != len)
        return err_set(err, ERR_BAD_INPUT, "the text is not valid UTF-8");
    registry_text_hash(r, item->text, len, hex);
    if (!hash_equal_constant_time(hex, p->text_hash)) {
        err_set(err, ERR_CONFLICT, "the text is not the one that was predicted on");
        return err_hint(err, "send it byte for byte as it was sent for prediction %.12s", p->id);
    }
    *ret = item->text;
    return ERR_OK;
}

static enum err_code check_item(const struct feedback_item *item, const char *text,
                                const struct feedback_rules *rules, struct err *err)
{
    if (item->verdict == FEEDBACK_ACCEPT && item->has_spans) {
        err_set(err, ERR_BAD_INPUT,
                "an accept brings no spans: it says that those shown are right");
        return err_hint(err, "use the verdict correct");
    }
    if (item->verdict == FEEDBACK_CORRECT && !item->has_spans)
        return err_set(err, ERR_BAD_INPUT,
                       "a correction needs \"spans\": all entities of the text");
    if (!item->has_spans) return ERR_OK;
    if (!text) {
        err_set(err, ERR_BAD_INPUT, "spans need the text, which was not kept");
        return err_hint(err, "send it as \"text\"; it is checked against its keyed hash");
    }
    return check_spans(item, text, rules, err);
}

static enum err_code write_spans(const struct feedback_item *item, struct buf *out, struct err *err)
{
    json_t *list = json_array();
    for (int32_t i = 0; list && i < item->span_count; i++) {
        const struct feedback_span *s = &item->spans[i];
        json_t *o =
            json_pack("{s:i, s:i, s:s}", "start", s->start, "end", s->end, "label", s->label);
        if (!o || json_array_append_new(list, o) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    if (!list) return err_set(err, ERR_NO_MEMORY, "no memory for the spans");
    json_canonical(list, out);
    json_decref(list);
    return buf_check(out, err);
}

static enum err_code keep(struct registry *r, const struct feedback_item *item,
                          const struct prediction_row *p, const char *text,
                          struct feedback_added *ret, struct err *err)
{
    struct buf spans;
    struct feedback_added added;
    bool teaches = item->has_spans || (item->verdict == FEEDBACK_ACCEPT && item->complete);
    struct feedback_row row = {.prediction = p->id,
                               .verdict = item->verdict,
                               .text = teaches ? text : NULL,
                               .complete = item->complete,
                               .simulated = item->simulated,
                               .by = item->by ? item->by : "",
                               .group = item->group && *item->group ? item->group : p->text_hash};
    enum err_code code = ERR_OK;
    buf_init(&spans, JSON_BODY_BYTES_MAX);
    if (item->has_spans) {
        code = write_spans(item, &spans, err);
        row.spans = spans.data;
    }
    if (!code) code = feedback_row_put(r, &row, added.id, &added.is_new, err);
    if (!code) *ret = added;
    buf_release(&spans);
    return code;
}

enum err_code feedback_add(struct registry *r, const struct feedback_item *item,
                           const struct feedback_rules *rules, struct feedback_added *ret,
                           struct err *err)
{
    struct arena a;
    struct prediction_row p;
    const char *text = NULL;
    arena_init(&a, 64u << 20);
    enum err_code code = prediction_get(r, item->prediction_id, &a, &p, err);
    if (!code) code = find_text(r, item, &p, &text, err);
    if (!code) code = check_item(item, text, rules, err);
    if (!code) code = keep(r, item, &p, text, ret, err);
    arena_release(&a);
    return code;
}

enum err_code feedback_review(struct registry *r, const char *id, bool accept, const char *by,
                              const char *note, struct err *err)
{
    struct arena a;
    struct feedback_row row;
    arena_init(&a, 64u << 20);
    enum err_code code = feedback_row_get(r, id, &a, &row, err);
    if (!code) code = feedback_row_review(r, row.id, accept, by, note, err);
    arena_release(&a);
    return code;
}

enum err_code feedback_acceptance(struct registry *r, const struct acceptance_filter *f,
                                  struct acceptance *ret, struct err *err)
{
    struct feedback_counts c;
    struct feedback_filter rows = {
        .state = -1, .model = f->model, .since_us = f->since_us, .until_us = f->until_us};
    if (feedback_row_count(r, &rows, f->reviewed_only, &c, err)) return err->code;
    struct acceptance a = {.accepted = c.verdict[FEEDBACK_ACCEPT],
                           .corrected = c.verdict[FEEDBACK_CORRECT],
                           .rejected = c.verdict[FEEDBACK_REJECT],
                           .total = c.predictions,
                           .reviewed = c.reviewed,
                           .simulated = c.simulated,
                           .rate = (double)NAN,
                           .low = (double)NAN,
                           .high = (double)NAN};
    if (a.total > 0) {
        a.rate = (double)a.accepted / (double)a.total;
        a.low = proportion_lower(a.accepted, a.total, 0.975);
        a.high = proportion_upper(a.accepted, a.total, 0.975);
    }
    *ret = a;
    return ERR_OK;
}

enum err_code acceptance_measurement(const struct acceptance *a, double confidence,
                                     struct measurement *ret, struct err *err)
{
    struct measurement m;
    if (bound_proportion("acceptance_rate", a->accepted, a->total, confidence, &m, err))
        return err->code;
    if (a->simulated > 0) m.how = "simulated";
    *ret = m;
    return ERR_OK;
}

json_t *acceptance_json(const struct acceptance *a)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:s}", "accepted",
                     (json_int_t)a->accepted, "corrected", (json_int_t)a->corrected, "rejected",
                     (json_int_t)a->rejected, "total", (json_int_t)a->total, "reviewed",
                     (json_int_t)a->reviewed, "simulated", (json_int_t)a->simulated, "rate",
                     json_real_or_null(a->rate), "low", json_real_or_null(a->low), "high",
                     json_real_or_null(a->high), "how", a->simulated ? "simulated" : "measured");
}
