/* engine/train/checkpoint_internal.h - the state of a run, and how it survives a crash. Private to
 * this room.
 *
 *     struct checkpoint *c = NULL;
 *     if (checkpoint_new(dir, identity, epochs, optimizer, &c, err)) ...
 *     if (checkpoint_load(c, &found, err)) ...         // resume; else checkpoint_clear
 *     ... c->state and c->history change as the run goes ...
 *     if (checkpoint_save(c, err)) ...                 // the optimizer is settled
 *     if (checkpoint_keep_best(c, err)) ...            // the parameters are those of best_epoch
 *     if (checkpoint_take_best(c, err)) ...            // and are so again
 *
 * Files DIR/checkpoint-a and -b are written in turn, each atomically (base/os.h): at any moment one
 * of them is whole, and it is at most one interval old. What lies in memory is written from where
 * it lies, in pieces, hashed on the way:
 *
 *     +--------+-----------------+--------+-------+-------+-- each table: ------------+---------+
 *     | header | history[epochs] | params | m     | v     | row_of | m      | v      | SHA-256 |
 *     |        |                 |        | dense | dense | [slots]| [slots]| [slots]|         |
 *     +--------+-----------------+--------+-------+-------+---------------------------+---------+
 *       little-endian, fp32                                                             64 hex
 *
 * The parameters of the best epoch are in a file of their own, DIR/best-EPOCH, which a slot names
 * by its state: | header | params | SHA-256 |. It is written once, when the epoch is scored, and
 * goes when neither slot names it. Without a directory it is kept in memory, and load, save and
 * clear do nothing.
 */
#ifndef ENGINE_TRAIN_CHECKPOINT_INTERNAL_H
#define ENGINE_TRAIN_CHECKPOINT_INTERNAL_H

#include "base/hash.h"
#include "engine/train/optimizer_internal.h"
#include "engine/train/train.h"

struct checkpoint_state { /* where the run stands; fixed widths, written as it lies */
    int64_t step;         /* done, over the whole run */
    double loss_sum;      /* over the batches done in this epoch */
    double best_f1;
    int32_t epoch;         /* in progress, from 0 */
    int32_t batch;         /* done in this epoch */
    int32_t best_epoch;    /* from 1; 0: none yet */
    int32_t history_count; /* epochs scored */
};

struct checkpoint {
    struct checkpoint_state state;
    struct train_event *history; /* [epochs] */
    const char *dir;             /* borrowed; NULL: not kept on disk */
    char identity[HASH_HEX_BYTES];
    struct optimizer *optimizer; /* borrowed: parameters, m, v */
    float *best;                 /* [param_count] without dir, made when first needed */
    int32_t epochs;
    int32_t slot_best[2]; /* best_epoch of what is in the slots; 0: none */
    int next_slot;
};

/* identity: SHA-256 in hex of what the run depends on. */
enum err_code checkpoint_new(const char *dir, const char *identity, int32_t epochs,
                             struct optimizer *o, struct checkpoint **ret,
                             struct err *err) MUST_CHECK;
void checkpoint_free(struct checkpoint *c);
/* Takes the newest whole checkpoint of this identity. *ret_found is false when the directory has
 * none. ERR_CONFLICT: the directory's checkpoints are of another run, or of another version of the
 * program. ERR_CORRUPT: there are only damaged ones, or the best epoch's file is. */
enum err_code checkpoint_load(struct checkpoint *c, bool *ret_found, struct err *err) MUST_CHECK;
enum err_code checkpoint_save(struct checkpoint *c, struct err *err) MUST_CHECK;
enum err_code checkpoint_keep_best(struct checkpoint *c, struct err *err) MUST_CHECK;
enum err_code checkpoint_take_best(struct checkpoint *c, struct err *err) MUST_CHECK;
/* Creates the directory, removes slots and best epochs: a new run begins. */
enum err_code checkpoint_clear(struct checkpoint *c, struct err *err) MUST_CHECK;

#endif
