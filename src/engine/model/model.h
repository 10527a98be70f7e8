/* engine/model/model.h - what a BERT encoder with a head is: sizes, names, one block of parameters.
 *
 * A model on disk is a Hugging Face directory; in memory it is a config and one block of fp32
 * parameters in which each tensor has a place. Gradients, Adam's m and v are blocks of the same
 * layout, so that the optimiser is one pass over one array.
 *
 *     struct model *m = NULL;
 *     if (model_open(dir, &m, err)) return err->code;            // reads what transformers saved
 *     const struct tensor *w = model_find(m, "bert.embeddings.word_embeddings.weight");
 *     m->params[w->offset + row * w->cols + col]
 *     model_free(m);
 *
 * Layout: encoder tensors in the order of the forward pass, under their Hugging Face names, then
 * the head. Q, K and V of a layer stand next to each other, in this order, weights [H, H] x 3 then
 * biases [H] x 3, so that they are one [3H, H] matrix for one GEMM. Every tensor starts at a
 * multiple of 16 floats (K and V follow Q without a gap, whatever H is); the gap is zero and stays
 * zero.
 *
 * The pooler (dense + tanh over [CLS]) is in the block when a head over whole texts needs it, and
 * in a headless model whose file has it, so that a later head finds it; a token head drops it, as
 * transformers does.
 * Threads: read-only when serving; the trainer owns the block while it trains.
 */
#ifndef ENGINE_MODEL_MODEL_H
#define ENGINE_MODEL_MODEL_H

#include "base/err.h"
#include "base/limits.h"
#include "engine/tensor/precision.h"
#include <stdint.h>

enum model_head { HEAD_NONE, HEAD_TOKEN, HEAD_SEQUENCE, HEAD_REGRESSION };

struct model_config {     /* config.json */
    int32_t vocab_count;  /* V */
    int32_t hidden;       /* H */
    int32_t layers;       /* L */
    int32_t heads;        /* A; H % A == 0 */
    int32_t intermediate; /* I */
    int32_t positions;    /* P: longest sequence, with [CLS] and [SEP] */
    int32_t types;        /* token types */
    float layer_norm_eps;
    float dropout_hidden;    /* hidden_dropout_prob */
    float dropout_attention; /* attention_probs_dropout_prob */
    float dropout_head;      /* classifier_dropout, else dropout_hidden */
    float initializer_range;
    enum model_head head;
    int32_t labels; /* N of the head; HEAD_NONE: 0, HEAD_REGRESSION: 1 */
    bool pooler;    /* always with HEAD_SEQUENCE and HEAD_REGRESSION, never with HEAD_TOKEN */
};

struct tensor {
    char name[MODEL_NAME_BYTES_MAX];
    int32_t rows, cols; /* a vector has rows == 1 and dims == 1 */
    int32_t dims;
    size_t offset; /* in floats, from the start of the block */
    size_t count;  /* rows * cols */
    bool decay;    /* weight decay applies: not to biases and LayerNorm */
};

struct layer_offsets {              /* of one encoder layer, in floats */
    size_t qkv_weight;              /* [3H, H] */
    size_t qkv_bias;                /* [3H] */
    size_t out_weight;              /* [H, H]  attention.output.dense */
    size_t out_bias;                /* [H] */
    size_t norm1_gamma, norm1_beta; /* [H]  attention.output.LayerNorm */
    size_t up_weight;               /* [I, H]  intermediate.dense */
    size_t up_bias;                 /* [I] */
    size_t down_weight;             /* [H, I]  output.dense */
    size_t down_bias;               /* [H] */
    size_t norm2_gamma, norm2_beta; /* [H]  output.LayerNorm */
};

struct model {
    struct model_config config;
    float *params;      /* param_count floats, 64-byte aligned */
    void *params_block; /* private: the memory that params lies in */
    size_t param_count;
    struct tensor *tensors;
    int32_t tensor_count;
    size_t word_embeddings;         /* [V, H] */
    size_t position_embeddings;     /* [P, H] */
    size_t type_embeddings;         /* [types, H] */
    size_t embed_gamma, embed_beta; /* [H] */
    struct layer_offsets *layer;    /* [L] */
    size_t pooler_weight;           /* [H, H]  config.pooler */
    size_t pooler_bias;             /* [H] */
    size_t head_weight;             /* [labels, H]  head != HEAD_NONE */
    size_t head_bias;               /* [labels] */
    char **label_names;             /* [labels], index = id */
    struct tokenizer *tokenizer;    /* owned; shared with copies; NULL until model_take_tokenizer */
    struct model_users *tokenizer_users; /* private: counts the models that share it */
    char *recipe; /* canonical JSON of cairn.json, or NULL for a model that cairn did not train */
    enum precision precision; /* that it answers in: the recipe's, else fp32; never auto */
    /* NULL, or what the model was opened from by packed_file.h: the layers' matrices are there, in
     * packed form alone, and read as zero in params, which is read-only. Such a model can only be
     * served: the functions below that read or change all parameters must not be called. */
    struct packed_file *packed;
};

/* Checks the sizes against base/limits.h and builds the layout with params all zero; labels are
 * LABEL_0, LABEL_1... */
enum err_code model_new(const struct model_config *config, struct model **ret,
                        struct err *err) MUST_CHECK;
void model_free(struct model *m);
/* A deep copy, to train from; the tokenizer, which never changes, is shared. */
enum err_code model_copy(const struct model *m, struct model **ret, struct err *err) MUST_CHECK;
const struct tensor *model_find(const struct model *m, const char *name); /* NULL when absent */
/* Replaces the head: labels named, weights normal(0, initializer_range) by the counter-based
 * generator, biases 0. A label that the old head had under the same name keeps its row. */
enum err_code model_set_head(struct model *m, enum model_head head, const char *const *labels,
                             int32_t count, uint64_t seed, struct err *err) MUST_CHECK;
/* Names for the head's outputs, config.labels of them: 1 to LABEL_BYTES_MAX bytes of UTF-8, all
 * different. */
enum err_code model_set_labels(struct model *m, const char *const *labels,
                               struct err *err) MUST_CHECK;
/* The model owns `tokenizer` from now on (not on failure). Only once for a model. */
enum err_code model_take_tokenizer(struct model *m, struct tokenizer *tokenizer,
                                   struct err *err) MUST_CHECK;
/* Sets the recipe (a JSON object, stored in canonical form): part of the digest. Its "precision"
 * becomes the model's; one that is not known is ERR_BAD_INPUT. */
enum err_code model_set_recipe(struct model *m, const char *json, struct err *err) MUST_CHECK;
/* Makes it the model that answers in `precision` from the same weights: the recipe names it (fp32
 * by saying nothing) and is otherwise as it was. */
enum err_code model_set_precision(struct model *m, enum precision precision,
                                  struct err *err) MUST_CHECK;
/* SHA-256 over config, weights, tokenizer, labels and recipe in canonical form: no clock, host or
 * CPU. */
void model_digest(const struct model *m, char hex[65]);

/* Hugging Face directory: config.json, model.safetensors (fp32, fp16 and bf16 are read), tokenizer
 * files, cairn.json. pytorch_model.bin alone: ERR_BAD_INPUT with a hint how to convert. A model
 * without a head opens with HEAD_NONE. Names with and without the "bert." prefix are accepted.
 * Unknown architectures and activations are refused by name. */
enum err_code model_open(const char *dir, struct model **ret, struct err *err) MUST_CHECK;
/* The precision of the model in `dir`, from cairn.json alone. */
enum err_code model_precision_of(const char *dir, enum precision *ret, struct err *err) MUST_CHECK;
/* Writes the directory; files one by one atomically; `dir` is created. */
enum err_code model_save(const struct model *m, const char *dir, struct err *err) MUST_CHECK;

#endif
