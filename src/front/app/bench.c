/* front/app/bench.c - one door to the parts of cairn bench, and what they share: repetition until a
 * figure is steady, medians, the machine. */
#include "front/app/bench.h"
#include "base/str.h"
#include "front/app/app_internal.h"
#include "front/app/bench_internal.h"
#include <stdlib.h>

enum { ROUNDS_MAX = 1000 };

const char *const BENCH_NAMES[] = {"kernels", "tokenizer", "train", "infer", "start", NULL};

enum err_code bench_open(struct bench *b, const struct app_host *host,
                         const struct bench_request *r, struct err *err)
{
    *b = (struct bench){.host = host, .request = r};
    arena_init(&b->arena, ARENA_JOB_BYTES_MAX);
    if (bench_check_shape(r->shape, err)) return err->code;
    return pool_new(app_threads(host), &b->pool, err);
}

void bench_close(struct bench *b)
{
    token_data_free(b->tokens);
    model_free(b->model);
    dataset_free(b->data);
    pool_free(b->pool);
    arena_release(&b->arena);
}

enum err_code bench_stop(const struct bench *b, struct err *err)
{
    if (!b->host->should_stop || !b->host->should_stop(b->host->ctx)) return ERR_OK;
    return err_set(err, ERR_INTERRUPTED, "the measurement was interrupted");
}

void bench_step(const struct bench *b, const char *what, int64_t done, int64_t total)
{
    if (b->host->on_step) b->host->on_step(b->host->ctx, what, done, total);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median_of(double *values, int count)
{
    BUG_IF(count < 1);
    qsort(values, (size_t)count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

enum err_code bench_median(const struct bench *b, bench_fn *once, void *ctx, double seconds,
                           int least, double *ret, struct err *err)
{
    double times[ROUNDS_MAX];
    int count = 0;
    if (once(ctx, err)) return err->code;
    int64_t began = os_monotonic_ns(), now = began;
    while (count < ROUNDS_MAX && (count < least || (double)(now - began) < seconds * 1e9)) {
        int64_t before = os_monotonic_ns();
        if (bench_stop(b, err) || once(ctx, err)) return err->code;
        now = os_monotonic_ns();
        times[count++] = (double)(now - before) / 1e9;
    }
    *ret = bench_median_of(times, count);
    return ERR_OK;
}

json_t *app_bench_machine(const struct app_host *host)
{
    json_t *machine = app_machine();
    json_object_set_new(machine, "threads", json_integer(app_threads(host)));
    return machine;
}

enum err_code app_bench(const struct app_host *host, enum bench_part part,
                        const struct bench_request *r, json_t **ret, struct err *err)
{
    static enum err_code (*const parts[])(struct bench *, json_t **, struct err *) = {
        [BENCH_KERNELS] = bench_kernels,
        [BENCH_TOKENIZER] = bench_tokenizer,
        [BENCH_TRAIN] = bench_train,
        [BENCH_INFER] = bench_infer,
    };
    struct bench b;
    BUG_IF(part >= ARRAY_COUNT(parts));
    if (!bench_open(&b, host, r, err)) (void)!parts[part](&b, ret, err);
    bench_close(&b);
    return err->code;
}

static enum err_code import_candidate(const struct app_host *host, const char *folder,
                                      const char *model, struct err *err)
{
    struct app *app = NULL;
    json_t *made = NULL, *imported = NULL;
    if (!app_init(&(struct init_request){.folder = folder}, &made, err) &&
        !app_open(host, folder, &app, err))
        (void)!app_model_import(app, model, &imported, err);
    json_decref(made);
    json_decref(imported);
    app_close(app);
    return err->code;
}

enum err_code app_bench_use_case(const struct app_host *host, const struct bench_request *r,
                                 const char *folder, struct err *err)
{
    struct bench b;
    struct err ignored = {0};
    char model[PATH_BYTES_MAX];
    if (!str_format(model, sizeof model, "%s.model", folder))
        return err_set(err, ERR_LIMIT, "the path of the folder is too long");
    if (!bench_open(&b, host, r, err) && !bench_prepare(&b, err) &&
        (!r->precision || !model_set_precision(b.model, r->precision, err)) &&
        !model_save(b.model, model, err))
        (void)!import_candidate(host, folder, model, err);
    (void)!os_remove_tree(model, &ignored);
    bench_close(&b);
    return err->code;
}
