/* engine/train/optimizer_internal.h - AdamW over a model: moments, the norm, the update. Private to
 * this room.
 *
 *     struct optimizer *o = NULL;
 *     if (optimizer_new(model, tokens_max, isa, pool, &o, err)) ...
 *     optimizer_read(o, &batch);                        // before the batch's forward pass
 *     ... encoder_train_step ...
 *     const double norm = optimizer_norm(o, grads);
 *     optimizer_step(o, grads, &rule, step, clip, NULL);
 *     optimizer_settle(o);                              // before anyone reads the whole model
 *
 * The embedding tables are updated row by row when a row is next read (engine/tensor/optim_rows.h);
 * between steps only the rows that optimizer_read named, and every other parameter, are up to
 * date. The weights that a step computes with are those of the dense update, bit for bit.
 * Whoever keeps another form of the weights (packed, in fewer bits) follows the update of the block
 * piece by piece: optimizer_step's `follower`.
 * Threads: one caller; it uses the pool.
 */
#ifndef ENGINE_TRAIN_OPTIMIZER_INTERNAL_H
#define ENGINE_TRAIN_OPTIMIZER_INTERNAL_H

#include "engine/model/encoder.h"
#include "engine/tensor/optim_rows.h"

struct optimizer {
    struct model *model;
    enum isa isa;
    struct pool *pool;
    size_t from, count; /* parameters behind the tables: [from, from + count) of the block */
    float *m, *v;       /* [count] */
    void *m_block, *v_block;
    struct adamw plain, decaying; /* of the running step: biases and LayerNorm, matrices */
    struct optim_run *runs;       /* neighbours with the same rule */
    int32_t run_count;
    struct optim_rows table[EMBED_TABLES];
    struct optim_history history; /* of the tables */
    struct optim_span *spans;     /* the gradient, for its norm */
    int32_t *upwards;             /* 0, 1, 2... : the positions and types that a batch reads */
};

/* tokens_max: of a batch. */
enum err_code optimizer_new(struct model *m, int32_t tokens_max, enum isa isa, struct pool *pool,
                            struct optimizer **ret, struct err *err) MUST_CHECK;
void optimizer_free(struct optimizer *o);
void optimizer_read(struct optimizer *o, const struct packed_batch *b);
double optimizer_norm(struct optimizer *o, const struct gradients *g);
/* rule.decay goes to matrices alone; gradients are multiplied by `clip`. A follower sees matrices
 * by ENCODER_ROWS_TOGETHER rows; the tables are not in the block and have none. */
void optimizer_step(struct optimizer *o, const struct gradients *g, const struct adamw_rule *rule,
                    int64_t step, double clip, const struct optim_follower *follower);
void optimizer_settle(struct optimizer *o);

#endif
