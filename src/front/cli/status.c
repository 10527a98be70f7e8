/* front/cli/status.c - cairn status and cairn doctor. */
#include "front/cli/draw.h"
#include <stdio.h>

static void draw_stages(const json_t *stages)
{
    struct table t;
    size_t i;
    json_t *s;
    table_init(&t, "stage:l", "criteria:r", "deadline:l", "newest gate:l", "model:l", "at:l", NULL);
    json_array_foreach(stages, i, s)
    {
        const char *verdict = draw_text(s, "verdict");
        table_row(
            &t, draw_text(s, "stage"),
            draw_bool(s, "configured") ? table_int(&t, draw_int(s, "criteria")) : "-",
            draw_text(s, "deadline"), verdict[0] ? verdict : "none", draw_digest(s, "model"),
            table_text(&t, "%s%s", draw_text(s, "at"),
                       draw_bool(s, "criteria_changed") ? "  criteria changed since frozen" : ""),
            NULL);
    }
    table_print(&t);
}

enum err_code cli_status(struct cli *c, struct err *err)
{
    json_t *r = NULL;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (app_status(c->app, &r, err)) return err->code;
    if (!cli_json(c, r)) {
        draw_heading("%s", draw_text(r, "name"));
        if (draw_text(r, "goal")[0]) printf("%s\n", draw_text(r, "goal"));
        draw_stages(json_object_get(r, "stages"));
        printf("champion   %s\ncandidate  %s\n",
               draw_text(r, "champion")[0] ? draw_digest(r, "champion") : "none",
               draw_text(r, "candidate")[0] ? draw_digest(r, "candidate") : "none");
        printf("feedback   %lld pending, %lld accepted\nevidence   %lld records, head %s\n",
               draw_int(r, "feedback_pending"), draw_int(r, "feedback_accepted"),
               draw_int(r, "records"), draw_digest(r, "head"));
        printf("next       %s%s%s  (%s)\n", ink(INK_BOLD, false), draw_text(r, "next"),
               ink_end(false), draw_text(r, "why"));
    }
    json_decref(r);
    return ERR_OK;
}

enum err_code cli_doctor(struct cli *c, struct err *err)
{
    json_t *r = NULL, *check;
    size_t i;
    struct err none = {0};
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (cli_app(c, &none) && none.code != ERR_NOT_FOUND) return *err = none, err->code;
    if (app_doctor(c->app, &c->host, &r, err)) return err->code;
    bool ok = draw_bool(r, "ok");
    if (!cli_json(c, r)) {
        printf("cairn %s\n", draw_text(r, "version"));
        json_array_foreach(json_object_get(r, "checks"), i, check)
        {
            bool well = draw_bool(check, "ok");
            printf("  %s%s%s %-17s %s\n", ink(well ? INK_GREEN : INK_RED, false),
                   well ? "ok  " : "FAIL", ink_end(false), draw_text(check, "check"),
                   draw_text(check, "found"));
            if (!well) printf("       hint: %s\n", draw_text(check, "hint"));
        }
        if (!c->app) printf("  (no use case here: only the machine was looked at)\n");
    }
    json_decref(r);
    c->exit_code = ok ? 0 : EXIT_NEGATIVE;
    return ERR_OK;
}
