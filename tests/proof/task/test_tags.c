/* Tag sets, from labels and from foreign models; scores of entities. seqeval's reading of tags is
 * tested against seqeval itself in tests/proof/evidence/test_seqeval.c. */
#include "proof/task/token_task.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena arena;
static void set_up(void)
{
    arena_init(&arena, 1 << 20);
}
static void tear_down(void)
{
    arena_release(&arena);
}
TestSuite(tags, .init = set_up, .fini = tear_down);

Test(tags, labels_are_sorted_and_each_stands_once)
{
    static const char *const labels[] = {"TEST", "DRUG", "TEST"};
    struct tag_set t;
    struct err err = {0};
    cr_assert_eq(tag_set_from_labels(&arena, labels, 3, &t, &err), ERR_OK);
    cr_assert_eq(t.label_count, 2);
    static const char *const want[] = {"O", "B-DRUG", "I-DRUG", "B-TEST", "I-TEST"};
    cr_assert_eq(t.tag_count, 5);
    for (int i = 0; i < 5; i++) cr_assert_str_eq(t.tags[i], want[i]);
    cr_assert_eq(tag_set_label(&t, "TEST"), 1);
    cr_assert_eq(tag_set_label(&t, "ANATOMY"), -1);
}

Test(tags, no_label_is_a_tag_set_of_o)
{
    struct tag_set t;
    struct err err = {0};
    cr_assert_eq(tag_set_from_labels(&arena, NULL, 0, &t, &err), ERR_OK);
    cr_assert_eq(t.tag_count, 1);
}

Test(tags, hostile_labels_are_refused)
{
    static char longest[LABEL_BYTES_MAX + 2];
    memset(longest, 'x', LABEL_BYTES_MAX + 1);
    const char *labels[] = {""};
    struct tag_set t;
    struct err err = {0};
    cr_assert_eq(tag_set_from_labels(&arena, labels, 1, &t, &err), ERR_BAD_INPUT);
    labels[0] = longest;
    cr_assert_eq(tag_set_from_labels(&arena, labels, 1, &t, &err), ERR_LIMIT);
    cr_assert_eq(tag_set_from_labels(&arena, labels, LABEL_COUNT_MAX + 1, &t, &err), ERR_LIMIT);
}

static void check_model(const char **names, int32_t count, const char *const *want)
{
    struct model m = {.config = {.head = HEAD_TOKEN, .labels = count},
                      .label_names = (char **)names};
    struct tag_set t;
    struct err err = {0};
    int32_t *map;
    cr_assert_eq(tag_set_from_model(&arena, &m, &t, &map, &err), ERR_OK, "%s", err.message);
    for (int32_t i = 0; i < count; i++)
        cr_assert_str_eq(t.tags[map[i]], want[i], "%s is %s", names[i], t.tags[map[i]]);
}

Test(tags, foreign_models_name_their_labels_as_they_like)
{
    const char *iob[] = {"I-LOC", "O", "B-PER", "B-LOC", "I-PER"};
    check_model(iob, 5, (const char *const *)iob);
    const char *plain[] = {"DRUG", "O"};
    check_model(plain, 2, (const char *const[]){"I-DRUG", "O"});
    const char *iobes[] = {"O", "B-X", "I-X", "E-X", "S-X", "M-X"};
    check_model(iobes, 6, (const char *const[]){"O", "B-X", "I-X", "I-X", "B-X", "I-X"});
    const char *lone[] = {"O", "S-100"}; /* a protein, not a scheme */
    check_model(lone, 2, (const char *const[]){"O", "I-S-100"});
}

Test(tags, a_model_without_a_token_head_is_refused)
{
    struct model m = {.config = {.head = HEAD_SEQUENCE, .labels = 2}};
    struct tag_set t;
    struct err err = {0};
    int32_t *map;
    cr_assert_eq(tag_set_from_model(&arena, &m, &t, &map, &err), ERR_BAD_INPUT);
}

Test(tags, an_entity_scores_the_mean_of_its_words)
{
    static const struct word_span words[] = {{0, 2}, {3, 5}, {6, 8}, {9, 11}};
    static const int32_t tags[] = {1, 2, TAG_O, 4}; /* B-0 I-0 O I-1 */
    static const float scores[] = {0.5f, 1.0f, 0.9f, 0.25f};
    struct entity found[4];
    cr_assert_eq(tags_to_entities(words, tags, scores, 4, false, found), 2);
    cr_assert(found[0].start == 0 && found[0].end == 5 && found[0].label == 0);
    cr_assert_eq(found[0].score, 0.75f);
    cr_assert(found[1].start == 9 && found[1].end == 11 && found[1].label == 1);
    cr_assert_eq(found[1].score, 0.25f);
    cr_assert_eq(tags_to_entities(words, tags, NULL, 4, true, found), 1, "strict has no stray I-");
    cr_assert_eq(found[0].score, 1);
    cr_assert_eq(tags_to_entities(words, tags, scores, 0, false, found), 0);
}
