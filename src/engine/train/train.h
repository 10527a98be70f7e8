/* engine/train/train.h - the loop: batches in, a better model out, and nothing lost on the way.
 *
 * Takes:  a model (with its head), a recipe, and callbacks that give examples and dev scores.
 * Gives:  the model with the parameters of the best epoch, the history, and a digest that depends
 *         on nothing but the inputs: not on threads, CPU, interruptions or the clock.
 *
 *     struct train_result r;
 *     if (train_run(&job, &r, err)) return err->code;
 *     // ERR_INTERRUPTED: a checkpoint is on disk, resume goes on from there
 *
 * Checkpoints (DIR/checkpoint-a, -b in turn): parameters, m, v, position and history; DIR/best-N:
 * the parameters of the best epoch. Each file has its SHA-256 and is written atomically; kill -9 at
 * any moment leaves at least one slot whole, and the best epoch that it names. A resumed run ends
 * in the digest of the uninterrupted one. Resume refuses a checkpoint of other data, recipe or
 * start weights, or of another version's layout. Without resume, checkpoints of an earlier run in
 * the directory are removed. The last ones stay after success: the caller removes the directory
 * once the model is saved.
 * A NaN or infinite loss or gradient stops with ERR_BAD_INPUT naming the step and the layer.
 * A sequence without any target (all -1) is left out. Order: a fresh seeded shuffle an epoch; the
 * last batch may be short.
 */
#ifndef ENGINE_TRAIN_TRAIN_H
#define ENGINE_TRAIN_TRAIN_H

#include "base/pool.h"
#include "engine/model/encoder.h"

#define TRAIN_EPOCHS_MAX 1000
#define TRAIN_BATCH_MAX  65536

struct train_recipe {
    int32_t epochs;
    int32_t batch_size;   /* examples */
    double learning_rate; /* peak */
    double weight_decay;  /* decoupled (Loshchilov & Hutter 2019); none on biases and LayerNorm */
    double warmup;        /* share of all steps, rounded down; then linear decay to 0 */
    double max_grad_norm; /* 0: no clipping */
    double beta1, beta2, eps; /* 0.9, 0.999, 1e-8 */
    uint64_t seed;
    enum precision precision; /* of the products: fp32 (auto too) or bf16; parameters are fp32 */
};
struct train_recipe train_recipe_default(void);

/* One row of training data; its memory belongs to the source for the whole run. */
struct train_sequence {
    const int32_t *ids;     /* with [CLS] and [SEP] */
    const int32_t *targets; /* token head: [count], -1 ignored; sequence head: [1] */
    int32_t count;
};

struct train_scores {
    double precision, recall, f1; /* of the dev split; f1 chooses the best epoch */
};

struct train_event {       /* after every step and every epoch */
    int32_t epoch, epochs; /* from 1 */
    int64_t step, steps;   /* from 1, over the whole run */
    double loss;           /* mean since the epoch began */
    double learning_rate;
    int64_t tokens;      /* real tokens, since the run (or resume) began */
    double tokens_per_s; /* the same a second of steps */
    double eta_s;
    bool epoch_end;
    bool best;               /* epoch_end: best so far */
    struct train_scores dev; /* epoch_end only */
};

struct train_job {
    struct model *model; /* changed in place; on success holds the best epoch */
    struct train_recipe recipe;
    struct pool *pool;
    enum isa isa;
    int32_t sequence_count;
    const struct train_sequence *sequences;
    const char *data_fingerprint; /* hex: in the checkpoint's identity */
    const char *checkpoint_dir;   /* NULL: none */
    int32_t checkpoint_seconds;   /* least time between two, longer where writing one takes more
                                     than a twentieth of it; 0: every step (tests) */
    bool resume; /* from checkpoint_dir when it holds one; model holds the start weights again */
    void *ctx;
    /* Scores the dev split with the current parameters (job->model). MUST be a function of the
     * parameters alone. An encoder of the callback's own needs encoder_weights_changed first.
     * ERR_INTERRUPTED from here saves a checkpoint. */
    enum err_code (*evaluate)(void *ctx, struct train_scores *ret, struct err *err);
    void (*progress)(void *ctx, const struct train_event *event); /* may be NULL */
    bool (*should_stop)(void *ctx); /* asked after every step; may be NULL */
};

struct train_result {
    int32_t best_epoch;
    int64_t steps;
    double seconds, tokens_per_s;
    int32_t epochs;
    struct train_event *history; /* [epochs], mem_free */
};

enum err_code train_run(const struct train_job *job, struct train_result *ret,
                        struct err *err) MUST_CHECK;

#endif
