/* front/cli/model.c - cairn model list, show, export, import. */
#include "base/str.h"
#include "front/cli/draw.h"
#include <stdio.h>

enum err_code cli_model_list(struct cli *c, struct err *err)
{
    json_t *r = NULL, *m;
    size_t i;
    struct table t;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (app_model_list(c->app, &r, err)) return err->code;
    if (!cli_json(c, r)) {
        table_init(&t, "model:l", "role:l", "origin:l", "precision:l", "parent:l", "MB:r", "at:l",
                   NULL);
        json_array_foreach(json_object_get(r, "models"), i, m)
            table_row(&t, draw_digest(m, "model"), draw_text(m, "role"), draw_text(m, "origin"),
                      draw_text(m, "precision"), draw_digest(m, "parent"),
                      table_num(&t, draw_num(m, "bytes") / 1e6, 1), draw_text(m, "at"), NULL);
        table_print(&t);
    }
    json_decref(r);
    return ERR_OK;
}

enum err_code cli_model_show(struct cli *c, struct err *err)
{
    json_t *r = NULL, *e, *v;
    size_t i;
    const char *key;
    if (args_words(&c->args, 0, 1, err)) return err->code;
    if (app_model_show(c->app, c->args.words[0], &r, err)) return err->code;
    if (!cli_json(c, r)) {
        const json_t *m = json_object_get(r, "model");
        draw_heading("model %s", draw_text(m, "model"));
        const char *role = draw_text(m, "role");
        printf("%s, %s, answers in %s%s%s\n", draw_text(m, "origin"), draw_text(m, "at"),
               draw_text(m, "precision"), role[0] ? ", " : "", role);
        json_object_foreach(json_object_get(r, "shape"), key, v)
            printf("  %-12s %lld\n", key, (long long)json_integer_value(v));
        printf("labels:");
        json_array_foreach(json_object_get(r, "labels"), i, v) printf(" %s", json_string_value(v));
        printf("\nevidence:\n");
        json_array_foreach(json_object_get(r, "evidence"), i, e) printf(
            "  %s  %s  %s\n", draw_digest(e, "digest"), draw_text(e, "kind"), draw_text(e, "how"));
    }
    json_decref(r);
    return ERR_OK;
}

enum err_code cli_model_export(struct cli *c, struct err *err)
{
    json_t *r = NULL;
    if (args_words(&c->args, 2, 2, err)) return err->code;
    if (app_model_export(c->app, c->args.words[0], c->args.words[1], &r, err)) return err->code;
    if (!cli_json(c, r))
        printf("wrote model %s to %s, with %lld records of evidence and a model card\n",
               draw_digest(r, "model"), draw_text(r, "dir"), draw_int(r, "records"));
    json_decref(r);
    return ERR_OK;
}

enum err_code cli_model_import(struct cli *c, struct err *err)
{
    json_t *r = NULL;
    if (args_words(&c->args, 1, 1, err)) return err->code;
    if (app_model_import(c->app, c->args.words[0], &r, err)) return err->code;
    if (!cli_json(c, r)) printf("candidate is now %s\n", draw_digest(r, "model"));
    json_decref(r);
    return ERR_OK;
}
