#include "letters.h"

#include "base/rng.h"
#include "support/test_folder.h"

#include <criterion/criterion.h>
#include <string.h>

void letters_open(struct letters *l)
{
    static const char *const labels[] = {"TEST", "DRUG"};
    struct buf vocab;
    struct err err = {0};
    struct test_folder folder;
    struct tokenizer_options o = {true, true, true, true};
    buf_init(&vocab, 4096);
    buf_adds(&vocab, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\n,\n");
    for (char c = 'a'; c <= 'z'; c++) buf_addf(&vocab, "%c\n##%c\n", c, c);
    test_folder_make(&folder);
    const char *path = test_folder_write(&folder, "vocab.txt", vocab.data);
    cr_assert_eq(tokenizer_open_vocab(path, &o, &l->tok, &err), ERR_OK, "%s", err.message);
    test_folder_remove(&folder);
    buf_release(&vocab);
    arena_init(&l->arena, 1 << 20);
    cr_assert_eq(tag_set_from_labels(&l->arena, labels, 2, &l->tags, &err), ERR_OK);
}

void letters_close(struct letters *l)
{
    tokenizer_free(l->tok);
    arena_release(&l->arena);
}

struct dataset *letters_dataset(const char *jsonl)
{
    struct err err = {0};
    struct findings f;
    struct dataset *d = NULL;
    findings_init(&f, 10);
    cr_assert_eq(
        dataset_parse("test.jsonl", jsonl, strlen(jsonl), DATA_FORMAT_JSONL, NULL, &f, &d, &err),
        ERR_OK, "%s", err.message);
    findings_release(&f);
    return d;
}

struct token_data *letters_prepare(const struct letters *l, const struct dataset *d,
                                   int32_t tokens_max, int32_t stride)
{
    struct err err = {0};
    struct token_data *t = NULL;
    cr_assert_eq(token_data_prepare(d, l->tok, &l->tags, tokens_max, stride, &t, &err), ERR_OK,
                 "%s", err.message);
    return t;
}

char *letters_random(uint64_t seed, int32_t count, int32_t words_max, int32_t letters_max)
{
    struct buf b;
    struct rng rng;
    rng_init(&rng, seed, RNG_SAMPLE, 0);
    buf_init(&b, 16 << 20);
    for (int32_t i = 0; i < count; i++) {
        uint32_t words = 1 + rng_below(&rng, (uint32_t)words_max);
        buf_adds(&b, "{\"text\": \"");
        for (uint32_t w = 0; w < words; w++) {
            uint32_t letters = 1 + rng_below(&rng, (uint32_t)letters_max);
            if (w) buf_addc(&b, ' ');
            for (uint32_t k = 0; k < letters; k++) buf_addc(&b, (char)('a' + rng_below(&rng, 26)));
        }
        buf_adds(&b, "\"}\n");
    }
    return buf_take(&b);
}
