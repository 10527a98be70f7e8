/* CoNLL-2003 through the whole way without a model: words, entities, baselines, unseen entities.
 * The counts of eng.testa are those of the shared task: 51,362 words, 5,942 entities. */
#include "proof/evidence/metrics.h"
#include "proof/task/predictor.h"
#include "support/test_data.h"

#include <criterion/criterion.h>

static struct token_data *prepare(const char *path, const struct tokenizer *tok,
                                  struct dataset **ret)
{
    static const char *const labels[] = {"LOC", "MISC", "ORG", "PER"};
    struct findings f;
    struct err err = {0};
    struct arena a;
    struct tag_set tags;
    struct token_data *t = NULL;
    findings_init(&f, 100);
    arena_init(&a, 1 << 20);
    cr_assert_eq(dataset_read(path, DATA_FORMAT_AUTO, NULL, &f, ret, &err), ERR_OK, "%s",
                 err.message);
    cr_assert_eq(tag_set_from_labels(&a, labels, 4, &tags, &err), ERR_OK);
    cr_assert_eq(token_data_prepare(*ret, tok, &tags, 128, 32, &t, &err), ERR_OK, "%s",
                 err.message);
    arena_release(&a);
    findings_release(&f);
    return t;
}

static struct evaluation *judge(struct predictor *p, const struct token_data *t,
                                const struct token_data *train)
{
    struct arena a;
    struct err err = {0};
    struct evaluation *e = NULL;
    struct evaluate_options o = {.seed = 1, .resamples = 200, .train = train};
    arena_init(&a, 1 << 30);
    struct tag_prediction *out = arena_alloc(&a, (size_t)t->count * sizeof *out);
    cr_assert_eq(p->predict(p->self, t, &a, out, &err), ERR_OK, "%s", err.message);
    cr_assert_eq(evaluate(t, out, &o, &e, &err), ERR_OK, "%s", err.message);
    arena_release(&a);
    predictor_release(p);
    return e;
}

Test(real, conll_has_the_counts_of_the_shared_task_and_the_baselines_are_ordered)
{
    const char *train_path = test_data("conll2003-en/eng.train");
    const char *test_path = test_data("conll2003-en/eng.testa");
    struct tokenizer *tok = NULL;
    struct dataset *train_set = NULL, *test_set = NULL;
    struct err err = {0};
    cr_assert_eq(tokenizer_open(test_model(), &tok, &err), ERR_OK, "%s", err.message);
    struct token_data *train = prepare(train_path, tok, &train_set);
    struct token_data *test = prepare(test_path, tok, &test_set);
    cr_assert_eq(test->word_count, 51362);
    cr_assert_eq(test->lost_count, 0);
    struct predictor p;
    predictor_all_o(&p);
    struct evaluation *nothing = judge(&p, test, train);
    cr_assert_eq(nothing->overall.prf.gold, 5942);
    cr_assert_eq(nothing->overall.prf.f1, 0);
    cr_assert_eq(nothing->token_accuracy, nothing->all_o_accuracy);
    cr_assert_float_eq(nothing->all_o_accuracy, 42759.0 / 51362, 1e-12);
    cr_assert_eq(nothing->seen.prf.gold + nothing->unseen.prf.gold, 5942);
    cr_assert_eq(predictor_dictionary(train, &p, &err), ERR_OK);
    struct evaluation *list = judge(&p, test, train);
    cr_assert(list->overall.prf.f1 > 0.5 && list->overall.prf.f1 < 0.9, "%g", list->overall.prf.f1);
    cr_assert_gt(list->seen.prf.recall, 0.8);
    cr_assert_lt(list->unseen.prf.recall, 0.1, "a list cannot know what it has not seen");
    struct measurement m;
    cr_assert_eq(evaluation_difference(list, nothing, "entity_f1", NULL, 0.95, &m, &err), ERR_OK);
    cr_assert_gt(m.lower, 0.4);
    evaluation_free(nothing), evaluation_free(list);
    token_data_free(train), token_data_free(test);
    dataset_free(train_set), dataset_free(test_set);
    tokenizer_free(tok);
}
