/* The image of a tokenizer: what it opens as, and that a bad one is refused or harmless. */
#include "base/arena.h"
#include "base/os.h"
#include "base/rng.h"
#include "engine/text/tokenizer.h"
#include "support/test_data.h"
#include <string.h>

#define TEXT                                                                                       \
    "The patient [SEP] CAF\xC3\x89 pneumonia, \xE4\xB8\xAD\xE6\x96\x87 unknownzzzword e\xCC\x81 "  \
    "MRI"

static struct tokenizer *open_fixture(void)
{
    struct err err = {0};
    struct tokenizer *tok = NULL;
    const struct tokenizer_options o = {true, true, true, true};
    cr_assert_eq(tokenizer_open_vocab(test_source("oracle/wordpiece/uncased.txt"), &o, &tok, &err),
                 ERR_OK, "%s", err.message);
    return tok;
}

/* In memory of its own size, so that a step past the end is found. */
static char *image_of(const struct tokenizer *tok, size_t *ret_len)
{
    struct err err = {0};
    struct buf b;
    buf_init(&b, 64u << 20);
    cr_assert_eq(tokenizer_image_write(tok, &b, &err), ERR_OK, "%s", err.message);
    char *image = mem_try(1, b.len, &err);
    memcpy(image, b.data, b.len);
    *ret_len = b.len;
    buf_release(&b);
    return image;
}

static void expect_same(const struct tokenizer *a, const struct tokenizer *b, const char *text)
{
    struct err err = {0};
    struct encoding x, y;
    encoding_init(&x);
    encoding_init(&y);
    cr_assert_eq(tokenizer_encode(a, text, strlen(text), NULL, 0, &x, &err), ERR_OK);
    cr_assert_eq(tokenizer_encode(b, text, strlen(text), NULL, 0, &y, &err), ERR_OK);
    cr_assert_eq(x.count, y.count);
    cr_expect_gt(x.count, 0);
    const size_t bytes = (size_t)x.count * sizeof(int32_t);
    cr_expect(memcmp(x.id, y.id, bytes) == 0 && memcmp(x.start, y.start, bytes) == 0 &&
              memcmp(x.end, y.end, bytes) == 0 && memcmp(x.word, y.word, bytes) == 0);
    encoding_release(&x);
    encoding_release(&y);
}

Test(image, opens_as_what_was_written)
{
    struct err err = {0};
    char digests[2][65];
    size_t len = 0;
    struct tokenizer *tok = open_fixture(), *again = NULL;
    char *image = image_of(tok, &len);
    cr_assert_eq(tokenizer_image_open(image, len, &again, &err), ERR_OK, "%s", err.message);
    tokenizer_digest(tok, digests[0]);
    tokenizer_digest(again, digests[1]);
    cr_expect_str_eq(digests[0], digests[1]);
    cr_expect_eq(tokenizer_id(again, "[SEP]"), tokenizer_sep(tok));
    cr_expect_eq(tokenizer_id(again, "patient"), tokenizer_id(tok, "patient"));
    expect_same(tok, again, TEXT);
    tokenizer_free(tok);
    tokenizer_free(again);
    mem_free(image);
}

Test(image, cut_short_is_refused)
{
    struct err err = {0};
    size_t len = 0;
    struct tokenizer *tok = open_fixture(), *again = NULL;
    char *image = image_of(tok, &len);
    for (size_t n = 0; n < len; n += n < 400 ? 1 : 997)
        cr_assert_eq(tokenizer_image_open(image, n, &again, &err), ERR_CORRUPT, "%zu bytes", n);
    cr_assert_eq(tokenizer_image_open(image + 1, len - 1, &again, &err), ERR_CORRUPT);
    tokenizer_free(tok);
    mem_free(image);
}

/* Whatever bytes change, the image is refused, or what opens stays inside its bytes. */
Test(image, changed_bytes_do_no_harm)
{
    struct err err;
    struct rng r;
    struct encoding e;
    size_t len = 0;
    int opened = 0, refused = 0;
    struct tokenizer *tok = open_fixture();
    char *image = image_of(tok, &len), *bad = mem_try(1, len, &err);
    rng_init(&r, 5, RNG_SAMPLE, 0);
    encoding_init(&e);
    for (int round = 0; round < 3000; round++) {
        struct tokenizer *again = NULL;
        memcpy(bad, image, len);
        const uint32_t region = round % 3 == 0 ? 200 : (uint32_t)len;
        for (uint32_t i = 0; i <= rng_below(&r, 4); i++)
            bad[rng_below(&r, region)] = (char)rng_below(&r, 256);
        err = (struct err){0};
        if (tokenizer_image_open(bad, len, &again, &err)) {
            refused++;
            continue;
        }
        opened++;
        (void)!tokenizer_encode(again, TEXT, strlen(TEXT), NULL, 0, &e, &err);
        for (int32_t i = 0; i < e.count; i++) cr_assert(tokenizer_piece(again, e.id[i]));
        tokenizer_free(again);
    }
    cr_expect(opened > 100 && refused > 100, "%d opened, %d refused", opened, refused);
    encoding_release(&e);
    tokenizer_free(tok);
    mem_free(image);
    mem_free(bad);
}
