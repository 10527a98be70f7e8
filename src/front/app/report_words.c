/* front/app/report_words.c - a table of phrases, and a few sentences made of numbers. In Chinese a
 * sentence is built from the fields of a record, so that it cannot say more than was recorded. */
#include "front/app/report_words.h"
#include "base/str.h"
#include <string.h>

static const char *const WORDS[][2] = {
    {"data-split", "数据划分"},
    {"training", "训练"},
    {"review", "审核"},
    {"promotion", "晋升"},
    {"override", "越过关卡的晋升"},
    {"rollback", "回滚"},
    {"improve", "改进"},
    {"measured", "实测"},
    {"assumed", "假设"},
    {"simulated", "模拟"},
    {"attested", "证言"},
    {"absent", "无"},
    {"old test", "原测试集"},
    {"new test", "新测试集"},
    {"items", "件数"},
    {"acceptance rate", "接受率"},
    {"accepted", "接受的件数"},
    {"hours saved", "节省工时"},
    {"labour saved", "节省人工"},
    {"errors", "差错"},
    {"cost of errors", "差错成本"},
    {"run cost", "运行成本"},
    {"benefit", "净收益"},
    {"one-off cost", "一次性投入"},
    {"payback", "回本时间"},
    {"accepted verdicts / verdicts", "接受的意见 / 全部意见"},
    {"items x acceptance rate", "件数 × 接受率"},
    {"accepted x (manual - review minutes) / 60", "接受的件数 ×（人工分钟 - 复核分钟）/ 60"},
    {"hours saved x hourly wage", "节省工时 × 时薪"},
    {"items x (1 - acceptance rate)", "件数 ×（1 - 接受率）"},
    {"errors x cost per error", "差错 × 每个差错的成本"},
    {"labour saved - cost of errors - run cost", "节省人工 - 差错成本 - 运行成本"},
    {"one-off cost / benefit", "一次性投入 / 净收益"},
    {"per month", "每月"},
    {"hours per month", "小时每月"},
    {"months", "个月"},
    {"data is not split yet", "数据尚未划分"},
    {"the candidate passed its gate", "候选模型已过关"},
    {"the candidate has met no gate", "候选模型还没有经过关卡"},
    {"no model was trained yet, or none passed", "还没有训练过模型，或没有一个过关"},
    {"feedback waits for a person's review", "有反馈等待人工审核"},
    {"reviewed feedback can teach the champion", "审核过的反馈可以用来改进冠军"},
    {"the champion can answer", "冠军可以上线回答"},
};

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static double num_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : 0;
}

static bool chinese(const struct doc *d)
{
    return d->language == REPORT_CHINESE;
}

const char *say(const struct doc *d, const char *english)
{
    if (!chinese(d)) return english;
    for (size_t i = 0; i < ARRAY_COUNT(WORDS); i++)
        if (str_eq(WORDS[i][0], english)) return WORDS[i][1];
    return english;
}

const char *say_milestone(const struct doc *d, const char *what, char out[SENTENCE_BYTES])
{
    const char *stage = str_starts(what, "gate:") ? what + strlen("gate:") : NULL;
    const char *verdict = stage ? strchr(stage, ':') : NULL;
    if (!verdict) return say(d, what);
    char name[32];
    (void)str_format(name, sizeof name, "%.*s", (int)(verdict - stage), stage);
    (void)str_format(out, SENTENCE_BYTES, "%s %s: %s", chinese(d) ? "关卡" : "gate", say(d, name),
                     verdict + 1);
    return out;
}

const char *say_why(const struct doc *d, const json_t *line, char out[SENTENCE_BYTES])
{
    const char *kind = text_of(line, "kind"), *verdict = text_of(line, "verdict");
    const json_t *measurement = json_object_get(line, "measurement");
    if (!chinese(d)) return text_of(line, "why");
    if (str_eq(verdict, "INSUFFICIENT") || !json_is_number(json_object_get(line, "bound"))) {
        (void)str_format(out, SENTENCE_BYTES, "数据不足，无法判定（n = %.0f）",
                         num_of(measurement, "n"));
        return out;
    }
    double bound = num_of(line, "bound");
    bool pass = str_eq(verdict, "PASS"), stop = str_eq(verdict, "STOP");
    if (str_eq(kind, "at_least"))
        (void)str_format(out, SENTENCE_BYTES, "下界 %.4g %s %.4g", bound, pass ? "达到" : "未达到",
                         num_of(line, "threshold"));
    else if (str_eq(kind, "at_most"))
        (void)str_format(out, SENTENCE_BYTES, "上界 %.4g %s %.4g", bound, pass ? "不超过" : "超过",
                         num_of(line, "threshold"));
    else if (str_eq(kind, "below"))
        (void)str_format(out, SENTENCE_BYTES, "上界 %.4g %s %.4g", bound, stop ? "低于" : "不低于",
                         num_of(line, "threshold"));
    else if (str_eq(kind, "above"))
        (void)str_format(out, SENTENCE_BYTES, "下界 %.4g %s %.4g", bound, stop ? "高于" : "不高于",
                         num_of(line, "threshold"));
    else
        (void)str_format(out, SENTENCE_BYTES, "差值的置信界 %.4g，%s允许的差距 %.4g", bound,
                         pass ? "未超出" : "超出", num_of(line, "margin"));
    return out;
}

const char *say_tokens(const struct doc *d, const json_t *evaluation, char out[SENTENCE_BYTES])
{
    const json_t *token = json_object_get(evaluation, "token");
    if (!chinese(d)) return text_of(token, "sentence");
    (void)str_format(out, SENTENCE_BYTES,
                     "什么都不标的标注器，逐词准确率已有 %.1f %%；本模型为 %.1f %%，"
                     "但按完整实体计算，F1 是 %.1f %%。",
                     100 * num_of(token, "all_o_accuracy"), 100 * num_of(token, "accuracy"),
                     100 * num_of(json_object_get(evaluation, "overall"), "f1"));
    return out;
}

const char *say_value(const struct doc *d, const json_t *value, char out[SENTENCE_BYTES])
{
    const json_t *b = json_object_get(value, "benefit_per_month");
    if (!chinese(d)) return text_of(value, "sentence");
    if (!str_eq(text_of(value, "verdict"), "ok")) return "数据不足：还不能计算价值。";
    int used = snprintf(out, SENTENCE_BYTES, "每月净收益 %.0f %s（区间 %.0f 至 %.0f；%s），",
                        num_of(b, "value"), text_of(value, "currency"), num_of(b, "low"),
                        num_of(b, "high"), say(d, text_of(b, "origin")));
    if (used < 0 || used >= SENTENCE_BYTES) return out;
    size_t left = SENTENCE_BYTES - (size_t)used;
    if (num_of(b, "value") > 0)
        (void)str_format(out + used, left, "%.1f 个月回本。",
                         num_of(json_object_get(value, "payback_months"), "value"));
    else
        (void)str_format(out + used, left, "无法回本。");
    return out;
}

const char *say_usage(const struct doc *d, const json_t *usage, char out[SENTENCE_BYTES])
{
    const json_t *acceptance = json_object_get(usage, "acceptance");
    if (!chinese(d)) return text_of(usage, "sentence");
    (void)str_format(out, SENTENCE_BYTES,
                     "最近 %.0f 天中有 %.0f 天使用，共 %.0f 个回答，其中 %.0f 个有反馈；"
                     "%.0f 条意见中接受 %.0f 条%s。",
                     num_of(usage, "days"), num_of(usage, "active_days"),
                     num_of(usage, "predictions"), num_of(usage, "with_feedback"),
                     num_of(acceptance, "total"), num_of(acceptance, "accepted"),
                     num_of(acceptance, "simulated") > 0 ? "（含模拟审核员）" : "");
    return out;
}
