/* front/cli/feedback.c - cairn feedback add, list, review. Review without options asks a person,
 * item by item, on the terminal. */
#include "base/str.h"
#include "front/cli/draw.h"
#include "front/cli/lines.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum err_code take_item(void *ctx, const char *line, size_t len, int64_t number,
                               struct err *err)
{
    json_t *items = ctx, *doc = NULL;
    if (str_is_blank(line)) return ERR_OK;
    if (json_parse(line, len, &JSON_LIMITS_BODY, &doc, err))
        return err_detail(err, "line %lld", (long long)number);
    json_array_append_new(items, doc);
    return ERR_OK;
}

enum err_code cli_feedback_add(struct cli *c, struct err *err)
{
    json_t *items = json_array(), *result = NULL;
    if (args_words(&c->args, 1, 1, err)) goto out;
    if (lines_read(c->args.words[0], take_item, items, err)) goto out;
    if (app_feedback_add(c->app, items, &result, err)) goto out;
    if (!cli_json(c, result)) {
        printf("%lld added, %lld were there already\n", draw_int(result, "added"),
               draw_int(result, "repeated"));
        printf("next: cairn feedback review (nothing trains before a person accepted it)\n");
    }
    json_decref(result);
out:
    json_decref(items);
    return err->code;
}

static const char *short_text(struct table *t, const json_t *item)
{
    const char *text = draw_text(item, "text");
    size_t len = strlen(text), end = utf8_byte_of(text, len, 60);
    return table_text(t, "%.*s%s", (int)end, text, end < len ? "..." : "");
}

enum err_code cli_feedback_list(struct cli *c, struct err *err)
{
    json_t *r = NULL, *item;
    size_t i;
    struct table t;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (app_feedback_list(c->app, args_value(&c->args, "state"), &r, err)) return err->code;
    if (!cli_json(c, r)) {
        table_init(&t, "id:l", "at:l", "by:l", "verdict:l", "state:l", "spans:r", "text:l", NULL);
        json_array_foreach(json_object_get(r, "items"), i, item)
            table_row(&t, table_text(&t, "%.8s", draw_text(item, "id")), draw_text(item, "at"),
                      draw_text(item, "by"), draw_text(item, "verdict"), draw_text(item, "state"),
                      table_int(&t, (long long)json_array_size(json_object_get(item, "spans"))),
                      short_text(&t, item), NULL);
        table_print(&t);
        printf("%lld pending, %lld accepted, %lld refused\n", draw_int(r, "pending"),
               draw_int(r, "accepted"), draw_int(r, "refused"));
    }
    json_decref(r);
    return ERR_OK;
}

static void show_item(const json_t *item)
{
    size_t i;
    json_t *span;
    const char *text = draw_text(item, "text");
    size_t len = strlen(text);
    draw_heading("%.8s  %s by %s, prediction %.8s", draw_text(item, "id"),
                 draw_text(item, "verdict"), draw_text(item, "by"),
                 draw_text(item, "prediction_id"));
    draw_excerpt(text, len);
    printf("%s\n", len ? "" : "(no text was kept)");
    json_array_foreach(json_object_get(item, "spans"), i, span)
    {
        size_t from = utf8_byte_of(text, len, (size_t)draw_int(span, "start"));
        size_t to = utf8_byte_of(text, len, (size_t)draw_int(span, "end"));
        printf("  %-12s ", draw_text(span, "label"));
        draw_excerpt(text + from, to - from);
        printf("\n");
    }
}

static enum err_code ask_each(struct cli *c, struct err *err)
{
    json_t *r = NULL, *item;
    size_t i;
    long long accepted = 0, refused = 0;
    char answer[16];
    if (app_feedback_list(c->app, "pending", &r, err)) return err->code;
    json_array_foreach(json_object_get(r, "items"), i, item)
    {
        json_t *done = NULL;
        show_item(item);
        printf("[a]ccept, [r]efuse, [s]kip, [q]uit? ");
        fflush(stdout);
        if (!fgets(answer, sizeof answer, stdin) || answer[0] == 'q') break;
        if (answer[0] != 'a' && answer[0] != 'r') continue;
        struct review_request q = {.id = draw_text(item, "id"), .accept = answer[0] == 'a'};
        if (app_feedback_review(c->app, &q, &done, err)) break;
        json_decref(done);
        if (q.accept)
            accepted++;
        else
            refused++;
    }
    json_decref(r);
    if (!err->code) printf("%lld accepted, %lld refused\n", accepted, refused);
    return err->code;
}

enum err_code cli_feedback_review(struct cli *c, struct err *err)
{
    json_t *result = NULL;
    const char *accept = args_value(&c->args, "accept"), *refuse = args_value(&c->args, "refuse");
    struct review_request r = {.id = accept ? accept : refuse,
                               .all = args_flag(&c->args, "accept-all"),
                               .accept = !refuse,
                               .why = args_value(&c->args, "why"),
                               .simulated = args_flag(&c->args, "simulated")};
    int ways = (accept != NULL) + (refuse != NULL) + r.all;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (ways > 1) return err_set(err, ERR_BAD_INPUT, "one of --accept, --refuse and --accept-all");
    if (!ways) {
        if (isatty(STDIN_FILENO)) return ask_each(c, err);
        err_set(err, ERR_BAD_INPUT, "review asks a person, and stdin is not a terminal");
        return err_hint(err, "--accept ID, --refuse ID or --accept-all");
    }
    if (app_feedback_review(c->app, &r, &result, err)) return err->code;
    if (!cli_json(c, result))
        printf("%lld %s by %s\n", draw_int(result, "items"), r.accept ? "accepted" : "refused",
               draw_text(result, "by"));
    json_decref(result);
    return ERR_OK;
}
