/* Same traffic: no drift, whatever the seed. Each measure moved alone: that one is named. Few
 * texts: nothing is said. */
#include "conversation.h"
#include "base/rng.h"
#include "live/feedback/drift.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define TEXTS 300

struct world { /* how texts are made */
    double entities, confidence, unknown;
};

static void make(struct arena *a, const struct world *w, uint32_t seed, int32_t count,
                 struct drift_sample *ret)
{
    struct rng r;
    rng_init(&r, seed, RNG_SAMPLE, 0);
    ret->count = count;
    ret->points = arena_alloc(a, (size_t)count * sizeof *ret->points);
    for (int32_t i = 0; i < count; i++) {
        int32_t *labels = arena_alloc(a, 2 * sizeof *labels);
        for (int k = 0; k < 4; k++) labels[k % 2] += rng_unit(&r) < w->entities;
        int64_t unknown = 0;
        for (int k = 0; k < 20; k++) unknown += rng_unit(&r) < w->unknown;
        ret->points[i] = (struct drift_point){.labels = labels,
                                              .confidence = w->confidence + 0.1 * rng_unit(&r),
                                              .tokens = 20,
                                              .unknown = unknown};
    }
}

static const struct world usual = {0.4, 0.85, 0.05};

static void compare(const struct world *now, uint32_t seed, int32_t count, struct drift_report *ret)
{
    struct arena a;
    static const char *names[] = {"DRUG", "TEST"};
    struct drift_set s = {.labels = names, .label_count = 2};
    arena_init(&a, 1u << 26);
    make(&a, &usual, seed, TEXTS, &s.reference);
    make(&a, now, seed + 1, count, &s.recent);
    struct drift_options o = {.seed = 7, .permutations = 499};
    OK(drift_measure(&s, &o, ret, &err));
    arena_release(&a);
}

Test(drift, none_where_nothing_changed)
{
    double p_sum = 0;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct drift_report d;
        compare(&usual, 2 * seed, TEXTS, &d);
        cr_assert_eq(d.verdict, DRIFT_NONE, "seed %u: %s", seed, d.sentence);
        for (int k = 0; k < DRIFT_KIND_COUNT; k++) p_sum += d.result[k].p;
    }
    /* Under the null p is uniform: the mean of 60 is 0.5 +- 0.037; five of those either way. */
    cr_assert(p_sum / 60 > 0.31 && p_sum / 60 < 0.69, "mean p %g", p_sum / 60);
}

Test(drift, the_measure_that_moved_is_named)
{
    static const struct {
        struct world now;
        enum drift_kind kind;
    } cases[] = {
        {{0.1, 0.85, 0.05}, DRIFT_LABEL_RATE},
        {{0.4, 0.80, 0.05}, DRIFT_CONFIDENCE},
        {{0.4, 0.85, 0.15}, DRIFT_UNKNOWN_RATE},
    };
    for (size_t i = 0; i < 3; i++) {
        struct drift_report d;
        compare(&cases[i].now, 5, TEXTS, &d);
        cr_assert_eq(d.verdict, DRIFT_SEEN);
        for (int k = 0; k < DRIFT_KIND_COUNT; k++)
            cr_assert_eq(d.result[k].drift, k == (int)cases[i].kind, "%s", d.sentence);
        cr_assert(strstr(d.sentence, drift_kind_name(cases[i].kind)), "%s", d.sentence);
        cr_assert(d.result[cases[i].kind].p_adjusted <= 0.01);
        cr_assert(d.result[cases[i].kind].psi > d.result[cases[i].kind].null_q95);
    }
}

Test(drift, too_little_data_is_no_verdict)
{
    struct drift_report d;
    struct world other = {0.9, 0.1, 0.9};
    compare(&other, 5, 49, &d);
    cr_assert_eq(d.verdict, DRIFT_TOO_LITTLE);
    cr_assert(strstr(d.sentence, "too little data"), "%s", d.sentence);
    cr_assert(isnan(d.result[0].psi));
    json_t *o = drift_json(&d);
    cr_assert(
        json_is_null(json_object_get(json_array_get(json_object_get(o, "measures"), 0), "p")));
    json_decref(o);
    compare(&other, 5, 50, &d);
    cr_assert_eq(d.verdict, DRIFT_SEEN);
}

Test(drift, the_same_seed_gives_the_same_report)
{
    struct drift_report a, b;
    struct world other = {0.5, 0.84, 0.06};
    compare(&other, 5, TEXTS, &a);
    compare(&other, 5, TEXTS, &b);
    cr_assert_str_eq(a.sentence, b.sentence);
    for (int k = 0; k < DRIFT_KIND_COUNT; k++) {
        cr_assert_eq(a.result[k].p, b.result[k].p);
        cr_assert_eq(a.result[k].null_mean, b.result[k].null_mean);
    }
}

Test(drift, psi_of_a_case_worked_by_hand)
{
    /* 100 texts without and 100 with one entity of one label: shares 100.5/101 and 0.5/101,
     * swapped. PSI = 2 (100/101) ln(201). */
    struct drift_point points[200];
    int32_t none = 0, one = 1;
    for (int i = 0; i < 200; i++)
        points[i] = (struct drift_point){
            .labels = i < 100 ? &none : &one, .confidence = (double)NAN, .tokens = 1};
    static const char *names[] = {"DRUG"};
    struct drift_set s = {.reference = {points, 100},
                          .recent = {points + 100, 100},
                          .labels = names,
                          .label_count = 1};
    struct drift_options o = {.seed = 1};
    struct drift_report d;
    OK(drift_measure(&s, &o, &d, &err));
    cr_assert_float_eq(d.result[DRIFT_LABEL_RATE].psi, 2 * (100.0 / 101) * log(201), 1e-9);
    cr_assert_float_eq(d.result[DRIFT_LABEL_RATE].p, 0.001, 1e-12);
    cr_assert_eq(d.result[DRIFT_CONFIDENCE].psi, 0, "no text has a confidence");
    cr_assert_eq(d.result[DRIFT_CONFIDENCE].p, 1);
    o.permutations = -1;
    FAILS(drift_measure(&s, &o, &d, &err), ERR_BAD_INPUT);
}

Test(drift, is_read_from_the_registry)
{
    struct conversation c;
    struct drift_set s;
    conversation_open(&c);
    OK(drift_load(c.r, MODEL, 0, 0, &c.a, &s, &err));
    cr_assert_eq(s.reference.count + s.recent.count + s.label_count, 0);
    conversation_predict(&c, "aspirin", false);
    struct prediction_row p = {.id = "0123456789abcdef0123456789abcdef",
                               .role = PREDICTION_REFERENCE,
                               .model = MODEL,
                               .text_hash = MODEL,
                               .entities = "[]",
                               .label_counts = "{\"TEST\":2,\"ANATOMY\":1}",
                               .confidence_mean = 0.7,
                               .token_count = 9,
                               .unknown_count = 3};
    OK(prediction_put(c.r, &p, 1, &err));
    OK(drift_load(c.r, MODEL, 0, 0, &c.a, &s, &err));
    cr_assert_eq(s.label_count, 3);
    cr_assert_str_eq(s.labels[0], "ANATOMY");
    cr_assert_eq(s.reference.points[0].labels[2], 2);
    cr_assert_eq(s.reference.points[0].unknown, 3);
    cr_assert_eq(s.recent.points[0].labels[1], 1);
    p.id = "00000000000000000000000000000000";
    p.label_counts = "[]";
    OK(prediction_put(c.r, &p, 1, &err));
    FAILS(drift_load(c.r, MODEL, 0, 0, &c.a, &s, &err), ERR_CORRUPT);
    conversation_close(&c);
}
