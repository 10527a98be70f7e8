/* front/cli/improve.c - cairn improve: old test, new test, verdict. */
#include "base/str.h"
#include "front/cli/draw.h"
#include <stdio.h>

static void draw_comparisons(const json_t *list)
{
    struct table t;
    size_t i;
    json_t *o;
    table_init(&t, "data:l", "champion F1:r", "candidate F1:r", "difference:r", "lower bound:r",
               "rule:l", "verdict:l", NULL);
    json_array_foreach(list, i, o)
    {
        const json_t *d = json_object_get(o, "difference");
        table_row(&t, draw_text(o, "data"), table_num(&t, draw_num(o, "champion_f1"), 4),
                  table_num(&t, draw_num(o, "candidate_f1"), 4),
                  table_text(&t, "%+.4f", draw_num(d, "value")),
                  table_text(&t, "%+.4f", draw_num(d, "lower")), draw_text(o, "rule"),
                  draw_bool(o, "pass") ? "PASS" : "FAIL", NULL);
    }
    table_print(&t);
}

enum err_code cli_improve(struct cli *c, struct err *err)
{
    json_t *result = NULL;
    struct improve_request r = {.resume = args_flag(&c->args, "resume"), .seed = -1};
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (args_int(&c->args, "seed", 0, UINT32_MAX, &r.seed, err)) return err->code;
    if (app_improve(c->app, &r, &result, err)) {
        if (err->code == ERR_INTERRUPTED)
            err_hint(err, "cairn improve --resume goes on from there");
        return err->code;
    }
    const char *verdict = draw_text(result, "verdict");
    if (!cli_json(c, result)) {
        printf("candidate %s against champion %s: ", draw_digest(result, "model"),
               draw_digest(result, "champion"));
        draw_verdict(verdict);
        printf("\n");
        draw_comparisons(json_object_get(result, "comparisons"));
        printf(
            "trained on %lld reviewed and %lld replayed examples; %lld held out as new test data\n",
            draw_int(result, "new"), draw_int(result, "replayed"), draw_int(result, "held_out"));
        if (draw_int(result, "simulated"))
            printf("%lld of them come from a simulated reviewer\n", draw_int(result, "simulated"));
        printf("evidence %s%s\n", draw_digest(result, "evidence"),
               str_eq(verdict, "PASS") ? "; next: cairn promote" : "");
    }
    c->exit_code = str_eq(verdict, "PASS") ? 0 : EXIT_NEGATIVE;
    json_decref(result);
    return ERR_OK;
}
