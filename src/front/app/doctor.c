/* front/app/doctor.c - what this machine is, and whether everything is in place: each check is a
 * line with what was found and, when it is not well, what to do. */
#include "base/str.h"
#include "front/app/app_internal.h"
#include "live/serving/serving.h"
#include <string.h>

struct doctor {
    json_t *checks;
    bool ok;
};

static void say(struct doctor *d, const char *name, bool ok, const char *found, const char *hint)
{
    json_array_append_new(d->checks, json_pack("{s:s, s:b, s:s, s:s?}", "check", name, "ok", ok,
                                               "found", found, "hint", ok ? NULL : hint));
    if (!ok) d->ok = false;
}

/* What a model may answer in, and which of it this CPU has instructions for. */
static void list_precisions(struct doctor *d)
{
    char text[256] = "";
    for (int fast = 1; fast >= 0; fast--) {
        size_t used = strlen(text);
        const char *before = fast ? "fast " : "; right, but no faster than fp32: ";
        for (int p = PRECISION_FP32; PRECISION_NAMES[p]; p++) {
            if (precision_is_fast((enum precision)p, ISA_BEST) != fast) continue;
            (void)str_format(text + used, sizeof text - used, "%s%s", before, PRECISION_NAMES[p]);
            used = strlen(text);
            before = ", ";
        }
    }
    say(d, "precisions", true, text, NULL);
}

static void check_machine(struct doctor *d, const struct app_host *host)
{
    char cpu[64], isa[128], text[256];
    os_cpu_name(cpu);
    isa_describe(isa);
    (void)str_format(text, sizeof text, "%s, %d threads", cpu, app_threads(host));
    say(d, "cpu", true, text, NULL);
    bool fast = isa_best() != ISA_REF;
    say(d, "instruction set", fast, isa, "only the reference kernels run here: right, but slow");
    list_precisions(d);
}

static void check_base_model(struct doctor *d, struct app *app)
{
    char dir[PATH_BYTES_MAX];
    struct err err = {0};
    bool found = app_base_model_dir(app, dir, &err) == ERR_OK;
    say(d, "pretrained model", found, found ? dir : err.detail, err.hint);
}

static void check_registry(struct doctor *d, struct app *app)
{
    struct err err = {0};
    bool well = registry_check(app->registry, &err) == ERR_OK;
    say(d, "registry", well, well ? "tables and links hold" : err.message,
        "restore .cairn from a copy; cairn verify names what is broken");
}

static void check_champion(struct doctor *d, struct app *app)
{
    char digest[HASH_HEX_BYTES], dir[PATH_BYTES_MAX];
    struct err err = {0};
    if (app_champion(app, digest, &err) == ERR_OK && !digest[0]) {
        say(d, "champion", true, "none yet", NULL);
        return;
    }
    enum precision p = PRECISION_FP32;
    bool well = !err.code && registry_model_checkout(app->registry, digest, dir, &err) == ERR_OK &&
                model_precision_of(dir, &p, &err) == ERR_OK;
    say(d, "champion", well, well ? digest : err.message, "cairn verify names the broken file");
    if (well)
        say(d, "its precision", precision_is_fast(p, ISA_BEST), PRECISION_NAMES[p],
            "this CPU has no instructions for it: the same answers, but slower than in fp32");
}

/* Information, no check: a service starts without it, only slower. */
static void show_cache(struct doctor *d, const struct app_host *host)
{
    char dir[PATH_BYTES_MAX], text[PATH_BYTES_MAX + 100];
    struct err err = {0};
    int count = 0;
    int64_t bytes = 0;
    if (!host->cache_dir || app_packed_dir(host, dir, &err)) return;
    serving_cache_size(dir, &count, &bytes);
    (void)str_format(text, sizeof text, "%d, %lld MB, in %s", count, (long long)(bytes >> 20), dir);
    say(d, "models ready to serve", true, text, NULL);
}

static void check_clock(struct doctor *d)
{
    int64_t year_2024_us = INT64_C(1704067200) * 1000000;
    char now[32];
    os_time_text(os_now_us(), now);
    say(d, "clock", os_now_us() > year_2024_us, now, "set the clock: deadlines depend on it");
}

enum err_code app_doctor(struct app *app, const struct app_host *host, json_t **ret,
                         struct err *err)
{
    struct doctor d = {.checks = json_array(), .ok = true};
    (void)err;
    check_machine(&d, host);
    check_clock(&d);
    show_cache(&d, host);
    if (app) {
        check_base_model(&d, app);
        check_registry(&d, app);
        check_champion(&d, app);
    }
    *ret = json_pack("{s:s, s:b, s:s, s:o}", "schema", "cairn.doctor/v1", "ok", d.ok, "version",
                     CAIRN_VERSION, "checks", d.checks);
    return ERR_OK;
}
