/* front/cli/evaluate.c - cairn evaluate: the entity table that counts, the token table that
 * flatters, and the errors that are worth reading. */
#include "front/cli/draw.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *with_interval(struct table *t, const json_t *o, const char *key,
                                 const char *interval)
{
    const json_t *i = json_object_get(o, interval); /* [low, high] */
    double v = draw_num(o, key), low = draw_at(i, 0), high = draw_at(i, 1);
    if (isnan(v)) return "-";
    if (isnan(low)) return table_num(t, v, 3);
    return table_text(t, "%.3f (%.3f-%.3f)", v, low, high);
}

static void entity_row(struct table *t, const char *name, const json_t *o)
{
    table_row(t, name, with_interval(t, o, "precision", "precision_interval"),
              with_interval(t, o, "recall", "recall_interval"),
              with_interval(t, o, "f1", "f1_interval"),
              table_num(t, draw_num(json_object_get(o, "strict"), "f1"), 3),
              table_int(t, draw_int(o, "gold")), NULL);
}

static void draw_entities(const json_t *model)
{
    struct table t;
    size_t i;
    json_t *label;
    table_init(&t, "entities:l", "precision (95 %):r", "recall (95 %):r", "F1 (95 %):r", "strict:r",
               "gold:r", NULL);
    json_array_foreach(json_object_get(model, "labels"), i, label)
        entity_row(&t, draw_text(label, "label"), label);
    entity_row(&t, "overall", json_object_get(model, "overall"));
    table_print(&t);
}

static void rival_row(struct table *t, const char *name, const json_t *e)
{
    const json_t *all = json_object_get(e, "overall"), *seen = json_object_get(e, "seen");
    const json_t *unseen = json_object_get(e, "unseen"), *token = json_object_get(e, "token");
    table_row(t, name, with_interval(t, all, "f1", "f1_interval"),
              with_interval(t, seen, "recall", "recall_interval"),
              with_interval(t, unseen, "recall", "recall_interval"),
              table_num(t, draw_num(token, "accuracy"), 3), NULL);
}

static void draw_rivals(const json_t *all)
{
    struct table t;
    table_init(&t, "beside trivial rivals:l", "entity F1 (95 %):r", "recall of seen:r",
               "recall of unseen:r", "token accuracy:r", NULL);
    rival_row(&t, "this model", json_object_get(all, "model"));
    rival_row(&t, "dictionary", json_object_get(all, "dictionary"));
    rival_row(&t, "all O", json_object_get(all, "all_o"));
    table_print(&t);
}

static void draw_tokens(const json_t *token)
{
    struct table t;
    size_t i;
    json_t *row;
    table_init(&t, "tokens:l", "precision:r", "recall:r", "F1:r", "support:r", NULL);
    json_array_foreach(json_object_get(token, "rows"), i, row)
        table_row(&t, draw_text(row, "tag"), table_num(&t, draw_num(row, "precision"), 3),
                  table_num(&t, draw_num(row, "recall"), 3), table_num(&t, draw_num(row, "f1"), 3),
                  table_int(&t, draw_int(row, "support")), NULL);
    table_print(&t);
    printf("  %s\n", draw_text(token, "sentence"));
}

static void draw_part(const json_t *error, const char *key)
{
    const char *text = draw_text(error, key);
    draw_excerpt(text, strlen(text));
}

static void draw_errors(const json_t *errors)
{
    size_t i;
    json_t *x;
    if (!json_array_size(errors)) return;
    printf("\n");
    draw_heading("the worst errors, to read");
    json_array_foreach(errors, i, x)
    {
        const json_t *gold = json_object_get(x, "gold"), *found = json_object_get(x, "predicted");
        printf("  %-9s %-9s %-9s ", draw_text(x, "kind"),
               draw_text(gold, "label")[0] ? draw_text(gold, "label") : "-",
               draw_text(found, "label")[0] ? draw_text(found, "label") : "-");
        draw_part(x, "before");
        printf("%s", ink(INK_BOLD, false));
        draw_part(x, "text");
        printf("%s", ink_end(false));
        draw_part(x, "after");
        printf("\n");
    }
}

enum err_code cli_evaluate(struct cli *c, struct err *err)
{
    json_t *result = NULL;
    if (args_words(&c->args, 0, 1, err)) return err->code;
    struct evaluate_request r = {.model = c->args.words[0],
                                 .part = args_value(&c->args, "part"),
                                 .file = args_value(&c->args, "file")};
    if (app_evaluate(c->app, &r, &result, err)) return err->code;
    if (!cli_json(c, result)) {
        const json_t *all = json_object_get(result, "evaluations");
        const json_t *model = json_object_get(all, "model");
        draw_heading("model %s on %s (%s, %lld examples, %lld groups)",
                     draw_digest(result, "model"), draw_text(result, "data"),
                     draw_text(result, "precision"), draw_int(model, "examples"),
                     draw_int(model, "groups"));
        draw_entities(model);
        printf("\n");
        draw_rivals(all);
        printf("\n");
        draw_tokens(json_object_get(model, "token"));
        draw_errors(json_object_get(result, "errors"));
        if (draw_text(result, "evidence")[0])
            printf("\nevidence %s\n", draw_digest(result, "evidence"));
    }
    json_decref(result);
    return ERR_OK;
}
