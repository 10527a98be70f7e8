/* engine/model/digest.c - the name of a model.
 *
 * Fields go in with their lengths, numbers as little-endian integers or the bits of a float,
 * weights tensor by tensor without the gaps: so that the digest is a function of what the model is,
 * not of how its block is laid out or how the files spell it. Weights are hashed as they lie in
 * memory, which is the file's order on the little-endian machines that cairn builds for.
 */
#include "base/hash.h"
#include "engine/model/model.h"
#include "engine/text/tokenizer.h"
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "weights are hashed and stored as they lie");

static void add_float(struct hash *h, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    hash_add_i64(h, (int64_t)bits);
}

static void add_config(struct hash *h, const struct model_config *c)
{
    const int32_t sizes[] = {c->vocab_count,  c->hidden,         c->layers, c->heads,
                             c->intermediate, c->positions,      c->types,  (int32_t)c->head,
                             c->labels,       (int32_t)c->pooler};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) hash_add_i64(h, sizes[i]);
    add_float(h, c->layer_norm_eps);
    add_float(h, c->dropout_hidden);
    add_float(h, c->dropout_attention);
    add_float(h, c->dropout_head);
    add_float(h, c->initializer_range);
}

void model_digest(const struct model *m, char hex[65])
{
    struct hash h;
    char tokenizer[HASH_HEX_BYTES] = "";
    BUG_IF(m->packed != NULL);
    hash_init(&h);
    hash_add_str(&h, "cairn.model/v1");
    add_config(&h, &m->config);
    for (int32_t i = 0; i < m->config.labels; i++) hash_add_str(&h, m->label_names[i]);
    for (int32_t i = 0; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        hash_add_str(&h, t->name);
        hash_add_i64(&h, t->rows);
        hash_add_i64(&h, t->cols);
        hash_add(&h, m->params + t->offset, t->count * sizeof(float));
    }
    if (m->tokenizer) tokenizer_digest(m->tokenizer, tokenizer);
    hash_add_str(&h, tokenizer);
    hash_add_str(&h, m->recipe ? m->recipe : "");
    hash_finish(&h, hex);
}
