/* The cache of models that are ready to be served: a second start answers from it with the same
 * bits, and nothing that can be wrong with it costs more than a slow start. */
#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/model/packed_file.h"
#include "live/serving/serving_internal.h" /* CACHE_MODELS_MOST */
#include "support/tiny_model.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT "no sign of pneumonia in the left lung"

static const char *const digest =
    "3333333333333333333333333333333333333333333333333333333333333333";

struct stand {
    struct test_folder folder;
    char model_dir[512], cache_dir[512], file[PATH_BYTES_MAX];
    float want[64 * 5];
    int32_t rows;
};

static void quiet(void *ctx, enum log_level level, const char *line)
{
    (void)ctx, (void)level, (void)line;
}

static void stand_open(struct stand *t)
{
    struct err err = {0};
    char name[128];
    *t = (struct stand){0};
    log_to(quiet, NULL, LOG_DEBUG);
    test_folder_make(&t->folder);
    struct model *m = tiny_model(&t->folder, 32, 5);
    cr_assert(str_format(t->model_dir, sizeof t->model_dir, "%s/model", t->folder.path));
    cr_assert(str_format(t->cache_dir, sizeof t->cache_dir, "%s/cache/packed", t->folder.path));
    cr_assert_eq(model_save(m, t->model_dir, &err), ERR_OK, "%s", err.message);
    model_free(m);
    cr_assert(str_format(name, sizeof name, "%s-%s.packed", digest, isa_name(isa_best())));
    cr_assert_eq(os_join(t->file, t->cache_dir, name, &err), ERR_OK);
}

static void stand_close(struct stand *t)
{
    test_folder_remove(&t->folder);
}

/* A serving that has taken the model; *ret_cached: from the cache. */
static struct serving *start(struct stand *t, const char *cache_dir, bool *ret_cached)
{
    struct err err = {0};
    struct serving *s = NULL;
    struct model *m = NULL;
    struct serving_options o = serving_options_default();
    o.cache_dir = cache_dir;
    o.settle_ms = 0;
    o.threads = 2;
    cr_assert_eq(serving_new(&o, &s, &err), ERR_OK, "%s", err.message);
    cr_assert_eq(serving_load(s, t->model_dir, digest, &m, &err), ERR_OK, "%s", err.message);
    *ret_cached = m->packed != NULL;
    cr_assert_eq(serving_swap(s, m, digest, &err), ERR_OK, "%s", err.message);
    return s;
}

static void expect_answer(struct stand *t, struct serving *s)
{
    static const char *const texts[] = {TEXT};
    static const size_t bytes[] = {sizeof TEXT - 1};
    struct err err = {0};
    struct prediction *p = NULL;
    const struct serving_request q = {
        .texts = texts, .text_bytes = bytes, .count = 1, .stride = -1};
    cr_assert_eq(serving_predict(s, &q, &p, &err), ERR_OK, "%s", err.message);
    const size_t floats = (size_t)p->token_count * 5;
    cr_expect_str_eq(p->model, digest);
    if (t->rows == 0) memcpy(t->want, p->scores.probs, floats * sizeof(float));
    if (t->rows == 0) t->rows = p->token_count;
    cr_assert_eq(p->token_count, t->rows);
    cr_expect_eq(memcmp(t->want, p->scores.probs, floats * sizeof(float)), 0);
    predictions_free(p, 1);
}

/* Waits until the file is there, or gone. */
static void wait_for_file(const char *path, bool there)
{
    for (int i = 0; i < 2000 && os_exists(path) != there; i++) os_sleep_ms(5);
    cr_assert_eq(os_exists(path), there, "%s", path);
}

static void fill(struct stand *t)
{
    bool cached = true;
    struct serving *s = start(t, t->cache_dir, &cached);
    cr_assert_not(cached);
    expect_answer(t, s);
    wait_for_file(t->file, true);
    expect_answer(t, s);
    serving_free(s);
}

Test(cache, a_second_start_answers_with_the_same_bits)
{
    struct stand t;
    bool cached = false;
    stand_open(&t);
    fill(&t);
    struct serving *s = start(&t, t.cache_dir, &cached);
    cr_expect(cached);
    expect_answer(&t, s);
    serving_free(s);
    s = start(&t, NULL, &cached); /* without a cache */
    cr_expect_not(cached);
    expect_answer(&t, s);
    serving_free(s);
    stand_close(&t);
}

static void flip(const char *path, off_t at)
{
    unsigned char byte = 0;
    const int fd = open(path, O_RDWR);
    cr_assert(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 0x10;
    cr_assert(pwrite(fd, &byte, 1, at) == 1 && close(fd) == 0);
}

/* The head is checked at once, the weights right after the start: then the file goes and the model
 * is opened from its directory. */
Test(cache, a_damaged_file_is_refused_or_replaced)
{
    struct stand t;
    bool cached = true;
    struct stat st;
    stand_open(&t);
    fill(&t);
    flip(t.file, 100);
    struct serving *s = start(&t, t.cache_dir, &cached);
    cr_expect_not(cached);
    expect_answer(&t, s);
    serving_free(s);

    cr_assert_eq(truncate(t.file, 5000), 0);
    s = start(&t, t.cache_dir, &cached);
    cr_expect_not(cached);
    expect_answer(&t, s);
    for (int i = 0; i < 2000 && (stat(t.file, &st) || st.st_size == 5000); i++) os_sleep_ms(5);
    serving_free(s);

    cr_assert_eq(stat(t.file, &st), 0);
    flip(t.file, st.st_size / 3); /* a weight */
    s = start(&t, t.cache_dir, &cached);
    cr_expect(cached);
    wait_for_file(t.file, false);
    serving_free(s);
    s = start(&t, t.cache_dir, &cached);
    cr_expect_not(cached);
    expect_answer(&t, s);
    serving_free(s);
    stand_close(&t);
}

/* ... and while that goes on the model that answers becomes the right one. */
Test(cache, answers_are_right_again_without_a_new_start)
{
    struct stand t;
    bool cached = false;
    struct stat st;
    stand_open(&t);
    fill(&t);
    cr_assert_eq(stat(t.file, &st), 0);
    flip(t.file, st.st_size / 3);
    struct serving *s = start(&t, t.cache_dir, &cached);
    cr_expect(cached);
    bool packed = true;
    for (int i = 0; i < 2000 && packed; i++) {
        os_sleep_ms(5);
        pthread_mutex_lock(&s->lock);
        packed = s->current->model->packed != NULL;
        pthread_mutex_unlock(&s->lock);
    }
    cr_expect_not(packed);
    expect_answer(&t, s);
    serving_free(s);
    stand_close(&t);
}

Test(cache, a_file_that_others_may_write_is_not_used)
{
    struct stand t;
    bool cached = true;
    stand_open(&t);
    fill(&t);
    cr_assert_eq(chmod(t.file, 0666), 0);
    struct serving *s = start(&t, t.cache_dir, &cached);
    cr_expect_not(cached);
    expect_answer(&t, s);
    serving_free(s);
    stand_close(&t);
}

/* No folder can be made there: a file stands in its way, whoever runs this. */
Test(cache, works_without_a_place_to_write)
{
    struct stand t;
    bool cached = true;
    stand_open(&t);
    test_folder_write(&t.folder, "cache", "not a folder");
    for (int i = 0; i < 2; i++) {
        struct serving *s = start(&t, t.cache_dir, &cached);
        cr_expect_not(cached);
        expect_answer(&t, s);
        os_sleep_ms(50);
        expect_answer(&t, s);
        serving_free(s);
    }
    stand_close(&t);
}

struct starter {
    struct stand *stand;
    struct serving *serving;
};

static void *start_one(void *ctx)
{
    struct starter *c = ctx;
    bool cached;
    c->serving = start(c->stand, c->stand->cache_dir, &cached);
    return NULL;
}

Test(cache, many_starts_at_once_share_it)
{
    enum { STARTS = 6 };
    struct stand t;
    struct starter starter[STARTS];
    pthread_t thread[STARTS];
    stand_open(&t);
    for (int i = 0; i < STARTS; i++) {
        starter[i].stand = &t;
        cr_assert_eq(pthread_create(&thread[i], NULL, start_one, &starter[i]), 0);
    }
    for (int i = 0; i < STARTS; i++) cr_assert_eq(pthread_join(thread[i], NULL), 0);
    wait_for_file(t.file, true);
    for (int i = 0; i < STARTS; i++) expect_answer(&t, starter[i].serving);
    for (int i = 0; i < STARTS; i++) serving_free(starter[i].serving);
    struct err err = {0};
    cr_expect_eq(packed_file_check(t.file, NULL, NULL, &err), ERR_OK, "%s", err.message);
    stand_close(&t);
}

/* old-1 is the newest of the old ones; old-0 is what a writer left that died. */
Test(cache, keeps_the_newest_and_clears_what_died)
{
    struct stand t;
    struct err err = {0};
    char path[PATH_BYTES_MAX], name[64];
    stand_open(&t);
    cr_assert_eq(os_mkdirs(t.cache_dir, &err), ERR_OK);
    for (int i = 0; i < CACHE_MODELS_MOST + 3; i++) {
        const struct timespec at = {.tv_sec = 1700000000 - i * 1000};
        cr_assert(str_format(name, sizeof name, "old-%d.packed%s", i, i == 0 ? ".tmp-1" : ""));
        cr_assert_eq(os_join(path, t.cache_dir, name, &err), ERR_OK);
        cr_assert_eq(os_write_atomic(path, "x", 1, &err), ERR_OK);
        cr_assert_eq(utimensat(AT_FDCWD, path, (const struct timespec[2]){at, at}, 0), 0);
    }
    bool cached;
    struct serving *s = start(&t, t.cache_dir, &cached);
    wait_for_file(path, false); /* the oldest */
    serving_free(s);
    cr_expect(os_exists(t.file));
    for (int i = 0; i < CACHE_MODELS_MOST + 3; i++) {
        cr_assert(str_format(name, sizeof name, "old-%d.packed%s", i, i == 0 ? ".tmp-1" : ""));
        cr_assert_eq(os_join(path, t.cache_dir, name, &err), ERR_OK);
        cr_expect_eq(os_exists(path), i >= 1 && i < CACHE_MODELS_MOST, "%s", name);
    }
    stand_close(&t);
}

/* Stopping does not wait for the moment before the thread begins. */
Test(cache, stops_at_once)
{
    struct stand t;
    struct err err = {0};
    struct serving *s = NULL;
    struct model *m = NULL;
    stand_open(&t);
    struct serving_options o = serving_options_default();
    o.cache_dir = t.cache_dir;
    o.settle_ms = 3600000;
    cr_assert_eq(serving_new(&o, &s, &err), ERR_OK);
    cr_assert_eq(serving_load(s, t.model_dir, digest, &m, &err), ERR_OK);
    cr_assert_eq(serving_swap(s, m, digest, &err), ERR_OK);
    serving_free(s);
    cr_expect_not(os_exists(t.file));
    stand_close(&t);
}
