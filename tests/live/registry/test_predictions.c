/* The queue: nothing waits for it, nothing is written twice, what is full or bad is counted. */
#include "base/str.h"
#include "live/registry/registry_internal.h"
#include "registry_fixture.h"
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

Test(predictions, come_back_as_they_were)
{
    struct fixture f;
    struct prediction_row p, got;
    fixture_open(&f);
    OK(fixture_add_model(&f, 1, &err));
    fixture_prediction(&f, 1, "aspirin h\xc3\xa9lps", &p);
    p.confidence_min = (double)NAN;
    OK(prediction_put(f.r, &p, 1, &err));
    OK(prediction_get(f.r, p.id, &f.a, &got, &err));
    cr_assert_str_eq(got.text, p.text);
    cr_assert_str_eq(got.entities, p.entities);
    cr_assert_str_eq(got.label_counts, p.label_counts);
    cr_assert_eq(got.confidence_mean, 0.9);
    cr_assert(isnan(got.confidence_min));
    cr_assert_eq(got.latency_us, 1500);
    cr_assert_eq(got.unknown_count, 1);
    FAILS(prediction_put(f.r, &p, 1, &err), ERR_CONFLICT); /* the id again */
    FAILS(prediction_get(f.r, "no-such-id", &f.a, &got, &err), ERR_NOT_FOUND);
    fixture_prediction(&f, 9, "of an unknown model", &p);
    FAILS(prediction_put(f.r, &p, 1, &err), ERR_CONFLICT);
    p.text = "\xff";
    FAILS(prediction_put(f.r, &p, 1, &err), ERR_BAD_INPUT);
    fixture_close(&f);
}

Test(predictions, a_waiting_one_is_found_at_once)
{
    struct fixture f;
    struct prediction_log *log = NULL;
    struct prediction_log_counts c;
    struct prediction_row p, got;
    fixture_open(&f);
    OK(fixture_add_model(&f, 1, &err));
    OK(prediction_log_start(f.r, 0, &log, &err));
    for (int i = 0; i < 20; i++) {
        fixture_prediction(&f, 1, "text", &p);
        prediction_log_put(log, &p);
        OK(prediction_get(f.r, p.id, &f.a, &got, &err));
        cr_assert_gt(got.at_us, 0);
    }
    prediction_log_get_counts(log, &c);
    cr_assert_eq(c.written, 20);
    prediction_log_stop(log);
    fixture_close(&f);
}

Test(predictions, a_full_queue_drops_and_counts)
{
    struct fixture f;
    struct prediction_log *log = NULL;
    struct prediction_log_counts c;
    struct prediction_row p;
    fixture_open(&f);
    OK(fixture_add_model(&f, 1, &err));
    OK(prediction_log_start(f.r, 4, &log, &err));
    registry_hold(f.r); /* the disk is slow */
    for (int i = 0; i < 10; i++) {
        fixture_prediction(&f, 1, "text", &p);
        prediction_log_put(log, &p);
    }
    prediction_log_get_counts(log, &c);
    cr_assert_eq(c.waiting, 4);
    cr_assert_eq(c.dropped, 6);
    registry_let(f.r);
    prediction_log_flush(log);
    prediction_log_get_counts(log, &c);
    cr_assert_eq(c.written, 4);
    cr_assert_eq(c.waiting, 0);
    prediction_log_stop(log);
    fixture_close(&f);
}

Test(predictions, one_bad_row_does_not_lose_its_group)
{
    struct fixture f;
    struct prediction_log *log = NULL;
    struct prediction_log_counts c;
    struct prediction_row p;
    fixture_open(&f);
    OK(fixture_add_model(&f, 1, &err));
    OK(prediction_log_start(f.r, 0, &log, &err));
    registry_hold(f.r);
    for (int i = 0; i < 6; i++) {
        fixture_prediction(&f, i == 3 ? 9 : 1, "text", &p); /* model 9 is not there */
        prediction_log_put(log, &p);
    }
    registry_let(f.r);
    prediction_log_flush(log);
    prediction_log_get_counts(log, &c);
    cr_assert_eq(c.written, 5);
    cr_assert_eq(c.failed, 1);
    prediction_log_stop(log);
    fixture_close(&f);
}

struct putter {
    struct fixture *f;
    struct prediction_log *log;
    int count;
};

static void *put_many(void *ctx)
{
    struct putter *p = ctx;
    for (int i = 0; i < p->count; i++) {
        char id[REGISTRY_ID_BYTES], hex[HASH_HEX_BYTES];
        registry_id_make(id);
        fixture_digest(1, hex);
        struct prediction_row row = {.id = id,
                                     .model = hex,
                                     .text_hash = hex,
                                     .entities = "[]",
                                     .label_counts = "{}",
                                     .confidence_mean = 1,
                                     .confidence_min = 1};
        prediction_log_put(p->log, &row);
    }
    return NULL;
}

Test(predictions, stop_writes_what_waits)
{
    struct fixture f;
    struct prediction_log *log = NULL;
    struct prediction_stats s;
    pthread_t t[4];
    fixture_open(&f);
    OK(fixture_add_model(&f, 1, &err));
    OK(prediction_log_start(f.r, 4000, &log, &err));
    struct putter p = {.f = &f, .log = log, .count = 500};
    for (int i = 0; i < 4; i++) cr_assert_eq(pthread_create(&t[i], NULL, put_many, &p), 0);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    prediction_log_stop(log);
    fixture_reopen(&f);
    struct prediction_filter q = {.role = PREDICTION_LIVE};
    OK(prediction_measure(f.r, &q, &s, &err));
    cr_assert_eq(s.count, 2000);
    fixture_close(&f);
}

Test(predictions, are_measured)
{
    struct fixture f;
    struct prediction_stats s;
    struct prediction_row p[100];
    fixture_open(&f);
    OK(fixture_add_model(&f, 1, &err));
    struct prediction_filter q = {.role = PREDICTION_LIVE};
    OK(prediction_measure(f.r, &q, &s, &err));
    cr_assert_eq(s.count, 0);
    cr_assert_eq(s.first_us, 0);
    for (int i = 0; i < 100; i++) {
        fixture_prediction(&f, 1, "text", &p[i]);
        p[i].at_us = 86400000000ll * (i / 40 + 1) + i; /* three days */
        p[i].latency_us = 100 - i;                     /* 1..100 */
    }
    OK(prediction_put(f.r, p, 100, &err));
    OK(prediction_measure(f.r, &q, &s, &err));
    cr_assert_eq(s.count, 100);
    cr_assert_eq(s.active_days, 3);
    cr_assert_eq(s.latency_p50_us, 50);
    cr_assert_eq(s.latency_p99_us, 99);
    cr_assert_eq(s.last_us, p[99].at_us);
    q.since_us = p[80].at_us;
    OK(prediction_measure(f.r, &q, &s, &err));
    cr_assert_eq(s.count, 20);
    q.role = PREDICTION_REFERENCE;
    OK(prediction_measure(f.r, &q, &s, &err));
    cr_assert_eq(s.count, 0);
    fixture_close(&f);
}

Test(predictions, texts_are_forgotten_and_references_cleared)
{
    struct fixture f;
    struct prediction_row p, got, *list = NULL;
    size_t count = 0;
    int64_t gone = 0;
    char hex[HASH_HEX_BYTES];
    fixture_open(&f);
    OK(fixture_add_model(&f, 1, &err));
    fixture_prediction(&f, 1, "old", &p);
    p.at_us = 1000;
    OK(prediction_put(f.r, &p, 1, &err));
    OK(prediction_forget_texts(f.r, 1001, &gone, &err));
    cr_assert_eq(gone, 1);
    OK(prediction_get(f.r, p.id, &f.a, &got, &err));
    cr_assert_null(got.text);
    cr_assert_str_eq(got.text_hash, p.text_hash);
    fixture_prediction(&f, 1, "reference", &p);
    p.role = PREDICTION_REFERENCE;
    OK(prediction_put(f.r, &p, 1, &err));
    struct prediction_filter q = {.role = PREDICTION_REFERENCE};
    OK(prediction_list(f.r, &q, &f.a, &list, &count, &err));
    cr_assert_eq(count, 1);
    OK(prediction_clear_reference(f.r, fixture_digest(1, hex), &err));
    OK(prediction_list(f.r, &q, &f.a, &list, &count, &err));
    cr_assert_eq(count, 0);
    fixture_close(&f);
}
