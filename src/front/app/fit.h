/* front/app/fit.h - one training run from data to a stored model: what `cairn train` and `cairn
 * improve` share. Private to the room.
 *
 * A run's folder (.cairn/runs/ID) holds its checkpoints, so that `--resume` finds the newest
 * unfinished run of its kind; it goes when the model is stored.
 */
#ifndef FRONT_APP_FIT_H
#define FRONT_APP_FIT_H

#include "front/app/app_internal.h"

struct fit_request {
    const char *kind;    /* of the run: "train", "improve" */
    struct model *model; /* to start from; changed */
    const char *base;    /* its digest or name */
    const struct dataset *train, *dev;
    const char *train_fingerprint, *dev_fingerprint;
    const char *const *labels; /* entity labels of the head; NULL: the model's own head stays */
    int32_t label_count;
    struct train_config config;
    const char *origin;  /* of the model: "trained", "improved" */
    const char *parent;  /* digest; NULL */
    const json_t *extra; /* further keys of the training record (borrowed); NULL */
    bool resume;
    int checkpoint_seconds;
};
struct fit_result {
    char model[HASH_HEX_BYTES], run[REGISTRY_ID_BYTES], evidence[HASH_HEX_BYTES];
    json_t *summary; /* history, seconds, ...: the caller's */
};
enum err_code app_fit(struct app *app, const struct fit_request *q, struct fit_result *ret,
                      struct err *err) MUST_CHECK;

#endif
