/* front/cli/init.c - cairn init. */
#include "front/cli/draw.h"
#include <stdio.h>

enum err_code cli_init(struct cli *c, struct err *err)
{
    json_t *result = NULL;
    struct init_request r = {.template_name = args_value(&c->args, "template"),
                             .list = args_flag(&c->args, "list")};
    if (args_words(&c->args, r.list ? 0 : 1, 1, err)) return err->code;
    r.folder = c->args.words[0];
    if (app_init(&r, &result, err)) return err->code;
    if (!cli_json(c, result)) {
        const json_t *templates = json_object_get(result, "templates");
        for (size_t i = 0; i < json_array_size(templates); i++)
            printf("%s\n", json_string_value(json_array_get(templates, i)));
        if (!r.list) {
            printf("made %s: cairn.yaml and %zu files\n", r.folder,
                   json_array_size(json_object_get(result, "files")));
            printf("next: cd %s && cairn data check\n", r.folder);
        }
    }
    json_decref(result);
    return ERR_OK;
}
