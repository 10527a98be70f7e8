/* front/app/model_ref.c - what a person means by MODEL: a digest prefix, @champion, @candidate, or
 * a folder. Words with a slash, and folders that hold a config.json, are folders. */
#include "base/str.h"
#include "front/app/app_internal.h"
#include <string.h>

enum err_code app_champion(struct app *app, char digest[HASH_HEX_BYTES], struct err *err)
{
    struct arena a;
    struct promotion p;
    struct err none = {0};
    arena_init(&a, 1u << 20);
    enum err_code code = registry_champion(app->registry, &a, &p, &none);
    if (code == ERR_OK) (void)str_format(digest, HASH_HEX_BYTES, "%s", p.model);
    if (code == ERR_NOT_FOUND) digest[0] = '\0';
    arena_release(&a);
    if (code != ERR_OK && code != ERR_NOT_FOUND) return *err = none, code;
    return ERR_OK;
}

static enum err_code candidate(struct app *app, char digest[HASH_HEX_BYTES], struct err *err)
{
    if (registry_candidate(app->registry, digest, err) == ERR_OK) return ERR_OK;
    if (err->code != ERR_NOT_FOUND) return err->code;
    err_set(err, ERR_NOT_FOUND, "there is no candidate");
    return err_hint(err, "cairn train or cairn improve makes one");
}

enum err_code app_model_digest(struct app *app, const char *model, char digest[HASH_HEX_BYTES],
                               struct err *err)
{
    if (model && str_eq(model, "@candidate")) return candidate(app, digest, err);
    if (!model || str_eq(model, "@champion")) {
        if (app_champion(app, digest, err)) return err->code;
        if (digest[0]) return ERR_OK;
        if (!model) return candidate(app, digest, err);
        err_set(err, ERR_NOT_FOUND, "there is no champion yet");
        return err_hint(err, "cairn gate poc, then cairn promote");
    }
    struct arena a;
    struct registry_model found;
    arena_init(&a, 1u << 20);
    enum err_code code = registry_model_find(app->registry, model, &a, &found, err);
    if (code == ERR_OK) (void)str_format(digest, HASH_HEX_BYTES, "%s", found.digest);
    arena_release(&a);
    return code;
}

bool app_model_is_folder(const char *model)
{
    char config[PATH_BYTES_MAX];
    struct err err = {0};
    if (!model || model[0] == '@') return false;
    if (strchr(model, '/')) return true;
    return os_join(config, model, "config.json", &err) == ERR_OK && os_exists(config);
}

enum err_code app_model_open(struct app *app, const char *model, struct model **ret,
                             char digest[HASH_HEX_BYTES], struct err *err)
{
    char dir[PATH_BYTES_MAX], found[HASH_HEX_BYTES];
    struct model *m = NULL;
    if (app_model_is_folder(model)) {
        if (model_open(model, &m, err)) return err->code;
        model_digest(m, digest);
        *ret = m;
        return ERR_OK;
    }
    if (app_model_digest(app, model, found, err)) return err->code;
    if (registry_model_checkout(app->registry, found, dir, err)) return err->code;
    if (model_open(dir, ret, err)) return err->code;
    memcpy(digest, found, HASH_HEX_BYTES);
    return ERR_OK;
}

enum err_code app_base_model_dir(struct app *app, char out[PATH_BYTES_MAX], struct err *err)
{
    char models[PATH_BYTES_MAX];
    const char *name = app->project->model;
    if (project_path(app->project, name, out, err)) return err->code;
    if (os_is_dir(out)) return ERR_OK;
    if (!strchr(name, '/')) {
        if (os_join(models, app->host.cache_dir, "models", err)) return err->code;
        if (os_join(out, models, name, err)) return err->code;
        if (os_is_dir(out)) return ERR_OK;
    }
    err_set(err, ERR_NOT_FOUND, "the pretrained model \"%s\" is not on this machine", name);
    err_detail(err, "looked for a folder beside cairn.yaml, and for %s", out);
    return err_hint(err, "tools/setup weights fetches minilm-l6; or name any BERT directory");
}

enum err_code app_packed_dir(const struct app_host *host, char out[PATH_BYTES_MAX], struct err *err)
{
    return os_join(out, host->cache_dir, "packed", err);
}
