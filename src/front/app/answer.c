/* front/app/answer.c - what is kept of an answer is what drift and feedback need: counts by label,
 * confidence over words, unknown pieces. The text stays out unless it is captured. */
#include "front/app/answer.h"
#include "base/limits.h"
#include "base/str.h"
#include <math.h>
#include <stdlib.h>

enum err_code answer_entities(const struct prediction *p, const struct aggregate_options *o,
                              json_t **ret, struct err *err)
{
    struct arena a;
    struct buf text;
    struct wire_entity *entities = NULL;
    int32_t count = 0;
    arena_init(&a, ARENA_STEP_BYTES_MAX);
    buf_init(&text, JSON_FILE_BYTES_MAX);
    if (aggregate(&p->scores, o, &a, &entities, &count, err) == ERR_OK) {
        aggregate_write(entities, count, o->strategy, &text);
        if (buf_check(&text, err) == ERR_OK)
            (void)!json_parse(text.data, text.len, &JSON_LIMITS_FILE, ret, err);
    }
    buf_release(&text);
    arena_release(&a);
    return err->code;
}

/* Mean and least probability of the tag chosen for each word (its first piece). */
static void confidence(const struct prediction *p, double *ret_mean, double *ret_min)
{
    const struct token_scores *s = &p->scores;
    double sum = 0, least = (double)NAN;
    int64_t words = 0;
    for (int32_t w = 0; w < s->window_count; w++) {
        for (int32_t t = 0; t < s->windows[w].count; t++) {
            if (!s->encoding->first[s->windows[w].first + t]) continue;
            const float *row = s->probs + (size_t)(s->windows[w].row + t) * (size_t)s->label_count;
            float best = row[0];
            for (int32_t l = 1; l < s->label_count; l++)
                if (row[l] > best) best = row[l];
            sum += (double)best;
            least = fmin(least, (double)best); /* fmin of NaN and x is x */
            words++;
        }
    }
    *ret_mean = words ? sum / (double)words : (double)NAN;
    *ret_min = least;
}

static const char *dump(struct arena *a, json_t *doc)
{
    char *text = json_dumps(doc, JSON_COMPACT);
    const char *kept = arena_strdup(a, text ? text : "null");
    free(text);
    json_decref(doc);
    return kept;
}

enum err_code answer_row(struct registry *r, const struct prediction *p, enum prediction_role role,
                         bool keep_text, struct arena *a, struct prediction_row *ret,
                         struct err *err)
{
    struct aggregate_options o = aggregate_options_default();
    struct wire_entity *entities = NULL;
    int32_t count = 0;
    char *hash = arena_alloc(a, HASH_HEX_BYTES);
    if (aggregate(&p->scores, &o, a, &entities, &count, err)) return err->code;
    json_t *list = json_array(), *counts = json_object();
    for (int32_t i = 0; i < count; i++) {
        const struct wire_entity *e = &entities[i];
        json_array_append_new(list,
                              json_pack("{s:i, s:i, s:s, s:f}", "start", e->start, "end", e->end,
                                        "label", e->label, "score", (double)e->score));
        json_int_t seen = json_integer_value(json_object_get(counts, e->label));
        json_object_set_new(counts, e->label, json_integer(seen + 1));
    }
    registry_text_hash(r, p->scores.text, p->scores.text_bytes, hash);
    *ret = (struct prediction_row){.id = arena_strdup(a, p->id),
                                   .role = role,
                                   .at_us = os_now_us(),
                                   .model = arena_strdup(a, p->model),
                                   .text_hash = hash,
                                   .entities = dump(a, list),
                                   .label_counts = dump(a, counts),
                                   .latency_us = p->latency_us,
                                   .token_count = p->token_count,
                                   .unknown_count = p->unknown_count};
    if (keep_text) ret->text = arena_strndup(a, p->scores.text, p->scores.text_bytes);
    confidence(p, &ret->confidence_mean, &ret->confidence_min);
    return ERR_OK;
}

/* The windows of an evaluation, so that a served text gets the tags that were judged. */
struct serving_options answer_options(const struct app *app)
{
    struct serving_options o = serving_options_default();
    const struct train_config *c = &app->project->train;
    o.threads = app_threads(&app->host);
    o.window_tokens = (int32_t)c->max_tokens;
    o.overlap = (int32_t)c->stride;
    o.cache_dir = app->packed_dir[0] ? app->packed_dir : NULL;
    return o;
}

/* A model of the registry comes from the cache when it is there; a folder is opened as it is. */
static enum err_code load(struct app *app, struct serving *s, const char *model, struct model **ret,
                          char digest[HASH_HEX_BYTES], struct err *err)
{
    char dir[PATH_BYTES_MAX];
    if (app_model_is_folder(model)) return app_model_open(app, model, ret, digest, err);
    if (app_model_digest(app, model, digest, err) ||
        registry_model_checkout(app->registry, digest, dir, err))
        return err->code;
    return serving_load(s, dir, digest, ret, err);
}

enum err_code answer_serving(struct app *app, const char *model, char digest[HASH_HEX_BYTES],
                             enum precision *ret_precision, struct serving **ret, struct err *err)
{
    struct serving_options o = answer_options(app);
    struct serving *s = NULL;
    struct model *m = NULL;
    if (serving_new(&o, &s, err)) return err->code;
    if (load(app, s, model, &m, digest, err)) goto fail;
    const enum precision precision = m->precision;
    if (serving_swap(s, m, digest, err)) goto fail;
    if (ret_precision) *ret_precision = precision;
    *ret = s;
    return ERR_OK;
fail:
    serving_free(s);
    return err->code;
}

enum err_code answer_labels(const struct model *m, struct arena *a, struct tag_set *ret,
                            struct err *err)
{
    int32_t *map = NULL;
    return tag_set_from_model(a, m, ret, &map, err);
}
