/* front/app/bench_tokenizer.c - cairn bench tokenizer: texts to ids with their spans, on one
 * thread. The texts are encoded whole, as a server gets them; words of CoNLL data are joined by one
 * space. The speed is that of reading the texts: bytes of UTF-8 a second. */
#include "front/app/bench_internal.h"

enum { ROUNDS = 5 };
#define SECONDS 1.0

struct encoding_run {
    struct bench *b;
    struct tokenizer *tok;
    struct encoding encoding;
    int64_t bytes, tokens; /* of one round */
};

static enum err_code encode_all(void *ctx, struct err *err)
{
    struct encoding_run *r = ctx;
    const struct dataset *d = r->b->data;
    r->bytes = r->tokens = 0;
    for (int32_t i = 0; i < d->count; i++) {
        const struct example *x = &d->examples[i];
        if (tokenizer_encode(r->tok, x->text, (size_t)x->text_bytes, NULL, 0, &r->encoding, err))
            return err->code;
        r->bytes += x->text_bytes;
        r->tokens += r->encoding.count;
    }
    return ERR_OK;
}

enum err_code bench_tokenizer(struct bench *b, json_t **ret, struct err *err)
{
    struct encoding_run r = {.b = b};
    double seconds = b->request->seconds > 0 ? b->request->seconds : SECONDS, median;
    encoding_init(&r.encoding);
    if (bench_load_data(b, err) || bench_model_dir(b, err) ||
        tokenizer_open(b->model_dir, &r.tok, err) ||
        bench_median(b, encode_all, &r, seconds, ROUNDS, &median, err))
        goto out;
    *ret = json_pack("{s:i, s:i, s:I, s:I, s:f, s:f}", "threads", 1, "texts", b->data->count,
                     "bytes", (json_int_t)r.bytes, "tokens", (json_int_t)r.tokens, "mb_per_s",
                     (double)r.bytes / median / 1e6, "tokens_per_s", (double)r.tokens / median);
out:
    encoding_release(&r.encoding);
    tokenizer_free(r.tok);
    return err->code;
}
