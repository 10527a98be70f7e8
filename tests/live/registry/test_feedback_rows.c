/* Verdicts: repeated ones are one, the newest of a person counts, a review is final. */
#include "registry_fixture.h"
#include <criterion/criterion.h>
#include <string.h>

struct talk {
    struct fixture f;
    struct prediction_row p[3];
};

static void talk_open(struct talk *t)
{
    fixture_open(&t->f);
    OK(fixture_add_model(&t->f, 1, &err));
    for (int i = 0; i < 3; i++) fixture_prediction(&t->f, 1, "aspirin helps", &t->p[i]);
    OK(prediction_put(t->f.r, t->p, 3, &err));
}

static bool say(struct talk *t, int prediction, enum feedback_verdict v, const char *by,
                char id[REGISTRY_ID_BYTES])
{
    bool is_new = false;
    struct feedback_row row = {
        .prediction = t->p[prediction].id, .verdict = v, .by = by, .group = "g", .spans = "[]"};
    OK(feedback_row_put(t->f.r, &row, id, &is_new, &err));
    return is_new;
}

static struct feedback_counts count(struct talk *t, bool reviewed_only)
{
    struct feedback_counts c;
    struct feedback_filter all = {.state = -1};
    OK(feedback_row_count(t->f.r, &all, reviewed_only, &c, &err));
    return c;
}

Test(feedback_rows, the_same_again_is_one)
{
    struct talk t;
    char a[REGISTRY_ID_BYTES], b[REGISTRY_ID_BYTES];
    talk_open(&t);
    cr_assert(say(&t, 0, FEEDBACK_ACCEPT, "jane", a));
    cr_assert(!say(&t, 0, FEEDBACK_ACCEPT, "jane", b));
    cr_assert_str_eq(a, b);
    cr_assert(say(&t, 0, FEEDBACK_ACCEPT, "joe", b));
    cr_assert(say(&t, 0, FEEDBACK_REJECT, "jane", b));
    struct feedback_counts c = count(&t, false);
    cr_assert_eq(c.pending, 2);
    cr_assert_eq(c.superseded, 1);
    cr_assert_eq(c.predictions, 1, "one verdict a prediction");
    cr_assert_eq(c.verdict[FEEDBACK_REJECT], 1, "the newest");
    FAILS(feedback_row_review(t.f.r, a, true, "ann", NULL, &err), ERR_CONFLICT); /* replaced */
    fixture_close(&t.f);
}

Test(feedback_rows, a_review_is_final)
{
    struct talk t;
    char id[REGISTRY_ID_BYTES], later[REGISTRY_ID_BYTES];
    struct feedback_row row;
    struct err why = {0};
    talk_open(&t);
    say(&t, 0, FEEDBACK_CORRECT, "jane", id);
    OK(feedback_row_review(t.f.r, id, true, "ann", "good", &err));
    OK(feedback_row_review(t.f.r, id, true, "bob", NULL, &err)); /* the same decision */
    cr_assert_eq(feedback_row_review(t.f.r, id, false, "bob", NULL, &why), ERR_CONFLICT);
    cr_assert(strstr(why.message, "by ann"), "%s", why.message);
    OK(feedback_row_get(t.f.r, id, &t.f.a, &row, &err));
    cr_assert_eq(row.state, FEEDBACK_ACCEPTED);
    cr_assert_str_eq(row.reviewed_by, "ann");
    cr_assert_str_eq(row.review_note, "good");
    cr_assert_gt(row.reviewed_us, 0);
    say(&t, 0, FEEDBACK_ACCEPT, "jane", later); /* does not replace what was reviewed */
    OK(feedback_row_get(t.f.r, id, &t.f.a, &row, &err));
    cr_assert_eq(row.state, FEEDBACK_ACCEPTED);
    FAILS(feedback_row_review(t.f.r, later, true, "", NULL, &err), ERR_BAD_INPUT);
    FAILS(feedback_row_review(t.f.r, "0123456789abcdef0123456789abcdef", true, "x", NULL, &err),
          ERR_NOT_FOUND);
    fixture_close(&t.f);
}

Test(feedback_rows, counting)
{
    struct talk t;
    char id[3][REGISTRY_ID_BYTES];
    struct feedback_row *rows = NULL;
    size_t n = 0;
    talk_open(&t);
    say(&t, 0, FEEDBACK_ACCEPT, "jane", id[0]);
    say(&t, 1, FEEDBACK_ACCEPT, "jane", id[1]);
    say(&t, 2, FEEDBACK_REJECT, "jane", id[2]);
    OK(feedback_row_review(t.f.r, id[0], true, "ann", NULL, &err));
    OK(feedback_row_review(t.f.r, id[1], false, "ann", "spam", &err));
    struct feedback_counts c = count(&t, false);
    cr_assert_eq(c.predictions, 2, "a refused verdict says nothing");
    cr_assert_eq(c.verdict[FEEDBACK_ACCEPT], 1);
    cr_assert_eq(c.verdict[FEEDBACK_REJECT], 1);
    cr_assert_eq(c.reviewed, 1);
    cr_assert_eq(c.refused, 1);
    c = count(&t, true);
    cr_assert_eq(c.predictions, 1);
    struct feedback_filter pending = {.state = FEEDBACK_PENDING};
    OK(feedback_row_list(t.f.r, &pending, &t.f.a, &rows, &n, &err));
    cr_assert_eq(n, 1);
    cr_assert_str_eq(rows[0].id, id[2]);
    struct feedback_filter none = {.state = -1, .until_us = 1};
    OK(feedback_row_list(t.f.r, &none, &t.f.a, &rows, &n, &err));
    cr_assert_eq(n, 0);
    struct prediction_stats s;
    struct prediction_filter q = {.role = PREDICTION_LIVE};
    OK(prediction_measure(t.f.r, &q, &s, &err));
    cr_assert_eq(s.with_feedback, 3);
    fixture_close(&t.f);
}

Test(feedback_rows, unknown_prediction_is_refused)
{
    struct talk t;
    char id[REGISTRY_ID_BYTES];
    bool is_new = false;
    talk_open(&t);
    struct feedback_row row = {.prediction = "nothing", .by = "jane", .group = "g"};
    FAILS(feedback_row_put(t.f.r, &row, id, &is_new, &err), ERR_CONFLICT);
    fixture_close(&t.f);
}
