/* front/cli/monitor.c - cairn monitor: traffic, acceptance, drift. */
#include "front/cli/draw.h"
#include <stdio.h>

static void draw_drift(const json_t *drift)
{
    struct table t;
    size_t i;
    json_t *m;
    table_init(&t, "drift of:l", "reference:r", "recent:r", "PSI:r", "by chance:r", "p:r",
               "drift:l", NULL);
    json_array_foreach(json_object_get(drift, "measures"), i, m) table_row(
        &t, draw_text(m, "measure"), table_num(&t, draw_num(m, "reference"), 4),
        table_num(&t, draw_num(m, "recent"), 4), table_num(&t, draw_num(m, "psi"), 3),
        table_num(&t, draw_num(m, "null_mean"), 3), table_num(&t, draw_num(m, "p_adjusted"), 3),
        draw_bool(m, "drift") ? "yes" : "no", NULL);
    table_print(&t);
    printf("  %s\n", draw_text(drift, "sentence"));
}

enum err_code cli_monitor(struct cli *c, struct err *err)
{
    json_t *r = NULL;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (app_monitor(c->app, &r, err)) return err->code;
    if (!cli_json(c, r)) {
        const json_t *traffic = json_object_get(r, "traffic"), *usage = json_object_get(r, "usage");
        draw_heading("model %s, the last %lld days", draw_digest(r, "model"), draw_int(r, "days"));
        printf("  predictions  %lld on %lld days, %lld with feedback\n",
               draw_int(traffic, "predictions"), draw_int(traffic, "active_days"),
               draw_int(traffic, "with_feedback"));
        printf("  latency      p50 %.2f ms, p99 %.2f ms\n", draw_num(traffic, "latency_p50_ms"),
               draw_num(traffic, "latency_p99_ms"));
        printf("  use          %s\n", draw_text(usage, "sentence"));
        draw_drift(json_object_get(r, "drift"));
    }
    json_decref(r);
    return ERR_OK;
}
