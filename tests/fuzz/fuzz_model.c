/* tests/fuzz/fuzz_model.c - weights and config.json from hostile hands.
 *
 * The first byte chooses: 's' a safetensors file, 'c' a config.json. What opens must hold to its
 * rules: tensors lie in the data, one after the other, and every value of a float tensor can be
 * read; a config that makes a model is written as a config.json that reads back as the same one.
 */
#include "base/arena.h"
#include "base/json.h"
#include "engine/model/hf_config_internal.h"
#include "engine/model/model.h"
#include "engine/model/safetensors.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIDE_MAX 64 /* larger models are legal, and only slow here */

static void read_weights(const uint8_t *data, size_t size)
{
    struct safetensors st;
    struct err err = {0};
    size_t at = 0;
    if (safetensors_parse(data, size, "fuzz", &st, &err)) return;
    for (int i = 0; i < st.count; i++) {
        const struct safetensors_tensor *t = &st.tensors[i];
        BUG_IF(t->offset != at || t->bytes > st.data_bytes - at);
        at += t->bytes;
        for (size_t k = 0; safetensors_is_float(t) && k < t->count; k++) {
            float value;
            safetensors_read(&st, t, k, 1, &value);
        }
    }
    BUG_IF(at != st.data_bytes);
    safetensors_close(&st);
}

static bool is_small(const struct model_config *c)
{
    return c->vocab_count <= SIDE_MAX && c->hidden <= SIDE_MAX && c->intermediate <= SIDE_MAX &&
           c->positions <= SIDE_MAX && c->types <= SIDE_MAX && c->layers <= 2;
}

static void write_again(const struct model *m)
{
    struct err err = {0};
    struct model_config config;
    struct model *again = NULL;
    const char *labels[LABEL_COUNT_MAX];
    char before[65], after[65];
    json_t *doc = hf_config_build(m, &err);
    BUG_IF(!doc || hf_config_parse(doc, &config, labels, &err) || model_new(&config, &again, &err));
    BUG_IF(labels[0] && model_set_labels(again, labels, &err));
    model_digest(m, before);
    model_digest(again, after);
    BUG_IF(strcmp(before, after) != 0);
    model_free(again);
    json_decref(doc);
}

static void read_config(const uint8_t *data, size_t size)
{
    json_t *doc = NULL;
    struct err err = {0};
    struct model_config config;
    struct model *m = NULL;
    const char *labels[LABEL_COUNT_MAX];
    if (json_parse((const char *)data, size, &JSON_LIMITS_FILE, &doc, &err)) return;
    if (!hf_config_parse(doc, &config, labels, &err) && is_small(&config) &&
        !model_new(&config, &m, &err)) {
        if (!labels[0] || !model_set_labels(m, labels, &err)) write_again(m);
    }
    model_free(m);
    json_decref(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    uint8_t *exact = mem_try(1, size, &(struct err){0}); /* so that a step past the end is found */
    if (!exact) return 0;
    memcpy(exact, data + 1, size - 1);
    if (data[0] == 's')
        read_weights(exact, size - 1);
    else
        read_config(exact, size - 1);
    mem_free(exact);
    return 0;
}
