/* front/cli/predict.c - cairn predict: texts from the command line, a file, or stdin. */
#include "base/limits.h"
#include "base/str.h"
#include "front/cli/draw.h"
#include "front/cli/lines.h"
#include <stdio.h>
#include <string.h>

struct texts {
    struct arena *arena;
    const char **items;
    size_t count, cap;
};

static void push(struct texts *t, const char *text)
{
    if (t->count == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        const char **items = arena_alloc(t->arena, cap * sizeof *items);
        if (t->count) memcpy(items, t->items, t->count * sizeof *items);
        t->items = items;
        t->cap = cap;
    }
    t->items[t->count++] = arena_strdup(t->arena, text);
}

/* A line is a text, or a JSON object with "text". */
static enum err_code take_line(void *ctx, const char *line, size_t len, int64_t number,
                               struct err *err)
{
    struct texts *t = ctx;
    json_t *doc = NULL;
    const char *text = NULL;
    if (len != strlen(line) || utf8_valid_prefix(line, len) != len)
        return err_set(err, ERR_BAD_INPUT, "line %lld is not UTF-8 text", (long long)number);
    if (str_is_blank(line)) return ERR_OK;
    if (line[0] != '{') return push(t, line), ERR_OK;
    if (json_parse(line, len, &JSON_LIMITS_BODY, &doc, err) == ERR_OK &&
        json_need_string(doc, "text", &text, err) == ERR_OK)
        push(t, text);
    json_decref(doc);
    return err->code ? err_detail(err, "line %lld", (long long)number) : ERR_OK;
}

static void draw(const struct texts *t, const json_t *result)
{
    size_t i, k;
    json_t *p, *e;
    json_array_foreach(json_object_get(result, "predictions"), i, p)
    {
        printf("%s\n", t->items[i]);
        json_array_foreach(json_object_get(p, "entities"), k, e)
        {
            const char *label = draw_text(e, "entity_group");
            if (!label[0]) label = draw_text(e, "entity");
            printf("  %s%-12s%s %-32s %5lld-%-5lld %.3f\n", ink(INK_BOLD, false), label,
                   ink_end(false), draw_text(e, "word"), draw_int(e, "start"), draw_int(e, "end"),
                   draw_num(e, "score"));
        }
        if (!json_array_size(json_object_get(p, "entities"))) printf("  no entity\n");
    }
    printf("model %s\n", draw_digest(result, "model"));
    if (!json_is_true(json_object_get(result, "fast")))
        fprintf(stderr, "note: this CPU has no instructions for %s: right, but slow\n",
                draw_text(result, "precision"));
}

static void print_lines(const struct texts *t, const json_t *result)
{
    size_t i;
    json_t *p;
    struct buf line;
    buf_init(&line, JSON_FILE_BYTES_MAX);
    json_array_foreach(json_object_get(result, "predictions"), i, p)
    {
        json_object_set_new(p, "text", json_string(t->items[i]));
        json_object_set(p, "model", json_object_get(result, "model"));
        buf_clear(&line);
        json_write(p, false, &line);
        printf("%s\n", line.data);
    }
    buf_release(&line);
}

static enum err_code collect(struct cli *c, struct texts *t, struct err *err)
{
    const char *file = args_value(&c->args, "file");
    for (int i = 0; i < c->args.word_count; i++) push(t, c->args.words[i]);
    if (file && lines_read(file, take_line, t, err)) return err->code;
    if (t->count) return ERR_OK;
    err_set(err, ERR_BAD_INPUT, "there is no text to answer");
    return err_hint(err, "cairn predict \"No sign of pneumonia.\", or --file FILE");
}

enum err_code cli_predict(struct cli *c, struct err *err)
{
    struct arena a;
    struct texts t = {.arena = &a};
    json_t *result = NULL;
    arena_init(&a, ARENA_STEP_BYTES_MAX);
    if (collect(c, &t, err)) goto out;
    struct predict_request r = {.model = args_value(&c->args, "model"),
                                .texts = t.items,
                                .text_count = t.count,
                                .strategy = args_value(&c->args, "strategy"),
                                .record = args_flag(&c->args, "record")};
    if (app_predict(c->app, &r, &result, err)) goto out;
    if (args_flag(&c->args, "jsonl"))
        print_lines(&t, result);
    else if (!cli_json(c, result))
        draw(&t, result);
    json_decref(result);
out:
    arena_release(&a);
    return err->code;
}
