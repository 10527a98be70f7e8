/* proof/task/predictor.c - the smallest predictor, and what all share. */
#include "proof/task/predictor_internal.h"

void predictor_release(struct predictor *p)
{
    if (p->release) p->release(p->self);
    *p = (struct predictor){0};
}

enum err_code prediction_clear(const struct token_data *data, struct arena *a,
                               struct tag_prediction *ret, struct err *err)
{
    for (int32_t i = 0; i < data->count; i++) {
        size_t count = (size_t)data->examples[i].word_count;
        ret[i].tags = arena_try(a, count + 1, sizeof *ret[i].tags, err); /* zero: O */
        ret[i].scores = ret[i].tags ? arena_try(a, count + 1, sizeof *ret[i].scores, err) : NULL;
        if (!ret[i].scores) return err->code;
        for (size_t w = 0; w < count; w++) ret[i].scores[w] = 1;
    }
    return ERR_OK;
}

static enum err_code all_o_predict(void *self, const struct token_data *data, struct arena *a,
                                   struct tag_prediction *ret, struct err *err)
{
    (void)self;
    return prediction_clear(data, a, ret, err);
}

void predictor_all_o(struct predictor *ret)
{
    *ret = (struct predictor){.name = "all-O", .predict = all_o_predict};
}
