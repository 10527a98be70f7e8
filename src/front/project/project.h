/* front/project/project.h - a use case folder: cairn.yaml, and where its things lie.
 *
 *     struct project *p = NULL;
 *     if (project_find(".", &p, err)) return err->code;     // this folder or one above it
 *     p->train.epochs, p->stages[STAGE_POC].criteria ...
 *     project_free(p);
 *
 * Rules: the program never rewrites a user's file. Every error in cairn.yaml has file:line:column.
 * Paths in cairn.yaml are relative to its folder. Threads: read-only once open.
 *
 *     FOLDER/cairn.yaml
 *     FOLDER/.cairn/registry.db, store/, models/, runs/, lock files   (live/registry)
 */
#ifndef FRONT_PROJECT_PROJECT_H
#define FRONT_PROJECT_PROJECT_H

#include "base/os.h"
#include "engine/train/config.h"
#include "live/feedback/config.h"
#include "live/success/config.h"
#include "proof/data/config.h"
#include "proof/evidence/config.h"

#define PROJECT_FILE  "cairn.yaml"
#define PROJECT_STATE ".cairn"

enum stage { STAGE_POC, STAGE_MVP, STAGE_PRODUCTION, STAGE_COUNT };
extern const char *const STAGE_NAMES[]; /* "poc", "mvp", "production", NULL */

struct project {
    char root[PATH_BYTES_MAX];  /* absolute */
    char state[PATH_BYTES_MAX]; /* root/.cairn */
    struct yaml *yaml;
    struct arena arena;
    const char *name, *task, *goal, *owner, *model;
    struct data_config data;
    struct train_config train;
    struct value_config value;
    struct feedback_config feedback;
    struct stage_config stages[STAGE_COUNT];
};

/* ERR_NOT_FOUND with a hint (cairn init) when no folder upwards holds a cairn.yaml. */
enum err_code project_find(const char *start, struct project **ret, struct err *err) MUST_CHECK;
enum err_code project_open(const char *root, struct project **ret, struct err *err) MUST_CHECK;
void project_free(struct project *p);
/* A path of cairn.yaml, made absolute. */
enum err_code project_path(const struct project *p, const char *path, char out[PATH_BYTES_MAX],
                           struct err *err) MUST_CHECK;
enum err_code stage_parse(const char *name, enum stage *ret, struct err *err) MUST_CHECK;

#endif
