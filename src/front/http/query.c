/* front/http/query.c - a request for predictions, as Hugging Face writes it.
 *
 * {"inputs": text or list of texts, "parameters": {"aggregation_strategy", "ignore_labels",
 * "stride"}, "options": {...}}. Options are for Hugging Face's own machines and are ignored; a
 * misspelt parameter would change the answer without a word, so unknown ones are refused.
 */
#include "front/http/query.h"

#include "base/str.h"

static enum err_code only_keys(const json_t *o, const char *what, const char *const *known,
                               size_t count, struct err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < count; i++) found = found || str_eq(key, known[i]);
        if (found) continue;
        err_set(err, ERR_BAD_INPUT, "%s has no \"%.60s\"", what, key);
        const char *near = str_nearest(key, known, count);
        return near ? err_hint(err, "did you mean \"%s\"?", near) : err->code;
    }
    return ERR_OK;
}

static enum err_code add_text(const json_t *text, struct query *q, struct err *err)
{
    if (!json_is_string(text)) {
        err_set(err, ERR_BAD_INPUT, "\"inputs\" must be a text or a list of texts");
        return err_detail(err, "item %d is something else", q->count);
    }
    if (q->count == HTTP_INPUTS_MAX) {
        err_set(err, ERR_LIMIT, "\"inputs\" has more than %d texts", HTTP_INPUTS_MAX);
        return err_hint(err, "send them in several requests");
    }
    q->texts[q->count] = json_string_value(text);
    q->text_bytes[q->count++] = json_string_length(text);
    return ERR_OK;
}

static enum err_code read_inputs(const json_t *body, struct query *q, struct err *err)
{
    const json_t *inputs = json_object_get(body, "inputs");
    q->is_list = json_is_array(inputs);
    if (!inputs) {
        err_set(err, ERR_BAD_INPUT, "\"inputs\" is missing");
        return err_hint(err, "send {\"inputs\": \"a text\"}");
    }
    if (!q->is_list) return add_text(inputs, q, err);
    if (json_array_size(inputs) == 0)
        return err_set(err, ERR_BAD_INPUT, "\"inputs\" is an empty list");
    size_t i;
    json_t *text;
    json_array_foreach(inputs, i, text) if (add_text(text, q, err)) return err->code;
    return ERR_OK;
}

static enum err_code read_ignored(const json_t *list, struct query *q, struct err *err)
{
    if (!list || json_is_null(list)) return ERR_OK;
    if (!json_is_array(list))
        return err_set(err, ERR_BAD_INPUT, "\"ignore_labels\" must be a list of labels");
    if (json_array_size(list) > LABEL_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "\"ignore_labels\" has more than %d labels",
                       LABEL_COUNT_MAX);
    size_t i;
    json_t *label;
    json_array_foreach(list, i, label)
    {
        if (!json_is_string(label))
            return err_set(err, ERR_BAD_INPUT, "\"ignore_labels\" must be a list of labels");
        q->ignore[i] = json_string_value(label);
    }
    q->options.ignore_labels = q->ignore;
    q->options.ignore_count = (int32_t)json_array_size(list);
    return ERR_OK;
}

static enum err_code read_parameters(const json_t *body, struct query *q, struct err *err)
{
    static const char *const known[] = {"aggregation_strategy", "ignore_labels", "stride"};
    const json_t *o = json_object_get(body, "parameters");
    if (!o || json_is_null(o)) return ERR_OK;
    if (!json_is_object(o)) return err_set(err, ERR_BAD_INPUT, "\"parameters\" must be an object");
    if (only_keys(o, "\"parameters\"", known, ARRAY_COUNT(known), err)) return err->code;
    const char *strategy = NULL;
    int64_t stride = -1;
    if (json_opt_string(o, "aggregation_strategy", &strategy, err)) return err->code;
    if (strategy && aggregate_strategy_parse(strategy, &q->options.strategy, err)) return err->code;
    if (json_opt_int(o, "stride", &stride, err)) return err->code;
    const json_t *given = json_object_get(o, "stride");
    if (given && !json_is_null(given) && (stride < 0 || stride > MODEL_POSITIONS_MAX))
        return err_set(err, ERR_BAD_INPUT,
                       "\"stride\" must be 0 or more, and less than the window");
    if (stride >= 0 && q->options.strategy == AGGREGATE_NONE) {
        err_set(err, ERR_BAD_INPUT, "\"stride\" does not go with aggregation_strategy none");
        return err_hint(err, "leave stride out: long texts are split and merged anyway");
    }
    q->stride = (int32_t)stride;
    return read_ignored(json_object_get(o, "ignore_labels"), q, err);
}

enum err_code query_read(const json_t *body, enum aggregate_strategy strategy, struct query *q,
                         struct err *err)
{
    static const char *const known[] = {"inputs", "parameters", "options"};
    q->options = aggregate_options_default();
    q->options.strategy = strategy;
    q->stride = -1;
    if (!json_is_object(body)) {
        err_set(err, ERR_BAD_INPUT, "the body must be an object");
        return err_hint(err, "send {\"inputs\": \"a text\"}");
    }
    if (only_keys(body, "the body", known, ARRAY_COUNT(known), err)) return err->code;
    if (read_inputs(body, q, err)) return err->code;
    return read_parameters(body, q, err);
}
