/* front/app/app_internal.h - what the verbs share: the open use case, models by name, frozen data,
 * and the measurements that gates judge. */
#ifndef FRONT_APP_APP_INTERNAL_H
#define FRONT_APP_APP_INTERNAL_H

#include "front/app/app.h"
#include "engine/model/model.h"
#include "live/registry/history.h"
#include "live/registry/models.h"
#include "live/registry/stages.h"
#include "proof/evidence/metrics.h"

struct app {
    struct app_host host;
    char user[128];
    struct project *project;
    struct registry *registry;
    struct pool *pool;               /* app_pool */
    char packed_dir[PATH_BYTES_MAX]; /* app_packed_dir; "" without a cache */
};

/* Lives as long as the app. */
enum err_code app_pool(struct app *app, struct pool **ret, struct err *err) MUST_CHECK;
int app_threads(const struct app_host *host);
void app_step(struct app *app, const char *what, int64_t done, int64_t total);
bool app_should_stop(const struct app *app);

/* ---- models (model_ref.c) ---- */
/* NULL: the champion if there is one, else the candidate. */
enum err_code app_model_digest(struct app *app, const char *model, char digest[HASH_HEX_BYTES],
                               struct err *err) MUST_CHECK;
/* `model` as in app.h. A directory is opened as it is; its digest is computed. */
enum err_code app_model_open(struct app *app, const char *model, struct model **ret,
                             char digest[HASH_HEX_BYTES], struct err *err) MUST_CHECK;
/* What a model answers in (quantize.c): a name that lives for ever. */
const char *app_precision(const struct model *m);
enum err_code app_model_precision(struct app *app, const char *digest, const char **ret,
                                  struct err *err) MUST_CHECK;
/* Whether MODEL is a folder, not a name in the registry. */
bool app_model_is_folder(const char *model);
/* The pretrained model that cairn.yaml names: a directory, or a name in the cache. */
enum err_code app_base_model_dir(struct app *app, char out[PATH_BYTES_MAX],
                                 struct err *err) MUST_CHECK;
/* Where models that are ready to be served are cached; the host has a cache. */
enum err_code app_packed_dir(const struct app_host *host, char out[PATH_BYTES_MAX],
                             struct err *err) MUST_CHECK;
/* Empty string when nothing was promoted yet. */
enum err_code app_champion(struct app *app, char digest[HASH_HEX_BYTES],
                           struct err *err) MUST_CHECK;

/* ---- frozen data (splits.c) ---- */
struct frozen { /* one part of a split */
    struct dataset *data;
    char split[REGISTRY_NAME_MAX];
    char fingerprint[HASH_HEX_BYTES];
};
void frozen_release(struct frozen *f);
/* The newest split's part; ERR_NOT_FOUND with a hint when there is none yet. */
enum err_code app_frozen(struct app *app, enum split_part part, struct frozen *ret,
                         struct err *err) MUST_CHECK;
enum err_code app_frozen_named(struct app *app, const char *split, const char *part,
                               struct frozen *ret, struct err *err) MUST_CHECK;
/* Stores a dataset as the part of a split; the same fingerprint again is no error. */
enum err_code app_freeze(struct app *app, const char *split, const char *part,
                         const struct dataset *d, const char *origin, struct err *err) MUST_CHECK;
/* The name of the newest split of the user's own data ("source", "source-2", ...), or "". */
enum err_code app_newest_split(struct app *app, char out[REGISTRY_NAME_MAX],
                               struct err *err) MUST_CHECK;

/* ---- judging (judge.c) ---- */
struct judge { /* one part, prepared once, judged by several predictors */
    struct frozen part, train;
    struct tag_set tags;
    struct token_data *data, *train_data;
    struct arena arena;
};
/* Prepares the part and the training data for a model's tokenizer and labels. */
enum err_code judge_open(struct app *app, const struct model *m, const char *split,
                         const char *part, struct judge *ret, struct err *err) MUST_CHECK;
/* For a judge whose part and train are set by hand (a file of the user's). */
enum err_code judge_prepare(struct app *app, const struct model *m, struct judge *j,
                            struct err *err) MUST_CHECK;
void judge_close(struct judge *j); /* a zeroed judge is fine */
enum err_code judge_model(struct app *app, struct judge *j, const struct model *m,
                          struct evaluation **ret, struct err *err) MUST_CHECK;
enum judge_baseline { BASELINE_DICTIONARY, BASELINE_ALL_O };
enum err_code judge_with_baseline(struct judge *j, enum judge_baseline which,
                                  struct evaluation **ret, struct err *err) MUST_CHECK;

/* Evaluates the model on the test part unless the chain has that already: no champion without its
 * numbers in the report. */
enum err_code app_ensure_evaluated(struct app *app, const char *digest, struct err *err) MUST_CHECK;

/* ---- gates (gate_pass.c) ---- */
/* Freezes the criteria of every stage that has some; *ret_changed: some stage differs from its
 * first version. Called before the test part is read. */
enum err_code app_freeze_criteria(struct app *app, bool *ret_changed, struct err *err) MUST_CHECK;
void app_stage_digest(const struct app *app, enum stage s, char hex[HASH_HEX_BYTES]);
/* The gate that admits this model now: its newest verdict must be PASS. ERR_CONFLICT says what is
 * missing; *ret_judged, whether any such gate was run. */
enum err_code app_find_pass(struct app *app, const char *model, const char *champion,
                            struct arena *a, struct gate_row *ret, bool *ret_judged,
                            struct err *err) MUST_CHECK;
#define GATE_IMPROVE "improve" /* the gate that cairn improve runs; its criteria are built in */

/* ---- evidence ---- */
/* The champion's answers on the held-out test texts, which drift compares with. */
enum err_code app_write_reference(struct app *app, const char *digest, struct err *err) MUST_CHECK;
/* Appends and steals body. */
enum err_code app_record(struct app *app, const char *kind, const char *how, const char *stage,
                         const char *model, json_t *body, char digest[HASH_HEX_BYTES],
                         struct err *err) MUST_CHECK;
json_t *app_machine(void); /* {"cpu", "isa"} */

#endif
