/* front/app/fit.c - prepare, train, save, store, record: in this order, so that a model that the
 * registry names is whole on disk and its evidence exists. */
#include "front/app/fit.h"
#include "base/log.h"
#include "base/str.h"
#include "proof/task/predictor.h"
#include <stdlib.h>

struct fit { /* one run, while it lasts */
    struct app *app;
    const struct fit_request *q;
    struct arena arena;
    struct tag_set tags;
    struct token_data *train, *dev;
    struct train_sequence *sequences;
    int32_t sequence_count;
    struct predictor predictor;
    struct arena scratch; /* predictions of one dev pass */
    char run[REGISTRY_ID_BYTES], folder[PATH_BYTES_MAX];
    const struct run *unfinished; /* that a resumed one goes on with; in the arena */
    bool resumed;
    struct pool *pool;
};

static enum err_code score_dev(void *ctx, struct train_scores *ret, struct err *err)
{
    struct fit *f = ctx;
    size_t count = (size_t)f->dev->count;
    arena_reset(&f->scratch);
    struct tag_prediction *out = arena_try(&f->scratch, count, sizeof *out, err);
    if (!out || f->predictor.predict(f->predictor.self, f->dev, &f->scratch, out, err))
        return err->code;
    struct prf prf;
    if (evaluate_prf(f->dev, out, &prf, err)) return err->code;
    *ret = (struct train_scores){.precision = prf.precision, .recall = prf.recall, .f1 = prf.f1};
    return ERR_OK;
}

static void on_event(void *ctx, const struct train_event *event)
{
    struct fit *f = ctx;
    if (f->app->host.on_train) f->app->host.on_train(f->app->host.ctx, event);
}

static bool stop_asked(void *ctx)
{
    struct fit *f = ctx;
    return app_should_stop(f->app);
}

/* The newest run of this kind that did not end. */
static enum err_code find_unfinished(struct fit *f, struct err *err)
{
    struct run *list = NULL;
    size_t count = 0;
    if (run_list(f->app->registry, 0, &f->arena, &list, &count, err)) return err->code;
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(list[i].kind, f->q->kind)) continue;
        if (list[i].state == RUN_DONE) break;
        f->unfinished = &list[i];
        return ERR_OK;
    }
    err_set(err, ERR_NOT_FOUND, "there is no interrupted run to resume");
    return err_hint(err, "without --resume a new run begins");
}

/* What "auto" is, once and for all: of a run that goes on, what it began in, wherever that was. */
static enum err_code settle_precision(struct fit *f, struct fit_request *q, struct err *err)
{
    enum precision p = train_config_precision(&q->config);
    if (q->resume && find_unfinished(f, err)) return err->code;
    if (q->resume && q->config.precision == PRECISION_AUTO &&
        precision_parse(f->unfinished->precision, &p, err))
        return err->code;
    q->config.precision = (int)p;
    return ERR_OK;
}

static json_t *recipe_json(const struct fit_request *q)
{
    const struct train_config *c = &q->config;
    const enum precision precision = (enum precision)c->precision;
    json_t *recipe = json_pack(
        "{s:s, s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:s, s:s, s:s}", "schema",
        "cairn.recipe/v1", "task", "token-classification", "epochs", (json_int_t)c->epochs,
        "batch_size", (json_int_t)c->batch_size, "learning_rate", c->learning_rate, "weight_decay",
        c->weight_decay, "warmup", c->warmup, "max_grad_norm", c->max_grad_norm, "max_tokens",
        (json_int_t)c->max_tokens, "stride", (json_int_t)c->stride, "seed", (json_int_t)c->seed,
        "base", q->base, "train", q->train_fingerprint, "dev", q->dev_fingerprint);
    if (precision != PRECISION_FP32)
        json_object_set_new(recipe, "precision", json_string(PRECISION_NAMES[precision]));
    return recipe;
}

/* Before training: scores on dev are then those of the precision that the model will answer in,
 * whatever its base answers in. */
static enum err_code set_recipe(struct model *m, const struct fit_request *q, struct err *err)
{
    struct buf text;
    json_t *recipe = recipe_json(q);
    buf_init(&text, 1u << 16);
    json_canonical(recipe, &text);
    json_decref(recipe);
    if (buf_check(&text, err) == ERR_OK) (void)!model_set_recipe(m, text.data, err);
    buf_release(&text);
    return err->code;
}

static enum err_code prepare(struct fit *f, struct err *err)
{
    const struct fit_request *q = f->q;
    int32_t tokens = (int32_t)q->config.max_tokens, stride = (int32_t)q->config.stride;
    int32_t *map = NULL;
    if (tokens > q->model->config.positions) tokens = q->model->config.positions;
    if (stride > (tokens - 2) / 2) stride = (tokens - 2) / 2;
    if (q->labels) {
        struct tag_set t;
        if (tag_set_from_labels(&f->arena, q->labels, q->label_count, &t, err)) return err->code;
        if (model_set_head(q->model, HEAD_TOKEN, (const char *const *)t.tags, t.tag_count,
                           (uint64_t)q->config.seed, err))
            return err->code;
    }
    if (set_recipe(q->model, q, err)) return err->code;
    if (tag_set_from_model(&f->arena, q->model, &f->tags, &map, err)) return err->code;
    const struct tokenizer *tok = q->model->tokenizer;
    if (token_data_prepare(q->train, tok, &f->tags, tokens, stride, &f->train, err))
        return err->code;
    if (token_data_prepare(q->dev, tok, &f->tags, tokens, stride, &f->dev, err)) return err->code;
    if (token_data_sequences(f->train, &f->sequences, &f->sequence_count, err)) return err->code;
    if (app_pool(f->app, &f->pool, err)) return err->code;
    return predictor_learner(q->model, f->pool, ISA_BEST, &f->predictor, err);
}

/* Nobody asks why a run is slow more than once. */
static void say_when_slow(const struct model *m)
{
    if (!precision_is_fast(m->precision, ISA_BEST))
        log_warn("this CPU has no instructions for %s: the model that comes of it is the same, but "
                 "training is no faster than in fp32",
                 app_precision(m));
}

static enum err_code resume_run(struct fit *f, struct err *err)
{
    (void)str_format(f->run, sizeof f->run, "%s", f->unfinished->id);
    f->resumed = true;
    return run_resume(f->app->registry, f->run, err);
}

/* A new run begins: what earlier ones of its kind left unfinished can no longer be resumed, and
 * their checkpoints, several times the model's size, would stay for ever. */
static enum err_code forget_unfinished(struct fit *f, struct err *err)
{
    struct run *list = NULL;
    size_t count = 0;
    char runs[PATH_BYTES_MAX], folder[PATH_BYTES_MAX];
    if (run_list(f->app->registry, 0, &f->arena, &list, &count, err)) return err->code;
    if (os_join(runs, f->app->project->state, "runs", err)) return err->code;
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(list[i].kind, f->q->kind) || list[i].state == RUN_DONE) continue;
        if (os_join(folder, runs, list[i].id, err) || os_remove_tree(folder, err)) return err->code;
    }
    return ERR_OK;
}

static enum err_code begin_run(struct fit *f, struct err *err)
{
    const struct fit_request *q = f->q;
    char runs[PATH_BYTES_MAX];
    if (q->resume) {
        if (resume_run(f, err)) return err->code;
    } else {
        if (forget_unfinished(f, err)) return err->code;
        struct run_new n = {.kind = q->kind,
                            .config = q->model->recipe,
                            .base = q->base,
                            .train_data = q->train_fingerprint,
                            .dev_data = q->dev_fingerprint,
                            .precision = app_precision(q->model),
                            .seed = q->config.seed,
                            .threads = pool_threads(f->pool)};
        if (run_begin(f->app->registry, &n, f->run, err)) return err->code;
    }
    if (os_join(runs, f->app->project->state, "runs", err)) return err->code;
    if (os_join(f->folder, runs, f->run, err)) return err->code;
    return os_mkdirs(f->folder, err);
}

static enum err_code train(struct fit *f, struct train_result *r, struct err *err)
{
    const struct fit_request *q = f->q;
    struct train_job job = {.model = q->model,
                            .recipe = train_config_recipe(&q->config),
                            .pool = f->pool,
                            .isa = ISA_BEST,
                            .sequence_count = f->sequence_count,
                            .sequences = f->sequences,
                            .data_fingerprint = q->train_fingerprint,
                            .checkpoint_dir = f->folder,
                            .checkpoint_seconds = q->checkpoint_seconds,
                            .resume = f->resumed,
                            .ctx = f,
                            .evaluate = score_dev,
                            .progress = on_event,
                            .should_stop = stop_asked};
    return train_run(&job, r, err);
}

static enum err_code store(struct fit *f, struct fit_result *ret, struct err *err)
{
    const struct fit_request *q = f->q;
    char dir[PATH_BYTES_MAX];
    model_digest(q->model, ret->model);
    if (os_join(dir, f->folder, "model", err) || model_save(q->model, dir, err)) return err->code;
    struct registry_model_new n = {
        .digest = ret->model, .dir = dir, .run = f->run, .parent = q->parent, .origin = q->origin};
    return registry_model_add(f->app->registry, &n, err);
}

static json_t *history_json(const struct train_result *r)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < r->epochs; i++) {
        const struct train_event *e = &r->history[i];
        json_array_append_new(list, json_pack("{s:i, s:o, s:o, s:o, s:o, s:b}", "epoch", e->epoch,
                                              "loss", json_real_or_null(e->loss), "precision",
                                              json_real_or_null(e->dev.precision), "recall",
                                              json_real_or_null(e->dev.recall), "f1",
                                              json_real_or_null(e->dev.f1), "best",
                                              e->epoch == r->best_epoch));
    }
    return list;
}

/* The run's end, the candidate and the evidence: together or not at all. */
static enum err_code record(struct fit *f, const struct train_result *r, struct fit_result *ret,
                            struct err *err)
{
    const struct fit_request *q = f->q;
    struct registry *reg = f->app->registry;
    ret->summary =
        json_pack("{s:i, s:I, s:f, s:f, s:i, s:s, s:o, s:o, s:i, s:I}", "best_epoch", r->best_epoch,
                  "steps", (json_int_t)r->steps, "seconds", r->seconds, "tokens_per_s",
                  r->tokens_per_s, "threads", pool_threads(f->pool), "precision",
                  app_precision(q->model), "machine", app_machine(), "history", history_json(r),
                  "examples", f->train->count, "lost_spans", (json_int_t)f->train->lost_count);
    json_t *body = json_pack("{s:s, s:s, s:s, s:o, s:O}", "model", ret->model, "run", f->run,
                             "kind", q->kind, "recipe", recipe_json(q), "result", ret->summary);
    if (q->extra) json_object_update(body, (json_t *)(uintptr_t)q->extra);
    char *metrics = json_dumps(ret->summary, JSON_COMPACT | JSON_SORT_KEYS);
    if (registry_begin(reg, err)) goto out;
    if (run_end(reg, f->run, RUN_DONE, ret->model, metrics, NULL, err) ||
        registry_candidate_set(reg, ret->model, err) ||
        app_record(f->app, "training", "measured", NULL, ret->model, json_incref(body),
                   ret->evidence, err))
        registry_rollback(reg);
    else
        (void)!registry_commit(reg, err);
out:
    free(metrics);
    json_decref(body);
    return err->code;
}

static void end_badly(struct fit *f, const struct err *why)
{
    struct err ignored = {0};
    bool interrupted = why->code == ERR_INTERRUPTED;
    if (!f->run[0]) return;
    if (run_end(f->app->registry, f->run, interrupted ? RUN_INTERRUPTED : RUN_FAILED, NULL, NULL,
                why->message, &ignored))
        log_warn("run %.8s: its end could not be written: %s", f->run, ignored.message);
}

static void release(struct fit *f)
{
    if (f->predictor.release) predictor_release(&f->predictor);
    token_data_free(f->train);
    token_data_free(f->dev);
    mem_free(f->sequences);
    arena_release(&f->scratch);
    arena_release(&f->arena);
}

enum err_code app_fit(struct app *app, const struct fit_request *q, struct fit_result *ret,
                      struct err *err)
{
    struct fit_request settled = *q;
    struct fit f = {.app = app, .q = &settled};
    struct train_result r = {0};
    struct fit_result done = {0};
    arena_init(&f.arena, ARENA_JOB_BYTES_MAX);
    arena_init(&f.scratch, ARENA_STEP_BYTES_MAX);
    if (settle_precision(&f, &settled, err) || prepare(&f, err) || begin_run(&f, err)) goto out;
    say_when_slow(q->model);
    if (train(&f, &r, err) || store(&f, &done, err)) goto out;
    (void)str_format(done.run, sizeof done.run, "%s", f.run);
    if (record(&f, &r, &done, err)) goto out;
    *ret = done;
    struct err ignored = {0};
    if (os_remove_tree(f.folder, &ignored)) log_warn("%s stays: %s", f.folder, ignored.message);
out:
    if (err->code) {
        end_badly(&f, err);
        json_decref(done.summary);
    }
    mem_free(r.history);
    release(&f);
    return err->code;
}
