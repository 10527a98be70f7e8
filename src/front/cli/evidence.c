/* front/cli/evidence.c - cairn evidence add, log and verify. */
#include "base/str.h"
#include "front/cli/draw.h"
#include <stdio.h>

enum err_code cli_evidence_add(struct cli *c, struct err *err)
{
    json_t *r = NULL;
    struct evidence_add_request q = {.kind = args_value(&c->args, "kind"),
                                     .by = args_value(&c->args, "by"),
                                     .file = args_value(&c->args, "file"),
                                     .note = args_value(&c->args, "note")};
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (app_evidence_add(c->app, &q, &r, err)) return err->code;
    if (!cli_json(c, r)) printf("evidence %s: attested by %s\n", draw_digest(r, "evidence"), q.by);
    json_decref(r);
    return ERR_OK;
}

/* One line that says what a record is about. */
static const char *about(struct table *t, const json_t *record)
{
    const json_t *b = json_object_get(record, "body");
    const char *kind = draw_text(record, "kind");
    if (str_eq(kind, "gate") || str_eq(kind, "improvement"))
        return table_text(t, "%s: %s", draw_text(b, "stage"), draw_text(b, "verdict"));
    if (str_eq(kind, "promotion") || str_eq(kind, "override"))
        return table_text(t, "by %s%s%s", draw_text(b, "by"), draw_text(b, "why")[0] ? ": " : "",
                          draw_text(b, "why"));
    if (str_eq(kind, "attested"))
        return table_text(t, "%s by %s %s", draw_text(b, "kind"), draw_text(b, "by"),
                          draw_text(b, "note"));
    if (str_eq(kind, "rollback")) return table_text(t, "%s", draw_text(b, "why"));
    if (str_eq(kind, "data-split")) return table_text(t, "%s", draw_text(b, "split"));
    if (str_eq(kind, "evaluation")) return table_text(t, "on %s", draw_text(b, "part"));
    if (str_eq(kind, "review"))
        return table_text(t, "%lld items by %s", draw_int(b, "items"), draw_text(b, "by"));
    if (str_eq(kind, "training"))
        return table_text(t, "%s, best epoch %lld", draw_text(b, "kind"),
                          draw_int(json_object_get(b, "result"), "best_epoch"));
    return "";
}

enum err_code cli_log(struct cli *c, struct err *err)
{
    json_t *r = NULL, *record;
    size_t i;
    struct table t;
    int64_t limit = 20;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (args_int(&c->args, "limit", 1, 100000, &limit, err)) return err->code;
    if (app_log(c->app, (int)limit, &r, err)) return err->code;
    if (!cli_json(c, r)) {
        table_init(&t, "at:l", "evidence:l", "kind:l", "model:l", "how:l", "what:l", NULL);
        json_array_foreach(json_object_get(r, "records"), i, record) table_row(
            &t, draw_text(record, "at"), draw_digest(record, "digest"), draw_text(record, "kind"),
            draw_digest(record, "model"), draw_text(record, "how"), about(&t, record), NULL);
        table_print(&t);
    }
    json_decref(r);
    return ERR_OK;
}

static void draw_broken(const json_t *file)
{
    static const char *const kinds[] = {"model", "split", "evidence", "gate"};
    for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
        if (!draw_text(file, kinds[k])[0]) continue;
        const char *name = k == 1 ? draw_text(file, kinds[k]) : draw_digest(file, kinds[k]);
        printf("  %s %s %s: %s\n", kinds[k], name, draw_text(file, "part"), draw_text(file, "why"));
    }
}

enum err_code cli_verify(struct cli *c, struct err *err)
{
    json_t *r = NULL, *file;
    size_t i;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (app_verify(c->app, &r, err)) return err->code;
    bool ok = draw_bool(r, "ok");
    if (!cli_json(c, r)) {
        const json_t *broken = json_object_get(r, "broken");
        printf("%lld records, head %s; %lld models, %lld split parts: %s%s%s\n",
               draw_int(r, "records"), draw_digest(r, "head"), draw_int(r, "models"),
               draw_int(r, "split_parts"), ink(ok ? INK_GREEN : INK_RED, false),
               ok ? "whole" : "BROKEN", ink_end(false));
        if (json_is_object(broken))
            printf("  the first broken stone is number %lld, %s (%s): %s\n",
                   draw_int(broken, "index") + 1, draw_digest(broken, "digest"),
                   draw_text(broken, "kind"), draw_text(broken, "why"));
        json_array_foreach(json_object_get(r, "broken_files"), i, file) draw_broken(file);
    }
    json_decref(r);
    c->exit_code = ok ? 0 : err_exit_code(ERR_CORRUPT);
    return ERR_OK;
}
