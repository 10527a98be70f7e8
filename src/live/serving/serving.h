/* live/serving/serving.h - one model that answers many threads: the batcher.
 *
 * Takes:  texts, from any number of threads; a model, which may be swapped at any time.
 * Gives:  for every text the probabilities of every token, with its encoding and the digest of the
 *         model that gave them, so that each aggregation strategy can be applied
 *         (proof/task/aggregate.h).
 *
 *     struct serving_options o = serving_options_default();
 *     if (serving_new(&o, &s, err)) return err->code;
 *     if (serving_swap(s, model, digest, err)) return err->code; // the model is now s's
 *     if (serving_predict(s, &request, &predictions, err)) ... // blocks until all texts are done
 *     predictions_free(predictions, request.count);
 *     if (serving_drain(s, 10000, err)) ...               // no new ones; waits for those inside
 *     serving_free(s);
 *
 * Requests are tokenized in their own thread and queued as windows of at most the model's length.
 * One thread takes what waits, up to the token budget, and runs it; meanwhile the next batch forms.
 * There is no timer. A long text gives one window a turn, so that short ones do not wait behind it.
 * Rules that always hold:
 *  1. An answer depends on text, model and stride alone: not on batch mates, threads or load.
 *  2. All texts of a request are answered by one model, or the request fails as a whole.
 *  3. After a swap new requests get the new model; those inside finish on the old one, which is
 *     freed after the last of their predictions.
 *  4. Nothing is truncated: a text past the model's window is split (windows.h) and merged.
 *  5. The queue is bounded: past texts_max the request is ERR_BUSY at once.
 * Errors:  ERR_BUSY (queue full), ERR_UNAVAILABLE (no model yet, draining, deadline passed while
 *          waiting), ERR_INTERRUPTED (the client left), ERR_BAD_INPUT (bad UTF-8, stride),
 *          ERR_LIMIT, ERR_NO_MEMORY.
 * Threads: every function from any thread, but serving_free only when no other call is running.
 */
#ifndef LIVE_SERVING_SERVING_H
#define LIVE_SERVING_SERVING_H

#include "base/limits.h"
#include "engine/model/encoder.h"
#include "proof/task/aggregate.h"

struct serving;
struct served_model; /* a model with its encoder, counted by the requests that use it */

#define PREDICTION_ID_BYTES 33 /* 32 hex characters of 128 random bits, and the NUL */

struct prediction {
    char id[PREDICTION_ID_BYTES];
    char model[65]; /* digest */
    struct token_scores
        scores; /* text, encoding, labels, probabilities; alive with the prediction */
    int32_t token_count, unknown_count;
    int64_t latency_us; /* from the call to the answer: tokenizing, waiting, running */
    /* private */
    struct served_model *holder;
    struct encoding encoding;
    float *probs;
    struct score_window *windows;
    char *text;
};

struct serving_request {
    const char *const *texts;
    const size_t *text_bytes;
    int32_t count; /* 1..HTTP_INPUTS_MAX */
    /* -1: windows by words (windows.h), merged to one row a token. 0 and more:
     * transformers' windows, which overlap by `stride` tokens and are aggregated one by one; must
     * be less than the window. */
    int32_t stride;
    int64_t deadline_ns; /* os_monotonic_ns(); 0: REQUEST_MS_MAX from now */
    /* Asked now and then while waiting; true drops what has not run. May be NULL. */
    bool (*client_gone)(void *ctx);
    void *client_ctx;
};

struct serving_options {
    int threads;          /* of the serving's own pool; 0: as many as CPUs */
    enum isa isa;         /* ISA_BEST unless a test asks */
    int32_t batch_tokens; /* budget of a batch, specials counted; at least the model's window */
    int32_t texts_max;    /* waiting or running */
    /* How a long text is split when a request brings no stride (windows.h). The same two numbers as
     * in an evaluation give the same tags. window_tokens counts specials; 0: the model's longest.
     * */
    int32_t window_tokens, overlap;
    /* Called once for each finished prediction, in the thread of its request, before
     * serving_predict returns. Must not block: it is in the way of the answer. May be NULL. */
    void (*on_prediction)(void *ctx, const struct prediction *p);
    void *ctx;
    /* Where models are kept ready to be served, for serving_load; made when needed. NULL: nowhere.
     * Must outlive the serving. */
    const char *cache_dir;
    int settle_ms; /* after a swap, before the cache is written or checked: first answers first */
};
struct serving_options serving_options_default(void);

#define SERVING_BATCH_BUCKETS 12 /* batches of up to 1, 2, 4, ... 1024 windows, and more */
struct serving_stats {
    char model[65];                            /* "" before the first */
    int64_t requests, texts, tokens;           /* finished */
    int64_t busy, expired, gone, failed;       /* requests that ended otherwise */
    int64_t batches, batch_windows;            /* run */
    int64_t batch_size[SERVING_BATCH_BUCKETS]; /* of more than 2^(i-1), up to 2^i windows */
    int32_t queued, running;                   /* texts, now */
    int64_t swaps;
};

enum err_code serving_new(const struct serving_options *o, struct serving **ret,
                          struct err *err) MUST_CHECK;
void serving_free(struct serving *s); /* drains without a time limit first */
/* Opens the model of a Hugging Face directory, for serving_swap: from the cache when it is there,
 * and then it can only be served (model.h, packed). The digest is trusted: nothing is hashed. After
 * the swap a thread writes what the cache lacks and checks what came from it. One caller at a time
 * for _load and _swap. */
enum err_code serving_load(struct serving *s, const char *dir, const char *digest,
                           struct model **ret, struct err *err) MUST_CHECK;
/* Takes the model (also on failure, when it is freed) and its digest. The model must have a token
 * head and a tokenizer. */
enum err_code serving_swap(struct serving *s, struct model *m, const char *digest,
                           struct err *err) MUST_CHECK;
/* ret: [q->count], predictions_free. */
enum err_code serving_predict(struct serving *s, const struct serving_request *q,
                              struct prediction **ret, struct err *err) MUST_CHECK;
void predictions_free(struct prediction *p, int32_t count);
/* From now on requests are ERR_UNAVAILABLE. ERR_BUSY when some are still inside after wait_ms. */
enum err_code serving_drain(struct serving *s, int wait_ms, struct err *err) MUST_CHECK;
void serving_get_stats(struct serving *s, struct serving_stats *ret);
/* How many models a cache holds, and their bytes; none when there is no such folder. */
void serving_cache_size(const char *dir, int *ret_count, int64_t *ret_bytes);

#endif
