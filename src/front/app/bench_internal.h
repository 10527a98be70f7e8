/* front/app/bench_internal.h - what the parts of cairn bench share: data, model, repetition. */
#ifndef FRONT_APP_BENCH_INTERNAL_H
#define FRONT_APP_BENCH_INTERNAL_H

#include "base/arena.h"
#include "base/pool.h"
#include "front/app/bench.h"
#include "proof/task/token_task.h"

enum { BENCH_TOKENS_MAX = 128 }; /* of a sentence, with [CLS] and [SEP], as the recipe has it */

struct bench {
    const struct app_host *host;
    const struct bench_request *request;
    struct arena arena;
    struct pool *pool;
    char model_dir[PATH_BYTES_MAX];
    struct dataset *data;      /* bench_load_data */
    struct model *model;       /* bench_load_model, which needs data for the labels of a new head */
    struct token_data *tokens; /* bench_prepare */
    struct tag_set tags;
};
enum err_code bench_open(struct bench *b, const struct app_host *host,
                         const struct bench_request *r, struct err *err) MUST_CHECK;
void bench_close(struct bench *b);
/* NULL is fine. */
enum err_code bench_check_shape(const char *name, struct err *err) MUST_CHECK;
enum err_code bench_load_data(struct bench *b, struct err *err) MUST_CHECK;
enum err_code bench_load_model(struct bench *b, struct err *err) MUST_CHECK;
enum err_code bench_prepare(struct bench *b, struct err *err) MUST_CHECK; /* loads both */
/* Folder of the model or, with a shape, of its vocabulary. */
enum err_code bench_model_dir(struct bench *b, struct err *err) MUST_CHECK;
json_t *bench_model_json(const struct bench *b); /* "model", sizes */

/* Runs `once` (which may fail) until `seconds` passed and it ran at least `least` times, after one
 * run that is not counted; *ret is the median in seconds. ERR_INTERRUPTED when asked to stop. */
typedef enum err_code bench_fn(void *ctx, struct err *err);
enum err_code bench_median(const struct bench *b, bench_fn *once, void *ctx, double seconds,
                           int least, double *ret, struct err *err) MUST_CHECK;
double bench_median_of(double *values, int count); /* sorts */
void bench_step(const struct bench *b, const char *what, int64_t done, int64_t total);
enum err_code bench_stop(const struct bench *b, struct err *err) MUST_CHECK;

enum err_code bench_kernels(struct bench *b, json_t **ret, struct err *err) MUST_CHECK;
/* The kernels that work row by row and the optimiser, in bytes a second, on each pool. */
enum err_code bench_rows(struct bench *b, struct pool *const *pools, int pool_count, json_t *list,
                         struct err *err) MUST_CHECK;
enum err_code bench_tokenizer(struct bench *b, json_t **ret, struct err *err) MUST_CHECK;
enum err_code bench_train(struct bench *b, json_t **ret, struct err *err) MUST_CHECK;
enum err_code bench_infer(struct bench *b, json_t **ret, struct err *err) MUST_CHECK;

#endif
