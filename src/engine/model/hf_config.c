/* engine/model/hf_config.c - config.json.
 *
 * Defaults for absent keys are those of transformers' BertConfig. The head follows from
 * `architectures`: a plain encoder, or one pretrained with a masked-language head, opens without a
 * head; its language head is not needed.
 *
 * id2label is the truth about labels, since decoding uses it; label2id is read only when id2label
 * is absent. Floats are written with the fewest digits that read back to the same fp32 value: 0.1,
 * not 0.10000000149011612.
 */
#include "engine/model/hf_config_internal.h"
#include "base/str.h"
#include "engine/text/tokenizer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum model_head head;
} ARCHITECTURES[] = {
    {"BertModel", HEAD_NONE},
    {"BertForMaskedLM", HEAD_NONE},
    {"BertForPreTraining", HEAD_NONE},
    {"BertForTokenClassification", HEAD_TOKEN},
    {"BertForSequenceClassification", HEAD_SEQUENCE},
};

static enum err_code refuse(const char *key, const char *value, const char *supported,
                            struct err *err)
{
    err_set(err, ERR_BAD_INPUT, "config.json: %s \"%.60s\" is not supported", key, value);
    return err_detail(err, "supported: %s", supported);
}

static enum err_code parse_architecture(const json_t *doc, enum model_head *ret, struct err *err)
{
    const char *type = NULL, *name;
    const json_t *list = json_object_get(doc, "architectures");
    if (json_opt_string(doc, "model_type", &type, err)) return err->code;
    if (type && !str_eq(type, "bert")) return refuse("model_type", type, "bert", err);
    if (!list || json_is_null(list)) {
        if (!type)
            return err_set(err, ERR_BAD_INPUT,
                           "config.json: neither model_type nor architectures says what this is");
        *ret = HEAD_NONE;
        return ERR_OK;
    }
    name = json_string_value(json_array_get(list, 0));
    if (!name || json_array_size(list) != 1)
        return err_set(err, ERR_BAD_INPUT, "config.json: architectures must be a list of one name");
    for (size_t i = 0; i < ARRAY_COUNT(ARCHITECTURES); i++)
        if (str_eq(name, ARCHITECTURES[i].name)) {
            *ret = ARCHITECTURES[i].head;
            return ERR_OK;
        }
    return refuse("architecture", name,
                  "BertModel, BertForMaskedLM, BertForPreTraining, BertForTokenClassification, "
                  "BertForSequenceClassification",
                  err);
}

/* What would change the numbers and is not built. */
static enum err_code check_variant(const json_t *doc, struct err *err)
{
    const char *act = "gelu", *position = "absolute";
    bool decoder = false, cross = false;
    if (json_opt_string(doc, "hidden_act", &act, err) ||
        json_opt_string(doc, "position_embedding_type", &position, err) ||
        json_opt_bool(doc, "is_decoder", &decoder, err) ||
        json_opt_bool(doc, "add_cross_attention", &cross, err))
        return err_detail(err, "in config.json");
    if (!str_eq(act, "gelu"))
        return refuse("activation", act, "gelu (the exact one, with erf)", err);
    if (!str_eq(position, "absolute"))
        return refuse("position_embedding_type", position, "absolute", err);
    if (decoder || cross) return refuse("is_decoder or add_cross_attention", "true", "false", err);
    if (json_object_size(json_object_get(doc, "pruned_heads")) > 0)
        return refuse("pruned_heads", "not empty", "none pruned", err);
    return ERR_OK;
}

static enum err_code read_count(const json_t *doc, const char *key, int32_t preset, int32_t *ret,
                                struct err *err)
{
    int64_t v = preset;
    if (json_opt_int(doc, key, &v, err)) return err_detail(err, "in config.json");
    if (v < 0 || v > INT32_MAX)
        return err_set(err, ERR_BAD_INPUT, "config.json: %s is %lld", key, (long long)v);
    *ret = (int32_t)v;
    return ERR_OK;
}

static enum err_code read_real(const json_t *doc, const char *key, float preset, float *ret,
                               struct err *err)
{
    double v = (double)preset;
    if (json_opt_real(doc, key, &v, err)) return err_detail(err, "in config.json");
    if (!(fabs(v) < 1e30)) return err_set(err, ERR_BAD_INPUT, "config.json: %s is %g", key, v);
    *ret = (float)v;
    return ERR_OK;
}

static enum err_code parse_sizes(const json_t *doc, struct model_config *c, struct err *err)
{
    if (read_count(doc, "vocab_size", 30522, &c->vocab_count, err) ||
        read_count(doc, "hidden_size", 768, &c->hidden, err) ||
        read_count(doc, "num_hidden_layers", 12, &c->layers, err) ||
        read_count(doc, "num_attention_heads", 12, &c->heads, err) ||
        read_count(doc, "intermediate_size", 3072, &c->intermediate, err) ||
        read_count(doc, "max_position_embeddings", 512, &c->positions, err) ||
        read_count(doc, "type_vocab_size", 2, &c->types, err) ||
        read_real(doc, "layer_norm_eps", 1e-12f, &c->layer_norm_eps, err) ||
        read_real(doc, "hidden_dropout_prob", 0.1f, &c->dropout_hidden, err) ||
        read_real(doc, "attention_probs_dropout_prob", 0.1f, &c->dropout_attention, err) ||
        read_real(doc, "classifier_dropout", c->dropout_hidden, &c->dropout_head, err) ||
        read_real(doc, "initializer_range", 0.02f, &c->initializer_range, err))
        return err->code;
    return ERR_OK;
}

/* Puts name at labels[id] for a table of `count` entries; each id below count comes once. */
static enum err_code place_label(const char *table, int64_t id, const char *name, size_t count,
                                 const char *labels[LABEL_COUNT_MAX], struct err *err)
{
    if (id < 0 || (size_t)id >= count || labels[id])
        return err_set(err, ERR_BAD_INPUT, "config.json: the ids of %s are not 0 to %zu", table,
                       count - 1);
    labels[id] = name;
    return ERR_OK;
}

static enum err_code parse_label_table(const json_t *doc, const char *table, bool names_are_keys,
                                       int32_t *ret_count, const char *labels[LABEL_COUNT_MAX],
                                       struct err *err)
{
    const char *key;
    json_t *value, *entries = json_object_get(doc, table);
    size_t count = json_object_size(entries);
    if (!json_is_object(entries) || count == 0)
        return err_set(err, ERR_BAD_INPUT, "config.json: %s is not an object with labels", table);
    if (count > LABEL_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "config.json: %zu labels, the limit is %d", count,
                       LABEL_COUNT_MAX);
    json_object_foreach(entries, key, value)
    {
        int64_t id = json_is_integer(value) ? json_integer_value(value) : -1;
        const char *name = names_are_keys ? key : json_string_value(value);
        if (!names_are_keys && str_to_i64(key, &id, err)) return err_detail(err, "in %s", table);
        if (!name)
            return err_set(err, ERR_BAD_INPUT, "config.json: a name in %s is not a string", table);
        if (place_label(table, id, name, count, labels, err)) return err->code;
    }
    *ret_count = (int32_t)count;
    return ERR_OK;
}

static enum err_code parse_labels(const json_t *doc, struct model_config *c,
                                  const char *labels[LABEL_COUNT_MAX], struct err *err)
{
    memset(labels, 0, LABEL_COUNT_MAX * sizeof *labels);
    if (c->head == HEAD_NONE) return ERR_OK;
    if (json_object_get(doc, "id2label"))
        return parse_label_table(doc, "id2label", false, &c->labels, labels, err);
    if (json_object_get(doc, "label2id"))
        return parse_label_table(doc, "label2id", true, &c->labels, labels, err);
    return read_count(doc, "num_labels", 2, &c->labels, err);
}

static enum err_code parse_problem(const json_t *doc, struct model_config *c, struct err *err)
{
    const char *problem = NULL;
    if (c->head != HEAD_SEQUENCE) return ERR_OK;
    if (json_opt_string(doc, "problem_type", &problem, err))
        return err_detail(err, "in config.json");
    if (problem && !str_eq(problem, "regression") &&
        !str_eq(problem, "single_label_classification"))
        return refuse("problem_type", problem, "single_label_classification, regression", err);
    if (problem ? str_eq(problem, "regression") : c->labels == 1) c->head = HEAD_REGRESSION;
    return ERR_OK;
}

enum err_code hf_config_parse(const json_t *doc, struct model_config *ret,
                              const char *labels[LABEL_COUNT_MAX], struct err *err)
{
    struct model_config c = {0};
    if (!json_is_object(doc))
        return err_set(err, ERR_BAD_INPUT, "config.json is not a JSON object");
    if (parse_architecture(doc, &c.head, err) || check_variant(doc, err) ||
        parse_sizes(doc, &c, err) || parse_labels(doc, &c, labels, err) ||
        parse_problem(doc, &c, err))
        return err->code;
    c.pooler = c.head == HEAD_SEQUENCE || c.head == HEAD_REGRESSION;
    *ret = c;
    return ERR_OK;
}

static json_t *shortest(float v)
{
    char text[32];
    for (int digits = 1; digits <= 9; digits++) {
        BUG_IF(!str_format(text, sizeof text, "%.*g", digits, (double)v));
        if (strtof(text, NULL) == v) break;
    }
    return json_real(strtod(text, NULL));
}

static const char *architecture(enum model_head head)
{
    switch (head) {
    case HEAD_NONE:
        return "BertModel";
    case HEAD_TOKEN:
        return "BertForTokenClassification";
    case HEAD_SEQUENCE:
    case HEAD_REGRESSION:
        return "BertForSequenceClassification";
    }
    return NULL;
}

static int put_labels(json_t *doc, const struct model *m)
{
    json_t *names = json_object(), *ids = json_object();
    int bad = 0;
    for (int32_t i = 0; i < m->config.labels; i++) {
        char id[16];
        BUG_IF(!str_format(id, sizeof id, "%d", (int)i));
        bad |= json_object_set_new(names, id, json_string(m->label_names[i]));
        bad |= json_object_set_new(ids, m->label_names[i], json_integer(i));
    }
    bad |= json_object_set_new(doc, "id2label", names);
    bad |= json_object_set_new(doc, "label2id", ids);
    if (m->config.head == HEAD_SEQUENCE)
        bad |= json_object_set_new(doc, "problem_type", json_string("single_label_classification"));
    if (m->config.head == HEAD_REGRESSION)
        bad |= json_object_set_new(doc, "problem_type", json_string("regression"));
    return bad;
}

json_t *hf_config_build(const struct model *m, struct err *err)
{
    const struct model_config *c = &m->config;
    json_t *doc = json_pack(
        "{s:[s], s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o, "
        "s:o}",
        "architectures", architecture(c->head), "model_type", "bert", "hidden_act", "gelu",
        "position_embedding_type", "absolute", "torch_dtype", "float32", "vocab_size",
        (int)c->vocab_count, "hidden_size", (int)c->hidden, "num_hidden_layers", (int)c->layers,
        "num_attention_heads", (int)c->heads, "intermediate_size", (int)c->intermediate,
        "max_position_embeddings", (int)c->positions, "type_vocab_size", (int)c->types,
        "pad_token_id", m->tokenizer ? (int)tokenizer_pad(m->tokenizer) : 0, "layer_norm_eps",
        shortest(c->layer_norm_eps), "hidden_dropout_prob", shortest(c->dropout_hidden),
        "attention_probs_dropout_prob", shortest(c->dropout_attention), "classifier_dropout",
        shortest(c->dropout_head), "initializer_range", shortest(c->initializer_range));
    if (doc && (c->head == HEAD_NONE || put_labels(doc, m) == 0)) return doc;
    json_decref(doc);
    err_set(err, ERR_NO_MEMORY, "config.json for %d labels", (int)c->labels);
    return NULL;
}
