/* Hugging Face directories: what opens, what is written, what is refused and how it is named. */
#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/model/hf_config_internal.h"
#include "engine/model/model.h"
#include "engine/model/safetensors.h"
#include "engine/text/tokenizer.h"
#include "support/test_data.h"
#include "support/test_folder.h"
#include <string.h>

static const struct model_config SMALL = {
    .vocab_count = 8,
    .hidden = 4,
    .layers = 1,
    .heads = 2,
    .intermediate = 6,
    .positions = 5,
    .types = 2,
    .layer_norm_eps = 1e-12f,
    .dropout_hidden = 0.1f,
    .dropout_attention = 0.3f,
    .dropout_head = 0.25f,
    .initializer_range = 0.02f,
};
static const char *const LABELS[] = {"O", "B-\xc3\x84", "I-\xc3\x84"};

static struct model *make(struct test_folder *t, enum model_head head)
{
    struct model *m = NULL;
    struct tokenizer *tok = NULL;
    struct err err = {0};
    const struct tokenizer_options o = {
        .lower_case = true, .strip_accents = true, .split_cjk = true, .clean = true};
    const char *vocab =
        test_folder_write(t, "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nlung\nleft\n##s\n");
    cr_assert(!model_new(&SMALL, &m, &err), "%s", err.message);
    if (head != HEAD_NONE)
        cr_assert(!model_set_head(m, head, LABELS, head == HEAD_REGRESSION ? 1 : 3, 7, &err));
    cr_assert(!tokenizer_open_vocab(vocab, &o, &tok, &err), "%s", err.message);
    cr_assert(!model_take_tokenizer(m, tok, &err));
    for (int32_t i = 0; i < m->tensor_count; i++)
        for (size_t k = 0; k < m->tensors[i].count; k++)
            m->params[m->tensors[i].offset + k] = (float)(i + 1) + (float)k / 128;
    return m;
}

static void expect_same(const struct model *a, const char *dir)
{
    struct model *b = NULL;
    struct err err = {0};
    char x[65], y[65];
    cr_assert(!model_open(dir, &b, &err), "%s: %s", err.message, err.detail);
    model_digest(a, x);
    model_digest(b, y);
    cr_expect_str_eq(x, y);
    model_free(b);
}

Test(hf_dir, what_is_saved_opens_with_the_same_digest)
{
    const enum model_head heads[] = {HEAD_NONE, HEAD_TOKEN, HEAD_SEQUENCE, HEAD_REGRESSION};
    for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
        struct test_folder t;
        struct err err = {0};
        test_folder_make(&t);
        struct model *m = make(&t, heads[i]);
        const char *dir = test_folder_path(&t, "deep/model");
        if (i % 2) cr_assert(!model_set_recipe(m, "{\"seed\":1}", &err));
        cr_assert(!model_save(m, dir, &err), "%s", err.message);
        expect_same(m, dir);
        model_free(m);
        test_folder_remove(&t);
    }
}

Test(hf_dir, saving_over_another_model_leaves_nothing_of_it)
{
    struct test_folder t;
    struct err err = {0};
    test_folder_make(&t);
    struct model *m = make(&t, HEAD_TOKEN);
    const char *dir = test_folder_path(&t, "model");
    cr_assert(!model_set_recipe(m, "{\"seed\":1}", &err));
    cr_assert(!model_save(m, dir, &err));
    struct model *plain = make(&t, HEAD_NONE);
    cr_assert(!model_save(plain, dir, &err));
    expect_same(plain, dir);
    model_free(m);
    model_free(plain);
    test_folder_remove(&t);
}

/* A saved token model, whose files the tests below spoil. */
struct spoiled {
    struct test_folder t;
    struct model *m;
    const char *dir;
};

static void begin(struct spoiled *s)
{
    struct err err = {0};
    test_folder_make(&s->t);
    s->m = make(&s->t, HEAD_TOKEN);
    s->dir = test_folder_path(&s->t, "model");
    cr_assert(!model_save(s->m, s->dir, &err), "%s", err.message);
}

static void end(struct spoiled *s)
{
    model_free(s->m);
    test_folder_remove(&s->t);
}

static void expect_refused(const struct spoiled *s, enum err_code code, const char *word)
{
    struct model *m = NULL;
    struct err err = {0};
    cr_expect_eq(model_open(s->dir, &m, &err), code, "%s", err.message);
    cr_expect(strstr(err.message, word) || strstr(err.detail, word), "\"%s\" is not in: %s (%s)",
              word, err.message, err.detail);
    cr_expect_null(m);
}

static void set_config(struct spoiled *s, const char *key, json_t *value)
{
    struct err err = {0};
    json_t *doc = NULL;
    struct buf text;
    const char *path = test_folder_path(&s->t, "model/config.json");
    buf_init(&text, 1 << 20);
    cr_assert(!json_read_file(path, &doc, &err));
    if (value)
        json_object_set_new(doc, key, value);
    else
        json_object_del(doc, key);
    json_write(doc, true, &text);
    cr_assert(!os_write_atomic(path, text.data, text.len, &err));
    buf_release(&text);
    json_decref(doc);
}

static void refuse_config(const char *key, json_t *value, const char *word)
{
    struct spoiled s;
    begin(&s);
    set_config(&s, key, value);
    expect_refused(&s, ERR_BAD_INPUT, word);
    end(&s);
}

Test(hf_dir, refuses_other_models_by_name)
{
    refuse_config("model_type", json_string("roberta"), "roberta");
    refuse_config("architectures", json_pack("[s]", "BertForQuestionAnswering"),
                  "BertForQuestionAnswering");
    refuse_config("architectures", json_string("BertModel"), "architectures");
    refuse_config("hidden_act", json_string("relu"), "relu");
    refuse_config("hidden_act", json_string("gelu_new"), "gelu_new");
    refuse_config("hidden_act", json_integer(3), "hidden_act");
    refuse_config("position_embedding_type", json_string("relative_key"), "relative_key");
    refuse_config("is_decoder", json_true(), "is_decoder");
    refuse_config("pruned_heads", json_pack("{s:[i]}", "0", 1), "pruned_heads");
}

Test(hf_dir, refuses_sizes_that_are_not_those_of_the_weights)
{
    refuse_config("hidden_size", json_integer(8), "shape");
    refuse_config("vocab_size", json_integer(9), "shape");
    refuse_config("vocab_size", json_integer(-1), "vocab_size");
    refuse_config("vocab_size", json_string("8"), "vocab_size");
    refuse_config("num_hidden_layers", json_integer(2), "lacks");
    refuse_config("num_attention_heads", json_integer(3), "multiple");
    refuse_config("layer_norm_eps", json_real(1e300), "layer_norm_eps");
    refuse_config("hidden_dropout_prob", json_real(1.5), "hidden_dropout_prob");
}

Test(hf_dir, refuses_wrong_label_tables)
{
    refuse_config("id2label", json_pack("{s:s,s:s,s:s}", "0", "A", "1", "B", "3", "C"), "ids");
    refuse_config("id2label", json_pack("{s:s,s:s,s:s}", "0", "A", "1", "B", "01", "C"), "ids");
    refuse_config("id2label", json_pack("{s:s,s:s,s:s}", "0", "A", "1", "B", "x", "C"), "id2label");
    refuse_config("id2label", json_pack("{s:s,s:i,s:s}", "0", "A", "1", 7, "2", "C"), "id2label");
    refuse_config("id2label", json_pack("{s:s,s:s,s:s}", "0", "A", "1", "B", "2", "A"), "twice");
    refuse_config("id2label", json_pack("{s:s,s:s}", "0", "A", "1", "B"), "shape");
    refuse_config("id2label", json_pack("[s,s,s]", "A", "B", "C"), "id2label");
}

Test(hf_dir, labels_come_from_label2id_when_alone)
{
    struct spoiled s;
    struct model *m = NULL;
    struct err err = {0};
    begin(&s);
    set_config(&s, "id2label", NULL);
    expect_same(s.m, s.dir);
    set_config(&s, "label2id", NULL);
    set_config(&s, "num_labels", json_integer(3));
    cr_assert(!model_open(s.dir, &m, &err), "%s", err.message);
    cr_expect_str_eq(m->label_names[2], "LABEL_2");
    model_free(m);
    end(&s);
}

Test(hf_dir, says_what_is_missing)
{
    struct spoiled s;
    struct err err = {0};
    struct model *m = NULL;
    cr_expect_eq(model_open("/nowhere/at/all", &m, &err), ERR_NOT_FOUND);
    begin(&s);
    cr_assert(!os_remove(test_folder_path(&s.t, "model/model.safetensors"), &err));
    expect_refused(&s, ERR_NOT_FOUND, "model.safetensors");
    test_folder_write(&s.t, "model/pytorch_model.bin", "pickle");
    expect_refused(&s, ERR_BAD_INPUT, "pytorch_model.bin");
    err = (struct err){0};
    cr_expect_eq(model_open(s.dir, &m, &err), ERR_BAD_INPUT);
    cr_expect(strstr(err.hint, "save_pretrained"), "no hint how to convert: %s", err.hint);
    cr_assert(!os_remove(test_folder_path(&s.t, "model/config.json"), &err));
    expect_refused(&s, ERR_NOT_FOUND, "config.json");
    end(&s);
}

/* Rewrites the weights: tensor `from` gets the name `to`, or is left out; `extra` is added. */
static void rename_tensor(struct spoiled *s, const char *from, const char *to, const char *extra)
{
    struct safetensors_item items[64];
    static const float one[1] = {1};
    int count = 0;
    struct err err = {0};
    for (int32_t i = 0; i < s->m->tensor_count; i++) {
        const struct tensor *t = &s->m->tensors[i];
        const char *name = str_eq(t->name, from) ? to : t->name;
        if (name)
            items[count++] = (struct safetensors_item){name,
                                                       (int)t->dims,
                                                       {t->dims == 2 ? t->rows : t->cols, t->cols},
                                                       s->m->params + t->offset};
    }
    if (extra) items[count++] = (struct safetensors_item){extra, 1, {1, 0}, one};
    cr_assert(
        !safetensors_write(test_folder_path(&s->t, "model/model.safetensors"), items, count, &err));
}

Test(hf_dir, each_tensor_has_one_place)
{
    struct spoiled s;
    begin(&s);
    rename_tensor(&s, "classifier.bias", NULL, NULL);
    expect_refused(&s, ERR_BAD_INPUT, "classifier.bias");
    rename_tensor(&s, "", NULL, "bert.encoder.layer.0.adapter.weight");
    expect_refused(&s, ERR_BAD_INPUT, "adapter");
    rename_tensor(&s, "", NULL, "embeddings.LayerNorm.bias");
    expect_refused(&s, ERR_BAD_INPUT, "same tensor");
    rename_tensor(&s, "classifier.bias", "classifier.weights", NULL);
    expect_refused(&s, ERR_BAD_INPUT, "classifier.weights");
    end(&s);
}

Test(hf_dir, reads_other_spellings_of_a_name)
{
    struct spoiled s;
    begin(&s);
    rename_tensor(&s, "bert.embeddings.LayerNorm.weight", "embeddings.LayerNorm.gamma", NULL);
    expect_same(s.m, s.dir);
    rename_tensor(&s, "bert.embeddings.LayerNorm.bias", "bert.embeddings.LayerNorm.beta",
                  "cls.predictions.bias");
    expect_same(s.m, s.dir);
    rename_tensor(&s, "", NULL, "bert.embeddings.position_ids");
    expect_same(s.m, s.dir);
    end(&s);
}

Test(hf_dir, a_vocabulary_larger_than_the_embeddings_is_refused)
{
    struct spoiled s;
    struct err err = {0};
    begin(&s);
    cr_assert(!os_remove(test_folder_path(&s.t, "model/tokenizer.json"), &err));
    test_folder_write(&s.t, "model/vocab.txt",
                      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nlung\nleft\n##s\nmore\n");
    expect_refused(&s, ERR_BAD_INPUT, "tokenizer");
    end(&s);
}

Test(hf_dir, a_truncated_or_spoiled_file_is_an_error)
{
    struct spoiled s;
    begin(&s);
    const char *path = test_folder_path(&s.t, "model/model.safetensors");
    struct buf whole;
    struct err err = {0};
    buf_init(&whole, 1 << 20);
    cr_assert(!os_read_file(path, 1 << 20, &whole, &err));
    for (size_t cut = 0; cut < whole.len; cut += 97) {
        cr_assert(!os_write_atomic(path, whole.data, cut, &err));
        expect_refused(&s, ERR_BAD_INPUT, "model.safetensors");
    }
    buf_release(&whole);
    test_folder_write(&s.t, "model/config.json", "{\"model_type\": \"bert\",");
    expect_refused(&s, ERR_BAD_INPUT, "config.json");
    end(&s);
}

Test(hf_dir, floats_are_written_short_and_read_back_exactly)
{
    struct spoiled s;
    begin(&s);
    char *text = test_folder_read(&s.t, "model/config.json");
    cr_expect(strstr(text, "\"classifier_dropout\": 0.25"), "%s", text);
    cr_expect(strstr(text, "1e-12"), "%s", text);
    mem_free(text);
    end(&s);
}

Test(hf_dir, opens_a_sentence_transformers_directory_without_a_head)
{
    struct model *m = NULL;
    struct err err = {0};
    cr_assert(!model_open(test_model(), &m, &err), "%s: %s", err.message, err.detail);
    cr_expect_eq(m->config.head, HEAD_NONE);
    cr_expect(m->config.pooler);
    cr_expect_eq(m->config.hidden, 384);
    cr_expect_eq(tokenizer_vocab_count(m->tokenizer), 30522);
    model_free(m);
}
