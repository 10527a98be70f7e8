/* Files of a tokenizer: what is read, what is refused and how it is named, what is written. */
#include "base/limits.h"
#include "base/str.h"
#include "engine/text/tokenizer.h"
#include "support/test_data.h"
#include "support/test_folder.h"
#include <errno.h>
#include <string.h>

#define HEAD_VOCAB "[PAD]\n[UNK]\n[CLS]\n[SEP]\n"
#define NORMALIZER "\"normalizer\":{\"type\":\"BertNormalizer\",\"lowercase\":true}"
#define PRE        "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"}"
#define PIECES     "{\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"lung\":4}"
#define MODEL(type, pieces)                                                                        \
    "\"model\":{\"type\":\"" type "\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":"      \
    "\"##\",\"max_input_chars_per_word\":100,\"vocab\":" pieces "}"
#define ADDED                                                                                      \
    "\"added_tokens\":[{\"id\":3,\"content\":\"[SEP]\",\"special\":true},"                         \
    "{\"id\":5,\"content\":\"[DRUG]\",\"special\":false}]"
#define WHOLE "{" NORMALIZER "," PRE "," MODEL("WordPiece", PIECES) "," ADDED "}"

static const struct tokenizer_options UNCASED = {true, true, true, true};

static enum err_code parse_json(const char *json, struct tokenizer **ret, struct err *err)
{
    return tokenizer_parse_json(json, strlen(json), "t.json", ret, err);
}

static void expect_json_error(const char *json, enum err_code code, const char *message)
{
    struct err err = {0};
    struct tokenizer *tok = NULL;
    cr_expect_eq(parse_json(json, &tok, &err), code, "%s: %s", message, err.message);
    cr_expect_null(tok);
    cr_expect(strstr(err.message, message) != NULL, "\"%s\" is not in \"%s\"", message,
              err.message);
    cr_expect(str_starts(err.message, "t.json"), "%s", err.message);
}

Test(files, tokenizer_json_with_an_added_token)
{
    struct err err = {0};
    struct tokenizer *tok = NULL;
    cr_assert_eq(parse_json(WHOLE, &tok, &err), ERR_OK, "%s", err.message);
    cr_expect_eq(tokenizer_vocab_count(tok), 6);
    cr_expect_eq(tokenizer_id(tok, "[DRUG]"), 5);
    cr_expect_str_eq(tokenizer_piece(tok, 5), "[DRUG]");
    cr_expect(tokenizer_get_options(tok)->strip_accents, "as lowercase");
    struct encoding e;
    encoding_init(&e);
    cr_assert_eq(tokenizer_encode(tok, "lung[DRUG]", 10, NULL, 0, &e, &err), ERR_OK);
    cr_assert_eq(e.count, 2);
    cr_expect(e.id[0] == 4 && e.id[1] == 5 && e.start[1] == 4 && e.end[1] == 10);
    encoding_release(&e);
    tokenizer_free(tok);
}

Test(files, hostile_tokenizer_json)
{
    expect_json_error("", ERR_BAD_INPUT, "");
    expect_json_error("[]", ERR_BAD_INPUT, "a JSON object was expected");
    expect_json_error("{}", ERR_BAD_INPUT, "the normalizer is missing");
    expect_json_error("{\"normalizer\":null}", ERR_BAD_INPUT, "the normalizer is missing");
    expect_json_error("{\"normalizer\":{\"type\":\"NFC\"}}", ERR_BAD_INPUT,
                      "the normalizer is \"NFC\"");
    expect_json_error("{\"normalizer\":{\"type\":\"BertNormalizer\",\"lowercase\":\"yes\"}}",
                      ERR_BAD_INPUT, "lowercase");
    expect_json_error("{" NORMALIZER "}", ERR_BAD_INPUT, "the pre_tokenizer is missing");
    expect_json_error("{" NORMALIZER ",\"pre_tokenizer\":{\"type\":\"Whitespace\"}}", ERR_BAD_INPUT,
                      "the pre_tokenizer is \"Whitespace\"");
    expect_json_error("{" NORMALIZER "," PRE "}", ERR_BAD_INPUT, "model");
    expect_json_error("{" NORMALIZER "," PRE ",\"model\":[]}", ERR_BAD_INPUT, "model");
    expect_json_error("{" NORMALIZER "," PRE "," MODEL("BPE", PIECES) "}", ERR_BAD_INPUT,
                      "the model is \"BPE\"");
    expect_json_error("{" NORMALIZER "," PRE "," MODEL("WordPiece", "{}") ",\"added_tokens\":[]}",
                      ERR_BAD_INPUT, "the vocabulary is empty");
    expect_json_error("{" NORMALIZER "," PRE "," MODEL("WordPiece", PIECES) "}", ERR_BAD_INPUT,
                      "added_tokens");
}

Test(files, hostile_vocabularies_in_tokenizer_json)
{
    static const char *const bad[] = {
        "{\"a\":1}",     "{\"a\":-1}",  "{\"a\":0,\"b\":0}", "{\"a\":0,\"b\":2}",
        "{\"a\":\"0\"}", "{\"a\":0.5}", "{\"a\":null}",      "{\"a\":99999999999999}",
        "{\"a\":1e300}"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        char json[600];
        cr_assert(str_format(json, sizeof json,
                             "{" NORMALIZER "," PRE "," MODEL("WordPiece", "%s") "}", bad[i]));
        expect_json_error(json, ERR_BAD_INPUT, "has no good id");
    }
    expect_json_error("{" NORMALIZER "," PRE "," MODEL("WordPiece", "[]") "}", ERR_BAD_INPUT,
                      "vocab");
    expect_json_error("{" NORMALIZER "," PRE
                      "," MODEL("WordPiece", "{\"a\":0}") ","
                                                          "\"added_tokens\":[]}",
                      ERR_BAD_INPUT, "the pad_token \"[PAD]\" is not in the vocabulary");
    expect_json_error("{" NORMALIZER "," PRE "," MODEL("WordPiece", "{\"a\":0,\"a\":0}") "}",
                      ERR_BAD_INPUT, "");
}

static void expect_added_error(const char *tokens, const char *message)
{
    char json[800];
    cr_assert(str_format(
        json, sizeof json,
        "{" NORMALIZER "," PRE "," MODEL("WordPiece", PIECES) ",\"added_tokens\":%s}", tokens));
    expect_json_error(json, ERR_BAD_INPUT, message);
}

Test(files, hostile_added_tokens)
{
    expect_added_error("{}", "added_tokens");
    expect_added_error("[1]", "an added token must be an object");
    expect_added_error("[{\"id\":3}]", "content");
    expect_added_error("[{\"content\":\"x\"}]", "id");
    expect_added_error("[{\"id\":5,\"content\":\"\"}]", "an added token is empty");
    expect_added_error("[{\"id\":4,\"content\":\"[SEP]\"}]", "has id 4, not 3");
    expect_added_error("[{\"id\":7,\"content\":\"new\"}]", "has id 7, not 5");
    expect_added_error("[{\"id\":5,\"content\":\"a\"},{\"id\":6,\"content\":\"a\"}]", "twice");
    expect_added_error("[{\"id\":3,\"content\":\"[SEP]\"},{\"id\":3,\"content\":\"[SEP]\"}]",
                       "twice");
    expect_added_error("[{\"id\":5,\"content\":\"a\",\"lstrip\":true}]", "is \"lstrip\"");
    expect_added_error("[{\"id\":5,\"content\":\"a\",\"normalized\":true}]", "is \"normalized\"");
    expect_added_error("[{\"id\":5,\"content\":\"a\",\"special\":1}]", "special");
}

Test(files, post_processor)
{
    static const char START[] =
        "{" NORMALIZER "," PRE "," MODEL("WordPiece", PIECES) "," ADDED ",\"post_processor\":";
    static const char *const bad[][2] = {
        {"7}", "type"},
        {"{\"type\":\"ByteLevel\"}}", "\"ByteLevel\" is not supported"},
        {"{\"type\":\"TemplateProcessing\",\"single\":[]}}", "one token before and one after"},
        {"{\"type\":\"BertProcessing\",\"cls\":[],\"sep\":[\"[SEP]\",3]}}", "must be named"},
        {"{\"type\":\"BertProcessing\",\"cls\":[\"<s>\",0],\"sep\":[\"[SEP]\",3]}}",
         "the cls_token \"<s>\" is not in the vocabulary"}};
    char json[1200];
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        cr_assert(str_format(json, sizeof json, "%s%s", START, bad[i][0]));
        expect_json_error(json, ERR_BAD_INPUT, bad[i][1]);
    }
    struct err err = {0};
    struct tokenizer *tok = NULL;
    cr_assert(
        str_format(json, sizeof json, "%s%s", START,
                   "{\"type\":\"BertProcessing\",\"cls\":[\"lung\",4],\"sep\":[\"[SEP]\",3]}}"));
    cr_assert_eq(parse_json(json, &tok, &err), ERR_OK, "%s", err.message);
    cr_expect_eq(tokenizer_cls(tok), 4);
    tokenizer_free(tok);
}

Test(files, every_truncation_is_an_error)
{
    static const char json[] = WHOLE;
    for (size_t len = 0; len < sizeof json - 1; len++) {
        struct err err = {0};
        struct tokenizer *tok = NULL;
        cr_assert_neq(tokenizer_parse_json(json, len, "t.json", &tok, &err), ERR_OK, "%zu", len);
        cr_assert_null(tok);
    }
}

static enum err_code parse_vocab(const char *text, size_t len, struct tokenizer **ret,
                                 struct err *err)
{
    return tokenizer_parse_vocab(text, len, "vocab.txt", &UNCASED, ret, err);
}

static void expect_vocab_error(const char *text, size_t len, const char *message)
{
    struct err err = {0};
    struct tokenizer *tok = NULL;
    cr_expect_eq(parse_vocab(text, len, &tok, &err), ERR_BAD_INPUT);
    cr_expect_str_eq(err.message, message);
}

#define EXPECT_VOCAB_ERROR(text, message) expect_vocab_error(text, sizeof text - 1, message)

Test(files, hostile_vocab_txt)
{
    EXPECT_VOCAB_ERROR("", "vocab.txt: the vocabulary is empty");
    EXPECT_VOCAB_ERROR("\n\n", "vocab.txt: the pad_token \"[PAD]\" is not in the vocabulary");
    EXPECT_VOCAB_ERROR("[PAD]\n[CLS]\n[SEP]\n",
                       "vocab.txt: the unk_token \"[UNK]\" is not in the vocabulary");
    EXPECT_VOCAB_ERROR(HEAD_VOCAB "lung\na\nlung\n",
                       "vocab.txt: the piece \"lung\" is in the vocabulary twice");
    EXPECT_VOCAB_ERROR(HEAD_VOCAB "caf\xE9\n", "vocab.txt: line 5: the bytes are not UTF-8 text");
    EXPECT_VOCAB_ERROR(HEAD_VOCAB "a\0b\n", "vocab.txt: line 5: the bytes are not UTF-8 text");
    EXPECT_VOCAB_ERROR("\xEF\xBB\xBF" HEAD_VOCAB,
                       "vocab.txt: the pad_token \"[PAD]\" is not in the vocabulary");
}

Test(files, vocab_txt_with_crlf_and_no_last_newline)
{
    static const char text[] = "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\nlung";
    struct err err = {0};
    struct tokenizer *tok = NULL;
    cr_assert_eq(parse_vocab(text, sizeof text - 1, &tok, &err), ERR_OK, "%s", err.message);
    cr_expect_eq(tokenizer_vocab_count(tok), 5);
    cr_expect_eq(tokenizer_id(tok, "lung"), 4);
    tokenizer_free(tok);
}

Test(files, a_vocabulary_past_the_limit)
{
    struct buf text;
    buf_init(&text, 64 << 20);
    for (int i = 0; i <= VOCAB_COUNT_MAX; i++) buf_addf(&text, "%d\n", i);
    struct err err = {0};
    struct tokenizer *tok = NULL;
    cr_assert_eq(buf_check(&text, &err), ERR_OK);
    cr_expect_eq(parse_vocab(text.data, text.len, &tok, &err), ERR_LIMIT);
    buf_release(&text);
}

Test(files, directories)
{
    struct err err = {0};
    struct tokenizer *tok = NULL;
    struct test_folder t;
    test_folder_make(&t);
    cr_expect_eq(tokenizer_open(t.path, &tok, &err), ERR_NOT_FOUND);
    cr_expect(strstr(err.message, "has no tokenizer.json and no vocab.txt") != NULL);
    test_folder_write(&t, "vocab.txt", HEAD_VOCAB "<pad>\nLung\n");
    cr_assert_eq(tokenizer_open(t.path, &tok, &err), ERR_OK, "%s", err.message);
    cr_expect(tokenizer_get_options(tok)->lower_case, "BERT's default");
    tokenizer_free(tok);
    test_folder_write(&t, "tokenizer_config.json",
                      "{\"do_lower_case\":false,\"tokenizer_class\":\"BertTokenizerFast\","
                      "\"pad_token\":{\"content\":\"<pad>\"},\"model_max_length\":512}");
    cr_assert_eq(tokenizer_open(t.path, &tok, &err), ERR_OK, "%s", err.message);
    cr_expect(!tokenizer_get_options(tok)->lower_case &&
              !tokenizer_get_options(tok)->strip_accents);
    cr_expect_eq(tokenizer_pad(tok), 4);
    tokenizer_free(tok);
    test_folder_write(&t, "tokenizer.json", WHOLE);
    tok = NULL;
    cr_expect_eq(tokenizer_open(t.path, &tok, &err), ERR_BAD_INPUT, "<pad> is not in it");
    test_folder_write(&t, "tokenizer_config.json",
                      "{\"tokenizer_class\":\"BertJapaneseTokenizer\"}");
    test_folder_write(&t, "tokenizer.json", WHOLE);
    cr_assert_eq(tokenizer_open(t.path, &tok, &err), ERR_OK, "%s", err.message);
    tokenizer_free(tok);
    test_folder_remove(&t);
}

Test(files, a_directory_of_another_tokenizer)
{
    static const char *const configs[] = {"{\"tokenizer_class\":\"BertJapaneseTokenizer\"}",
                                          "{\"do_basic_tokenize\":false}",
                                          "{\"do_lower_case\":\"no\"}", "[]", "{"};
    struct test_folder t;
    test_folder_make(&t);
    test_folder_write(&t, "vocab.txt", HEAD_VOCAB);
    for (size_t i = 0; i < ARRAY_COUNT(configs); i++) {
        struct err err = {0};
        struct tokenizer *tok = NULL;
        test_folder_write(&t, "tokenizer_config.json", configs[i]);
        cr_expect_eq(tokenizer_open(t.path, &tok, &err), ERR_BAD_INPUT, "%s", configs[i]);
        cr_expect(strstr(err.message, "tokenizer_config.json") != NULL, "%s", err.message);
    }
    test_folder_remove(&t);
}

Test(files, saved_and_opened_again)
{
    struct err err = {0};
    struct tokenizer *tok = NULL, *again = NULL;
    char wanted[65], seen[65];
    struct test_folder t;
    test_folder_make(&t);
    cr_assert_eq(parse_json(WHOLE, &tok, &err), ERR_OK, "%s", err.message);
    tokenizer_digest(tok, wanted);
    cr_assert_eq(tokenizer_save(tok, t.path, &err), ERR_OK, "%s", err.message);
    cr_expect_eq(test_folder_count(&t), 4);
    cr_assert_eq(tokenizer_open(t.path, &again, &err), ERR_OK, "%s", err.message);
    tokenizer_digest(again, seen);
    cr_expect_str_eq(seen, wanted);
    tokenizer_free(again);
    tokenizer_free(tok);
    test_folder_remove(&t);
}

Test(files, digest_tells_options_and_pieces_apart)
{
    static const struct tokenizer_options options[] = {{true, true, true, true},
                                                       {false, true, true, true},
                                                       {true, false, true, true},
                                                       {true, true, false, true},
                                                       {true, true, true, false}};
    char seen[ARRAY_COUNT(options) + 2][65];
    for (size_t i = 0; i < ARRAY_COUNT(seen); i++) {
        const char *text = i == 5   ? HEAD_VOCAB "ab\nc\n"
                           : i == 6 ? HEAD_VOCAB "c\nab\n"
                                    : HEAD_VOCAB "a\nbc\n";
        struct err err = {0};
        struct tokenizer *tok = NULL;
        cr_assert_eq(
            tokenizer_parse_vocab(text, strlen(text), "v", &options[i < 5 ? i : 0], &tok, &err),
            ERR_OK);
        tokenizer_digest(tok, seen[i]);
        tokenizer_free(tok);
        for (size_t k = 0; k < i; k++) cr_expect_str_neq(seen[i], seen[k], "%zu and %zu", k, i);
    }
}

/* Every file call of a save fails once: an error each time, and no crash. */
static int calls_left;

static ssize_t failing_write(int fd, const void *bytes, size_t len)
{
    if (calls_left-- == 0) {
        errno = ENOSPC;
        return -1;
    }
    return os_real.write(fd, bytes, len);
}

Test(files, a_full_disk_while_saving)
{
    struct err err = {0};
    struct tokenizer *tok = NULL;
    struct test_folder t;
    test_folder_make(&t);
    cr_assert_eq(parse_json(WHOLE, &tok, &err), ERR_OK);
    struct os_ops ops = os_real;
    ops.write = failing_write;
    os_use(&ops);
    for (int n = 0; n < 4; n++) {
        calls_left = n;
        cr_expect_eq(tokenizer_save(tok, t.path, &err), ERR_IO, "write %d", n);
        cr_expect_eq(test_folder_count(&t), (size_t)n, "no file half written, none left over");
    }
    os_use(NULL);
    tokenizer_free(tok);
    test_folder_remove(&t);
}
