/* tests/support/tiny_model.c - see tiny_model.h. */
#include "support/tiny_model.h"

#include "base/arena.h"
#include "base/str.h"
#include "engine/text/tokenizer.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const words[] = {"fever", "lung", "aspirin",     "pneumonia",
                                    "no",    "sign", "of",          "the",
                                    "left",  "scan", "chest",       "daily",
                                    "dose",  "mg",   "caf\xc3\xa9", "\xe8\x82\xba\xe7\x82\x8e",
                                    "zebra", ",",    ".",           "x-ray"};

static struct tokenizer *tiny_tokenizer(struct test_folder *folder)
{
    struct buf vocab;
    struct err err = {0};
    struct tokenizer *tok = NULL;
    buf_init(&vocab, 1u << 16);
    buf_adds(&vocab, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
    for (size_t i = 0; i < 14; i++) buf_addf(&vocab, "%s\n", words[i]);
    buf_adds(&vocab, ",\n.\n-\n\xe8\x82\xba\n");
    for (char c = 'a'; c < 'z'; c++) buf_addf(&vocab, "%c\n##%c\n", c, c);
    const struct tokenizer_options o = {true, true, true, true};
    const char *path = test_folder_write(folder, "vocab.txt", vocab.data);
    cr_assert_eq(tokenizer_open_vocab(path, &o, &tok, &err), ERR_OK, "%s", err.message);
    buf_release(&vocab);
    return tok;
}

struct model *tiny_model(struct test_folder *folder, int32_t positions, uint64_t seed)
{
    static const char *const labels[] = {"O", "B-DRUG", "I-DRUG", "B-TEST", "I-TEST"};
    struct err err = {0};
    struct model *m = NULL;
    struct tokenizer *tok = tiny_tokenizer(folder);
    const struct model_config c = {.vocab_count = tokenizer_vocab_count(tok),
                                   .hidden = 32,
                                   .layers = 1,
                                   .heads = 2,
                                   .intermediate = 64,
                                   .positions = positions,
                                   .types = 2,
                                   .layer_norm_eps = 1e-12f,
                                   .initializer_range = 0.5f};
    cr_assert_eq(model_new(&c, &m, &err), ERR_OK, "%s", err.message);
    cr_assert_eq(model_take_tokenizer(m, tok, &err), ERR_OK, "%s", err.message);
    struct rng r;
    rng_init(&r, seed, RNG_INIT, 0);
    for (int32_t t = 0; t < m->tensor_count; t++) {
        const struct tensor *x = &m->tensors[t];
        const bool gamma = strstr(x->name, "LayerNorm.weight") != NULL;
        for (size_t i = 0; i < x->count; i++)
            m->params[x->offset + i] = gamma ? 1.0f : (float)rng_unit(&r) - 0.5f;
    }
    cr_assert_eq(model_set_head(m, HEAD_TOKEN, labels, 5, seed, &err), ERR_OK, "%s", err.message);
    return m;
}

char *tiny_text(struct rng *r, int32_t count)
{
    struct buf text;
    buf_init(&text, 1u << 20);
    for (int32_t i = 0; i < count; i++)
        buf_addf(&text, "%s%s", i ? " " : "", words[rng_below(r, ARRAY_COUNT(words))]);
    return buf_take(&text);
}
