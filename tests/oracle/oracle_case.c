/* tests/oracle/oracle_case.c - reads case.json, expected.safetensors and the model beside them. */
#include "oracle/oracle_case.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/str.h"
#include "support/test_data.h"
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *doc, const char *key)
{
    const char *text = json_string_value(json_object_get(doc, key));
    cr_assert_not_null(text, "%s is missing", key);
    return text;
}

static double number(const json_t *doc, const char *key)
{
    const json_t *value = json_object_get(doc, key);
    cr_assert(json_is_number(value), "%s is missing", key);
    return json_number_value(value);
}

static void *need(void *p)
{
    cr_assert_not_null(p);
    return p;
}

static json_t *read_json(const char *folder, const char *name)
{
    char path[PATH_BYTES_MAX];
    struct err err = {0};
    json_t *doc = NULL;
    cr_assert(!os_join(path, folder, name, &err) && !json_read_file(path, &doc, &err), "%s",
              err.message);
    return doc;
}

static void read_batch(const json_t *doc, struct oracle_case *c)
{
    const json_t *ids = json_object_get(doc, "ids"), *targets = json_object_get(doc, "targets");
    size_t count = json_array_size(ids), tokens = 0, at = 0;
    struct err err = {0};
    for (size_t i = 0; i < count; i++) tokens += json_array_size(json_array_get(ids, i));
    c->ids = need(mem_try(tokens, sizeof *c->ids, &err));
    c->targets = need(mem_try(tokens, sizeof *c->targets, &err));
    c->cu_len = need(mem_try(count + 1, sizeof *c->cu_len, &err));
    c->sequences = need(mem_try(count, sizeof *c->sequences, &err));
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(ids, i), *wanted = json_array_get(targets, i);
        size_t len = json_array_size(row);
        c->sequences[i] = (struct train_sequence){
            .ids = c->ids + at, .targets = c->targets + at, .count = (int32_t)len};
        for (size_t k = 0; k < len; k++, at++) {
            c->ids[at] = (int32_t)json_integer_value(json_array_get(row, k));
            c->targets[at] = (int32_t)json_integer_value(json_array_get(wanted, k));
        }
        c->cu_len[i + 1] = (int32_t)at;
    }
    c->batch = (struct packed_batch){.sequences = (int32_t)count,
                                     .tokens = (int32_t)tokens,
                                     .ids = c->ids,
                                     .cu_len = c->cu_len,
                                     .targets = c->targets};
}

static void read_recipe(const json_t *doc, struct oracle_case *c)
{
    const json_t *r = json_object_get(doc, "recipe"),
                 *losses = json_object_get(doc, "train_losses");
    c->loss = number(doc, "loss");
    c->recipe = (struct train_recipe){.epochs = (int32_t)number(r, "epochs"),
                                      .batch_size = (int32_t)number(r, "batch_size"),
                                      .learning_rate = number(r, "learning_rate"),
                                      .weight_decay = number(r, "weight_decay"),
                                      .warmup = number(r, "warmup"),
                                      .max_grad_norm = number(r, "max_grad_norm"),
                                      .beta1 = number(r, "beta1"),
                                      .beta2 = number(r, "beta2"),
                                      .eps = number(r, "eps"),
                                      .seed = 1};
    cr_assert_eq(json_array_size(losses), ORACLE_STEPS);
    for (size_t i = 0; i < ORACLE_STEPS; i++)
        c->train_losses[i] = json_number_value(json_array_get(losses, i));
}

void oracle_case_open(const char *folder, struct oracle_case *c)
{
    char path[PATH_BYTES_MAX], hex[HASH_HEX_BYTES];
    struct err err = {0};
    json_t *doc = read_json(folder, "case.json");
    *c = (struct oracle_case){0};
    read_batch(doc, c);
    read_recipe(doc, c);
    cr_assert(!os_join(path, folder, "model/model.safetensors", &err));
    cr_assert(!hash_file(path, hex, &err), "%s", err.message);
    cr_assert_str_eq(hex, text_of(doc, "weights_sha256"), "%s is not what was written", path);
    cr_assert(!os_join(path, folder, "model", &err));
    cr_assert(!model_open(path, &c->model, &err), "%s: %s", err.message, err.detail);
    cr_assert(!os_join(path, folder, "expected.safetensors", &err));
    cr_assert(!safetensors_open(path, &c->expected, &err), "%s", err.message);
    json_decref(doc);
}

static const char *oracle_folder(char out[PATH_BYTES_MAX])
{
    const char *set = getenv("CAIRN_TEST_ORACLE"), *cache = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");
    bool fits = set ? str_format(out, PATH_BYTES_MAX, "%s", set)
                : cache
                    ? str_format(out, PATH_BYTES_MAX, "%s/cairn/oracle", cache)
                    : str_format(out, PATH_BYTES_MAX, "%s/.cache/cairn/oracle", home ? home : "");
    cr_assert(fits);
    return out;
}

void oracle_case_minilm(struct oracle_case *c)
{
    char root[PATH_BYTES_MAX], folder[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    cr_assert(str_format(folder, sizeof folder, "%s/bert/minilm", oracle_folder(root)));
    cr_assert(str_format(path, sizeof path, "%s/case.json", folder));
    if (!os_exists(path)) TEST_SKIP("%s is not there: make it with `make oracle`", folder);
    json_t *made = read_json(folder, "case.json"),
           *tree = read_json(test_source("oracle/bert"), "minilm.json");
    if (strcmp(text_of(made, "weights_sha256"), text_of(tree, "weights_sha256")) != 0 ||
        strcmp(text_of(made, "batch_sha256"), text_of(tree, "batch_sha256")) != 0)
        TEST_SKIP("%s is of another version: make it again with `make oracle`", folder);
    oracle_case_open(folder, c);
    read_recipe(tree, c); /* losses as committed, whatever machine made the cache */
    json_decref(made);
    json_decref(tree);
}

void oracle_case_close(struct oracle_case *c)
{
    safetensors_close(&c->expected);
    model_free(c->model);
    mem_free(c->values);
    mem_free(c->sequences);
    mem_free(c->ids);
    mem_free(c->targets);
    mem_free(c->cu_len);
}

const float *oracle_case_expect(struct oracle_case *c, const char *name, size_t *ret_count)
{
    struct err err = {0};
    const struct safetensors_tensor *t = safetensors_find(&c->expected, name);
    cr_assert_not_null(t, "expected.safetensors has no %s", name);
    mem_free(c->values);
    c->values = need(mem_try(t->count, sizeof *c->values, &err));
    safetensors_read(&c->expected, t, 0, t->count, c->values);
    *ret_count = t->count;
    return c->values;
}
