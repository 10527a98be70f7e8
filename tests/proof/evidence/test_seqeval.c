/* Oracle: entities, precision, recall and F1 equal seqeval's, default and strict; the token
 *         report equals
 * scikit-learn's (tools/oracle/seqeval_fixtures.py; versions in the fixtures). */
#include "sample.h"

#include "base/str.h"
#include "support/test_data.h"

#include <math.h>

/* Sums in another order than numpy's may differ in the last bit. */
#define EPS 1e-15

static json_t *load(void)
{
    struct err err = {0};
    json_t *doc = NULL;
    cr_assert_eq(json_read_file(test_source("oracle/seqeval/fixtures.json"), &doc, &err), ERR_OK,
                 "%s", err.message);
    return doc;
}

static void check_prf(const struct prf *got, const json_t *want, size_t number, const char *what)
{
    const double values[] = {got->precision, got->recall, got->f1};
    for (size_t i = 0; i < 3; i++) {
        double v = json_number_value(json_array_get(want, i));
        cr_assert(fabs(values[i] - v) <= EPS, "case %zu, %s [%zu]: %.17g, seqeval %.17g", number,
                  what, i, values[i], v);
    }
}

static void check_mode(const struct evaluation *e, const json_t *want, bool strict, size_t number)
{
    const struct prf_report *reports[] = {&e->overall, &e->macro};
    const char *const names[] = {"micro", "macro"};
    for (size_t i = 0; i < 2; i++)
        check_prf(strict ? &reports[i]->strict : &reports[i]->prf, json_object_get(want, names[i]),
                  number, names[i]);
    const json_t *labels = json_object_get(want, "labels");
    size_t met = 0;
    for (int32_t l = 0; l < e->label_count; l++) {
        const struct prf *p = strict ? &e->labels[l].strict : &e->labels[l].prf;
        const json_t *row = json_object_get(labels, e->labels[l].label);
        if (!row) {
            cr_assert(p->gold == 0 && p->predicted == 0, "case %zu: %s is extra", number,
                      e->labels[l].label);
            continue;
        }
        met++;
        check_prf(p, row, number, e->labels[l].label);
        cr_assert_eq(p->gold, json_integer_value(json_array_get(row, 3)));
    }
    cr_assert_eq(met, json_object_size(labels), "case %zu: a label is missing", number);
}

static void check_tokens(const struct evaluation *e, const json_t *c, size_t number)
{
    const json_t *rows = json_object_get(c, "tokens");
    cr_assert_eq((size_t)e->token_row_count, json_object_size(rows), "case %zu", number);
    for (int32_t i = 0; i < e->token_row_count; i++) {
        const struct token_row *t = &e->tokens[i];
        const json_t *row = json_object_get(rows, t->tag);
        cr_assert(row, "case %zu: no tag %s", number, t->tag);
        struct prf p = {.precision = t->precision, .recall = t->recall, .f1 = t->f1};
        check_prf(&p, row, number, t->tag);
        cr_assert_eq(t->support, json_integer_value(json_array_get(row, 3)));
    }
    double accuracy = json_number_value(json_object_get(c, "accuracy"));
    cr_assert(fabs(e->token_accuracy - accuracy) <= EPS, "case %zu", number);
}

static void check_entities(const struct sample *s, const json_t *want, bool strict, size_t number)
{
    for (int32_t i = 0; i < s->data.count; i++) {
        const struct token_example *te = &s->data.examples[i];
        struct entity found[16];
        int32_t n =
            tags_to_entities(te->words, s->said[i].tags, NULL, te->word_count, strict, found);
        const json_t *list = json_array_get(want, (size_t)i);
        cr_assert_eq((size_t)n, json_array_size(list), "case %zu, sequence %d", number, i);
        for (int32_t k = 0; k < n; k++) {
            const json_t *one = json_array_get(list, (size_t)k);
            int64_t first = json_integer_value(json_array_get(one, 1));
            int64_t last = json_integer_value(json_array_get(one, 2));
            cr_assert_str_eq(s->data.tags.labels[found[k].label],
                             json_string_value(json_array_get(one, 0)));
            cr_assert_eq(found[k].start, te->words[first].start, "case %zu", number);
            cr_assert_eq(found[k].end, te->words[last].end, "case %zu", number);
        }
    }
}

Test(seqeval, every_fixture_is_equal_in_both_modes)
{
    json_t *doc = load(), *c;
    size_t i;
    cr_assert_geq(json_array_size(json_object_get(doc, "cases")), 50);
    json_array_foreach(json_object_get(doc, "cases"), i, c)
    {
        struct sample s;
        sample_from_tags(&s, json_object_get(c, "labels"), json_object_get(c, "gold"),
                         json_object_get(c, "said"));
        check_entities(&s, json_object_get(c, "entities"), false, i);
        check_entities(&s, json_object_get(c, "strict_entities"), true, i);
        struct evaluation *e = sample_evaluate(&s, (struct evaluate_options){.resamples = 10});
        check_mode(e, json_object_get(c, "default"), false, i);
        check_mode(e, json_object_get(c, "strict"), true, i);
        check_tokens(e, c, i);
        evaluation_free(e);
        sample_release(&s);
    }
    json_decref(doc);
}
