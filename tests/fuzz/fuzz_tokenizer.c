/* tests/fuzz/fuzz_tokenizer.c - vocab.txt, tokenizer.json and texts from hostile hands.
 *
 * The first byte chooses: 'j' a tokenizer.json, 'v' a vocab.txt, 't' a text for a small vocabulary.
 * What opens must also encode, and give a digest; spans must lie in order inside the text.
 */
#include "base/str.h"
#include "engine/text/tokenizer.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char VOCAB[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##a\n##b\nab\n.\ne\n中\n##\u1161\n"
    "\u1100\ni\n##\u0307\n";

static void encode(const struct tokenizer *tok, const char *text, size_t len)
{
    struct err err = {0};
    struct encoding e;
    encoding_init(&e);
    if (tokenizer_encode(tok, text, len, NULL, 0, &e, &err) == ERR_OK) {
        int32_t chars = (int32_t)utf8_count(text, len);
        for (int32_t i = 0; i < e.count; i++) {
            BUG_IF(e.id[i] < 0 || e.id[i] >= tokenizer_vocab_count(tok));
            BUG_IF(e.start[i] < 0 || e.start[i] >= e.end[i] || e.end[i] > chars);
            BUG_IF(i > 0 && (e.start[i] < e.start[i - 1] || e.end[i] < e.end[i - 1]));
            BUG_IF(i > 0 && e.word[i] != e.word[i - 1] + (e.first[i] ? 1 : 0));
        }
    }
    encoding_release(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tokenizer_options options = {true, true, true, true};
    static const char text[] = "a[SEP]ab \u00e9\u0323 \u4e2d\u6587 zz";
    struct err err = {0};
    struct tokenizer *tok = NULL;
    if (size == 0) return 0;
    const char *bytes = (const char *)data + 1;
    enum err_code code;
    if (data[0] == 'j')
        code = tokenizer_parse_json(bytes, size - 1, "fuzz", &tok, &err);
    else if (data[0] == 'v')
        code = tokenizer_parse_vocab(bytes, size - 1, "fuzz", &options, &tok, &err);
    else
        code = tokenizer_parse_vocab(VOCAB, sizeof VOCAB - 1, "fuzz", &options, &tok, &err);
    if (code) return 0;
    char hex[65];
    tokenizer_digest(tok, hex);
    if (data[0] == 'j' || data[0] == 'v')
        encode(tok, text, sizeof text - 1);
    else
        encode(tok, bytes, size - 1);
    tokenizer_free(tok);
    return 0;
}
