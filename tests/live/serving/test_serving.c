/* The batcher: answers that depend on nothing but the text, a bounded queue, swaps, deadlines,
 * drain. */
#include "live/serving/serving.h"

#include "base/arena.h"
#include "base/os.h"
#include "base/str.h"
#include "support/tiny_model.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define WINDOW  32
#define TEXTS   64
#define CLIENTS 32
#define ROUNDS  20

struct stand { /* a serving, texts, and the bits that it should answer with */
    struct test_folder folder;
    struct serving *s;
    char *texts[TEXTS];
    size_t bytes[TEXTS];
    float *want[2][TEXTS]; /* by model seed */
    int32_t rows[TEXTS];
};

static const char *const digests[2] = {
    "1111111111111111111111111111111111111111111111111111111111111111",
    "2222222222222222222222222222222222222222222222222222222222222222"};

static void swap_in(struct stand *t, int which)
{
    struct err err = {0};
    struct model *m = tiny_model(&t->folder, WINDOW, (uint64_t)which + 1);
    cr_assert_eq(serving_swap(t->s, m, digests[which], &err), ERR_OK, "%s", err.message);
}

static enum err_code ask(struct stand *t, int i, int count, struct prediction **ret,
                         struct err *err)
{
    const struct serving_request q = {.texts = (const char *const *)t->texts + i,
                                      .text_bytes = t->bytes + i,
                                      .count = count,
                                      .stride = -1};
    return serving_predict(t->s, &q, ret, err);
}

/* Every text alone, by both models: what all later answers must equal bit for bit. */
static void learn_answers(struct stand *t)
{
    for (int which = 1; which >= 0; which--) {
        swap_in(t, which);
        for (int i = 0; i < TEXTS; i++) {
            struct err err = {0};
            struct prediction *p = NULL;
            cr_assert_eq(ask(t, i, 1, &p, &err), ERR_OK, "%s", err.message);
            t->rows[i] = p->token_count;
            const size_t n = (size_t)p->token_count * 5;
            t->want[which][i] = mem_try(n + 1, sizeof(float), &err);
            memcpy(t->want[which][i], p->scores.probs, n * sizeof(float));
            predictions_free(p, 1);
        }
    }
}

static void stand_open(struct stand *t, const struct serving_options *o)
{
    struct err err = {0};
    struct rng r;
    rng_init(&r, 3, RNG_SAMPLE, 0);
    *t = (struct stand){0};
    test_folder_make(&t->folder);
    cr_assert_eq(serving_new(o, &t->s, &err), ERR_OK, "%s", err.message);
    for (int i = 0; i < TEXTS; i++) { /* some empty, some of many windows */
        t->texts[i] = tiny_text(&r, (int32_t)(i % 9 == 0 ? (uint32_t)i * 4 : rng_below(&r, 20)));
        t->bytes[i] = strlen(t->texts[i]);
    }
    learn_answers(t);
}

static void stand_close(struct stand *t)
{
    serving_free(t->s);
    for (int i = 0; i < TEXTS; i++) {
        mem_free(t->texts[i]);
        mem_free(t->want[0][i]);
        mem_free(t->want[1][i]);
    }
    test_folder_remove(&t->folder);
}

static bool is_right(const struct stand *t, int i, const struct prediction *p)
{
    const int which = str_eq(p->model, digests[1]);
    return p->token_count == t->rows[i] &&
           memcmp(p->scores.probs, t->want[which][i], (size_t)t->rows[i] * 5 * sizeof(float)) == 0;
}

struct client {
    struct stand *stand;
    int number;
    int wrong, failed, answered;
};

static void *run_client(void *ctx)
{
    struct client *c = ctx;
    struct rng r;
    rng_init(&r, 9, RNG_SAMPLE, (uint32_t)c->number);
    for (int round = 0; round < ROUNDS; round++) {
        struct err err = {0};
        struct prediction *p = NULL;
        const int count = 1 + (int)rng_below(&r, 4), i = (int)rng_below(&r, TEXTS - 4);
        if (ask(c->stand, i, count, &p, &err)) {
            c->failed++;
            continue;
        }
        for (int k = 0; k < count; k++) {
            c->answered++;
            c->wrong += !is_right(c->stand, i + k, &p[k]) || !str_eq(p[k].model, p[0].model);
        }
        predictions_free(p, count);
    }
    return NULL;
}

static void run_clients(struct stand *t, int swaps)
{
    pthread_t threads[CLIENTS];
    struct client clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.stand = t, .number = i};
        cr_assert_eq(pthread_create(&threads[i], NULL, run_client, &clients[i]), 0);
    }
    for (int i = 0; i < swaps; i++) swap_in(t, (i + 1) % 2);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(clients[i].failed, 0, "client %d: %d requests lost", i, clients[i].failed);
        cr_expect_eq(clients[i].wrong, 0, "client %d: %d of %d answers differ", i, clients[i].wrong,
                     clients[i].answered);
    }
}

Test(serving, answers_are_the_same_bits_whoever_asks_beside)
{
    struct stand t;
    struct serving_options o = serving_options_default();
    o.threads = 2;
    o.overlap = 4;
    stand_open(&t, &o);
    run_clients(&t, 0);
    struct serving_stats stats;
    serving_get_stats(t.s, &stats);
    cr_expect_eq(stats.requests, 2 * TEXTS + CLIENTS * ROUNDS);
    cr_expect_eq(stats.queued, 0);
    cr_expect_gt(stats.batch_windows, stats.batches, "no batch ever held two windows");
    stand_close(&t);
}

Test(serving, swaps_under_load_without_losing_a_request)
{
    struct stand t;
    struct serving_options o = serving_options_default();
    o.overlap = 4;
    o.batch_tokens = 64;
    stand_open(&t, &o);
    run_clients(&t, 30);
    stand_close(&t);
}

Test(serving, predictions_outlive_their_model_and_its_serving)
{
    struct stand t;
    struct err err = {0};
    struct prediction *p = NULL;
    const struct serving_options o = serving_options_default();
    stand_open(&t, &o);
    cr_assert_eq(ask(&t, 1, 1, &p, &err), ERR_OK);
    swap_in(&t, 1);
    serving_free(t.s);
    struct arena a;
    struct wire_entity *entities = NULL;
    int32_t count = 0;
    const struct aggregate_options all = {.strategy = AGGREGATE_NONE};
    arena_init(&a, 1u << 20);
    cr_expect_eq(aggregate(&p->scores, &all, &a, &entities, &count, &err), ERR_OK);
    cr_expect_eq(count, p->token_count);
    arena_release(&a);
    predictions_free(p, 1);
    cr_assert_eq(serving_new(&o, &t.s, &err), ERR_OK);
    stand_close(&t);
}

Test(serving, a_stride_gives_windows_that_are_not_merged)
{
    struct stand t;
    struct err err = {0};
    struct prediction *p = NULL;
    const struct serving_options o = serving_options_default();
    stand_open(&t, &o);
    const int i = 54; /* 216 words */
    struct serving_request q = {.texts = (const char *const *)t.texts + i,
                                .text_bytes = t.bytes + i,
                                .count = 1,
                                .stride = 10};
    cr_assert_eq(serving_predict(t.s, &q, &p, &err), ERR_OK, "%s", err.message);
    cr_expect_eq(p->scores.window_count, (p->token_count - 10 + 19) / 20);
    for (int32_t w = 0; w < p->scores.window_count; w++)
        cr_expect_eq(p->scores.windows[w].first, 20 * w);
    predictions_free(p, 1);
    q.stride = WINDOW - 2;
    cr_expect_eq(serving_predict(t.s, &q, &p, &err), ERR_BAD_INPUT);
    stand_close(&t);
}

static atomic_int told;

static void tell(void *ctx, const struct prediction *p)
{
    cr_expect_eq(strlen(p->id), PREDICTION_ID_BYTES - 1);
    cr_expect_str_eq(ctx, "ctx");
    atomic_fetch_add(&told, 1);
}

Test(serving, tells_of_each_prediction_once)
{
    struct stand t;
    struct err err = {0};
    struct prediction *p = NULL;
    struct serving_options o = serving_options_default();
    o.on_prediction = tell;
    o.ctx = (void *)(uintptr_t) "ctx";
    stand_open(&t, &o);
    atomic_store(&told, 0);
    cr_assert_eq(ask(&t, 0, 5, &p, &err), ERR_OK);
    cr_expect_eq(atomic_load(&told), 5);
    cr_expect(!str_eq(p[0].id, p[1].id));
    predictions_free(p, 5);
    stand_close(&t);
}

Test(serving, refuses_what_it_cannot_answer)
{
    struct stand t;
    struct err err = {0};
    struct prediction *p = NULL;
    struct serving_options o = serving_options_default();
    o.texts_max = 8;
    stand_open(&t, &o);
    const char *bad[] = {"fever \xff"};
    const size_t bytes[] = {7};
    struct serving_request q = {.texts = bad, .text_bytes = bytes, .count = 1, .stride = -1};
    cr_expect_eq(serving_predict(t.s, &q, &p, &err), ERR_BAD_INPUT);
    q.count = 0;
    cr_expect_eq(serving_predict(t.s, &q, &p, &err), ERR_LIMIT);
    cr_expect_eq(ask(&t, 1, 16, &p, &err), ERR_LIMIT, "more texts than the queue holds");
    q = (struct serving_request){.texts = (const char *const *)t.texts + 1,
                                 .text_bytes = t.bytes + 1,
                                 .count = 1,
                                 .stride = -1,
                                 .deadline_ns = 1};
    cr_expect_eq(serving_predict(t.s, &q, &p, &err), ERR_UNAVAILABLE, "the deadline has passed");
    struct serving_stats stats;
    serving_get_stats(t.s, &stats);
    cr_expect_eq(stats.expired, 1);
    cr_expect_eq(stats.queued, 0);
    cr_expect_eq(ask(&t, 1, 1, &p, &err), ERR_OK, "and goes on");
    predictions_free(p, 1);
    stand_close(&t);
}

/* A client that asks for long texts only, so that the queue fills. */
static void *fill(void *ctx)
{
    struct stand *t = ctx;
    struct err err = {0};
    struct prediction *p = NULL;
    const char *texts[4] = {t->texts[63], t->texts[54], t->texts[63], t->texts[54]};
    const size_t bytes[4] = {t->bytes[63], t->bytes[54], t->bytes[63], t->bytes[54]};
    const struct serving_request q = {
        .texts = texts, .text_bytes = bytes, .count = 4, .stride = -1};
    intptr_t busy = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const enum err_code code = serving_predict(t->s, &q, &p, &err);
        busy += code == ERR_BUSY;
        if (!code) predictions_free(p, 4);
    }
    return (void *)busy;
}

Test(serving, a_full_queue_says_so_at_once)
{
    struct stand t;
    pthread_t threads[CLIENTS];
    struct serving_options o = serving_options_default();
    o.texts_max = 4;
    stand_open(&t, &o);
    for (int i = 0; i < CLIENTS; i++) cr_assert_eq(pthread_create(&threads[i], NULL, fill, &t), 0);
    int64_t busy = 0;
    for (int i = 0; i < CLIENTS; i++) {
        void *n = NULL;
        pthread_join(threads[i], &n);
        busy += (intptr_t)n;
    }
    struct serving_stats stats;
    serving_get_stats(t.s, &stats);
    cr_expect_eq(stats.busy, busy);
    cr_expect_gt(busy, 0, "32 clients and 4 places: somebody must be refused");
    cr_expect_eq(stats.queued, 0);
    stand_close(&t);
}

static bool gone_now(void *ctx)
{
    atomic_store((atomic_bool *)ctx, true);
    return true;
}

/* Holds the serving with long texts, so that another request has to wait. */
Test(serving, gives_up_for_a_client_that_left)
{
    struct stand t;
    struct err err = {0};
    struct prediction *p = NULL;
    pthread_t threads[CLIENTS];
    atomic_bool asked = false;
    const struct serving_options o = serving_options_default();
    stand_open(&t, &o);
    struct serving_request q = {.texts = (const char *const *)t.texts + 54,
                                .text_bytes = t.bytes + 54,
                                .count = 1,
                                .stride = -1,
                                .client_gone = gone_now,
                                .client_ctx = &asked};
    for (int i = 0; i < CLIENTS; i++) cr_assert_eq(pthread_create(&threads[i], NULL, fill, &t), 0);
    for (int i = 0; i < 50 && !atomic_load(&asked); i++) {
        const enum err_code code = serving_predict(t.s, &q, &p, &err);
        if (!code)
            predictions_free(p, 1);
        else
            cr_expect(code == ERR_INTERRUPTED || code == ERR_BUSY, "%s", err.message);
        if (atomic_load(&asked)) cr_expect_eq(code, ERR_INTERRUPTED);
    }
    for (int i = 0; i < CLIENTS; i++) pthread_join(threads[i], NULL);
    struct serving_stats stats;
    serving_get_stats(t.s, &stats);
    cr_expect_eq(stats.gone, atomic_load(&asked));
    cr_expect_eq(stats.queued, 0);
    stand_close(&t);
}

Test(serving, drains_and_then_refuses)
{
    struct stand t;
    struct err err = {0};
    struct prediction *p = NULL;
    pthread_t thread;
    const struct serving_options o = serving_options_default();
    stand_open(&t, &o);
    cr_assert_eq(pthread_create(&thread, NULL, fill, &t), 0);
    cr_expect_eq(serving_drain(t.s, 20000, &err), ERR_OK, "%s", err.message);
    cr_expect_eq(ask(&t, 1, 1, &p, &err), ERR_UNAVAILABLE);
    pthread_join(thread, NULL);
    stand_close(&t);
}

Test(serving, needs_a_model_that_can_tag)
{
    struct test_folder folder;
    struct serving *s = NULL;
    struct err err = {0};
    struct prediction *p = NULL;
    const struct serving_options o = serving_options_default();
    const char *text = "fever";
    const size_t bytes = 5;
    const struct serving_request q = {
        .texts = &text, .text_bytes = &bytes, .count = 1, .stride = -1};
    test_folder_make(&folder);
    cr_assert_eq(serving_new(&o, &s, &err), ERR_OK);
    cr_expect_eq(serving_predict(s, &q, &p, &err), ERR_UNAVAILABLE);
    struct model *m = tiny_model(&folder, WINDOW, 1);
    m->config.head = HEAD_NONE;
    cr_expect_eq(serving_swap(s, m, digests[0], &err), ERR_BAD_INPUT);
    cr_expect_eq(serving_predict(s, &q, &p, &err), ERR_UNAVAILABLE);
    serving_free(s);
    test_folder_remove(&folder);
}
