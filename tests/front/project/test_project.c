/* cairn.yaml as a whole: what is read, what is refused, and where the error says it is. */
#include "front/project/project.h"
#include "base/str.h"
#include "support/test_folder.h"
#include <criterion/criterion.h>
#include <string.h>

static const char FULL[] =
    "name: clinic\n"
    "task: token-classification\n"
    "goal: Coders find diseases in half the time\n"
    "owner: Jane\n"
    "model: minilm-l6\n"
    "data: {source: data/letters.jsonl, group_by: patient, "
    "split: {train: 0.7, dev: 0.1, test: 0.2, seed: 9}}\n"
    "train: {epochs: 5, batch_size: 8, learning_rate: 2.0e-4, max_tokens: 64, seed: 3}\n"
    "value: {currency: EUR, items_per_month: 40000, manual_minutes_per_item: 2.5, hourly_wage: "
    "31}\n"
    "feedback: {capture: on}\n"
    "stages:\n"
    "  poc:\n"
    "    deadline: 2027-02-21\n"
    "    criteria:\n"
    "      - {metric: entity_f1, at_least: 0.80}\n"
    "      - {metric: entity_f1, label: DISEASE, at_least: 0.75, confidence: 0.9}\n"
    "    stop_if:\n"
    "      - {metric: entity_f1, below: 0.60}\n"
    "  mvp:\n"
    "    criteria:\n"
    "      - {metric: latency_p99_ms, at_most: 20}\n"
    "  production:\n"
    "    criteria:\n"
    "      - {metric: entity_f1, not_worse_than: champion, margin: 0.01}\n"
    "    rollout: {shadow: 0.2}\n";

static enum err_code open_text(struct test_folder *t, const char *text, struct project **ret,
                               struct err *err)
{
    test_folder_make(t);
    test_folder_write(t, PROJECT_FILE, text);
    return project_open(t->path, ret, err);
}

Test(project, reads_every_section)
{
    struct test_folder t;
    struct project *p = NULL;
    struct err err = {0};
    cr_assert_eq(open_text(&t, FULL, &p, &err), ERR_OK, "%s %s", err.message, err.detail);
    cr_expect_str_eq(p->name, "clinic");
    cr_expect_str_eq(p->goal, "Coders find diseases in half the time");
    cr_expect_str_eq(p->owner, "Jane");
    cr_expect_str_eq(p->model, "minilm-l6");
    cr_expect_str_eq(p->data.source, "data/letters.jsonl");
    cr_expect_str_eq(p->data.group_by, "patient");
    cr_expect_eq(p->data.split.seed, 9);
    cr_expect_eq(p->train.epochs, 5);
    cr_expect_eq(p->train.batch_size, 8);
    cr_expect_eq(p->train.max_tokens, 64);
    cr_expect_eq(p->train.weight_decay, 0.01, "absent keys keep their default");
    cr_expect_eq(p->train.stride, 15, "but the overlap fits the window");
    cr_expect_eq(p->feedback.capture, 2, "capture: on, which YAML 1.1 would read as true");
    const struct stage_config *poc = &p->stages[STAGE_POC];
    cr_assert_eq(poc->criterion_count, 2);
    cr_assert_eq(poc->stop_count, 1);
    cr_expect_eq(poc->criteria[0].confidence, 0.95);
    cr_expect_eq(poc->criteria[1].confidence, 0.9);
    cr_expect_str_eq(poc->criteria[1].label, "DISEASE");
    cr_expect_str_eq(poc->deadline_text, "2027-02-21");
    cr_expect_eq(p->stages[STAGE_PRODUCTION].criteria[0].kind, CRITERION_NOT_WORSE);
    cr_expect_not_null(p->stages[STAGE_PRODUCTION].rollout);
    project_free(p);
    test_folder_remove(&t);
}

#define HEAD "name: a\ntask: token-classification\nmodel: m\ndata: {source: d}\n"

/* The error names the place as cairn.yaml:LINE:COLUMN, says `says`, and hints `hints`. */
static const struct bad {
    const char *yaml, *place, *says, *hints;
} bad[] = {
    {"task: token-classification\nmodel: m\ndata: {source: d}\n", "1:1", "name: is missing", ""},
    {"name: a\nmodel: m\ndata: {source: d}\n", "1:1", "task: is missing", ""},
    {"name: a\ntask: token-classification\ndata: {source: d}\n", "1:1", "model: is missing", ""},
    {"name: a\ntask: token-classification\nmodel: m\n", "1:1", "data: is missing", ""},
    {"name: a\ntask: tagging\nmodel: m\ndata: {source: d}\n", "2:7", "\"tagging\"",
     "token-classification"},
    {HEAD "modle: x\n", "5:1", "modle", "did you mean \"model\""},
    {HEAD "train: {epoch: 3}\n", "5:9", "epoch", "did you mean \"epochs\""},
    {HEAD "train: {epochs: 0}\n", "5:17", "expected a whole number", ""},
    {HEAD "train: {epochs: many}\n", "5:17", "expected a whole number", ""},
    {HEAD "train: {learning_rate: -1}\n", "5:24", "expected a number", ""},
    {HEAD "train: {precision: fp8}\n", "5:20", "precision", ""},
    {HEAD "train: {stride: 100}\n", "5:8", "stride", ""},
    {HEAD "train: 3\n", "5:8", "", ""},
    {HEAD "value: {hourly_wages: 3}\n", "5:9", "hourly_wages", "did you mean \"hourly_wage\""},
    {HEAD "feedback: {capture: maybe}\n", "5:21", "capture", ""},
    {HEAD "stages: {pok: {}}\n", "5:10", "pok", "did you mean \"poc\""},
    {HEAD "stages: {poc: {criterion: []}}\n", "5:16", "criterion", "did you mean \"criteria\""},
    {HEAD "stages: {poc: {deadline: soon}}\n", "5:26", "deadline", ""},
    {HEAD "stages: {poc: {deadline: 2027-02-30}}\n", "5:26", "deadline", ""},
    {HEAD "stages: {poc: {criteria: {metric: entity_f1}}}\n", "5:26", "list", ""},
    {HEAD "stages: {poc: {criteria: [{at_least: 1}]}}\n", "5:27", "metric", ""},
    {HEAD "stages: {poc: {criteria: [{metric: entity_f2, at_least: 1}]}}\n", "5:27", "entity_f2",
     "did you mean \"entity_f1\""},
    {HEAD "stages: {poc: {criteria: [{metric: entity_f1}]}}\n", "5:27", "exactly one comparison",
     "at_least"},
    {HEAD "stages: {poc: {criteria: [{metric: entity_f1, at_least: 1, at_most: 2}]}}\n", "5:27",
     "exactly one comparison", "at_least"},
    {HEAD "stages: {poc: {criteria: [{metric: entity_f1, below: 1}]}}\n", "5:27",
     "exactly one comparison", "at_least"},
    {HEAD "stages: {poc: {stop_if: [{metric: entity_f1, at_least: 1}]}}\n", "5:26",
     "exactly one comparison", "below"},
    {HEAD "stages: {poc: {criteria: [{metric: entity_f1, not_worse_than: rival}]}}\n", "5:27",
     "rival", ""},
    {HEAD "stages: {poc: {criteria: [{metric: latency_p99_ms, label: X, at_most: 1}]}}\n", "5:27",
     "label", ""},
    {HEAD "stages: {poc: {criteria: [{metric: entity_f1, at_least: x}]}}\n", "5:57",
     "expected a number", ""},
    {HEAD "name: b\n", "5:1", "", ""},
    {"name: a\ntask: token-classification\nmodel: m\ndata: {source: d, train: e}\n", "4:7",
     "both source", "keep source"},
    {"name: a\ntask: token-classification\nmodel: m\ndata: {train: d, dev: e}\n", "4:7", "needs",
     "source"},
    {"name: a\ntask: token-classification\nmodel: m\n"
     "data: {source: d, split: {train: 0.9, dev: 0.2, test: 0.1}}\n",
     "4:26", "add up to 1.2", ""},
    {"name: [a, b]\n", "1:7", "expected a text", ""},
    {"- name\n", "1:1", "", ""},
    {"name: {a: b\n", "", "", ""},
    {"", "", "", ""},
};

Test(project, refuses_with_place_and_suggestion)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct test_folder t;
        struct project *p = NULL;
        struct err err = {0};
        char place[64], all[1024];
        enum err_code code = open_text(&t, bad[i].yaml, &p, &err);
        cr_expect_eq(code, ERR_BAD_INPUT, "%s: code %d", bad[i].yaml, (int)code);
        (void)str_format(place, sizeof place, "cairn.yaml:%s", bad[i].place);
        (void)str_format(all, sizeof all, "%s | %s", err.message, err.detail);
        cr_expect_not_null(strstr(all, place), "%s: \"%s\" lacks %s", bad[i].yaml, all, place);
        cr_expect_not_null(strstr(all, bad[i].says), "%s: \"%s\" lacks %s", bad[i].yaml, all,
                           bad[i].says);
        cr_expect_not_null(strstr(err.hint, bad[i].hints), "%s: hint \"%s\" lacks %s", bad[i].yaml,
                           err.hint, bad[i].hints);
        cr_expect_null(p);
        test_folder_remove(&t);
    }
}

Test(project, is_found_from_a_folder_inside)
{
    struct test_folder t;
    struct project *p = NULL;
    struct err err = {0};
    char inner[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    test_folder_make(&t);
    test_folder_write(&t, PROJECT_FILE, FULL);
    (void)str_format(inner, sizeof inner, "%s/data/deep", t.path);
    cr_assert_eq(os_mkdirs(inner, &err), ERR_OK);
    cr_assert_eq(project_find(inner, &p, &err), ERR_OK, "%s", err.message);
    cr_expect_str_eq(strrchr(p->root, '/'), strrchr(t.path, '/'));
    cr_expect(str_starts(p->state, p->root));
    cr_assert_eq(project_path(p, "data/x.jsonl", path, &err), ERR_OK);
    cr_expect(str_starts(path, p->root) && strstr(path, "/data/x.jsonl"));
    cr_assert_eq(project_path(p, "/abs/x", path, &err), ERR_OK);
    cr_expect_str_eq(path, "/abs/x");
    project_free(p);
    test_folder_remove(&t);
}

Test(project, none_is_not_found_with_a_hint)
{
    struct project *p = NULL;
    struct err err = {0};
    cr_assert_eq(project_find("/", &p, &err), ERR_NOT_FOUND);
    cr_expect_not_null(strstr(err.hint, "cairn init"));
}

Test(project, stages_by_name)
{
    enum stage s = STAGE_COUNT;
    struct err err = {0};
    cr_assert_eq(stage_parse("production", &s, &err), ERR_OK);
    cr_expect_eq(s, STAGE_PRODUCTION);
    cr_assert_eq(stage_parse("prod", &s, &err), ERR_BAD_INPUT);
    cr_expect_eq(s, STAGE_PRODUCTION, "untouched on failure");
}
