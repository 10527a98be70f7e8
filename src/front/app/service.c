/* front/app/service.c - three things at once, each with one owner: the batcher answers, the
 * prediction log writes, and a watcher thread asks the registry for the champion and swaps it in.
 */
#include "front/app/service.h"
#include "base/log.h"
#include "base/str.h"
#include "front/app/answer.h"
#include "live/feedback/feedback.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct service {
    struct app *app;
    struct serving *serving;
    struct prediction_log *log;
    bool pinned;
    _Atomic int64_t feedback;
    int64_t since_us;
    pthread_t watcher;
    bool watching;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards the digest; held for a moment only, because answers take it */
    char digest[HASH_HEX_BYTES];
    enum precision precision;   /* of the same model */
    pthread_mutex_t rules_lock; /* guards what follows, also while feedback is being committed */
    struct arena labels_arena;  /* rules of the served model */
    struct tag_set tags;
};

static void on_prediction(void *ctx, const struct prediction *p)
{
    struct service *s = ctx;
    const struct feedback_config *c = &s->app->project->feedback;
    struct arena a;
    struct prediction_row row;
    struct err err = {0};
    arena_init(&a, 64u << 20);
    bool keep = feedback_captures(c, p->id);
    if (answer_row(s->app->registry, p, PREDICTION_LIVE, keep, &a, &row, &err) == ERR_OK)
        prediction_log_put(s->log, &row);
    arena_release(&a);
}

/* What feedback is checked against: labels of its own, because the batcher may free its model at
 * any time. */
static enum err_code set_rules(struct service *s, const struct model *m, const char *digest,
                               struct err *err)
{
    struct tag_set tags;
    struct arena a;
    arena_init(&a, 1u << 20);
    if (answer_labels(m, &a, &tags, err)) {
        arena_release(&a);
        return err->code;
    }
    pthread_mutex_lock(&s->rules_lock);
    struct arena old = s->labels_arena;
    s->labels_arena = a;
    s->tags = tags;
    pthread_mutex_unlock(&s->rules_lock);
    pthread_mutex_lock(&s->lock);
    memcpy(s->digest, digest, HASH_HEX_BYTES);
    s->precision = m->precision;
    pthread_mutex_unlock(&s->lock);
    arena_release(&old);
    return ERR_OK;
}

static enum err_code take_model(struct service *s, const char *digest, struct err *err)
{
    char dir[PATH_BYTES_MAX];
    struct model *m = NULL;
    if (registry_model_checkout(s->app->registry, digest, dir, err)) return err->code;
    if (serving_load(s->serving, dir, digest, &m, err)) return err->code;
    if (!precision_is_fast(m->precision, ISA_BEST))
        log_warn(
            "model %.12s answers in %s, which this CPU has no instructions for: right, but slow",
            digest, PRECISION_NAMES[m->precision]);
    if (set_rules(s, m, digest, err)) {
        model_free(m);
        return err->code;
    }
    return serving_swap(s->serving, m, digest, err);
}

static void watch_once(struct service *s)
{
    struct err err = {0};
    char digest[HASH_HEX_BYTES];
    if (app_champion(s->app, digest, &err)) {
        log_warn("the registry does not answer: %s", err.message);
        return;
    }
    if (!digest[0] || str_eq(digest, s->digest)) return;
    if (take_model(s, digest, &err))
        log_error("champion %.12s cannot be served, %.12s stays: %s", digest, s->digest,
                  err.message);
    else
        log_info("champion is now %.12s", digest);
}

static void *watch(void *ctx)
{
    struct service *s = ctx;
    while (!atomic_load(&s->stop)) {
        os_sleep_ms(SERVICE_WATCH_MS);
        watch_once(s);
    }
    return NULL;
}

enum err_code service_open(struct app *app, const char *model, struct service **ret,
                           struct err *err)
{
    struct service *s = mem_try(1, sizeof *s, err);
    char digest[HASH_HEX_BYTES];
    if (!s) return err->code;
    s->app = app;
    s->pinned = model && !str_eq(model, "@champion");
    s->since_us = os_now_us();
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->rules_lock, NULL);
    struct serving_options o = answer_options(app);
    o.on_prediction = on_prediction;
    o.ctx = s;
    if (app_model_digest(app, model ? model : "@champion", digest, err)) goto fail;
    if (prediction_log_start(app->registry, 0, &s->log, err)) goto fail;
    if (serving_new(&o, &s->serving, err) || take_model(s, digest, err)) goto fail;
    if (!s->pinned) {
        s->watching = pthread_create(&s->watcher, NULL, watch, s) == 0;
        if (!s->watching) {
            err_set(err, ERR_IO, "the thread that watches the champion cannot start");
            goto fail;
        }
    }
    *ret = s;
    return ERR_OK;
fail:
    service_close(s);
    return err->code;
}

void service_close(struct service *s)
{
    if (!s) return;
    atomic_store(&s->stop, true);
    if (s->watching) pthread_join(s->watcher, NULL);
    if (s->serving) serving_free(s->serving);
    if (s->log) prediction_log_stop(s->log);
    arena_release(&s->labels_arena);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->rules_lock);
    mem_free(s);
}

static bool names_served(struct service *s, const char *name)
{
    if (!name || str_eq(name, "champion") || str_eq(name, s->app->project->name)) return true;
    pthread_mutex_lock(&s->lock);
    bool same = strlen(name) >= MODEL_PREFIX_MIN && str_starts(s->digest, name);
    pthread_mutex_unlock(&s->lock);
    return same;
}

enum err_code service_infer(struct service *s, const char *name, const struct serving_request *q,
                            struct prediction **ret, struct err *err)
{
    if (!names_served(s, name)) {
        err_set(err, ERR_NOT_FOUND, "model \"%.64s\" is not served here", name);
        return err_hint(err, "GET /v1/status names the model that is");
    }
    return serving_predict(s->serving, q, ret, err);
}

static enum err_code add_item(struct service *s, const json_t *body, struct arena *a,
                              struct feedback_added *ret, struct err *err)
{
    struct feedback_item item;
    if (feedback_item_parse(body, a, &item, err)) return err->code;
    pthread_mutex_lock(&s->rules_lock);
    struct feedback_rules rules = {.labels = (const char *const *)s->tags.labels,
                                   .label_count = s->tags.label_count};
    enum err_code code = feedback_add(s->app->registry, &item, &rules, ret, err);
    pthread_mutex_unlock(&s->rules_lock);
    if (code == ERR_OK && ret->is_new) atomic_fetch_add(&s->feedback, 1);
    return code;
}

/* A list is taken item by item: those before a bad one are stored, and the error says how many. */
enum err_code service_feedback(struct service *s, const json_t *body, json_t **ret, struct err *err)
{
    struct arena a;
    struct feedback_added added;
    size_t count = json_is_array(body) ? json_array_size(body) : 1;
    json_t *items = json_array();
    arena_init(&a, ARENA_STEP_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(body) ? json_array_get(body, i) : body;
        if (add_item(s, one, &a, &added, err)) {
            if (count > 1 && !err->detail[0])
                err_detail(err, "item %zu of %zu; those before it are stored", i + 1, count);
            break;
        }
        json_array_append_new(items,
                              json_pack("{s:s, s:b}", "id", added.id, "added", added.is_new));
    }
    if (!err->code) *ret = json_pack("{s:s, s:O}", "schema", "cairn.feedback/v1", "items", items);
    json_decref(items);
    arena_release(&a);
    return err->code;
}

enum err_code service_status(struct service *s, json_t **ret, struct err *err)
{
    struct service_stats st;
    (void)err;
    service_get_stats(s, &st);
    json_t *labels = json_array();
    pthread_mutex_lock(&s->rules_lock);
    for (int32_t i = 0; i < s->tags.label_count; i++)
        json_array_append_new(labels, json_string(s->tags.labels[i]));
    pthread_mutex_unlock(&s->rules_lock);
    pthread_mutex_lock(&s->lock);
    const enum precision precision = s->precision;
    pthread_mutex_unlock(&s->lock);
    *ret = json_pack(
        "{s:s, s:s, s:s?, s:s, s:s, s:b, s:b, s:o, s:s, s:I, s:I, s:I, s:I, s:I}", "schema",
        "cairn.service-status/v1", "name", s->app->project->name, "goal", s->app->project->goal,
        "model", st.serving.model, "precision", PRECISION_NAMES[precision], "fast",
        precision_is_fast(precision, ISA_BEST), "pinned", s->pinned, "labels", labels, "version",
        CAIRN_VERSION, "up_seconds", (json_int_t)((os_now_us() - s->since_us) / 1000000), "texts",
        (json_int_t)st.serving.texts, "queued", (json_int_t)st.serving.queued, "feedback",
        (json_int_t)st.feedback, "predictions_dropped", (json_int_t)st.log.dropped);
    return ERR_OK;
}

enum err_code service_ready(struct service *s, struct err *err)
{
    struct serving_stats st;
    serving_get_stats(s->serving, &st);
    if (st.model[0]) return ERR_OK;
    return err_set(err, ERR_UNAVAILABLE, "no model is loaded yet");
}

void service_get_stats(struct service *s, struct service_stats *ret)
{
    *ret = (struct service_stats){.feedback = atomic_load(&s->feedback)};
    serving_get_stats(s->serving, &ret->serving);
    prediction_log_get_counts(s->log, &ret->log);
}
