/* front/cli/data.c - cairn data check and cairn data split. */
#include "base/str.h"
#include "front/cli/draw.h"
#include <stdio.h>

static void draw_findings(const json_t *findings)
{
    size_t i;
    json_t *f;
    json_array_foreach(findings, i, f)
    {
        bool error = str_eq(draw_text(f, "level"), "error");
        printf("%s", draw_text(f, "file"));
        if (draw_int(f, "line")) printf(":%lld:%lld", draw_int(f, "line"), draw_int(f, "column"));
        printf(": %s%s%s: %s [%s]\n", ink(error ? INK_RED : INK_YELLOW, false),
               draw_text(f, "level"), ink_end(false), draw_text(f, "message"),
               draw_text(f, "check"));
        if (draw_text(f, "hint")[0]) printf("    hint: %s\n", draw_text(f, "hint"));
    }
}

static void draw_parts(const json_t *parts)
{
    struct table t;
    size_t i;
    json_t *p;
    table_init(&t, "part:l", "examples:r", "spans:r", "labels:l", "fingerprint:l", NULL);
    json_array_foreach(parts, i, p)
    {
        struct buf labels;
        const char *name;
        json_t *n;
        buf_init(&labels, 1u << 20);
        json_object_foreach(json_object_get(p, "labels"), name, n) buf_addf(
            &labels, "%s%s %lld", labels.len ? ", " : "", name, (long long)json_integer_value(n));
        table_row(&t, draw_text(p, "part"), table_int(&t, draw_int(p, "examples")),
                  table_int(&t, draw_int(p, "spans")), table_text(&t, "%s", labels.data),
                  draw_digest(p, "fingerprint"), NULL);
        buf_release(&labels);
    }
    table_print(&t);
}

enum err_code cli_data_check(struct cli *c, struct err *err)
{
    json_t *result = NULL;
    struct data_check_request r = {.files = c->args.words,
                                   .file_count = (size_t)c->args.word_count};
    if (app_data_check(c->app, &r, &result, err)) return err->code;
    bool ok = draw_bool(result, "ok");
    if (!cli_json(c, result)) {
        draw_findings(json_object_get(result, "findings"));
        draw_parts(json_object_get(result, "parts"));
        printf("%s: %lld errors, %lld warnings\n", ok ? "ok" : "not ok", draw_int(result, "errors"),
               draw_int(result, "warnings"));
    }
    json_decref(result);
    c->exit_code = ok ? 0 : EXIT_NEGATIVE;
    return ERR_OK;
}

enum err_code cli_data_split(struct cli *c, struct err *err)
{
    json_t *result = NULL;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (app_data_split(c->app, args_flag(&c->args, "renew"), &result, err)) return err->code;
    if (!cli_json(c, result)) {
        draw_parts(json_object_get(result, "parts"));
        printf("split \"%s\" %s\n", draw_text(result, "split"),
               draw_bool(result, "changed") ? "is frozen: nothing changes it from now on"
                                            : "was frozen before; the data is the same");
    }
    json_decref(result);
    return ERR_OK;
}
