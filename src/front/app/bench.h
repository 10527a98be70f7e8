/* front/app/bench.h - cairn bench: how fast this machine fine-tunes and answers.
 *
 * One function a part; each gives an object of the document "cairn.bench/v1" and says on what it
 * was measured. Nothing is recorded: speed depends on the machine, evidence does not. Works outside
 * a use case folder.
 *
 *     json_t *part = NULL;
 *     if (app_bench(&host, BENCH_INFER, &request, &part, err)) return err->code;
 *
 * Defaults: the pretrained model of the user's cache; the example letters that the program carries.
 * host.should_stop ends a part early with ERR_INTERRUPTED; host.on_step shows how far it is.
 */
#ifndef FRONT_APP_BENCH_H
#define FRONT_APP_BENCH_H

#include "engine/tensor/precision.h"
#include "front/app/app.h"

enum bench_part { BENCH_KERNELS, BENCH_TOKENIZER, BENCH_TRAIN, BENCH_INFER, BENCH_START };
extern const char *const BENCH_NAMES[]; /* by enum bench_part, NULL-terminated */

struct bench_request {
    enum precision precision; /* AUTO: every fast one (kernels), the model's own (others) */
    const char *model;        /* Hugging Face directory; NULL: minilm-l6 of the cache */
    const char *shape;        /* "base" or "minilm": those sizes, random weights, the model's
                                 vocabulary; NULL: the model as it is (kernels: both) */
    const char *data;         /* CoNLL or JSON Lines; .txt: a text a line; NULL: example letters */
    double seconds;           /* least time of a figure; 0: what each part thinks enough */
    int64_t sentences;   /* of the data, from its start; 0: train and tokenizer all, infer 1024 */
    const char *answers; /* infer: the label of every token goes to this file, a sentence a
                                 line, as JSON lists of ids; NULL: nowhere */
};
/* BENCH_START is measured from outside: front/cli starts the server; here is what it serves. */
enum err_code app_bench(const struct app_host *host, enum bench_part part,
                        const struct bench_request *r, json_t **ret, struct err *err) MUST_CHECK;
/* Makes a use case in `folder` (created) whose candidate is the model of the request with a token
 * head: what a server starts from. */
enum err_code app_bench_use_case(const struct app_host *host, const struct bench_request *r,
                                 const char *folder, struct err *err) MUST_CHECK;
/* {"cpu", "isa", "threads"} */
json_t *app_bench_machine(const struct app_host *host);

#endif
