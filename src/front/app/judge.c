/* front/app/judge.c - one door to every judgement: the same prepared words, the same evaluation
 * code, whether the transformer, the dictionary or the all-O tagger is judged. */
#include "front/app/app_internal.h"

#define JUDGE_SEED 1 /* of the bootstrap: the same bounds for the same numbers, always */

enum err_code judge_prepare(struct app *app, const struct model *m, struct judge *j,
                            struct err *err)
{
    int32_t *map = NULL;
    const struct train_config *c = &app->project->train;
    int32_t tokens = (int32_t)c->max_tokens, stride = (int32_t)c->stride;
    if (tokens > m->config.positions) tokens = m->config.positions;
    if (stride > (tokens - 2) / 2) stride = (tokens - 2) / 2;
    if (tag_set_from_model(&j->arena, m, &j->tags, &map, err)) return err->code;
    if (token_data_prepare(j->part.data, m->tokenizer, &j->tags, tokens, stride, &j->data, err))
        return err->code;
    return token_data_prepare(j->train.data, m->tokenizer, &j->tags, tokens, stride, &j->train_data,
                              err);
}

enum err_code judge_open(struct app *app, const struct model *m, const char *split,
                         const char *part, struct judge *ret, struct err *err)
{
    struct judge j = {0};
    arena_init(&j.arena, ARENA_JOB_BYTES_MAX);
    if (app_frozen_named(app, split, part, &j.part, err)) goto fail;
    if (app_frozen(app, PART_TRAIN, &j.train, err)) goto fail;
    if (judge_prepare(app, m, &j, err)) goto fail;
    *ret = j;
    return ERR_OK;
fail:
    judge_close(&j);
    return err->code;
}

void judge_close(struct judge *j)
{
    token_data_free(j->data);
    token_data_free(j->train_data);
    frozen_release(&j->part);
    frozen_release(&j->train);
    arena_release(&j->arena);
}

static enum err_code judge_predictor(struct judge *j, struct predictor *p, struct evaluation **ret,
                                     struct err *err)
{
    size_t count = (size_t)j->data->count;
    struct tag_prediction *out = arena_try(&j->arena, count, sizeof *out, err);
    struct evaluate_options o = {.seed = JUDGE_SEED, .train = j->train_data};
    if (!out || p->predict(p->self, j->data, &j->arena, out, err)) return err->code;
    return evaluate(j->data, out, &o, ret, err);
}

enum err_code judge_model(struct app *app, struct judge *j, const struct model *m,
                          struct evaluation **ret, struct err *err)
{
    struct pool *pool = NULL;
    struct predictor p;
    if (app_pool(app, &pool, err)) return err->code;
    if (predictor_encoder(m, pool, ISA_BEST, &p, err)) return err->code;
    enum err_code code = judge_predictor(j, &p, ret, err);
    predictor_release(&p);
    return code;
}

enum err_code judge_with_baseline(struct judge *j, enum judge_baseline which,
                                  struct evaluation **ret, struct err *err)
{
    struct predictor p;
    if (which == BASELINE_ALL_O)
        predictor_all_o(&p);
    else if (predictor_dictionary(j->train_data, &p, err))
        return err->code;
    enum err_code code = judge_predictor(j, &p, ret, err);
    predictor_release(&p);
    return code;
}
