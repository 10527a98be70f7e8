/* front/cli/quantize.c - cairn quantize: what was made, what it saves, and what to do with it. */
#include "base/str.h"
#include "front/cli/draw.h"
#include <stdio.h>

enum err_code cli_quantize(struct cli *c, struct err *err)
{
    json_t *r = NULL, *line;
    size_t i;
    if (args_words(&c->args, 0, 1, err)) return err->code;
    struct quantize_request q = {.model = c->args.words[0],
                                 .precision = args_value(&c->args, "precision")};
    if (app_quantize(c->app, &q, &r, err)) return err->code;
    if (!cli_json(c, r)) {
        const char *model = draw_digest(r, "model"), *precision = draw_text(r, "precision");
        printf("model %s answers in %s with the weights of %s (%s)\n", model, precision,
               draw_digest(r, "parent"), draw_text(r, "parent_precision"));
        printf("its layers take %.1f MB in memory instead of %.1f MB\n",
               draw_num(r, "layer_bytes") / 1e6, draw_num(r, "parent_layer_bytes") / 1e6);
        if (!json_is_true(json_object_get(r, "fast")))
            printf(
                "this CPU has no instructions for %s: the same answers, but slower than in fp32\n",
                precision);
        printf("it is the candidate; other numbers make another model, with gates of its own:\n");
        json_array_foreach(json_object_get(r, "next"), i, line)
            printf("  %s\n", json_string_value(line));
    }
    json_decref(r);
    return ERR_OK;
}
