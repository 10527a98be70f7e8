/* front/app/app.c - opening a use case. The thread pool is made when a verb first computes, so that
 * `cairn status` starts nothing. */
#include "front/app/app_internal.h"
#include "base/str.h"

int app_threads(const struct app_host *host)
{
    return host->threads > 0 ? host->threads : os_cpu_count();
}

enum err_code app_open(const struct app_host *host, const char *start, struct app **ret,
                       struct err *err)
{
    struct app *app = mem_try(1, sizeof *app, err);
    if (!app) return err->code;
    app->host = *host;
    const char *user = host->user ? host->user : "unknown";
    if (!str_format(app->user, sizeof app->user, "%s", user))
        (void)str_format(app->user, sizeof app->user, "unknown");
    app->host.user = app->user;
    if (host->cache_dir && app_packed_dir(host, app->packed_dir, err)) goto out;
    if (project_find(start, &app->project, err)) goto out;
    struct registry_options o = {.dir = app->project->state,
                                 .use_case = app->project->name,
                                 .code = CAIRN_VERSION,
                                 .create = true};
    if (registry_open(&o, &app->registry, err)) goto out;
    *ret = app;
    return ERR_OK;
out:
    app_close(app);
    return err->code;
}

void app_close(struct app *app)
{
    if (!app) return;
    pool_free(app->pool);
    registry_close(app->registry);
    project_free(app->project);
    mem_free(app);
}

const struct project *app_project(const struct app *app)
{
    return app->project;
}

enum err_code app_pool(struct app *app, struct pool **ret, struct err *err)
{
    if (!app->pool && pool_new(app_threads(&app->host), &app->pool, err)) return err->code;
    *ret = app->pool;
    return ERR_OK;
}

void app_step(struct app *app, const char *what, int64_t done, int64_t total)
{
    if (app->host.on_step) app->host.on_step(app->host.ctx, what, done, total);
}

bool app_should_stop(const struct app *app)
{
    return app->host.should_stop && app->host.should_stop(app->host.ctx);
}

enum err_code app_record(struct app *app, const char *kind, const char *how, const char *stage,
                         const char *model, json_t *body, char digest[HASH_HEX_BYTES],
                         struct err *err)
{
    struct evidence_new n = {
        .kind = kind, .how = how, .stage = stage, .model = model, .body = body};
    enum err_code code = evidence_append(app->registry, &n, digest, err);
    json_decref(body);
    return code;
}

json_t *app_machine(void)
{
    char cpu[64], isa[128];
    os_cpu_name(cpu);
    isa_describe(isa);
    return json_pack("{s:s, s:s}", "cpu", cpu, "isa", isa);
}
