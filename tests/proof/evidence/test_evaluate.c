/* Intervals, pairs, seen and unseen, errors: what no other library answers for us. */
#include "sample.h"

#include "base/str.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static struct measurement bound(const struct evaluation *e, const char *metric, const char *label)
{
    struct measurement m;
    struct err err = {0};
    cr_assert_eq(evaluation_bound(e, metric, label, 0.95, &m, &err), ERR_OK, "%s", err.message);
    return m;
}

Test(evaluate, the_same_seed_gives_the_same_bounds_and_another_seed_others)
{
    struct sample s;
    sample_random(&s, 1, 200, 1);
    struct evaluation *a = sample_evaluate(&s, (struct evaluate_options){.seed = 7});
    struct evaluation *b = sample_evaluate(&s, (struct evaluate_options){.seed = 7});
    struct evaluation *c = sample_evaluate(&s, (struct evaluate_options){.seed = 8});
    struct measurement ma = bound(a, "entity_f1", NULL), mb = bound(b, "entity_f1", NULL);
    struct measurement mc = bound(c, "entity_f1", NULL);
    cr_assert(ma.lower == mb.lower && ma.upper == mb.upper);
    cr_assert(ma.lower != mc.lower || ma.upper != mc.upper);
    cr_assert(ma.lower < ma.value && ma.value < ma.upper);
    /* one-sided at 95 % lies inside two-sided at 95 % */
    cr_assert(a->overall.f1.low <= ma.lower && ma.upper <= a->overall.f1.high);
    evaluation_free(a), evaluation_free(b), evaluation_free(c);
    sample_release(&s);
}

/* Accuracy over one word an example is a proportion: its bootstrap has the binomial's standard
 * error. */
Test(evaluate, an_interval_has_the_width_that_theory_gives)
{
    struct sample s;
    sample_random(&s, 3, 1000, 1);
    for (int32_t i = 0; i < 1000; i++) {
        s.data.examples[i].word_count = 1;
        s.data.examples[i].gold[0] = TAG_O;
        s.said[i].tags[0] = i % 5 == 0 ? 1 : TAG_O; /* 80 % right */
    }
    struct evaluation *e =
        sample_evaluate(&s, (struct evaluate_options){.seed = 1, .resamples = 4000});
    struct measurement m = bound(e, "token_accuracy", NULL);
    double error = sqrt(0.8 * 0.2 / 1000);
    cr_assert_eq(m.value, 0.8);
    cr_assert(fabs(m.lower - (0.8 - 1.645 * error)) < 0.2 * error, "%g", m.lower);
    cr_assert(fabs(m.upper - (0.8 + 1.645 * error)) < 0.2 * error, "%g", m.upper);
    evaluation_free(e);
    sample_release(&s);
}

/* Copies of an example in one group carry no news: over groups the interval must not shrink. */
Test(evaluate, groups_are_the_units_when_there_are_enough)
{
    struct sample s;
    sample_random(&s, 5, 400, 10); /* 40 groups */
    for (int32_t i = 0; i < 400; i++) {
        s.data.examples[i].gold = s.data.examples[i - i % 10].gold;
        s.said[i].tags = s.said[i - i % 10].tags;
    }
    struct evaluation *by_group = sample_evaluate(&s, (struct evaluate_options){.seed = 1});
    cr_assert(by_group->by_group && by_group->group_count == 40);
    for (int32_t i = 0; i < 400; i++) ((struct example *)s.data.examples[i].example)->group = "one";
    struct evaluation *by_example = sample_evaluate(&s, (struct evaluate_options){.seed = 1});
    cr_assert(!by_example->by_group && by_example->group_count == 1);
    struct measurement g = bound(by_group, "entity_f1", NULL);
    struct measurement x = bound(by_example, "entity_f1", NULL);
    cr_assert_eq(g.value, x.value);
    cr_assert_geq(40, g.n);
    cr_assert_gt(g.upper - g.lower, 2 * (x.upper - x.lower), "ten copies: about sqrt(10) wider");
    evaluation_free(by_group), evaluation_free(by_example);
    sample_release(&s);
}

Test(evaluate, a_paired_difference_is_narrower_than_two_intervals)
{
    struct sample s;
    struct err err = {0};
    sample_random(&s, 9, 300, 1);
    struct evaluation *old = sample_evaluate(&s, (struct evaluate_options){.seed = 2});
    /* the candidate differs in a few examples, where it is right */
    for (int32_t i = 0; i < 300; i += 30)
        memcpy(s.said[i].tags, s.data.examples[i].gold, 12 * sizeof(int32_t));
    struct evaluation *new = sample_evaluate(&s, (struct evaluate_options){.seed = 2});
    struct measurement d, self, a = bound(old, "entity_f1", NULL),
                                b = bound(new, "entity_f1", NULL);
    cr_assert_eq(evaluation_difference(new, old, "entity_f1", NULL, 0.95, &d, &err), ERR_OK);
    cr_assert_eq(evaluation_difference(old, old, "entity_f1", "A", 0.95, &self, &err), ERR_OK);
    cr_assert(d.difference && d.lower <= d.value && d.value <= d.upper);
    cr_assert(fabs(d.value - (b.value - a.value)) < 1e-15);
    cr_assert_geq(d.lower, 0, "it is nowhere worse");
    cr_assert_lt(d.upper - d.lower, 0.7 * (a.upper - a.lower));
    cr_assert(self.value == 0 && self.lower == 0 && self.upper == 0);
    evaluation_free(old), evaluation_free(new);
    sample_release(&s);
}

/* A candidate with a label more is compared on the same gold; both outlive the data. */
Test(evaluate, models_of_other_labels_are_compared_after_the_data_is_gone)
{
    struct sample old, new;
    struct err err = {0};
    struct measurement all, label;
    sample_from_json(&new, "{\"labels\":[\"A\",\"B\"],\"gold\":[[\"B-A\",\"B-B\"]],"
                           "\"said\":[[\"B-A\",\"B-B\"]]}");
    sample_from_json(&old,
                     "{\"labels\":[\"B\"],\"gold\":[[\"O\",\"B-B\"]],\"said\":[[\"O\",\"B-B\"]]}");
    int32_t lost[] = {-1}; /* label A, as token_data_prepare would keep it */
    old.data.examples[0].lost = lost;
    old.data.examples[0].lost_count = 1;
    memcpy(old.data.fingerprint, new.data.fingerprint, sizeof old.data.fingerprint);
    struct evaluation *a = sample_evaluate(&new, (struct evaluate_options){.seed = 2});
    struct evaluation *b = sample_evaluate(&old, (struct evaluate_options){.seed = 2});
    sample_release(&new), sample_release(&old);
    cr_assert_eq(evaluation_difference(a, b, "entity_recall", NULL, 0.95, &all, &err), ERR_OK);
    cr_assert_eq(all.value, 0.5);
    cr_assert_eq(evaluation_difference(a, b, "entity_recall", "B", 0.95, &label, &err), ERR_OK);
    cr_assert_eq(label.value, 0);
    cr_assert_eq(evaluation_difference(a, b, "entity_f1", "A", 0.95, &label, &err), ERR_OK);
    cr_assert_eq(label.value, 1, "who lacks the label finds none of it");
    evaluation_free(a), evaluation_free(b);
}

Test(evaluate, what_is_not_comparable_is_refused)
{
    struct sample s, t;
    struct err err = {0};
    struct measurement m;
    sample_random(&s, 9, 60, 1);
    sample_random(&t, 10, 60, 1);
    struct evaluation *a = sample_evaluate(&s, (struct evaluate_options){.seed = 2});
    struct evaluation *other = sample_evaluate(&t, (struct evaluate_options){.seed = 2});
    struct evaluation *seed = sample_evaluate(&s, (struct evaluate_options){.seed = 3});
    cr_assert_eq(evaluation_difference(a, other, "entity_f1", NULL, 0.95, &m, &err), ERR_BAD_INPUT);
    cr_assert_eq(evaluation_difference(a, seed, "entity_f1", NULL, 0.95, &m, &err), ERR_BAD_INPUT);
    cr_assert_eq(evaluation_bound(a, "latency_p99_ms", NULL, 0.95, &m, &err), ERR_BAD_INPUT);
    cr_assert_eq(evaluation_bound(a, "entity_f1", NULL, 1, &m, &err), ERR_BAD_INPUT);
    m = bound(a, "entity_f1", "NO-SUCH-LABEL");
    cr_assert(isnan(m.value) && m.n == 0, "an unknown label is not measured");
    m = bound(a, "unseen_recall", NULL);
    cr_assert(isnan(m.value) && m.n == 0, "without training data nothing is seen or unseen");
    struct evaluation *none = NULL;
    t.data.count = 0;
    struct evaluate_options o = {0};
    cr_assert_eq(evaluate(&t.data, t.said, &o, &none, &err), ERR_BAD_INPUT);
    o.resamples = RESAMPLE_COUNT_MAX + 1;
    cr_assert_eq(evaluate(&s.data, s.said, &o, &none, &err), ERR_BAD_INPUT);
    evaluation_free(a), evaluation_free(other), evaluation_free(seed);
    sample_release(&s), sample_release(&t);
}

static const char TRAIN[] =
    "{\"labels\":[\"DRUG\",\"TEST\"],\"texts\":[\"took Aspirin and chest X-RAY\"],"
    "\"gold\":[[\"O\",\"B-DRUG\",\"O\",\"B-TEST\",\"I-TEST\"]],"
    "\"said\":[[\"O\",\"O\",\"O\",\"O\",\"O\"]]}";

Test(evaluate, seen_is_by_folded_words_and_label)
{
    struct sample train, s;
    sample_from_json(&train, TRAIN);
    /* seen: ASPIRIN, Chest x-ray. unseen: aspirin as TEST (other label), chest alone, Metformin */
    sample_from_json(
        &s, "{\"labels\":[\"DRUG\",\"TEST\"],"
            "\"texts\":[\"ASPIRIN aspirin Chest x-ray no chest Metformin\"],"
            "\"gold\":[[\"B-DRUG\",\"B-TEST\",\"B-TEST\",\"I-TEST\",\"O\",\"B-TEST\",\"B-DRUG\"]],"
            "\"said\":[[\"B-DRUG\",\"O\",\"B-TEST\",\"O\",\"O\",\"B-TEST\",\"O\"]]}");
    struct evaluation *e = sample_evaluate(&s, (struct evaluate_options){.train = &train.data});
    cr_assert_eq(e->seen.prf.gold, 2);
    cr_assert_eq(e->seen.prf.true_positive, 1);
    cr_assert_eq(e->unseen.prf.gold, 3);
    cr_assert_eq(e->unseen.prf.true_positive, 1);
    cr_assert_eq(bound(e, "unseen_recall", NULL).value, 1.0 / 3);
    evaluation_free(e);
    sample_release(&train), sample_release(&s);
}

Test(evaluate, a_span_that_tags_cannot_say_is_missed)
{
    struct sample s;
    sample_from_json(&s,
                     "{\"labels\":[\"A\"],\"gold\":[[\"B-A\",\"O\"]],\"said\":[[\"B-A\",\"O\"]]}");
    int32_t lost[] = {0, -1}; /* one of label A, one of a label that the tag set lacks */
    s.data.examples[0].lost = lost;
    s.data.examples[0].lost_count = 2;
    struct evaluation *e = sample_evaluate(&s, (struct evaluate_options){0});
    cr_assert_eq(e->overall.prf.gold, 3);
    cr_assert_eq(e->labels[0].prf.gold, 2);
    cr_assert_eq(e->overall.strict.gold, 3);
    cr_assert_eq(e->overall.prf.precision, 1);
    cr_assert_eq(e->overall.prf.recall, 1.0 / 3);
    struct prf dev;
    struct err err = {0};
    cr_assert_eq(evaluate_prf(&s.data, s.said, &dev, &err), ERR_OK);
    cr_assert_eq(dev.f1, e->overall.prf.f1);
    evaluation_free(e);
    sample_release(&s);
}

Test(evaluate, errors_are_named_and_the_surest_come_first)
{
    struct sample s;
    sample_from_json(&s,
                     "{\"labels\":[\"A\",\"B\"],"
                     "\"texts\":[\"\u00e9a bb cc dd ee ff gg hh ii\"],"
                     "\"gold\":[[\"B-A\",\"I-A\",\"O\",\"B-A\",\"O\",\"B-B\",\"O\",\"O\",\"B-B\"]],"
                     "\"said\":[[\"B-A\",\"O\",\"O\",\"B-B\",\"O\",\"O\",\"O\",\"B-A\",\"B-B\"]]}");
    static const float scores[] = {0.5f, 0.9f, 0.9f, 0.7f, 0.9f, 0.6f, 0.9f, 0.8f, 0.9f};
    memcpy(s.said[0].scores, scores, sizeof scores);
    struct evaluation *e = sample_evaluate(&s, (struct evaluate_options){.errors_max = 3});
    cr_assert_eq(e->errors_all, 4);
    cr_assert_eq(e->error_count, 3);
    cr_assert_eq(e->errors[0].kind, ERROR_SPURIOUS);
    cr_assert_str_eq(e->errors[0].text, "hh");
    cr_assert_str_eq(e->errors[0].before, "\u00e9a bb cc dd ee ff gg ");
    cr_assert_str_eq(e->errors[0].after, " ii");
    cr_assert_eq(e->errors[1].kind, ERROR_LABEL);
    cr_assert_str_eq(e->errors[1].text, "dd");
    cr_assert_eq(e->errors[2].kind, ERROR_MISSED);
    cr_assert_str_eq(e->errors[2].text, "ff");
    struct evaluation *all = sample_evaluate(&s, (struct evaluate_options){0});
    cr_assert_eq(all->errors[3].kind, ERROR_BOUNDARY);
    cr_assert_str_eq(all->errors[3].text, "\u00e9a bb");
    json_t *quoted = evaluation_errors_json(all), *numbers = evaluation_json(all);
    cr_assert_eq(json_array_size(quoted), 4);
    char *text = json_dumps(numbers, 0);
    cr_assert_null(strstr(text, "hh"), "the numbers must not quote the data");
    free(text);
    json_decref(quoted), json_decref(numbers);
    evaluation_free(e), evaluation_free(all);
    sample_release(&s);
}

Test(evaluate, the_sentence_tells_what_the_token_table_hides)
{
    struct sample s;
    sample_from_json(&s,
                     "{\"labels\":[\"A\"],"
                     "\"gold\":[[\"O\",\"O\",\"O\",\"O\",\"O\",\"O\",\"O\",\"O\",\"B-A\",\"I-A\"]],"
                     "\"said\":[[\"O\",\"O\",\"O\",\"O\",\"O\",\"O\",\"O\",\"O\",\"B-A\",\"O\"]]}");
    struct evaluation *e = sample_evaluate(&s, (struct evaluate_options){0});
    cr_assert_eq(e->token_accuracy, 0.9);
    cr_assert_eq(e->all_o_accuracy, 0.8);
    cr_assert_eq(e->overall.prf.f1, 0);
    cr_assert(strstr(e->token_sentence, "80.0 %") && strstr(e->token_sentence, "90.0 %"), "%s",
              e->token_sentence);
    evaluation_free(e);
    sample_release(&s);
}
