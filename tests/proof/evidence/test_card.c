/* The model card: its numbers are the evaluation's, and no name can break it. */
#include "sample.h"

#include "proof/evidence/card.h"

#include <criterion/criterion.h>
#include <string.h>

static char *write_card(struct card_input in)
{
    struct buf b;
    struct err err = {0};
    buf_init(&b, CARD_BYTES_MAX);
    cr_assert_eq(card_write(&in, &b, &err), ERR_OK, "%s", err.message);
    return buf_take(&b);
}

Test(card, says_what_was_measured)
{
    struct sample s;
    sample_random(&s, 4, 200, 5);
    struct evaluation *e = sample_evaluate(&s, (struct evaluate_options){.train = &s.data});
    json_t *doc = evaluation_json(e);
    struct card_baseline baseline = {"all-O", doc};
    struct card_fingerprint part = {"test", "abcd", 200};
    char *card = write_card((struct card_input){.name = "clinic: \"a|b\"\n---",
                                                .goal = "<b>fast</b>",
                                                .digest = "1234",
                                                .base_model = "minilm",
                                                .precision = "fp32",
                                                .how = "measured",
                                                .evaluation = doc,
                                                .recipe = "{\"epochs\":3}",
                                                .baselines = &baseline,
                                                .baseline_count = 1,
                                                .fingerprints = &part,
                                                .fingerprint_count = 1});
    char f1[32];
    snprintf(f1, sizeof f1, "{type: f1, value: %.6f}", e->overall.prf.f1);
    cr_assert(strstr(card, f1), "%s", card);
    cr_assert(strstr(card, "- name: \"clinic: \\\"a|b\\\"\\u000a---\"\n"), "%s", card);
    cr_assert(strstr(card, "\n# clinic: \"a\\|b\" ---\n"), "%s", card);
    cr_assert(strstr(card, "\\<b\\>fast"));
    cr_assert(strstr(card, "bootstrap over groups"));
    cr_assert(strstr(card, "| all-O | "));
    cr_assert(strstr(card, e->token_sentence));
    cr_assert(strstr(card, "| test | 200 | `abcd` |"));
    mem_free(card);
    json_decref(doc);
    evaluation_free(e);
    sample_release(&s);
}

Test(card, says_when_nothing_was_measured_and_refuses_what_is_no_evaluation)
{
    char *card = write_card((struct card_input){.name = "x", .digest = "1"});
    cr_assert(strstr(card, "has not been evaluated"));
    cr_assert_null(strstr(card, "model-index"));
    mem_free(card);
    struct buf b;
    struct err err = {0};
    json_t *no = json_object();
    buf_init(&b, 4096);
    struct card_input in = {.name = "x", .digest = "1", .evaluation = no};
    cr_assert_eq(card_write(&in, &b, &err), ERR_BAD_INPUT);
    json_decref(no);
    buf_release(&b);
}
