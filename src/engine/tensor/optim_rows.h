/* engine/tensor/optim_rows.h - tables whose rows are updated when they are next read.
 *
 * A step reads a few hundred of an embedding table's thousands of rows, and only those get a
 * gradient. The dense update would still rewrite all of them: their moments decay, and moments and
 * weight decay move their weights. Here a row is left alone until it is read again, and is then
 * taken through the steps that it missed, in the same floating-point operations: the weights that a
 * reader sees are those of the dense update, bit for bit (docs/internals/engine.md).
 *
 *     struct optim_history h;                        // one for all tables that share a rule
 *     struct optim_rows t;
 *     if (optim_history_init(&h, 4096, err)) ...
 *     if (optim_rows_init(&t, table, V, H, err)) ... // all moments 0
 *     for each step:
 *         optim_rows_read(isa, pool, &t, &h, ids, T);    // before the rows are read
 *         ...
 *         optim_history_add(&h, &step);
 *         optim_rows_update(isa, pool, &t, &h, rows, row_count, grads);
 *     optim_rows_settle(isa, pool, &t, &h), for each table; // before all rows are read, and
 *     optim_history_clear(&h);                              // at the latest when it is full
 *
 * Moments lie in slots, in the order in which rows first got a gradient: a row that never got one
 * has none, its moments are 0, and memory is touched for the others alone.
 *
 *     slot   [rows]   0..slots-1, or -1
 *     row_of [slots]  the row of a slot
 *     m, v   [slots, width]
 *     done   [rows]   steps of the history that the row has been through
 *
 * Rules: every row that a step reads was brought up to date by optim_rows_read since the last
 * optim_history_add; whoever reads the whole table settles it first. Settling the tables of a
 * history and clearing it belong together.
 * Owner: the table belongs to the caller; what _init makes goes with _release.
 * Threads: one caller, which uses the pool; a pool of NULL means the caller alone.
 */
#ifndef ENGINE_TENSOR_OPTIM_ROWS_H
#define ENGINE_TENSOR_OPTIM_ROWS_H

#include "engine/tensor/optim.h"

struct optim_history {
    struct adamw *steps; /* [capacity] since the tables were settled */
    int32_t count, capacity;
};
enum err_code optim_history_init(struct optim_history *h, int32_t capacity,
                                 struct err *err) MUST_CHECK;
void optim_history_release(struct optim_history *h);
void optim_history_add(struct optim_history *h, const struct adamw *step); /* not when full */
bool optim_history_full(const struct optim_history *h);
void optim_history_clear(struct optim_history *h);

struct optim_rows {
    float *params; /* [rows, width] */
    int32_t rows, width, slots;
    int32_t *slot, *row_of, *done; /* [rows] each */
    float *m, *v;                  /* [rows, width], of which `slots` rows are used */
    void *m_block, *v_block;       /* private: the memory that m and v lie in */
    struct optim_lag *lags;        /* private: [rows], the work of one call */
};
enum err_code optim_rows_init(struct optim_rows *t, float *params, int32_t rows, int32_t width,
                              struct err *err) MUST_CHECK;
void optim_rows_release(struct optim_rows *t);
/* Brings the rows named up to date; a row may be named more than once. */
void optim_rows_read(enum isa isa, struct pool *pool, struct optim_rows *t,
                     const struct optim_history *h, const int32_t *rows, int32_t count);
/* All rows; the history that counts from now on is empty. */
void optim_rows_settle(enum isa isa, struct pool *pool, struct optim_rows *t,
                       const struct optim_history *h);
/* The last step of the history, with gradients: grads [count, width] are those of `rows`, which are
 * all different and were up to date before the step. */
void optim_rows_update(enum isa isa, struct pool *pool, struct optim_rows *t,
                       const struct optim_history *h, const int32_t *rows, int32_t count,
                       const float *grads);

#endif
