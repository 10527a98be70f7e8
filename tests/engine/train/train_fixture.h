/* tests/engine/train/train_fixture.h - a tiny task that a tiny model learns, for tests of the loop.
 *
 *     struct fixture f;
 *     fixture_begin(&f, 2);                        // threads
 *     f.job.recipe.epochs = 2; ...
 *     fixture_run(&f, hex)                         // train_run; the digest on success
 *     fixture_end(&f);
 *
 * 22 sequences of odd lengths, batches of 4: 6 steps an epoch, the last batch short. The label of a
 * token is its id modulo 3. The dev score is the share of right labels; dropout is on, so that
 * masks count too.
 */
#ifndef TRAIN_FIXTURE_H
#define TRAIN_FIXTURE_H

#include "engine/train/train.h"
#include "support/test_data.h"
#include "support/test_folder.h"

enum { FIXTURE_SEQUENCES = 22, FIXTURE_TOKENS_MAX = 12, FIXTURE_STEPS = 6, FIXTURE_SCORES = 16 };

struct fixture {
    struct train_job job;
    struct train_result result;
    struct err err;
    struct pool *pool;
    struct encoder *encoder; /* of the dev score */
    struct train_sequence sequences[FIXTURE_SEQUENCES];
    int32_t ids[FIXTURE_SEQUENCES][FIXTURE_TOKENS_MAX];
    int32_t targets[FIXTURE_SEQUENCES][FIXTURE_TOKENS_MAX];
    int64_t stop_at; /* should_stop says so after this step; 0: never */
    int64_t step;    /* the last one seen */
    int report_fd;   /* when set, the number of every step is written to it, 8 bytes */
    int evaluations;
    double scores[FIXTURE_SCORES]; /* when set (not 0), the f1 of the n-th evaluation */
};

void fixture_begin(struct fixture *f, int threads);
void fixture_end(struct fixture *f);
/* The start weights again, as a new process would open them. */
void fixture_restart(struct fixture *f);
enum err_code fixture_run(struct fixture *f, char hex[65]);

#endif
