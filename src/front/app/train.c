/* front/app/train.c - cairn train: the pretrained model (or another to start from), the frozen
 * train part, and a candidate at the end. */
#include "base/str.h"
#include "front/app/fit.h"

static enum err_code start_model(struct app *app, const char *from, struct model **ret,
                                 char base[PATH_BYTES_MAX], struct err *err)
{
    char dir[PATH_BYTES_MAX], digest[HASH_HEX_BYTES];
    if (from) {
        if (app_model_open(app, from, ret, digest, err)) return err->code;
        (void)str_format(base, PATH_BYTES_MAX, "%s", digest);
        return ERR_OK;
    }
    if (app_base_model_dir(app, dir, err) || model_open(dir, ret, err)) return err->code;
    model_digest(*ret, digest);
    (void)str_format(base, PATH_BYTES_MAX, "%s", digest);
    return ERR_OK;
}

static struct train_config config_of(const struct app *app, const struct train_request *r)
{
    struct train_config c = app->project->train;
    if (r->seed >= 0) c.seed = r->seed;
    if (r->epochs > 0) c.epochs = r->epochs;
    return c;
}

enum err_code app_train(struct app *app, const struct train_request *r, json_t **ret,
                        struct err *err)
{
    struct os_lock lock;
    struct frozen train = {0}, dev = {0};
    struct model *m = NULL;
    struct fit_result done = {0};
    char base[PATH_BYTES_MAX];
    if (registry_lock(app->registry, "train", 0, &lock, err)) return err->code;
    if (app_frozen(app, PART_TRAIN, &train, err) || app_frozen(app, PART_DEV, &dev, err)) goto out;
    if (start_model(app, r->from, &m, base, err)) goto out;
    struct fit_request q = {.kind = "train",
                            .model = m,
                            .base = base,
                            .train = train.data,
                            .dev = dev.data,
                            .train_fingerprint = train.fingerprint,
                            .dev_fingerprint = dev.fingerprint,
                            .labels = (const char *const *)train.data->labels,
                            .label_count = train.data->label_count,
                            .config = config_of(app, r),
                            .origin = "trained",
                            .resume = r->resume,
                            .checkpoint_seconds =
                                r->checkpoint_seconds < 0 ? 30 : r->checkpoint_seconds};
    if (app_fit(app, &q, &done, err)) goto out;
    *ret =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "schema", "cairn.train/v1", "model", done.model,
                  "run", done.run, "evidence", done.evidence, "base", base, "result", done.summary);
out:
    model_free(m);
    frozen_release(&train);
    frozen_release(&dev);
    os_lock_drop(&lock);
    return err->code;
}
