/* The file that a cache maps: the same answers as from the model itself, and nothing but a refusal
 * from a file that is cut, changed, somebody else's, or another model's. */
#include "base/arena.h"
#include "base/rng.h"
#include "base/str.h"
#include "engine/model/encoder.h"
#include "engine/model/packed_file.h"
#include "engine/tensor/lowp.h"
#include "engine/text/tokenizer.h"
#include "support/test_data.h"
#include "support/tiny_model.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGEST "1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER  "2222222222222222222222222222222222222222222222222222222222222222"
#define NAME   "m.packed"

enum { TOKENS = 11, LABELS = 5 };

static const int32_t IDS[TOKENS] = {2, 5, 6, 7, 9, 3, 2, 4, 12, 30, 3}, CU_LEN[] = {0, 6, TOKENS};

struct stand {
    struct test_folder folder;
    struct model *model;
    const char *path;
};

static void stand_open(struct stand *t, enum precision precision)
{
    struct err err = {0};
    test_folder_make(&t->folder);
    t->model = tiny_model(&t->folder, 24, 7);
    cr_assert_eq(model_set_recipe(t->model, "{\"precision\": \"fp32\", \"b\": 1}", &err), ERR_OK);
    t->path = test_folder_path(&t->folder, NAME);
    cr_assert_eq(
        packed_file_write(t->path, t->model, DIGEST, precision, ISA_BEST, NULL, NULL, &err), ERR_OK,
        "%s", err.message);
}

static void stand_close(struct stand *t)
{
    model_free(t->model);
    test_folder_remove(&t->folder);
}

static void answer(const struct model *m, enum precision precision, float logits[TOKENS * LABELS])
{
    struct err err = {0};
    struct pool *pool = NULL;
    struct encoder *e = NULL;
    const struct encoder_options o = {
        .tokens_max = 64, .sequences_max = 4, .isa = ISA_BEST, .precision = precision};
    const struct packed_batch b = {2, TOKENS, IDS, NULL, CU_LEN, NULL};
    cr_assert_eq(pool_new(2, &pool, &err), ERR_OK);
    cr_assert_eq(encoder_new(m, &o, pool, &e, &err), ERR_OK, "%s", err.message);
    cr_assert_eq(encoder_forward(e, &b, &err), ERR_OK);
    memcpy(logits, encoder_logits(e), TOKENS * LABELS * sizeof *logits);
    encoder_free(e);
    pool_free(pool);
}

static void check_answers(enum precision precision)
{
    struct stand t;
    struct err err = {0};
    struct model *m = NULL;
    float want[TOKENS * LABELS], seen[TOKENS * LABELS];
    stand_open(&t, precision);
    cr_assert_eq(packed_file_open(t.path, DIGEST, &m, &err), ERR_OK, "%s", err.message);
    answer(t.model, precision, want);
    answer(m, precision, seen);
    cr_expect_eq(memcmp(want, seen, sizeof want), 0, "%s", PRECISION_NAMES[precision]);
    cr_expect_eq(packed_file_check(t.path, NULL, NULL, &err), ERR_OK, "%s", err.message);
    model_free(m);
    stand_close(&t);
}

Test(packed_file, the_same_bits_in_every_precision)
{
    check_answers(PRECISION_FP32);
    if (lowp_get(PRECISION_BF16, ISA_BEST)) check_answers(PRECISION_BF16);
    if (lowp_get(PRECISION_FP16, ISA_BEST)) check_answers(PRECISION_FP16);
    if (lowp_get(PRECISION_INT8, ISA_BEST)) check_answers(PRECISION_INT8);
}

Test(packed_file, keeps_config_labels_recipe_and_tokenizer)
{
    struct stand t;
    struct err err = {0};
    struct model *m = NULL;
    char digests[2][65];
    stand_open(&t, PRECISION_FP32);
    cr_assert_eq(packed_file_open(t.path, DIGEST, &m, &err), ERR_OK, "%s", err.message);
    const struct model_config *a = &t.model->config, *b = &m->config;
    cr_expect(a->hidden == b->hidden && a->layers == b->layers && a->heads == b->heads &&
              a->vocab_count == b->vocab_count && a->positions == b->positions &&
              a->labels == b->labels && b->head == HEAD_TOKEN);
    cr_expect_eq(memcmp(&a->layer_norm_eps, &b->layer_norm_eps, sizeof(float)), 0);
    for (int i = 0; i < LABELS; i++) cr_expect_str_eq(m->label_names[i], t.model->label_names[i]);
    cr_expect_str_eq(m->recipe, t.model->recipe);
    tokenizer_digest(t.model->tokenizer, digests[0]);
    tokenizer_digest(m->tokenizer, digests[1]);
    cr_expect_str_eq(digests[0], digests[1]);
    model_free(m);
    stand_close(&t);
}

static enum err_code try_open(const char *path)
{
    struct err err = {0};
    struct model *m = NULL;
    const enum err_code code = packed_file_open(path, DIGEST, &m, &err);
    if (!code) model_free(m);
    return code;
}

Test(packed_file, another_model_or_layout_is_refused)
{
    struct stand t;
    struct err err = {0};
    struct model *m = NULL;
    struct packed_plan plan;
    struct encoder *e = NULL;
    struct pool *pool = NULL;
    stand_open(&t, PRECISION_FP32);
    cr_expect_eq(packed_file_open(t.path, OTHER, &m, &err), ERR_CORRUPT);
    cr_assert_eq(packed_file_open(t.path, DIGEST, &m, &err), ERR_OK);
    packed_plan_init(&plan, &m->config, PRECISION_FP32, ISA_BEST);
    cr_expect(packed_file_fits(m->packed, &plan));
    plan.layout = "fp32-other.1";
    cr_expect_not(packed_file_fits(m->packed, &plan));
    if (lowp_get(PRECISION_INT8, ISA_BEST)) {
        const struct encoder_options o = {
            .tokens_max = 64, .sequences_max = 4, .precision = PRECISION_INT8};
        cr_assert_eq(pool_new(1, &pool, &err), ERR_OK);
        cr_expect_eq(encoder_new(m, &o, pool, &e, &err), ERR_BAD_INPUT);
        pool_free(pool);
    }
    model_free(m);
    stand_close(&t);
}

Test(packed_file, who_else_could_have_written_it_is_not_trusted)
{
    struct stand t;
    stand_open(&t, PRECISION_FP32);
    struct stat st;
    cr_assert_eq(stat(t.path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    const char *link = test_folder_path(&t.folder, "link.packed");
    cr_assert_eq(symlink(t.path, link), 0);
    cr_expect_neq(try_open(link), ERR_OK);
    cr_expect_neq(try_open(t.folder.path), ERR_OK); /* a folder */
    cr_expect_eq(try_open(test_folder_path(&t.folder, "absent")), ERR_NOT_FOUND);
    const char *pipe_path = test_folder_path(&t.folder, "pipe");
    cr_assert_eq(mkfifo(pipe_path, 0600), 0);
    cr_expect_eq(try_open(pipe_path), ERR_AUTH);
    cr_assert_eq(chmod(t.path, 0620), 0);
    cr_expect_eq(try_open(t.path), ERR_AUTH);
    cr_assert_eq(chmod(t.path, 0602), 0);
    cr_expect_eq(try_open(t.path), ERR_AUTH);
    cr_assert_eq(chmod(t.path, 0400), 0);
    cr_expect_eq(try_open(t.path), ERR_OK);
    if (geteuid() == 0) {
        cr_assert_eq(chown(t.path, 12345, (gid_t)-1), 0);
        cr_expect_eq(try_open(t.path), ERR_AUTH);
    }
    stand_close(&t);
}

static void overwrite(const char *path, const char *bytes, size_t len)
{
    const int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    cr_assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
}

Test(packed_file, cut_short_is_refused)
{
    struct stand t;
    struct err err = {0};
    struct buf whole;
    stand_open(&t, PRECISION_FP32);
    buf_init(&whole, 64u << 20);
    cr_assert_eq(os_read_file(t.path, 64u << 20, &whole, &err), ERR_OK);
    for (size_t n = 0; n < whole.len; n += n < 1000 ? 13 : 4999) {
        overwrite(t.path, whole.data, n);
        cr_assert_neq(try_open(t.path), ERR_OK, "%zu bytes", n);
        cr_assert_neq(packed_file_check(t.path, NULL, NULL, &err), ERR_OK, "%zu bytes", n);
    }
    buf_addc(&whole, 'x');
    overwrite(t.path, whole.data, whole.len);
    cr_expect_neq(try_open(t.path), ERR_OK);
    buf_release(&whole);
    stand_close(&t);
}

/* One changed byte: in the head it is found when the file is opened, anywhere by the check; and
 * what opens can be used without harm. */
Test(packed_file, changed_bytes_are_found)
{
    struct stand t;
    struct err err = {0};
    struct buf whole;
    struct rng r;
    int opened = 0;
    stand_open(&t, PRECISION_FP32);
    buf_init(&whole, 64u << 20);
    cr_assert_eq(os_read_file(t.path, 64u << 20, &whole, &err), ERR_OK);
    uint64_t header = 0;
    memcpy(&header, whole.data, sizeof header);
    rng_init(&r, 4, RNG_SAMPLE, 0);
    for (int round = 0; round < 400; round++) {
        const size_t head = 8 + (size_t)header, tail = 128;
        const size_t at = round % 4 == 0   ? rng_below(&r, (uint32_t)head)
                          : round % 4 == 1 ? whole.len - 1 - rng_below(&r, (uint32_t)tail)
                                           : rng_below(&r, (uint32_t)whole.len);
        const char bit = (char)(1 << rng_below(&r, 8));
        whole.data[at] ^= bit;
        overwrite(t.path, whole.data, whole.len);
        whole.data[at] ^= bit;
        const enum err_code code = try_open(t.path);
        if (at < head) cr_assert_neq(code, ERR_OK, "byte %zu", at);
        if (code == ERR_OK) {
            struct model *m = NULL;
            float logits[TOKENS * LABELS];
            cr_assert_eq(packed_file_open(t.path, DIGEST, &m, &err), ERR_OK);
            answer(m, PRECISION_FP32, logits);
            model_free(m);
            opened++;
        }
        struct err why = {0};
        /* the first of the two digests is that of the head, which _open compares */
        if (at < whole.len - tail || at >= whole.len - tail / 2)
            cr_assert_eq(packed_file_check(t.path, NULL, NULL, &why), ERR_CORRUPT, "byte %zu", at);
    }
    cr_expect_gt(opened, 50);
    buf_release(&whole);
    stand_close(&t);
}

/* ---- faults ---- */

static int calls, fail_at;

static bool breaks(void)
{
    if (++calls != fail_at) return false;
    errno = ENOSPC;
    return true;
}
static int broken_open(const char *path, int flags, mode_t mode)
{
    return breaks() ? -1 : os_real.open(path, flags, mode);
}
static ssize_t broken_write(int fd, const void *bytes, size_t len)
{
    return breaks() ? -1 : os_real.write(fd, bytes, len);
}
static int broken_fsync(int fd)
{
    return breaks() ? -1 : os_real.fsync(fd);
}
static int broken_rename(const char *from, const char *to)
{
    return breaks() ? -1 : os_real.rename(from, to);
}

Test(packed_file, every_failing_call_leaves_no_file_or_a_whole_one)
{
    struct os_ops broken = os_real;
    struct stand t;
    broken.open = broken_open;
    broken.write = broken_write;
    broken.fsync = broken_fsync;
    broken.rename = broken_rename;
    stand_open(&t, PRECISION_FP32);
    const size_t files = test_folder_count(&t.folder);
    bool failed = true;
    int n = 1;
    for (; failed; n++) {
        struct err err = {0};
        cr_assert_eq(os_remove(t.path, &err), ERR_OK);
        calls = 0;
        fail_at = n;
        os_use(&broken);
        const enum err_code code =
            packed_file_write(t.path, t.model, DIGEST, PRECISION_FP32, ISA_BEST, NULL, NULL, &err);
        os_use(NULL);
        failed = calls >= n;
        if (failed) cr_assert_neq(code, ERR_OK, "n = %d", n);
        const bool there = os_exists(t.path); /* the fsync of the folder comes behind the rename */
        cr_assert_eq(test_folder_count(&t.folder), files - !there, "n = %d: a file is left", n);
        if (there) cr_assert_eq(try_open(t.path), ERR_OK, "n = %d", n);
    }
    cr_expect_gt(n, 20);
    stand_close(&t);
}

static bool stop_third(void *ctx)
{
    int *asked = ctx;
    return ++*asked > 3;
}

Test(packed_file, gives_up_when_told)
{
    struct stand t;
    struct err err = {0};
    int asked = 0;
    stand_open(&t, PRECISION_FP32);
    const size_t files = test_folder_count(&t.folder);
    cr_expect_eq(packed_file_write(t.path, t.model, OTHER, PRECISION_FP32, ISA_BEST, stop_third,
                                   &asked, &err),
                 ERR_INTERRUPTED);
    cr_expect_eq(test_folder_count(&t.folder), files);
    cr_expect_eq(try_open(t.path), ERR_OK); /* the old one */
    asked = 3;
    cr_expect_eq(packed_file_check(t.path, stop_third, &asked, &err), ERR_INTERRUPTED);
    stand_close(&t);
}

/* Numbers from strangers' heads that would not fit are refused like any config.json. */
Test(packed_file, files_that_are_no_packed_files)
{
    struct stand t;
    static const char *const texts[] = {"", "x", "12345678", "\2\0\0\0\0\0\0\0{}",
                                        "\377\377\377\377\377\377\377\177{}"};
    stand_open(&t, PRECISION_FP32);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        overwrite(t.path, texts[i], i < 3 ? strlen(texts[i]) : 10);
        cr_expect_neq(try_open(t.path), ERR_OK);
    }
    stand_close(&t);
}
