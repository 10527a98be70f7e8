/* The gate against its table of rules (gate.table), and what the table cannot say. */
#include "base/os.h"
#include "base/str.h"
#include "proof/evidence/gate.h"
#include "support/test_data.h"

#include <math.h>
#include <string.h>

#define ROWS_MAX  8
#define WORDS_MAX 16

struct gate_case { /* strings point into the table's text */
    struct criterion criteria[ROWS_MAX], stops[ROWS_MAX];
    struct measurement measurements[ROWS_MAX];
    struct gate_input in;
};

static bool number(const char *word, double *ret)
{
    struct err err;
    return word && str_to_f64(word, ret, &err) == ERR_OK;
}

/* "entity_f1[DISEASE]" in place: cuts the label off. */
static char *cut_label(char *metric)
{
    char *open = strchr(metric, '[');
    if (!open) return NULL;
    *open = '\0';
    open[strcspn(open + 1, "]") + 1] = '\0';
    return open + 1;
}

static bool read_options(char **word, struct criterion *c)
{
    double over;
    for (; *word; word += 2) {
        if (str_eq(*word, "confidence")) {
            if (!number(word[1], &c->confidence)) return false;
        } else if (str_eq(*word, "over")) {
            if (!number(word[1], &over)) return false;
            c->over = (int64_t)over;
        } else {
            return false;
        }
    }
    return true;
}

static bool read_criterion(char **word, bool stop, struct criterion *c)
{
    struct err err;
    if (!word[1] || !word[2] || !word[3]) return false;
    *c = (struct criterion){.label = cut_label(word[1]), .metric = word[1]};
    int k = CRITERION_AT_LEAST;
    while (k <= STOP_ABOVE && !str_eq(word[2], criterion_kind_name((enum criterion_kind)k))) k++;
    if (k > STOP_ABOVE || stop != (k >= STOP_BELOW)) return false;
    c->kind = (enum criterion_kind)k;
    double *into = c->kind == CRITERION_NOT_WORSE ? &c->margin : &c->threshold;
    return number(word[3], into) && read_options(word + 4, c) && criterion_check(c, &err) == ERR_OK;
}

static bool read_measure(char **word, struct measurement *m)
{
    double *const into[] = {&m->value, &m->lower, &m->upper};
    *m = (struct measurement){.confidence = CONFIDENCE_DEFAULT, .how = "measured"};
    if (!word[1]) return false;
    m->label = cut_label(word[1]);
    m->metric = word[1];
    for (int i = 0; i < 3; i++) {
        if (!word[2 + i]) return false;
        *into[i] = (double)NAN;
        if (!str_eq(word[2 + i], "-") && !number(word[2 + i], into[i])) return false;
    }
    double n;
    if (!word[5] || !str_eq(word[5], "n") || !number(word[6], &n)) return false;
    m->n = (int64_t)n;
    for (word += 7; *word; word++) {
        if (str_eq(*word, "difference"))
            m->difference = true;
        else if (!str_eq(*word, "confidence") || !number(*++word, &m->confidence))
            return false;
    }
    return true;
}

/* One row of a case; false when it is malformed. */
static bool read_row(char *row, struct gate_case *c)
{
    char *word[WORDS_MAX + 1] = {0}, *save = NULL;
    int count = 0;
    for (char *w = strtok_r(row, " \t", &save); w && count < WORDS_MAX - 2;
         w = strtok_r(NULL, " \t", &save))
        word[count++] = w;
    struct gate_input *in = &c->in;
    double t;
    if (str_eq(word[0], "criterion"))
        return read_criterion(word, false, &c->criteria[in->criterion_count]) &&
               ++in->criterion_count < ROWS_MAX;
    if (str_eq(word[0], "stop"))
        return read_criterion(word, true, &c->stops[in->stop_count]) && ++in->stop_count < ROWS_MAX;
    if (str_eq(word[0], "measure"))
        return read_measure(word, &c->measurements[in->measurement_count]) &&
               ++in->measurement_count < ROWS_MAX;
    if (str_eq(word[0], "step") && word[1]) {
        in->offline_only = str_eq(word[1], "offline");
        in->live_only = str_eq(word[1], "live");
        return in->offline_only || in->live_only;
    }
    bool now = str_eq(word[0], "now");
    if ((!now && !str_eq(word[0], "deadline")) || !number(word[1], &t)) return false;
    *(now ? &in->now_us : &in->deadline_us) = (int64_t)t;
    return true;
}

static void decide(struct gate_case *c, const char *want, int line)
{
    struct gate_line lines[2 * ROWS_MAX];
    struct gate_result r;
    c->in.criteria = c->criteria;
    c->in.stops = c->stops;
    c->in.measurements = c->measurements;
    gate_decide(&c->in, lines, &r);
    char got[256];
    size_t at = (size_t)snprintf(got, sizeof got, "%s :", gate_verdict_name(r.verdict));
    for (size_t i = 0; i < r.line_count; i++) {
        at += (size_t)snprintf(got + at, sizeof got - at, " %s",
                               criterion_verdict_name(lines[i].verdict));
        cr_assert(lines[i].why[0], "gate.table:%d: line %zu gives no reason", line, i);
    }
    cr_assert_str_eq(got, want, "gate.table:%d: want \"%s\", got \"%s\" (%s)", line, want, got,
                     r.why);
    cr_assert(r.why[0], "gate.table:%d: no reason", line);
    json_t *doc = gate_json(&r);
    cr_assert_eq(json_array_size(json_object_get(doc, "criteria")), r.line_count);
    json_decref(doc);
}

Test(gate, follows_the_table)
{
    struct buf text;
    struct err err = {0};
    buf_init(&text, 1 << 20);
    cr_assert_eq(os_read_file(test_source("proof/evidence/gate.table"), 1 << 20, &text, &err),
                 ERR_OK, "%s", err.message);
    struct gate_case c = {0};
    int line = 0, cases = 0, refused = 0;
    char *next = text.data;
    for (char *row = next; row; row = next) {
        next = strchr(row, '\n');
        if (next) *next++ = '\0';
        line++;
        if (row[0] == '#' || row[0] == '\0') continue;
        if (str_starts(row, "=> ")) {
            decide(&c, row + 3, line);
            c = (struct gate_case){0};
            cases++;
        } else if (str_starts(row, "%%FAIL ")) {
            struct gate_case ignored = {0};
            cr_assert(!read_row(row + 7, &ignored), "gate.table:%d: was not refused", line);
            refused++;
        } else {
            cr_assert(read_row(row, &c), "gate.table:%d: cannot read this row", line);
        }
    }
    cr_assert_geq(cases, 40, "only %d cases", cases);
    cr_assert_geq(refused, 19, "only %d refused rows", refused);
    buf_release(&text);
}

Test(gate, an_unknown_metric_names_the_nearest)
{
    struct err err = {0};
    struct criterion c = {.metric = "entity_fi", .threshold = 0.5};
    cr_assert_eq(criterion_check(&c, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.hint, "did you mean \"entity_f1\"?");
}

Test(gate, every_metric_of_the_table_is_found_and_explained)
{
    size_t count = 0;
    for (const struct metric_info *m; (m = metric_at(count)); count++) {
        cr_assert_eq(metric_find(m->name), m);
        cr_assert(strlen(m->meaning) > 20 && m->least_n >= 1, "%s", m->name);
    }
    cr_assert_geq(count, 11);
    cr_assert_null(metric_find("nothing"));
}

static void digest(const struct criterion *c, size_t n, int64_t deadline, char hex[65])
{
    struct criterion stop = {.kind = STOP_BELOW, .metric = "entity_f1", .threshold = 0.6};
    criteria_digest(c, n, &stop, 1, deadline, hex);
}

Test(gate, the_digest_of_criteria_ignores_order_and_notices_everything_else)
{
    struct criterion a[2] = {{.metric = "entity_f1", .threshold = 0.8},
                             {.metric = "entity_f1", .label = "DRUG", .threshold = 0.7}};
    struct criterion b[2] = {a[1], a[0]};
    char want[65], got[65];
    digest(a, 2, 5, want);
    digest(b, 2, 5, got);
    cr_assert_str_eq(got, want);
    b[0].confidence = CONFIDENCE_DEFAULT; /* what 0 stands for */
    digest(b, 2, 5, got);
    cr_assert_str_eq(got, want);
    struct criterion changed[6];
    for (int i = 0; i < 6; i++) changed[i] = a[1];
    changed[0].threshold = 0.7000001;
    changed[1].confidence = 0.9;
    changed[2].over = 3;
    changed[3].label = NULL;
    changed[4].metric = "entity_recall";
    changed[5].kind = CRITERION_AT_MOST;
    for (int i = 0; i < 6; i++) {
        b[0] = changed[i];
        digest(b, 2, 5, got);
        cr_assert_str_neq(got, want, "change %d went unnoticed", i);
    }
    digest(a, 2, 6, got);
    cr_assert_str_neq(got, want, "the deadline went unnoticed");
    digest(a, 1, 5, got);
    cr_assert_str_neq(got, want, "a criterion less went unnoticed");
}

Test(gate, criteria_read_as_a_person_writes_them)
{
    char text[80];
    struct criterion c = {.metric = "entity_f1", .label = "DISEASE", .threshold = 0.75};
    criterion_text(&c, text, sizeof text);
    cr_assert_str_eq(text, "entity_f1[DISEASE] >= 0.75 (95 %)");
    c = (struct criterion){.kind = CRITERION_NOT_WORSE, .metric = "entity_f1", .margin = 0.01};
    criterion_text(&c, text, sizeof text);
    cr_assert_str_eq(text, "entity_f1 not worse by more than 0.01 (95 %)");
    criterion_text(&c, text, 10);
    cr_assert_str_eq(text, "entity_f1");
}
