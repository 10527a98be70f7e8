/* engine/train/checkpoint_internal.h - the state of a run, and how it survives a crash. Private to
 * this room.
 *
 *     struct checkpoint *c = NULL;
 *     if (checkpoint_new(dir, identity, param_count, epochs, &c, err)) ...
 *     if (checkpoint_load(c, params, &found, err)) ...         // resume; else checkpoint_clear
 *     ... c->state, c->m, c->v, c->best change as the run goes ...
 *     if (checkpoint_save(c, params, err)) ...
 *
 * The state lives in memory as it lies in the file:
 *
 *     +--------+---------------------+---+---+------+--------+---------+
 *     | header | history[epochs]     | m | v | best | params | SHA-256 |
 *     +--------+---------------------+---+---+------+--------+---------+
 *       64-byte aligned parts, little-endian, fp32              64 hex
 *
 * so that saving is: copy the parameters in, hash, write. Files DIR/checkpoint-a and -b are written
 * in turn, each atomically (base/os.h): at any moment one of them is whole, and it is at most one
 * interval old.
 * Without a directory there is no params part, and load, save and clear do nothing.
 */
#ifndef ENGINE_TRAIN_CHECKPOINT_INTERNAL_H
#define ENGINE_TRAIN_CHECKPOINT_INTERNAL_H

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
    struct checkpoint_state *state;
    struct train_event *history; /* [epochs] */
    float *m, *v, *best;         /* [param_count] */
    const char *dir;             /* borrowed; NULL: not kept on disk */
    unsigned char *image;        /* all of the above */
    float *params;               /* in the image; NULL without dir */
    size_t image_bytes;
    size_t param_count;
    int32_t epochs;
    int next_slot;
};

/* identity: SHA-256 in hex of what the run depends on. */
enum err_code checkpoint_new(const char *dir, const char *identity, size_t param_count,
                             int32_t epochs, struct checkpoint **ret, struct err *err) MUST_CHECK;
void checkpoint_free(struct checkpoint *c);
/* Takes the newest whole checkpoint of this identity. *ret_found is false when the directory has
 * none. ERR_CONFLICT: the directory's checkpoints are of another run. ERR_CORRUPT: there are only
 * damaged ones. */
enum err_code checkpoint_load(struct checkpoint *c, float *params, bool *ret_found,
                              struct err *err) MUST_CHECK;
enum err_code checkpoint_save(struct checkpoint *c, const float *params,
                              struct err *err) MUST_CHECK;
/* Creates the directory, removes both slots: a new run begins. */
enum err_code checkpoint_clear(struct checkpoint *c, struct err *err) MUST_CHECK;

#endif
