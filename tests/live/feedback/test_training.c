/* What may train: gold only, each group on one side for ever, old test data never, old training
 * data beside it. */
#include "conversation.h"
#include "base/str.h"
#include "live/feedback/training.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SPANS "'spans': [{'start': 0, 'end': 7, 'label': 'DRUG'}]"

static struct dataset *data_of(const char *lines)
{
    struct findings f;
    struct dataset *d = NULL;
    struct buf b;
    buf_init(&b, 1u << 20);
    for (const char *s = lines; *s; s++) buf_addc(&b, *s == '\'' ? '"' : *s);
    findings_init(&f, FINDINGS_MAX);
    OK(dataset_parse("old", b.data, b.len, DATA_FORMAT_JSONL, NULL, &f, &d, &err));
    findings_release(&f);
    buf_release(&b);
    return d;
}

static bool holds(const struct dataset *d, const char *text)
{
    for (int32_t i = 0; d && i < d->count; i++)
        if (str_eq(d->examples[i].text, text)) return true;
    return false;
}

static const char *say(struct conversation *c, const char *group, const char *rest)
{
    return arena_printf(&c->a, "'group': '%s', %s", group, rest);
}

Test(training, only_gold_is_learned_from)
{
    struct conversation c;
    struct feedback_data d;
    struct feedback_added added;
    struct feedback_split_options o = {.holdout = 0, .seed = 7};
    conversation_open(&c);
    const char *id = conversation_predict(&c, "aspirin a", true);
    OK(conversation_say(&c, id, "'verdict': 'correct', " SPANS, &added, &err));
    FAILS(feedback_data_open(c.r, &o, &d, &err), ERR_CONFLICT); /* nobody has reviewed it */
    OK(feedback_review(c.r, added.id, false, "ann", NULL, &err));
    FAILS(feedback_data_open(c.r, &o, &d, &err), ERR_CONFLICT); /* refused */
    conversation_teach(&c, conversation_predict(&c, "aspirin b", true), "'verdict': 'accept'");
    conversation_teach(&c, conversation_predict(&c, "aspirin c", true), "'verdict': 'reject'");
    conversation_teach(&c, conversation_predict(&c, "aspirin d", false),
                       "'verdict': 'accept', 'complete': true");
    FAILS(feedback_data_open(c.r, &o, &d, &err), ERR_CONFLICT);
    conversation_teach(&c, conversation_predict(&c, "aspirin e", true),
                       "'verdict': 'accept', 'complete': true, 'simulated': true");
    conversation_teach(&c, conversation_predict(&c, "aspirin f", true),
                       "'verdict': 'reject', " SPANS);
    conversation_teach(&c, conversation_predict(&c, "aspirin g", true),
                       "'verdict': 'correct', 'spans': []");
    conversation_teach(
        &c, conversation_predict(&c, "aspirin  g", true),
        "'verdict': 'correct', " SPANS); /* the same text but for white space: newer */
    OK(feedback_data_open(c.r, &o, &d, &err));
    cr_assert_null(d.test);
    cr_assert_eq(d.train->count, 3);
    cr_assert(holds(d.train, "aspirin e") && holds(d.train, "aspirin f"));
    cr_assert(holds(d.train, "aspirin  g") && !holds(d.train, "aspirin g"));
    cr_assert_eq(d.skipped_incomplete, 1);
    cr_assert_eq(d.skipped_no_spans, 1);
    cr_assert_eq(d.skipped_no_text, 1);
    cr_assert_eq(d.skipped_duplicate, 1);
    cr_assert_eq(d.simulated, 1);
    cr_assert_eq(d.train->label_count, 1);
    cr_assert_eq(d.train->examples[0].span_count, 1);
    feedback_data_close(&d);
    conversation_close(&c);
}

static void teach_groups(struct conversation *c, int from, int to)
{
    for (int i = from; i < to; i++) {
        char group[16];
        cr_assert(str_format(group, sizeof group, "p%d", i / 2)); /* two texts a patient */
        const char *text = arena_printf(&c->a, "aspirin %d", i);
        conversation_teach(c, conversation_predict(c, text, true),
                           say(c, group, "'verdict': 'correct', " SPANS));
    }
}

Test(training, a_group_never_changes_sides)
{
    struct conversation c;
    struct feedback_data few, many;
    struct feedback_split_options o = {.holdout = 0.4, .seed = 7};
    conversation_open(&c);
    teach_groups(&c, 0, 20);
    OK(feedback_data_open(c.r, &o, &few, &err));
    teach_groups(&c, 20, 60);
    OK(feedback_data_open(c.r, &o, &many, &err));
    cr_assert_eq(few.train->count + few.test->count, 20);
    cr_assert_eq(many.train_groups + many.test_groups, 30);
    cr_assert(many.test_groups >= 5 && many.test_groups <= 20, "%lld", (long long)many.test_groups);
    cr_assert_eq(many.train->count, 2 * many.train_groups, "patients are whole");
    for (int32_t i = 0; i < few.train->count; i++)
        cr_assert(holds(many.train, few.train->examples[i].text));
    for (int32_t i = 0; i < few.test->count; i++)
        cr_assert(holds(many.test, few.test->examples[i].text));
    feedback_data_close(&few);
    o.seed = 8;
    OK(feedback_data_open(c.r, &o, &few, &err));
    int moved = 0;
    for (int32_t i = 0; i < few.test->count; i++)
        moved += !holds(many.test, few.test->examples[i].text);
    cr_assert_gt(moved, 0, "the seed decides");
    feedback_data_close(&few);
    feedback_data_close(&many);
    conversation_close(&c);
}

Test(training, old_data_decides_first)
{
    struct conversation c;
    struct feedback_data d;
    struct dataset *train = data_of("{'text': 'aspirin t', 'group': 'pt'}\n");
    struct dataset *test = data_of("{'text': 'aspirin e', 'group': 'pe'}\n");
    const struct dataset *tests[] = {test};
    struct feedback_split_options o = {
        .seed = 7, .old_train = train, .old_test = tests, .old_test_count = 1};
    conversation_open(&c);
    const char *gold = "'verdict': 'correct', " SPANS;
    conversation_teach(&c, conversation_predict(&c, "aspirin  e", true), say(&c, "new", gold));
    conversation_teach(&c, conversation_predict(&c, "aspirin 1", true), say(&c, "pe", gold));
    conversation_teach(&c, conversation_predict(&c, "aspirin 2", true), say(&c, "pt", gold));
    o.holdout = 0;
    OK(feedback_data_open(c.r, &o, &d, &err));
    cr_assert_eq(d.skipped_old_test, 1, "an old test text never comes back");
    cr_assert_eq(d.test->count, 1);
    cr_assert_str_eq(d.test->examples[0].text, "aspirin 1");
    feedback_data_close(&d);
    o.holdout = 1;
    OK(feedback_data_open(c.r, &o, &d, &err));
    cr_assert_eq(d.train->count, 1);
    cr_assert_str_eq(d.train->examples[0].text, "aspirin 2", "its patient has trained");
    cr_assert_eq(d.train_forced, 1);
    cr_assert_eq(d.test_forced, 1);
    feedback_data_close(&d);
    o.holdout = 1.5;
    FAILS(feedback_data_open(c.r, &o, &d, &err), ERR_BAD_INPUT);
    dataset_free(train);
    dataset_free(test);
    conversation_close(&c);
}

Test(training, replay_in_the_stated_ratio)
{
    struct dataset *fresh =
        data_of("{'text': 'n 0'}\n{'text': 'n 1'}\n{'text': 'n 2'}\n{'text': 'n 3'}\n");
    struct dataset *old =
        data_of("{'text': 'o 0'}\n{'text': 'o 1'}\n{'text': 'o 2'}\n{'text': 'o 3'}\n"
                "{'text': 'n  1'}\n{'text': 'o 5'}\n{'text': 'o 6'}\n");
    struct dataset *mixed = NULL, *again = NULL;
    int32_t n = 0;
    char one[65], two[65];
    OK(replay_mix(fresh, old, 0.5, 7, &mixed, &n, &err));
    cr_assert_eq(n, 2);
    cr_assert_eq(mixed->count, 6);
    cr_assert_str_eq(mixed->examples[0].text, "n 0");
    cr_assert(strcmp(mixed->examples[4].text, mixed->examples[5].text) < 0, "in their order");
    OK(replay_mix(fresh, old, 0.5, 7, &again, &n, &err));
    dataset_fingerprint(mixed, one);
    dataset_fingerprint(again, two);
    cr_assert_str_eq(one, two, "seeded");
    dataset_free(mixed);
    dataset_free(again);
    OK(replay_mix(fresh, old, 100, 7, &mixed, &n, &err));
    cr_assert_eq(n, 6, "all but the one that was reviewed anew");
    cr_assert(!holds(mixed, "n  1"));
    dataset_free(mixed);
    OK(replay_mix(fresh, old, 0, 7, &mixed, &n, &err));
    cr_assert_eq(mixed->count, 4);
    dataset_free(mixed);
    FAILS(replay_mix(fresh, old, -1, 7, &mixed, &n, &err), ERR_BAD_INPUT);
    dataset_free(fresh);
    dataset_free(old);
}
