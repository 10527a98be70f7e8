/* front/cli/help.c - written from the tables: verbs, options, exit codes, metrics. */
#include "base/str.h"
#include "front/cli/cli.h"
#include "front/cli/table.h"
#include <stdio.h>
#include <string.h>

static void print_option(const char *name, const char *value, const char *meaning)
{
    char left[64];
    (void)str_format(left, sizeof left, "--%s%s%s", name, value ? " " : "", value ? value : "");
    printf("  %-26s %s\n", left, meaning);
}

void help_verb(const struct verb *v)
{
    printf("%scairn %s%s%s%s\n  %s\n\n", ink(INK_BOLD, false), v->name, v->usage[0] ? " " : "",
           v->usage, ink_end(false), v->summary);
    for (const struct option *o = v->options; o && o->name; o++)
        print_option(o->name, o->value, o->meaning);
    print_option("json", NULL, "the result as one JSON document");
    print_option("threads", "N", "instead of all CPUs");
    printf("\nexample:\n  %s\n", v->example);
}

static void help_all(void)
{
    printf("%scairn%s carries a use case from proof of concept to a system that a customer relies "
           "on.\n\n",
           ink(INK_BOLD, false), ink_end(false));
    for (const struct verb *v = VERBS; v->name; v++) {
        char left[64];
        (void)str_format(left, sizeof left, "%s %s", v->name, v->usage);
        printf("  %-34s %s\n", left, v->summary);
    }
    printf("\nMODEL is a digest prefix, @champion, @candidate or a Hugging Face directory.\n"
           "cairn VERB --help shows options and an example; cairn help exit-codes, cairn help "
           "metrics.\n");
}

static void help_exit_codes(void)
{
    struct table t;
    table_init(&t, "exit:r", "name:l", "meaning:l", NULL);
    table_row(&t, "0", "OK", "success; a gate that passed", NULL);
    table_row(&t, "1", "NEGATIVE", "a negative result: a gate that failed, data with errors", NULL);
#define X(name, http, code, text)                                                                  \
    if (code > 1) table_row(&t, #code, #name, text, NULL);
    ERR_MAP(X)
#undef X
    table_row(&t, "10", "STOP", "a gate says that the use case should stop", NULL);
    table_print(&t);
}

static void help_metrics(void)
{
    struct table t;
    table_init(&t, "metric:l", "measured on:l", "meaning:l", NULL);
    for (size_t i = 0; metric_at(i); i++) {
        const struct metric_info *m = metric_at(i);
        table_row(&t, m->name, m->source == METRIC_OFFLINE ? "a split" : "traffic", m->meaning,
                  NULL);
    }
    table_print(&t);
}

static json_t *verbs_json(void)
{
    json_t *list = json_array();
    for (const struct verb *v = VERBS; v->name; v++) {
        json_t *options = json_array();
        for (const struct option *o = v->options; o && o->name; o++)
            json_array_append_new(options, json_pack("{s:s, s:s?, s:s}", "name", o->name, "value",
                                                     o->value, "meaning", o->meaning));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", v->name, "usage",
                                              v->usage, "summary", v->summary, "example",
                                              v->example, "options", options));
    }
    return list;
}

static json_t *exit_codes_json(void)
{
    json_t *list = json_array();
    json_array_append_new(list, json_pack("{s:i, s:s}", "exit", EXIT_NEGATIVE, "name", "NEGATIVE"));
    json_array_append_new(list, json_pack("{s:i, s:s}", "exit", EXIT_STOP, "name", "STOP"));
#define X(name, http, code, text)                                                                  \
    json_array_append_new(list, json_pack("{s:i, s:s}", "exit", code, "name", #name));
    ERR_MAP(X)
#undef X
    return list;
}

static json_t *metrics_json(void)
{
    json_t *list = json_array();
    for (size_t i = 0; metric_at(i); i++) {
        const struct metric_info *m = metric_at(i);
        json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "metric", m->name, "live",
                                              m->source != METRIC_OFFLINE, "meaning", m->meaning));
    }
    return list;
}

/* All that this program can say about itself, whatever was asked for. */
static void help_json(const struct cli *c)
{
    json_t *doc = json_pack("{s:s, s:s, s:o, s:o, s:o}", "schema", "cairn.help/v1", "version",
                            CAIRN_VERSION, "verbs", verbs_json(), "exit_codes", exit_codes_json(),
                            "metrics", metrics_json());
    (void)cli_json(c, doc);
    json_decref(doc);
}

enum err_code cli_help(struct cli *c, struct err *err)
{
    char name[128] = "";
    if (args_words(&c->args, 0, 2, err)) return err->code;
    if (c->args.json) return help_json(c), ERR_OK;
    if (!c->args.word_count) return help_all(), ERR_OK;
    if (str_eq(c->args.words[0], "exit-codes")) return help_exit_codes(), ERR_OK;
    if (str_eq(c->args.words[0], "metrics")) return help_metrics(), ERR_OK;
    if (str_eq(c->args.words[0], "man")) return help_man(), ERR_OK;
    bool two = c->args.word_count > 1;
    (void)str_format(name, sizeof name, "%.50s%s%.50s", c->args.words[0], two ? " " : "",
                     two ? c->args.words[1] : "");
    bool any = false;
    for (const struct verb *v = VERBS; v->name; v++) {
        bool group =
            str_starts(v->name, name) && (v->name[strlen(name)] == ' ' || !v->name[strlen(name)]);
        if (!group) continue;
        if (any) printf("\n");
        help_verb(v);
        any = true;
    }
    if (any) return ERR_OK;
    err_set(err, ERR_NOT_FOUND, "there is no verb \"%s\"", name);
    return err_hint(err, "cairn help lists them");
}
