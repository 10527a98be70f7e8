/* engine/text/tokenizer_write.c - the four files that transformers expects.
 *
 * tokenizer.json has the keys, their order and the indent of tokenizers' own writer, so that a
 * vocabulary that came from the hub goes back to the same bytes.
 */
#include "base/json.h"
#include "base/os.h"
#include "base/str.h"
#include "engine/text/tokenizer_internal.h"
#include <string.h>

static const char *special_name(const struct tokenizer *tok, int which)
{
    return tokenizer_piece(tok, tok->special[which]); /* NULL: no mask */
}

static enum err_code write_vocab(const struct tokenizer *tok, const char *dir, struct err *err)
{
    char path[PATH_BYTES_MAX];
    if (os_join(path, dir, "vocab.txt", err)) return err->code;
    struct buf out;
    buf_init(&out, VOCAB_BYTES_MAX);
    for (int32_t id = 0; id < tok->model_count; id++) {
        buf_add(&out, tokenizer_piece(tok, id), vocab_piece_bytes(&tok->vocab, id));
        buf_addc(&out, '\n');
    }
    enum err_code code = buf_check(&out, err);
    if (!code) code = os_write_atomic(path, out.data, out.len, err);
    buf_release(&out);
    return code;
}

/* Takes doc. NULL, from a jansson call that got no memory, is ERR_NO_MEMORY. */
static enum err_code write_json(json_t *doc, const char *dir, const char *file, struct err *err)
{
    if (!doc) return err_set(err, ERR_NO_MEMORY, "no memory to write %s", file);
    char path[PATH_BYTES_MAX];
    enum err_code code = os_join(path, dir, file, err);
    struct buf out;
    buf_init(&out, JSON_FILE_BYTES_MAX);
    if (!code) {
        json_write(doc, true, &out);
        code = buf_check(&out, err);
    }
    if (!code) code = os_write_atomic(path, out.data, out.len, err);
    buf_release(&out);
    json_decref(doc);
    return code;
}

static json_t *added_token_json(const struct tokenizer *tok, const struct added_token *t)
{
    return json_pack("{s:i, s:s, s:b, s:b, s:b, s:b, s:b}", "id", (int)t->id, "content",
                     tokenizer_piece(tok, t->id), "single_word", 0, "lstrip", 0, "rstrip", 0,
                     "normalized", 0, "special", (int)t->special);
}

static json_t *added_json(const struct tokenizer *tok)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < tok->added_count; i++)
        json_array_append_new(list, added_token_json(tok, &tok->added[i]));
    return list;
}

static json_t *special_part(const char *name, int type_id)
{
    return json_pack("{s:{s:s, s:i}}", "SpecialToken", "id", name, "type_id", type_id);
}

static json_t *sequence_part(const char *name, int type_id)
{
    return json_pack("{s:{s:s, s:i}}", "Sequence", "id", name, "type_id", type_id);
}

static json_t *special_ids(const char *name, int32_t id)
{
    return json_pack("{s:s, s:[i], s:[s]}", "id", name, "ids", (int)id, "tokens", name);
}

static json_t *template_json(const struct tokenizer *tok)
{
    const char *cls = special_name(tok, SPECIAL_CLS), *sep = special_name(tok, SPECIAL_SEP);
    return json_pack("{s:s, s:[o,o,o], s:[o,o,o,o,o], s:{s:o, s:o}}", /* */
                     "type", "TemplateProcessing",                    /* */
                     "single", special_part(cls, 0), sequence_part("A", 0), special_part(sep, 0),
                     "pair", special_part(cls, 0), sequence_part("A", 0), special_part(sep, 0),
                     sequence_part("B", 1), special_part(sep, 1), /* */
                     "special_tokens", cls, special_ids(cls, tok->special[SPECIAL_CLS]), sep,
                     special_ids(sep, tok->special[SPECIAL_SEP]));
}

static json_t *normalizer_json(const struct tokenizer_options *o)
{
    json_t *accents = o->strip_accents == o->lower_case ? json_null() /* "as lower_case" */
                                                        : json_boolean(o->strip_accents);
    return json_pack("{s:s, s:b, s:b, s:o, s:b}", "type", "BertNormalizer", "clean_text",
                     (int)o->clean, "handle_chinese_chars", (int)o->split_cjk, "strip_accents",
                     accents, "lowercase", (int)o->lower_case);
}

static json_t *model_json(const struct tokenizer *tok)
{
    json_t *vocab = json_object();
    for (int32_t id = 0; id < tok->model_count; id++)
        json_object_set_new(vocab, tokenizer_piece(tok, id), json_integer(id));
    return json_pack("{s:s, s:s, s:s, s:i, s:o}", "type", "WordPiece", "unk_token",
                     special_name(tok, SPECIAL_UNK), "continuing_subword_prefix", CONTINUATION,
                     "max_input_chars_per_word", (int)tok->word_chars_max, "vocab", vocab);
}

static json_t *tokenizer_json(const struct tokenizer *tok)
{
    return json_pack("{s:s, s:n, s:n, s:o, s:o, s:{s:s}, s:o, s:{s:s, s:s, s:b}, s:o}", /* */
                     "version", "1.0", "truncation", "padding",                         /* */
                     "added_tokens", added_json(tok),                                   /* */
                     "normalizer", normalizer_json(&tok->options),                      /* */
                     "pre_tokenizer", "type", "BertPreTokenizer",                       /* */
                     "post_processor", template_json(tok),                              /* */
                     "decoder", "type", "WordPiece", "prefix", CONTINUATION, "cleanup", 1, "model",
                     model_json(tok));
}

static json_t *names_json(const struct tokenizer *tok)
{
    json_t *names = json_object();
    for (int i = 0; i < SPECIAL_COUNT; i++)
        if (special_name(tok, i))
            json_object_set_new(names, special_key[i], json_string(special_name(tok, i)));
    return names;
}

static json_t *config_json(const struct tokenizer *tok)
{
    json_t *config = names_json(tok);
    json_object_set_new(config, "tokenizer_class", json_string("BertTokenizer"));
    json_object_set_new(config, "do_lower_case", json_boolean(tok->options.lower_case));
    json_object_set_new(config, "strip_accents", json_boolean(tok->options.strip_accents));
    json_object_set_new(config, "tokenize_chinese_chars", json_boolean(tok->options.split_cjk));
    return config;
}

enum err_code tokenizer_save(const struct tokenizer *tok, const char *dir, struct err *err)
{
    if (write_vocab(tok, dir, err)) return err->code;
    if (write_json(tokenizer_json(tok), dir, "tokenizer.json", err)) return err->code;
    if (write_json(config_json(tok), dir, "tokenizer_config.json", err)) return err->code;
    return write_json(names_json(tok), dir, "special_tokens_map.json", err);
}
