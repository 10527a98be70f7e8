/* One model with the labels DRUG and TEST. */
#include "conversation.h"
#include "base/str.h"
#include <criterion/criterion.h>
#include <string.h>

void conversation_open(struct conversation *c)
{
    *c = (struct conversation){.r = NULL};
    test_folder_make(&c->folder);
    arena_init(&c->a, 1u << 30);
    struct registry_options o = {
        .dir = c->folder.path, .use_case = "clinic", .code = "0.1.0", .create = true};
    OK(registry_open(&o, &c->r, &err));
    char dir[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    OK(os_join(dir, c->folder.path, "saved", &err));
    OK(os_mkdirs(dir, &err));
    OK(os_join(path, dir, "config.json", &err));
    OK(os_write_atomic(path, "{}", 2, &err));
    struct registry_model_new m = {.digest = MODEL, .dir = dir, .origin = "imported"};
    OK(registry_model_add(c->r, &m, &err));
}

void conversation_close(struct conversation *c)
{
    registry_close(c->r);
    arena_release(&c->a);
    test_folder_remove(&c->folder);
}

const char *conversation_predict(struct conversation *c, const char *text, bool captured)
{
    char *id = arena_alloc(&c->a, REGISTRY_ID_BYTES), hash[HASH_HEX_BYTES];
    registry_id_make(id);
    registry_text_hash(c->r, text, strlen(text), hash);
    struct prediction_row p = {.id = id,
                               .model = MODEL,
                               .text_hash = hash,
                               .text = captured ? text : NULL,
                               .entities =
                                   "[{\"end\":7,\"label\":\"DRUG\",\"score\":0.5,\"start\":0}]",
                               .label_counts = "{\"DRUG\":1}",
                               .confidence_mean = 0.5,
                               .confidence_min = 0.5,
                               .token_count = 4};
    OK(prediction_put(c->r, &p, 1, &err));
    return id;
}

enum err_code conversation_say(struct conversation *c, const char *id, const char *more,
                               struct feedback_added *ret, struct err *why)
{
    static const char *const labels[] = {"DRUG", "TEST"};
    struct feedback_rules rules = {.labels = labels, .label_count = 2};
    struct feedback_item item;
    struct buf text;
    json_t *doc = NULL;
    buf_init(&text, 1u << 20);
    buf_addf(&text, "{\"prediction_id\": \"%s\", ", id);
    for (const char *s = more; *s; s++) buf_addc(&text, *s == '\'' ? '"' : *s);
    buf_addc(&text, '}');
    OK(json_parse(text.data, text.len, &JSON_LIMITS_BODY, &doc, &err));
    enum err_code code = feedback_item_parse(doc, &c->a, &item, why);
    if (!code) code = feedback_add(c->r, &item, &rules, ret, why);
    json_decref(doc);
    buf_release(&text);
    return code;
}

void conversation_teach(struct conversation *c, const char *id, const char *more)
{
    struct feedback_added added;
    OK(conversation_say(c, id, more, &added, &err));
    OK(feedback_review(c->r, added.id, true, "ann", NULL, &err));
}
