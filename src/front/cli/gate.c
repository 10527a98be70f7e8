/* front/cli/gate.c - cairn gate, promote and rollback: the verdict first, then why. */
#include "base/str.h"
#include "front/cli/draw.h"
#include <math.h>
#include <stdio.h>

static void draw_lines(const json_t *gate)
{
    struct table t;
    size_t i;
    json_t *line;
    table_init(&t, "criterion:l", "value:r", "bound:r", "n:r", "verdict:l", "why:l", NULL);
    json_array_foreach(json_object_get(gate, "criteria"), i, line)
    {
        const json_t *m = json_object_get(line, "measurement");
        double value =
            isnan(draw_num(line, "value")) ? draw_num(m, "value") : draw_num(line, "value");
        long long n = draw_int(line, "n") ? draw_int(line, "n") : draw_int(m, "n");
        table_row(&t, draw_text(line, "criterion"), table_num(&t, value, 4),
                  table_num(&t, draw_num(line, "bound"), 4), table_int(&t, n),
                  draw_text(line, "verdict"), draw_text(line, "why"), NULL);
    }
    table_print(&t);
}

enum err_code cli_gate(struct cli *c, struct err *err)
{
    json_t *result = NULL;
    if (args_words(&c->args, 1, 2, err)) return err->code;
    struct gate_request r = {.stage = c->args.words[0],
                             .model = c->args.word_count > 1 ? c->args.words[1] : NULL};
    if (app_gate(c->app, &r, &result, err)) return err->code;
    const char *verdict = draw_text(result, "verdict");
    if (!cli_json(c, result)) {
        printf("gate %s, model %s, %s: ", draw_text(result, "stage"), draw_digest(result, "model"),
               draw_text(result, "precision"));
        draw_verdict(verdict);
        printf("%s\n", str_eq(draw_text(result, "how"), "simulated")
                           ? "  (rests on a simulated reviewer)"
                           : "");
        draw_lines(json_object_get(result, "gate"));
        if (draw_text(result, "why")[0]) printf("%s\n", draw_text(result, "why"));
        if (draw_bool(result, "criteria_changed"))
            printf("%sthe criteria are not those that were frozen first%s\n",
                   ink(INK_YELLOW, false), ink_end(false));
        printf("evidence %s\n", draw_digest(result, "evidence"));
    }
    c->exit_code = str_eq(verdict, "PASS")   ? 0
                   : str_eq(verdict, "STOP") ? EXIT_STOP
                                             : EXIT_NEGATIVE;
    json_decref(result);
    return ERR_OK;
}

enum err_code cli_promote(struct cli *c, struct err *err)
{
    json_t *result = NULL;
    const char *why = args_value(&c->args, "why");
    if (args_words(&c->args, 0, 1, err)) return err->code;
    if (args_flag(&c->args, "override") != (why != NULL)) {
        err_set(err, ERR_BAD_INPUT, "--override and --why go together");
        return err_hint(err, "cairn promote --override --why \"pilot agreed by phone\"");
    }
    struct promote_request r = {.model = c->args.words[0], .override_why = why};
    if (app_promote(c->app, &r, &result, err)) return err->code;
    if (!cli_json(c, result)) {
        printf("champion is now %s", draw_digest(result, "model"));
        if (draw_text(result, "previous")[0])
            printf(", before it %s", draw_digest(result, "previous"));
        if (draw_bool(result, "override"))
            printf("\n%swithout a PASS: %s%s", ink(INK_YELLOW, false), draw_text(result, "why"),
                   ink_end(false));
        else
            printf(" (gate %s, evidence %s)", draw_text(result, "stage"),
                   draw_digest(result, "gate"));
        printf("\n");
    }
    json_decref(result);
    return ERR_OK;
}

enum err_code cli_rollback(struct cli *c, struct err *err)
{
    json_t *result = NULL;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (app_rollback(c->app, args_value(&c->args, "why"), &result, err)) return err->code;
    if (!cli_json(c, result))
        printf("champion is again %s; %s is out: %s\n", draw_digest(result, "model"),
               draw_digest(result, "previous"), draw_text(result, "why"));
    json_decref(result);
    return ERR_OK;
}
