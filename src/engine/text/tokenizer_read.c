/* engine/text/tokenizer_read.c - vocab.txt, tokenizer.json and tokenizer_config.json to a draft.
 *
 * A file is taken only when this tokenizer does exactly what it says: whatever would change ids or
 * spans and is not built here (another model, another normalizer, added tokens that eat blanks) is
 * an error that names it. What cannot change them (padding, truncation, decoder) is passed over.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/os.h"
#include "base/str.h"
#include "engine/text/tokenizer_internal.h"
#include <string.h>

/* Puts the file's name before the message. */
static enum err_code in_file(const char *name, struct err *err)
{
    struct err was = *err;
    err_set(err, was.code, "%s: %s", name, was.message);
    memcpy(err->detail, was.detail, sizeof err->detail);
    memcpy(err->hint, was.hint, sizeof err->hint);
    return err->code;
}

static enum err_code copy_special(struct tokenizer_draft *d, int which, const char *name,
                                  struct err *err)
{
    if (!str_format(d->special_name[which], SPECIAL_BYTES_MAX, "%s", name))
        return err_set(err, ERR_LIMIT, "the %s has more than %d bytes", special_key[which],
                       SPECIAL_BYTES_MAX - 1);
    return ERR_OK;
}

/* "must be": the value at key is this string. */
static enum err_code need_exactly(const json_t *o, const char *what, const char *key,
                                  const char *wanted, struct err *err)
{
    const char *seen = NULL;
    if (json_need_string(o, key, &seen, err)) return err->code;
    if (str_eq(seen, wanted)) return ERR_OK;
    return err_set(err, ERR_BAD_INPUT, "%s is \"%.60s\"; only \"%s\" can be read", what, seen,
                   wanted);
}

/* ---- vocab.txt ---- */

/* One piece a line, its blanks kept, as transformers reads it: bert-base-chinese has U+2028. */
static enum err_code read_lines(struct tokenizer_draft *d, const char *bytes, size_t len,
                                struct err *err)
{
    size_t good = utf8_valid_prefix(bytes, len);
    const char *nul = memchr(bytes, 0, len);
    if (nul && (size_t)(nul - bytes) < good) good = (size_t)(nul - bytes);
    for (size_t at = 0; at < len;) {
        const char *nl = memchr(bytes + at, '\n', len - at);
        size_t next = nl ? (size_t)(nl - bytes) + 1 : len;
        size_t end = nl ? next - 1 : len;
        if (good < next)
            return err_set(err, ERR_BAD_INPUT, "line %d: the bytes are not UTF-8 text",
                           (int)d->vocab.count + 1);
        if (nl && end > at && bytes[end - 1] == '\r') end--;
        if (vocab_add(&d->vocab, bytes + at, end - at, err)) return err->code;
        at = next;
    }
    d->model_count = d->vocab.count;
    return ERR_OK;
}

enum err_code tokenizer_parse_vocab(const char *bytes, size_t len, const char *name,
                                    const struct tokenizer_options *options, struct tokenizer **ret,
                                    struct err *err)
{
    struct tokenizer_draft d;
    tokenizer_draft_init(&d);
    d.options = *options;
    if (read_lines(&d, bytes, len, err)) {
        tokenizer_draft_release(&d);
        return in_file(name, err);
    }
    return tokenizer_build(&d, ret, err) ? in_file(name, err) : ERR_OK;
}

/* ---- tokenizer.json ---- */

static enum err_code read_normalizer(struct tokenizer_draft *d, const json_t *doc, struct err *err)
{
    const json_t *n = json_object_get(doc, "normalizer");
    if (!json_is_object(n))
        return err_set(err, ERR_BAD_INPUT, "the normalizer is missing; BertNormalizer is needed");
    if (need_exactly(n, "the normalizer", "type", "BertNormalizer", err)) return err->code;
    if (json_opt_bool(n, "clean_text", &d->options.clean, err)) return err->code;
    if (json_opt_bool(n, "handle_chinese_chars", &d->options.split_cjk, err)) return err->code;
    if (json_opt_bool(n, "lowercase", &d->options.lower_case, err)) return err->code;
    d->options.strip_accents = d->options.lower_case;
    return json_opt_bool(n, "strip_accents", &d->options.strip_accents, err);
}

static enum err_code read_pre_tokenizer(const json_t *doc, struct err *err)
{
    const json_t *p = json_object_get(doc, "pre_tokenizer");
    if (!json_is_object(p))
        return err_set(err, ERR_BAD_INPUT,
                       "the pre_tokenizer is missing; BertPreTokenizer is needed");
    return need_exactly(p, "the pre_tokenizer", "type", "BertPreTokenizer", err);
}

/* The pieces in order of id, which must be 0, 1, 2, ... */
static enum err_code read_pieces(struct tokenizer_draft *d, json_t *vocab, struct err *err)
{
    size_t count = json_object_size(vocab);
    if (count > VOCAB_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "the vocabulary has %zu pieces; at most %d are taken", count,
                       VOCAB_COUNT_MAX);
    const char **piece = mem_try(count + 1, sizeof *piece, err);
    if (!piece) return err->code;
    const char *key;
    json_t *value;
    enum err_code code = ERR_OK;
    json_object_foreach(vocab, key, value)
    {
        json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
        if (id < 0 || id >= (json_int_t)count || piece[id]) {
            code = err_set(err, ERR_BAD_INPUT, "the piece \"%.60s\" has no good id", key);
            err_detail(err, "ids must be the integers 0 to %zu, each used once", count - 1);
            goto out;
        }
        piece[id] = key;
    }
    for (size_t i = 0; i < count && !code; i++)
        code = vocab_add(&d->vocab, piece[i], strlen(piece[i]), err);
    d->model_count = d->vocab.count;
out:
    mem_free(piece);
    return code;
}

static enum err_code read_model(struct tokenizer_draft *d, const json_t *doc, struct err *err)
{
    json_t *m = NULL, *vocab = NULL;
    if (json_need_object(doc, "model", &m, err)) return err->code;
    if (json_object_get(m, "type") && need_exactly(m, "the model", "type", "WordPiece", err))
        return err->code;
    if (need_exactly(m, "continuing_subword_prefix", "continuing_subword_prefix", CONTINUATION,
                     err))
        return err->code;
    const char *unk = NULL;
    if (json_need_string(m, "unk_token", &unk, err)) return err->code;
    if (copy_special(d, SPECIAL_UNK, unk, err)) return err->code;
    int64_t chars = WORD_CHARS_MAX;
    if (json_need_int(m, "max_input_chars_per_word", &chars, err)) return err->code;
    if (chars < 1 || chars > WORD_CHARS_MAX_MOST)
        return err_set(err, ERR_LIMIT, "max_input_chars_per_word is %lld; 1 to %d are taken",
                       (long long)chars, WORD_CHARS_MAX_MOST);
    d->word_chars_max = (int32_t)chars;
    if (json_need_object(m, "vocab", &vocab, err)) return err->code;
    return read_pieces(d, vocab, err);
}

static int32_t find_piece(const json_t *doc, const char *piece)
{
    const json_t *vocab = json_object_get(json_object_get(doc, "model"), "vocab");
    const json_t *id = json_object_get(vocab, piece);
    return id ? (int32_t)json_integer_value(id) : -1;
}

static enum err_code refuse_odd_token(const json_t *t, const char *content, struct err *err)
{
    static const char *const keys[] = {"single_word", "lstrip", "rstrip", "normalized"};
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        bool on = false;
        if (json_opt_bool(t, keys[i], &on, err)) return err->code;
        if (!on) continue;
        err_set(err, ERR_BAD_INPUT, "the added token \"%.60s\" is \"%s\": this is not supported",
                content, keys[i]);
        return err_hint(err, "add it with single_word, lstrip, rstrip and normalized off");
    }
    return ERR_OK;
}

static enum err_code read_added_token(struct tokenizer_draft *d, const json_t *doc, const json_t *t,
                                      struct err *err)
{
    const char *content = NULL;
    int64_t id = 0;
    bool special = false;
    if (!json_is_object(t)) return err_set(err, ERR_BAD_INPUT, "an added token must be an object");
    if (json_need_string(t, "content", &content, err)) return err->code;
    if (json_need_int(t, "id", &id, err)) return err->code;
    if (json_opt_bool(t, "special", &special, err)) return err->code;
    if (refuse_odd_token(t, content, err)) return err->code;
    if (!*content) return err_set(err, ERR_BAD_INPUT, "an added token is empty");
    int32_t known = find_piece(doc, content);
    int32_t expected = known >= 0 ? known : d->vocab.count;
    if (id != expected)
        return err_set(err, ERR_BAD_INPUT, "the added token \"%.60s\" has id %lld, not %d", content,
                       (long long)id, (int)expected);
    if (known < 0 && vocab_add(&d->vocab, content, strlen(content), err)) return err->code;
    d->added[d->added_count++] = (struct added_token){expected, special};
    return ERR_OK;
}

static enum err_code read_added(struct tokenizer_draft *d, const json_t *doc, struct err *err)
{
    json_t *list = NULL;
    if (json_need_array(doc, "added_tokens", &list, err)) return err->code;
    size_t count = json_array_size(list);
    if (count > VOCAB_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "there are %zu added tokens; at most %d are taken", count,
                       VOCAB_COUNT_MAX);
    d->added = mem_try(count + 1, sizeof *d->added, err);
    if (!d->added) return err->code;
    for (size_t i = 0; i < count; i++)
        if (read_added_token(d, doc, json_array_get(list, i), err)) return err->code;
    return ERR_OK;
}

static enum err_code read_bert_processing(struct tokenizer_draft *d, const json_t *p,
                                          struct err *err)
{
    json_t *cls = NULL, *sep = NULL;
    if (json_need_array(p, "cls", &cls, err)) return err->code;
    if (json_need_array(p, "sep", &sep, err)) return err->code;
    const char *cls_name = json_string_value(json_array_get(cls, 0));
    const char *sep_name = json_string_value(json_array_get(sep, 0));
    if (!cls_name || !sep_name)
        return err_set(err, ERR_BAD_INPUT, "post_processor: \"cls\" and \"sep\" must be named");
    if (copy_special(d, SPECIAL_CLS, cls_name, err)) return err->code;
    return copy_special(d, SPECIAL_SEP, sep_name, err);
}

/* [CLS] text [SEP] is what the encoder gets: the template must say the same. */
static enum err_code read_template(struct tokenizer_draft *d, const json_t *p, struct err *err)
{
    json_t *single = NULL;
    if (json_need_array(p, "single", &single, err)) return err->code;
    const json_t *part[3];
    for (size_t i = 0; i < 3; i++) part[i] = json_array_get(single, i);
    const json_t *cls = json_object_get(part[0], "SpecialToken");
    const json_t *sep = json_object_get(part[2], "SpecialToken");
    const char *cls_name = json_string_value(json_object_get(cls, "id"));
    const char *sep_name = json_string_value(json_object_get(sep, "id"));
    if (json_array_size(single) != 3 || !cls_name || !sep_name ||
        !json_object_get(part[1], "Sequence"))
        return err_set(err, ERR_BAD_INPUT,
                       "the post_processor does not put one token before and one after a text");
    if (copy_special(d, SPECIAL_CLS, cls_name, err)) return err->code;
    return copy_special(d, SPECIAL_SEP, sep_name, err);
}

static enum err_code read_post_processor(struct tokenizer_draft *d, const json_t *doc,
                                         struct err *err)
{
    const json_t *p = json_object_get(doc, "post_processor");
    if (!p || json_is_null(p)) return ERR_OK;
    const char *type = NULL;
    if (json_need_string(p, "type", &type, err)) return err->code;
    if (str_eq(type, "BertProcessing")) return read_bert_processing(d, p, err);
    if (str_eq(type, "TemplateProcessing")) return read_template(d, p, err);
    return err_set(err, ERR_BAD_INPUT, "the post_processor \"%.60s\" is not supported", type);
}

static enum err_code read_json(struct tokenizer_draft *d, const json_t *doc, struct err *err)
{
    if (!json_is_object(doc)) return err_set(err, ERR_BAD_INPUT, "a JSON object was expected");
    if (read_normalizer(d, doc, err)) return err->code;
    if (read_pre_tokenizer(doc, err)) return err->code;
    if (read_model(d, doc, err)) return err->code;
    if (read_added(d, doc, err)) return err->code;
    return read_post_processor(d, doc, err);
}

/* Names of special tokens from tokenizer_config.json: a string, or an object with "content". */
static enum err_code read_names(struct tokenizer_draft *d, const json_t *config, struct err *err)
{
    for (int i = 0; i < SPECIAL_COUNT; i++) {
        const json_t *v = json_object_get(config, special_key[i]);
        if (json_is_object(v)) v = json_object_get(v, "content");
        const char *name = json_string_value(v);
        if (name && copy_special(d, i, name, err)) return err->code;
    }
    return ERR_OK;
}

static enum err_code parse_json(const char *bytes, size_t len, const char *name,
                                const json_t *config, struct tokenizer **ret, struct err *err)
{
    json_t *doc = NULL;
    if (json_parse(bytes, len, &JSON_LIMITS_FILE, &doc, err)) return in_file(name, err);
    struct tokenizer_draft d;
    tokenizer_draft_init(&d);
    enum err_code code = config ? read_names(&d, config, err) : ERR_OK;
    if (!code) code = read_json(&d, doc, err);
    json_decref(doc);
    if (code)
        tokenizer_draft_release(&d);
    else
        code = tokenizer_build(&d, ret, err);
    return code ? in_file(name, err) : ERR_OK;
}

enum err_code tokenizer_parse_json(const char *bytes, size_t len, const char *name,
                                   struct tokenizer **ret, struct err *err)
{
    return parse_json(bytes, len, name, NULL, ret, err);
}

/* ---- directories ---- */

/* Tokenizers of other kinds keep a vocab.txt too, and would be read without a warning. */
static enum err_code check_class(const json_t *config, struct err *err)
{
    static const char *const known[] = {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer",
                                        "PreTrainedTokenizer", "TokenizersBackend"};
    const char *class_name = NULL;
    bool basic = true;
    if (json_opt_string(config, "tokenizer_class", &class_name, err)) return err->code;
    if (json_opt_bool(config, "do_basic_tokenize", &basic, err)) return err->code;
    if (!basic) return err_set(err, ERR_BAD_INPUT, "do_basic_tokenize is off: not supported");
    bool found = class_name == NULL;
    for (size_t i = 0; i < ARRAY_COUNT(known) && !found; i++) {
        size_t n = strlen(known[i]);
        found = str_starts(class_name, known[i]) &&
                (class_name[n] == 0 || str_eq(class_name + n, "Fast"));
    }
    if (found) return ERR_OK;
    return err_set(err, ERR_BAD_INPUT, "tokenizer_class is \"%.60s\": only BERT's can be read",
                   class_name);
}

static enum err_code read_config(struct tokenizer_draft *d, const json_t *config, struct err *err)
{
    if (check_class(config, err)) return err->code;
    if (json_opt_bool(config, "do_lower_case", &d->options.lower_case, err)) return err->code;
    d->options.strip_accents = d->options.lower_case;
    if (json_opt_bool(config, "strip_accents", &d->options.strip_accents, err)) return err->code;
    if (json_opt_bool(config, "tokenize_chinese_chars", &d->options.split_cjk, err))
        return err->code;
    return read_names(d, config, err);
}

static enum err_code open_vocab(const char *path, const struct tokenizer_options *options,
                                const json_t *config, const char *config_path,
                                struct tokenizer **ret, struct err *err)
{
    struct tokenizer_draft d;
    tokenizer_draft_init(&d);
    struct buf file;
    buf_init(&file, VOCAB_BYTES_MAX);
    enum err_code code = ERR_OK;
    if (options) d.options = *options;
    if (config && read_config(&d, config, err)) {
        code = in_file(config_path, err);
        goto out;
    }
    code = os_read_file(path, VOCAB_BYTES_MAX, &file, err);
    if (code) goto out;
    code = read_lines(&d, file.data, file.len, err);
    if (!code) code = tokenizer_build(&d, ret, err);
    if (code) in_file(path, err);
out:
    buf_release(&file);
    tokenizer_draft_release(&d);
    return code;
}

enum err_code tokenizer_open_vocab(const char *vocab_path, const struct tokenizer_options *options,
                                   struct tokenizer **ret, struct err *err)
{
    return open_vocab(vocab_path, options, NULL, NULL, ret, err);
}

static enum err_code open_json(const char *path, const json_t *config, struct tokenizer **ret,
                               struct err *err)
{
    struct buf file;
    buf_init(&file, JSON_FILE_BYTES_MAX);
    enum err_code code = os_read_file(path, JSON_FILE_BYTES_MAX, &file, err);
    if (!code) code = parse_json(file.data, file.len, path, config, ret, err);
    buf_release(&file);
    return code;
}

enum err_code tokenizer_open(const char *dir, struct tokenizer **ret, struct err *err)
{
    char json[PATH_BYTES_MAX], vocab[PATH_BYTES_MAX], config_path[PATH_BYTES_MAX];
    if (os_join(json, dir, "tokenizer.json", err)) return err->code;
    if (os_join(vocab, dir, "vocab.txt", err)) return err->code;
    if (os_join(config_path, dir, "tokenizer_config.json", err)) return err->code;
    json_t *config = NULL;
    if (os_exists(config_path)) {
        if (json_read_file(config_path, &config, err)) return err->code;
        if (!json_is_object(config)) {
            json_decref(config);
            return err_set(err, ERR_BAD_INPUT, "%s: a JSON object was expected", config_path);
        }
    }
    enum err_code code;
    if (os_exists(json)) {
        code = open_json(json, config, ret, err);
    } else if (os_exists(vocab)) {
        code = open_vocab(vocab, NULL, config, config_path, ret, err);
    } else {
        code = err_set(err, ERR_NOT_FOUND, "%s has no tokenizer.json and no vocab.txt", dir);
        err_hint(err, "a Hugging Face directory of a BERT model has one or both");
    }
    json_decref(config);
    return code;
}
