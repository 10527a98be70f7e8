/* live/serving/cache.c - models ready to be served, as files in the user's cache.
 *
 *     load    the file, when there is one that fits; else the model's directory
 *     settle  a thread, a moment after a model was swapped in:
 *                 from a file       reads all of it and compares its digest
 *                 from a directory  writes the file, removes the oldest
 *             and, when the file was bad or is new, swaps in the model anew, from the directory or
 *             from the file, unless another model is current by then
 *
 * The cache may be absent, read-only, full, damaged or shared with other processes: all of that
 * costs a slower start and at most a line in the log. What makes a file trusted is said in
 * engine/model/packed_file.h. Weights are not hashed on the way to the first answer (87 MB take
 * longer than all the rest of a start) but right after it, so a flipped bit answers for seconds.
 *
 * A file is found by the model's digest, which covers its precision, and by the level of the
 * instruction set, since machines that share a home may pack differently.
 */
#include "live/serving/serving_internal.h"

#include "base/log.h"
#include "base/os.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SUFFIX       ".packed"
#define LEFT_OVER_US (INT64_C(3600) * 1000000) /* a temporary file of a writer that died */

static enum err_code cache_path(const struct serving *s, const char *digest,
                                char out[PATH_BYTES_MAX], struct err *err)
{
    char name[128];
    if (!str_format(name, sizeof name, "%s-%s" SUFFIX, digest,
                    isa_name(isa_resolve(s->options.isa))))
        return err_set(err, ERR_BAD_INPUT, "the model's digest is longer than 64 characters");
    return os_join(out, s->options.cache_dir, name, err);
}

static bool fits(const struct serving *s, const struct model *m)
{
    const struct encoder_options o = serving_encoder_options(s, m);
    struct packed_plan plan;
    packed_plan_init(&plan, &m->config, o.precision, o.isa);
    return packed_file_fits(m->packed, &plan);
}

static enum err_code load_packed(const struct serving *s, const char *digest, struct model **ret,
                                 struct err *err)
{
    char path[PATH_BYTES_MAX];
    struct model *m = NULL;
    struct err ignored = {0};
    if (cache_path(s, digest, path, err) || packed_file_open(path, digest, &m, err))
        return err->code;
    if (!fits(s, m)) {
        model_free(m);
        return err_set(err, ERR_CORRUPT, "%s was packed for another machine", path);
    }
    (void)!os_touch(path, &ignored); /* what is used stays longest */
    *ret = m;
    return ERR_OK;
}

enum err_code serving_load(struct serving *s, const char *dir, const char *digest,
                           struct model **ret, struct err *err)
{
    struct err why = {0};
    if (!str_format(s->loaded_dir, sizeof s->loaded_dir, "%s", dir) ||
        !str_format(s->loaded_digest, sizeof s->loaded_digest, "%s", digest))
        return err_set(err, ERR_LIMIT, "the model's digest or folder has too long a name");
    if (!s->options.cache_dir) return model_open(dir, ret, err);
    if (load_packed(s, digest, ret, &why) == ERR_OK) return ERR_OK;
    if (why.code != ERR_NOT_FOUND)
        log_warn("the cached form of model %.12s is not used: %s", digest, why.message);
    return model_open(dir, ret, err);
}

/* ---- settling ---- */

struct settler {
    struct serving *serving;
    struct served_model *model; /* counted */
    char dir[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

static bool must_stop(void *ctx)
{
    struct settler *t = ctx;
    pthread_mutex_lock(&t->lock);
    const bool stop = t->stop;
    pthread_mutex_unlock(&t->lock);
    return stop;
}

/* False when it is to stop before the time is over. */
static bool wait_a_moment(struct settler *t)
{
    const int64_t until = os_monotonic_ns() + (int64_t)t->serving->options.settle_ms * 1000000;
    const struct timespec at = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    pthread_mutex_lock(&t->lock);
    for (int code = 0; !t->stop && code != ETIMEDOUT;)
        code = pthread_cond_timedwait(&t->wake, &t->lock, &at);
    const bool go_on = !t->stop;
    pthread_mutex_unlock(&t->lock);
    return go_on;
}

struct cached { /* a file of the cache */
    const char *name;
    int64_t at_us;
};

static int newest_first(const void *a, const void *b)
{
    const struct cached *x = a, *y = b;
    return (x->at_us < y->at_us) - (x->at_us > y->at_us);
}

static void remove_named(const char *dir, const char *name)
{
    char path[PATH_BYTES_MAX];
    struct err ignored = {0};
    if (os_join(path, dir, name, &ignored) == ERR_OK) (void)!os_remove(path, &ignored);
}

/* Keeps the newest; removes what a writer that died has left. */
static void remove_old(const char *dir)
{
    struct arena a;
    struct err ignored = {0};
    char **names = NULL, path[PATH_BYTES_MAX];
    size_t count = 0, kept = 0;
    arena_init(&a, 64u << 20);
    if (os_list(dir, &a, &names, &count, &ignored)) count = 0;
    struct cached *files = arena_alloc(&a, (count + 1) * sizeof *files);
    for (size_t i = 0; i < count; i++) {
        int64_t at_us = 0;
        if (os_join(path, dir, names[i], &ignored) || os_file_time_us(path, &at_us, &ignored))
            continue;
        if (str_ends(names[i], SUFFIX))
            files[kept++] = (struct cached){names[i], at_us};
        else if (strstr(names[i], SUFFIX ".tmp-") && os_now_us() - at_us > LEFT_OVER_US)
            remove_named(dir, names[i]);
    }
    if (kept > CACHE_MODELS_MOST) qsort(files, kept, sizeof *files, newest_first);
    for (size_t i = CACHE_MODELS_MOST; i < kept; i++) remove_named(dir, files[i].name);
    arena_release(&a);
}

/* Gives the model anew, from where it is right. */
static void replace(struct settler *t, struct model *m)
{
    struct err err = {0};
    if (serving_exchange(t->serving, m, t->model, &err) && err.code != ERR_CONFLICT)
        log_warn("model %.12s goes on from memory: %s", t->model->digest, err.message);
}

static void check_file(struct settler *t)
{
    struct err err = {0};
    struct model *m = NULL;
    if (packed_file_check(t->path, must_stop, t, &err) != ERR_CORRUPT) return;
    log_error("the cached form of model %.12s was damaged; its answers since the start may be "
              "wrong: %s",
              t->model->digest, t->path);
    if (os_remove(t->path, &err)) log_warn("%s", err.message);
    if (model_open(t->dir, &m, &err))
        log_error("model %.12s cannot be opened: %s", t->model->digest, err.message);
    else
        replace(t, m);
}

static void write_file(struct settler *t)
{
    struct serving *s = t->serving;
    const struct model *m = t->model->model;
    const struct encoder_options o = serving_encoder_options(s, m);
    struct err err = {0};
    struct model *packed = NULL;
    if (os_mkdirs(s->options.cache_dir, &err) ||
        packed_file_write(t->path, m, t->model->digest, o.precision, o.isa, must_stop, t, &err)) {
        if (err.code != ERR_INTERRUPTED)
            log_info("starts stay slow, the model cannot be cached: %s", err.message);
        return;
    }
    remove_old(s->options.cache_dir);
    if (load_packed(s, t->model->digest, &packed, &err) == ERR_OK)
        replace(t, packed); /* its pages are shared and can be dropped: memory halves */
}

static void *settle(void *ctx)
{
    struct settler *t = ctx;
    os_thread_background();
    if (!wait_a_moment(t)) return NULL;
    if (t->model->model->packed)
        check_file(t);
    else
        write_file(t);
    return NULL;
}

static void settler_free(struct settler *t)
{
    served_model_drop(t->model);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}

static struct settler *settler_new(struct serving *s, struct served_model *m)
{
    struct err ignored = {0};
    struct settler *t = mem_try(1, sizeof *t, &ignored);
    pthread_condattr_t monotonic;
    if (!t) return NULL;
    t->serving = s;
    t->model = served_model_use(m);
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&t->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    memcpy(t->dir, s->loaded_dir, sizeof t->dir);
    if (cache_path(s, m->digest, t->path, &ignored) == ERR_OK &&
        pthread_create(&t->thread, NULL, settle, t) == 0)
        return t;
    settler_free(t);
    return NULL;
}

void cache_settle(struct serving *s, struct served_model *m)
{
    cache_stop(s);
    if (s->options.cache_dir && str_eq(m->digest, s->loaded_digest)) s->settler = settler_new(s, m);
}

void cache_stop(struct serving *s)
{
    struct settler *t = s->settler;
    if (!t) return;
    s->settler = NULL;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    settler_free(t);
}

void serving_cache_size(const char *dir, int *ret_count, int64_t *ret_bytes)
{
    struct arena a;
    struct err ignored = {0};
    char **names = NULL, path[PATH_BYTES_MAX];
    size_t count = 0;
    *ret_count = 0;
    *ret_bytes = 0;
    arena_init(&a, 64u << 20);
    if (os_list(dir, &a, &names, &count, &ignored)) count = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t bytes = 0;
        if (!str_ends(names[i], SUFFIX) || os_join(path, dir, names[i], &ignored) ||
            os_file_bytes(path, &bytes, &ignored))
            continue;
        *ret_count += 1;
        *ret_bytes += bytes;
    }
    arena_release(&a);
}
