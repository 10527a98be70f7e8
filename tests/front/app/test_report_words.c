/* The report in Chinese says what the record holds, from its numbers. */
#include "front/app/report_words.h"
#include "base/json.h"
#include "base/str.h"
#include <criterion/criterion.h>
#include <string.h>

static const struct doc english = {.language = REPORT_ENGLISH};
static const struct doc chinese = {.language = REPORT_CHINESE};

static json_t *parse(const char *text)
{
    json_t *doc = NULL;
    struct err err = {0};
    cr_assert_eq(json_parse(text, strlen(text), &JSON_LIMITS_FILE, &doc, &err), ERR_OK, "%s",
                 err.message);
    return doc;
}

static void why_is(const char *line, const char *expected)
{
    char out[SENTENCE_BYTES];
    json_t *doc = parse(line);
    cr_assert_str_eq(say_why(&chinese, doc, out), expected);
    json_decref(doc);
}

Test(report_words, phrases_are_looked_up_and_others_stay)
{
    char out[SENTENCE_BYTES];
    cr_assert_str_eq(say(&chinese, "measured"), "实测");
    cr_assert_str_eq(say(&english, "measured"), "measured");
    cr_assert_str_eq(say(&chinese, "what a person wrote"), "what a person wrote");
    cr_assert_str_eq(say_milestone(&chinese, "gate:improve:PASS", out), "关卡 改进: PASS");
    cr_assert_str_eq(say_milestone(&english, "gate:poc:FAIL", out), "gate poc: FAIL");
    cr_assert_str_eq(say_milestone(&chinese, "rollback", out), "回滚");
}

Test(report_words, a_line_of_a_gate_is_told_from_its_numbers)
{
    why_is("{\"kind\": \"at_least\", \"verdict\": \"PASS\", \"bound\": 0.823, \"threshold\": 0.75}",
           "下界 0.823 达到 0.75");
    why_is("{\"kind\": \"at_most\", \"verdict\": \"FAIL\", \"bound\": 70.8, \"threshold\": 50}",
           "上界 70.8 超过 50");
    why_is("{\"kind\": \"below\", \"verdict\": \"STOP\", \"bound\": 0.5, \"threshold\": 0.6}",
           "上界 0.5 低于 0.6");
    why_is("{\"kind\": \"above\", \"verdict\": \"CLEAR\", \"bound\": 3, \"threshold\": 4}",
           "下界 3 不高于 4");
    why_is("{\"kind\": \"not_worse_than\", \"verdict\": \"PASS\", \"bound\": 0.25, \"margin\": 0}",
           "差值的置信界 0.25，未超出允许的差距 0");
    why_is("{\"kind\": \"at_least\", \"verdict\": \"INSUFFICIENT\", \"bound\": null,"
           " \"measurement\": {\"n\": 7}}",
           "数据不足，无法判定（n = 7）");
}

Test(report_words, value_says_profit_loss_and_too_little)
{
    char out[SENTENCE_BYTES];
    json_t *good =
        parse("{\"verdict\": \"ok\", \"currency\": \"EUR\", \"payback_months\": {\"value\": 0.84},"
              " \"benefit_per_month\": {\"value\": 100, \"low\": 50, \"high\": 150,"
              " \"origin\": \"simulated\"}}");
    cr_assert_str_eq(say_value(&chinese, good, out),
                     "每月净收益 100 EUR（区间 50 至 150；模拟），0.8 个月回本。");
    json_object_set_new(json_object_get(good, "benefit_per_month"), "value", json_integer(-5));
    cr_assert(str_ends(say_value(&chinese, good, out), "无法回本。"));
    json_object_set_new(good, "verdict", json_string("insufficient"));
    cr_assert(str_starts(say_value(&chinese, good, out), "数据不足"));
    json_decref(good);
}
