/* front/app/report.c - the sections of the customer's report, in the order in which a customer
 * asks: what for, how far, how good, what is it worth, who says so, what next. */
#include "base/str.h"
#include "front/app/report_words.h"
#include <math.h>

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static double num_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

static double at_of(const json_t *list, size_t i)
{
    const json_t *v = json_array_get(list, i);
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

static const char *num_text(double v, int digits, char out[32])
{
    if (isnan(v)) return "-";
    (void)str_format(out, 32, "%.*f", digits, v);
    return out;
}

static const char *short_digest(const json_t *o, const char *key, char out[16])
{
    (void)str_format(out, 16, "%.12s", text_of(o, key));
    return out;
}

static void took_text(double seconds, char out[32])
{
    if (seconds < 120)
        (void)str_format(out, 32, "%.0f s", seconds);
    else if (seconds < 7200)
        (void)str_format(out, 32, "%.0f min", seconds / 60);
    else if (seconds < 172800)
        (void)str_format(out, 32, "%.1f h", seconds / 3600);
    else
        (void)str_format(out, 32, "%.1f d", seconds / 86400);
}

static void write_goal(struct doc *d, const json_t *r)
{
    if (text_of(r, "goal")[0]) doc_text(d, "%s", text_of(r, "goal"));
    doc_text(d, "%s: %s. %s: %s.", W(d, "Owner", "负责人"), text_of(r, "owner"),
             W(d, "Written", "生成时间"), text_of(r, "at"));
    if (json_is_true(json_object_get(r, "simulated")))
        doc_note(d, W(d,
                      "Some of what follows rests on a simulated reviewer, not on people. Each "
                      "such line is marked \"simulated\".",
                      "以下部分结果来自模拟的审核员，而非真人；每一处都标有“模拟”。"));
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(r, "overrides"), i, o)
    {
        char line[400];
        (void)str_format(line, sizeof line, "%s %.12s, %s: %.200s",
                         W(d, "Promoted without a PASS: model", "未通过关卡即上线：模型"),
                         text_of(o, "model"), text_of(o, "by"), text_of(o, "why"));
        doc_note(d, line);
    }
}

static void write_path(struct doc *d, const json_t *r)
{
    size_t i;
    json_t *o;
    char model[16], took[32], what[SENTENCE_BYTES];
    doc_heading(d, 2, W(d, "Where the path stands", "进展"));
    doc_table(d, W(d, "Stage", "阶段"), W(d, "Criteria", "标准数"), W(d, "Deadline", "期限"),
              W(d, "Newest gate", "最近的关卡"), W(d, "Took", "用时"), W(d, "Model", "模型"), NULL);
    json_array_foreach(json_object_get(r, "stages"), i, o)
    {
        char count[16];
        (void)str_format(count, sizeof count, "%lld",
                         (long long)json_integer_value(json_object_get(o, "criteria")));
        const char *verdict = text_of(o, "verdict");
        double seconds = num_of(json_object_get(r, "stage_seconds"), text_of(o, "stage"));
        took_text(seconds, took);
        doc_row(d, text_of(o, "stage"), count, text_of(o, "deadline"), verdict[0] ? verdict : "-",
                isnan(seconds) ? "-" : took, short_digest(o, "model", model), NULL);
    }
    doc_table_end(d);
    doc_table(d, W(d, "Milestone", "里程碑"), W(d, "When", "时间"), W(d, "After", "用时"),
              W(d, "Model", "模型"), W(d, "How", "方式"), NULL);
    json_array_foreach(json_object_get(r, "milestones"), i, o)
    {
        took_text(num_of(o, "seconds_since_previous"), took);
        doc_row(d, say_milestone(d, text_of(o, "what"), what), text_of(o, "at"), i ? took : "-",
                short_digest(o, "model", model), say(d, text_of(o, "how")), NULL);
    }
    doc_table_end(d);
}

static void write_gates(struct doc *d, const json_t *r)
{
    size_t i, k;
    json_t *gate, *line;
    char title[160], value[32], bound[32], why[SENTENCE_BYTES];
    doc_heading(d, 2, W(d, "Evidence, gate by gate", "各关卡的证据"));
    if (!json_array_size(json_object_get(r, "gates")))
        doc_text(d, "%s", W(d, "No gate has been run yet.", "尚未运行任何关卡。"));
    json_array_foreach(json_object_get(r, "gates"), i, gate)
    {
        (void)str_format(title, sizeof title, "%s: %s (%.12s, %s, %s)", text_of(gate, "stage"),
                         text_of(gate, "verdict"), text_of(gate, "model"),
                         text_of(gate, "precision"), say(d, text_of(gate, "how")));
        doc_heading(d, 3, title);
        doc_table(d, W(d, "Criterion", "标准"), W(d, "Value", "数值"), W(d, "Bound", "置信界"),
                  W(d, "Verdict", "结论"), W(d, "Why", "原因"), NULL);
        json_array_foreach(json_object_get(json_object_get(gate, "gate"), "criteria"), k, line)
            doc_row(d, text_of(line, "criterion"), num_text(num_of(line, "value"), 4, value),
                    num_text(num_of(line, "bound"), 4, bound), text_of(line, "verdict"),
                    say_why(d, line, why), NULL);
        doc_table_end(d);
        if (json_is_true(json_object_get(gate, "criteria_changed")))
            doc_note(d, W(d, "The criteria are not those that were frozen first.",
                          "这些标准与最初冻结的标准不同。"));
    }
}

#define BARS_MAX 64

static struct chart_bar bar_of(const char *name, const json_t *report, bool rival)
{
    const json_t *i = json_object_get(report, "f1_interval");
    return (struct chart_bar){.name = name,
                              .value = num_of(report, "f1"),
                              .low = at_of(i, 0),
                              .high = at_of(i, 1),
                              .rival = rival};
}

static void write_quality(struct doc *d, const json_t *r)
{
    const json_t *all = json_object_get(r, "evaluations"), *model = json_object_get(all, "model");
    struct chart_bar bars[BARS_MAX];
    size_t count = 0, i;
    json_t *label;
    char low[32], f1[32], high[32], sentence[SENTENCE_BYTES];
    if (!json_is_object(model)) return;
    doc_heading(d, 2, W(d, "How good the champion is", "当前模型的质量"));
    json_array_foreach(json_object_get(model, "labels"), i, label)
    {
        if (count < BARS_MAX - 3) bars[count++] = bar_of(text_of(label, "label"), label, false);
    }
    bars[count++] = bar_of(W(d, "overall", "总体"), json_object_get(model, "overall"), false);
    bars[count++] = bar_of(W(d, "dictionary", "词典"),
                           json_object_get(json_object_get(all, "dictionary"), "overall"), true);
    bars[count++] =
        bar_of("all-O", json_object_get(json_object_get(all, "all_o"), "overall"), true);
    doc_chart(d, "entity F1", bars, count, 0, 1, "");
    doc_table(d, W(d, "Entity F1 on held-out test data", "留出测试集上的实体 F1"), "F1", "95 %",
              NULL);
    for (i = 0; i < count; i++) {
        char interval[80];
        (void)str_format(interval, sizeof interval, "%s - %s", num_text(bars[i].low, 3, low),
                         num_text(bars[i].high, 3, high));
        doc_row(d, bars[i].name, num_text(bars[i].value, 3, f1), interval, NULL);
    }
    doc_table_end(d);
    doc_text(d, "%s", say_tokens(d, model, sentence));
}

static void write_improvement(struct doc *d, const json_t *r)
{
    size_t i, k, count = 0;
    json_t *o, *line;
    struct chart_bar bars[BARS_MAX];
    char names[BARS_MAX][64], a[32], b[32], low[32];
    if (!json_array_size(json_object_get(r, "improvements"))) return;
    doc_heading(d, 2,
                W(d, "What feedback taught: theta PoC against theta Prod",
                  "反馈带来的改进：theta PoC 与 theta Prod"));
    doc_table(d, W(d, "Data", "数据"), W(d, "Champion F1", "原模型 F1"),
              W(d, "Candidate F1", "新模型 F1"), W(d, "Lower bound of the difference", "差值下界"),
              W(d, "Verdict", "结论"), W(d, "How", "方式"), NULL);
    json_array_foreach(json_object_get(r, "improvements"), i, o)
    {
        json_array_foreach(json_object_get(o, "comparisons"), k, line)
        {
            const json_t *diff = json_object_get(line, "difference");
            doc_row(d, say(d, text_of(line, "data")), num_text(num_of(line, "champion_f1"), 4, a),
                    num_text(num_of(line, "candidate_f1"), 4, b),
                    num_text(num_of(diff, "lower"), 4, low),
                    json_is_true(json_object_get(line, "pass")) ? "PASS" : "FAIL",
                    say(d, text_of(o, "how")), NULL);
            if (count + 2 > BARS_MAX) continue;
            for (int side = 0; side < 2; side++) {
                (void)str_format(names[count], sizeof names[0], "%s, %s",
                                 say(d, text_of(line, "data")),
                                 side ? W(d, "candidate", "新模型") : W(d, "champion", "原模型"));
                bars[count] =
                    (struct chart_bar){.name = names[count],
                                       .value = num_of(line, side ? "candidate_f1" : "champion_f1"),
                                       .low = (double)NAN,
                                       .high = (double)NAN,
                                       .rival = !side};
                count++;
            }
        }
    }
    doc_table_end(d);
    doc_chart(d, "F1 before and after feedback", bars, count, 0, 1, "");
}

static void write_value(struct doc *d, const json_t *r)
{
    const json_t *v = json_object_get(r, "value"), *acceptance = json_object_get(r, "acceptance");
    size_t i, count = 0;
    json_t *term;
    struct chart_bar bars[BARS_MAX];
    char text[32], unit[96], rate[32], low[32], high[32], sentence[SENTENCE_BYTES];
    double most = 1, least = 0;
    doc_heading(d, 2, W(d, "What it is worth", "价值"));
    doc_text(d, "%s", say_value(d, v, sentence));
    doc_table(d, W(d, "Term", "项"), W(d, "Formula", "公式"), W(d, "Value", "数值"),
              W(d, "Unit", "单位"), W(d, "Origin", "来源"), NULL);
    json_array_foreach(json_object_get(v, "terms"), i, term)
    {
        double x = num_of(term, "value");
        bool money = json_is_true(json_object_get(term, "money"));
        (void)str_format(unit, sizeof unit, "%s%s%s", money ? text_of(v, "currency") : "",
                         money ? " " : "", say(d, text_of(term, "unit")));
        doc_row(d, say(d, text_of(term, "name")), say(d, text_of(term, "formula")),
                num_text(x, 2, text), unit, say(d, text_of(term, "origin")), NULL);
        /* One axis, so one unit: money a month. */
        if (count == BARS_MAX || isnan(x) || !money) continue;
        if (!str_ends(text_of(term, "unit"), "per month")) continue;
        bars[count++] = (struct chart_bar){.name = say(d, text_of(term, "name")),
                                           .value = x,
                                           .low = (double)NAN,
                                           .high = (double)NAN};
        most = fmax(most, x);
        least = fmin(least, x);
    }
    doc_table_end(d);
    doc_chart(d, "value a month", bars, count, least, most, "");
    doc_text(d, "%s: %s (%s - %s), n = %lld.", W(d, "Acceptance", "接受率"),
             num_text(num_of(acceptance, "rate"), 3, rate),
             num_text(num_of(acceptance, "low"), 3, low),
             num_text(num_of(acceptance, "high"), 3, high),
             (long long)json_integer_value(json_object_get(acceptance, "total")));
    doc_text(d, "%s", say_usage(d, json_object_get(r, "usage"), sentence));
}

static void write_attested(struct doc *d, const json_t *r)
{
    const json_t *list = json_object_get(r, "attested");
    size_t i;
    json_t *o;
    doc_heading(d, 2, W(d, "What people attest", "人员证言"));
    if (!json_array_size(list)) {
        doc_text(d, "%s", W(d, "Nothing yet.", "暂无。"));
        return;
    }
    doc_table(d, W(d, "Kind", "种类"), W(d, "By", "署名"), W(d, "Note", "说明"),
              W(d, "File", "文件"), NULL);
    json_array_foreach(list, i, o) doc_row(d, text_of(o, "kind"), text_of(o, "by"),
                                           text_of(o, "note"), text_of(o, "file"), NULL);
    doc_table_end(d);
}

static void write_end(struct doc *d, const json_t *r)
{
    doc_heading(d, 2, W(d, "What next", "下一步"));
    doc_text(d, "%s (%s)", text_of(r, "next"), say(d, text_of(r, "why")));
    doc_heading(d, 2, W(d, "How to check this", "如何核对"));
    doc_text(d,
             W(d,
               "%lld records of evidence, each holding the hash of the one before. Head: %s. "
               "cairn verify walks the chain and names the first broken record.",
               "共 %lld 条证据，每条都含有前一条的哈希。链首：%s。运行 cairn verify 可逐条核对，"
               "并指出第一条损坏的记录。"),
             (long long)json_integer_value(json_object_get(r, "records")), text_of(r, "head"));
}

enum err_code app_report(struct app *app, const struct report_request *r, struct buf *out,
                         struct err *err)
{
    json_t *data = NULL;
    struct doc d;
    char title[256];
    if (app_report_data(app, &data, err)) return err->code;
    bool chinese = r->language == REPORT_CHINESE;
    (void)str_format(title, sizeof title, "%.120s: %s", text_of(data, "name"),
                     chinese ? "价值与证据报告" : "evidence and value");
    doc_begin(&d, r->format, r->language, title, out);
    write_goal(&d, data);
    write_path(&d, data);
    write_gates(&d, data);
    write_quality(&d, data);
    write_improvement(&d, data);
    write_value(&d, data);
    write_attested(&d, data);
    write_end(&d, data);
    doc_end(&d);
    json_decref(data);
    return buf_check(out, err);
}
