/* engine/model/encoder.h - the packed encoder: forward, loss, backward.
 *
 * Takes:  rows of all sequences end to end and cu_len (no padding anywhere), a model.
 * Gives:  logits [T, N]; when training, the mean loss over targets and the gradient block.
 *
 *     struct encoder *e = NULL;
 *     struct encoder_options o = {.tokens_max = 2048, .sequences_max = 64, .training = true};
 *     if (encoder_new(model, &o, pool, &e, err)) return err->code;  // all memory of a step, now
 *     if (encoder_forward(e, &batch, err)) ...               // encoder_logits(e): [T, N]
 *     if (encoder_train_step(e, &batch, key, &loss, err)) ... // encoder_gradients(e)
 *     encoder_free(e);
 *
 * Rules that always hold:
 *  1. In each precision results are the same bits for every instruction set, thread count and batch
 *     mate (docs/internals/engine.md). Dropout masks depend on a token's place in the batch.
 *  2. A step allocates nothing.
 *  3. Post-LN BERT with learned positions and erf-GELU, as transformers' BertForTokenClassification
 *     (oracle: tests/oracle). HEAD_NONE gives hidden states alone; sequence and regression heads
 *     are refused by encoder_new with ERR_BAD_INPUT.
 *  4. Without `training` the encoder packs a copy of the layers' weights when it is made; call
 *     encoder_weights_changed after the parameters change. So does one that trains below fp32 (or
 *     encoder_params_changed, for those that did); in
 *     fp32 one that trains or is `in_place` reads the parameters where they are and needs no call.
 * Threads: one encoder, one caller; it uses the pool. Several encoders may share a model when
 * serving. The model must outlive its encoders.
 */
#ifndef ENGINE_MODEL_ENCODER_H
#define ENGINE_MODEL_ENCODER_H

#include "base/pool.h"
#include "engine/model/model.h"
#include "engine/tensor/optim.h"
#include "engine/tensor/precision.h"

struct packed_batch {
    int32_t sequences;      /* B */
    int32_t tokens;         /* T = cu_len[B] */
    const int32_t *ids;     /* [T], 0 <= id < V */
    const int32_t *types;   /* [T] or NULL: all 0 */
    const int32_t *cu_len;  /* [B+1], cu_len[0] = 0; every length 1..positions */
    const int32_t *targets; /* training: token head [T], sequence head [B]; -1 is ignored */
};

struct encoder_options {
    int32_t tokens_max, sequences_max;
    bool training;            /* keep activations, allocate gradients */
    bool in_place;            /* serving in fp32: read the parameters where they are, no copy */
    bool dropout;             /* training with the config's dropout rates; off for oracles */
    enum isa isa;             /* ISA_BEST: the best that this CPU has */
    enum precision precision; /* training: fp32, bf16. AUTO: the model's own; training: fp32 */
};

struct dropout_key { /* masks are a function of these, the layer, the token's row and the column */
    uint64_t seed;
    uint64_t step;
};

/* A batch reads few rows of the embedding tables, so theirs are kept by row. */
struct row_gradients {
    int32_t count;
    int32_t *rows; /* [count], ascending, all different; every other row has gradient 0 */
    float *values; /* [count, H] */
};
enum embedding { EMBED_WORD, EMBED_POSITION, EMBED_TYPE, EMBED_TABLES };
struct gradients {
    struct row_gradients table[EMBED_TABLES];
    float *block;   /* [param_count] in the model's layout, but gradient only from `from` on */
    size_t from;    /* embed_gamma: the tables lie before it, everything else behind */
    float *squares; /* sums of squares of the block's blocks, or SQUARE_UNKNOWN: for the norm */
};

struct encoder;
enum err_code encoder_new(const struct model *m, const struct encoder_options *o, struct pool *pool,
                          struct encoder **ret, struct err *err) MUST_CHECK;
void encoder_free(struct encoder *e);
void encoder_weights_changed(struct encoder *e);
/* The same for `count` parameters of the model from `params` on: an optimiser that calls it after
 * each piece has them packed while they are in cache. Of a matrix it takes whole rows, from a
 * multiple of ENCODER_ROWS_TOGETHER on, and as many or up to the matrix's end. May be called by any
 * threads at once, for parameters that none of them shares. */
enum { ENCODER_ROWS_TOGETHER = 32 };
void encoder_params_changed(struct encoder *e, const float *params, size_t count);
/* ERR_BAD_INPUT when the batch breaks its rules (ids out of range, too long, over tokens_max). */
enum err_code encoder_forward(struct encoder *e, const struct packed_batch *b,
                              struct err *err) MUST_CHECK;
/* Of the last forward pass; valid until the next. NULL with HEAD_NONE. */
const float *encoder_logits(const struct encoder *e); /* [T, N] */
/* Likewise, but not after encoder_train_step, whose gradients take its place. */
const float *encoder_hidden(const struct encoder *e); /* [T, H], last layer */
/* Forward, mean cross-entropy over targets that are not -1, backward. *ret_loss may be NaN or
 * infinite: there are no gradients then; the caller stops and asks encoder_first_bad. ERR_BAD_INPUT
 * when no target is set. Needs `training` and HEAD_TOKEN. */
enum err_code encoder_train_step(struct encoder *e, const struct packed_batch *b,
                                 struct dropout_key key, float *ret_loss,
                                 struct err *err) MUST_CHECK;
/* Gradients of the last step, valid until the next pass. */
const struct gradients *encoder_gradients(const struct encoder *e);
/* Of the last pass. Names the first place whose activations are not finite
 * ("encoder.layer.3.attention"); after a whole step, in which they made way for gradients, the
 * first tensor from the loss back whose gradient is not; NULL when all are finite. The name lives
 * until the next call. Without `training`: "encoder" or "classifier". */
const char *encoder_first_bad(const struct encoder *e);

#endif
