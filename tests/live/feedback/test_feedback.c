/* What is taken, what is refused and why, and how acceptance counts. */
#include "conversation.h"
#include "base/str.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define TEXT "aspirin f\xc3\xbcr 12 days"

static const struct {
    const char *more;
    enum err_code code;
    const char *says; /* in message or hint */
} items[] = {
    {"'verdict': 'accept'", ERR_OK, ""},
    {"'verdict': 'accept', 'complete': true, 'text': '" TEXT "'", ERR_OK, ""},
    {"'verdict': 'reject'", ERR_OK, ""},
    {"'verdict': 'correct', 'spans': [], 'text': '" TEXT "'", ERR_OK, ""},
    {"'verdict': 'correct', 'text': '" TEXT
     "', 'spans': [{'start': 8, 'end': 11, 'label': 'TEST', 'score': 0.3}]",
     ERR_OK, ""},
    {"'verdict': 'reject', 'text': '" TEXT "', 'spans': [{'start': 0, 'end': 7, 'label': 'TEST'}]",
     ERR_OK, ""},
    {"'verdict': 'accept', 'key': 'p1', 'by': 'jane', 'simulated': true", ERR_OK, ""},
    {"'verdict': 'accept', 'key': 'p1', 'group': 'p1'", ERR_BAD_INPUT, "mean the same"},
    {"'verdict': 'maybe'", ERR_BAD_INPUT, "maybe"},
    {"'vardict': 'accept'", ERR_BAD_INPUT, "verdict"},
    {"'verdict': 7", ERR_BAD_INPUT, "verdict"},
    {"'verdict': 'accept', 'complete': 'yes'", ERR_BAD_INPUT, "complete"},
    {"'verdict': 'accept', 'spans': []", ERR_BAD_INPUT, "no spans"},
    {"'verdict': 'correct', 'text': '" TEXT "'", ERR_BAD_INPUT, "spans"},
    {"'verdict': 'correct', 'spans': []", ERR_BAD_INPUT, "text"},
    {"'verdict': 'correct', 'spans': [], 'text': 'another text'", ERR_CONFLICT, "not the one"},
    {"'verdict': 'accept', 'text': 'another text'", ERR_CONFLICT, "not the one"},
    {"'verdict': 'correct', 'spans': 5, 'text': '" TEXT "'", ERR_BAD_INPUT, "list"},
    {"'verdict': 'correct', 'spans': [5], 'text': '" TEXT "'", ERR_BAD_INPUT, "span 1"},
    {"'verdict': 'correct', 'spans': [{'start': 0}], 'text': '" TEXT "'", ERR_BAD_INPUT, "end"},
    {"'verdict': 'correct', 'text': '" TEXT
     "', 'spans': [{'start': 0, 'end': 99, 'label': 'TEST'}]",
     ERR_BAD_INPUT, "outside"},
    {"'verdict': 'correct', 'text': '" TEXT "', 'spans': [{'start': 3, 'end': 3, 'label': 'TEST'}]",
     ERR_BAD_INPUT, "empty"},
    {"'verdict': 'correct', 'text': '" TEXT
     "', 'spans': [{'start': -1, 'end': 3, 'label': 'TEST'}]",
     ERR_BAD_INPUT, "impossible"},
    {"'verdict': 'correct', 'text': '" TEXT "', 'spans': [{'start': 0, 'end': 5, 'label': 'TEST'}]",
     ERR_BAD_INPUT, "cuts a word"},
    {"'verdict': 'correct', 'text': '" TEXT
     "', 'spans': [{'start': 9, 'end': 11, 'label': 'TEST'}]",
     ERR_BAD_INPUT, "cuts a word"},
    {"'verdict': 'correct', 'text': '" TEXT "', 'spans': [{'start': 8, 'end': 14, 'label': "
     "'TEST'}, {'start': 0, 'end': 11, 'label': 'DRUG'}]",
     ERR_BAD_INPUT, "overlaps"},
    {"'verdict': 'correct', 'text': '" TEXT
     "', 'spans': [{'start': 0, 'end': 7, 'label': 'DRUGS'}]",
     ERR_BAD_INPUT, "DRUG"},
};

Test(feedback, items_one_by_one)
{
    struct conversation c;
    conversation_open(&c);
    for (size_t i = 0; i < ARRAY_COUNT(items); i++) {
        struct err why = {0};
        struct feedback_added added;
        const char *id = conversation_predict(&c, TEXT, false);
        enum err_code code = conversation_say(&c, id, items[i].more, &added, &why);
        cr_assert_eq(code, items[i].code, "%s: %s", items[i].more, why.message);
        cr_assert(!code || strstr(why.message, items[i].says) || strstr(why.hint, items[i].says),
                  "%s: %s (%s)", items[i].more, why.message, why.hint);
    }
    struct feedback_added added;
    FAILS(conversation_say(&c, "nothing", "'verdict': 'accept'", &added, &err), ERR_NOT_FOUND);
    conversation_close(&c);
}

static void row_of(struct conversation *c, const struct feedback_added *added,
                   struct feedback_row *row)
{
    OK(feedback_row_get(c->r, added->id, &c->a, row, &err));
}

Test(feedback, keeps_no_more_than_it_may)
{
    struct conversation c;
    struct feedback_added added;
    struct feedback_row row;
    conversation_open(&c);
    const char *id = conversation_predict(&c, TEXT, false);
    OK(conversation_say(&c, id, "'verdict': 'accept', 'text': '" TEXT "'", &added, &err));
    row_of(&c, &added, &row);
    cr_assert_null(row.text, "an accept that teaches nothing keeps no text");
    cr_assert_eq(strlen(row.group), 64, "the group is the text's hash");
    OK(conversation_say(&c, id,
                        "'verdict': 'correct', 'group': 'p7', 'text': '" TEXT
                        "', 'spans': [{'start': 15, 'end': 19, 'label': 'TEST'}, {'start': 0, "
                        "'end': 7, 'label': 'DRUG'}]",
                        &added, &err));
    row_of(&c, &added, &row);
    cr_assert_str_eq(row.text, TEXT);
    cr_assert_str_eq(row.group, "p7");
    cr_assert_str_eq(row.spans, "[{\"end\":7,\"label\":\"DRUG\",\"start\":0},"
                                "{\"end\":19,\"label\":\"TEST\",\"start\":15}]");
    id = conversation_predict(&c, TEXT, true);
    OK(conversation_say(&c, id, "'verdict': 'correct', 'spans': []", &added, &err));
    row_of(&c, &added, &row);
    cr_assert_str_eq(row.text, TEXT, "the captured text outlives its retention");
    conversation_close(&c);
}

Test(feedback, the_same_again_changes_nothing)
{
    struct conversation c;
    struct feedback_added first, again;
    conversation_open(&c);
    const char *id = conversation_predict(&c, TEXT, true);
    const char *say = "'verdict': 'correct', 'spans': [{'start': 0, 'end': 7, 'label': 'TEST'}]";
    OK(conversation_say(&c, id, say, &first, &err));
    OK(conversation_say(&c, id, say, &again, &err));
    cr_assert(first.is_new && !again.is_new);
    cr_assert_str_eq(first.id, again.id);
    OK(feedback_review(c.r, first.id, true, "ann", NULL, &err));
    OK(conversation_say(&c, id, say, &again, &err));
    cr_assert(!again.is_new, "nor after its review");
    char prefix[9];
    cr_assert(str_format(prefix, sizeof prefix, "%.8s", first.id));
    OK(feedback_review(c.r, prefix, true, "ann", NULL, &err));
    conversation_close(&c);
}

Test(feedback, acceptance_with_exact_bounds)
{
    struct conversation c;
    struct feedback_added added;
    struct acceptance a;
    struct measurement m;
    struct acceptance_filter all = {.model = MODEL};
    conversation_open(&c);
    OK(feedback_acceptance(c.r, &all, &a, &err));
    cr_assert_eq(a.total, 0);
    cr_assert(isnan(a.rate) && isnan(a.low));
    OK(acceptance_measurement(&a, 0.95, &m, &err));
    cr_assert(isnan(m.value));
    for (int i = 0; i < 10; i++) {
        const char *id = conversation_predict(&c, TEXT, true);
        const char *say = i < 8 ? "'verdict': 'accept'" : "'verdict': 'reject'";
        OK(conversation_say(&c, id, say, &added, &err));
    }
    OK(feedback_acceptance(c.r, &all, &a, &err));
    cr_assert_eq(a.accepted, 8);
    cr_assert_eq(a.rejected, 2);
    cr_assert_eq(a.total, 10);
    cr_assert_float_eq(a.rate, 0.8, 1e-12);
    /* scipy.stats.binomtest(8, 10).proportion_ci(method="exact") = 0.44390454, 0.97478927 */
    cr_assert_float_eq(a.low, 0.44390454, 1e-7);
    cr_assert_float_eq(a.high, 0.97478927, 1e-7);
    OK(acceptance_measurement(&a, 0.95, &m, &err));
    cr_assert_eq(m.n, 10);
    cr_assert_str_eq(m.how, "measured");
    cr_assert(m.lower > a.low && m.upper < a.high, "one-sided bounds are nearer");
    const char *id = conversation_predict(&c, TEXT, true);
    OK(conversation_say(&c, id, "'verdict': 'accept', 'simulated': true", &added, &err));
    OK(feedback_acceptance(c.r, &all, &a, &err));
    OK(acceptance_measurement(&a, 0.95, &m, &err));
    cr_assert_str_eq(m.how, "simulated");
    all.reviewed_only = true;
    OK(feedback_acceptance(c.r, &all, &a, &err));
    cr_assert_eq(a.total, 0);
    conversation_close(&c);
}

Test(feedback, capture_by_configuration)
{
    struct feedback_config f = feedback_config_default();
    int kept = 0;
    cr_assert(!feedback_captures(&f, "00000000aaaa"), "off unless asked for");
    f.capture = CAPTURE_ON;
    cr_assert(feedback_captures(&f, "ffffffff0000"));
    f.capture = CAPTURE_SAMPLE;
    f.sample = 0.25;
    for (int i = 0; i < 4000; i++) {
        char id[REGISTRY_ID_BYTES];
        registry_id_make(id);
        kept += feedback_captures(&f, id);
        cr_assert_eq(feedback_captures(&f, id), feedback_captures(&f, id));
    }
    cr_assert(kept > 850 && kept < 1150, "%d of 4000", kept); /* 1000 +- 5.5 standard deviations */
}
