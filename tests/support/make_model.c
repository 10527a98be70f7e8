/* tests/support/make_model.c - make-model VOCAB DIR [SEED]: a tiny BERT with random weights, as a
 * Hugging Face directory.
 *
 * Tests of the whole program need an encoder that trains in a second and comes with nobody's
 * licence. Hidden 32, 2 layers, 2 heads; the vocabulary is the test's own. The weights are drawn by
 * the counter-based generator, so that the same arguments give the same bytes everywhere. */
#include "base/os.h"
#include "base/rng.h"
#include "base/str.h"
#include "engine/model/model.h"
#include "engine/text/tokenizer.h"
#include <stdio.h>
#include <string.h>

/* Uniform in +-range: the shape of the distribution does not matter here. */
static void fill(struct model *m, uint64_t seed, float range)
{
    struct rng r;
    rng_init(&r, seed, RNG_INIT, 0);
    for (int32_t i = 0; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        bool norm = strstr(t->name, "LayerNorm.weight") != NULL, bias = !t->decay && !norm;
        for (size_t k = 0; k < t->count; k++) {
            float u = (float)(2 * rng_unit(&r) - 1) * range;
            m->params[t->offset + k] = norm ? 1.0f : bias ? 0.0f : u;
        }
    }
}

static enum err_code make(const char *vocab, const char *dir, uint64_t seed, struct err *err)
{
    const struct tokenizer_options uncased = {
        .lower_case = true, .strip_accents = true, .split_cjk = true, .clean = true};
    struct tokenizer *tok = NULL;
    struct model *m = NULL;
    if (tokenizer_open_vocab(vocab, &uncased, &tok, err)) return err->code;
    struct model_config c = {.vocab_count = tokenizer_vocab_count(tok),
                             .hidden = 32,
                             .layers = 2,
                             .heads = 2,
                             .intermediate = 64,
                             .positions = 64,
                             .types = 2,
                             .layer_norm_eps = 1e-12f,
                             .dropout_hidden = 0.1f,
                             .dropout_attention = 0.1f,
                             .dropout_head = 0.1f,
                             .initializer_range = 0.02f,
                             .head = HEAD_NONE};
    if (model_new(&c, &m, err)) goto out;
    fill(m, seed, 0.2f);
    if (model_take_tokenizer(m, tok, err)) goto out;
    tok = NULL;
    (void)!model_save(m, dir, err);
out:
    model_free(m);
    tokenizer_free(tok);
    return err->code;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    int64_t seed = 1;
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: make-model VOCAB DIR [SEED]\n");
        return 2;
    }
    if ((argc == 4 && str_to_i64(argv[3], &seed, &err)) ||
        make(argv[1], argv[2], (uint64_t)seed, &err)) {
        fprintf(stderr, "make-model: %s (%s)\n", err.message, err.detail);
        return 1;
    }
    return 0;
}
