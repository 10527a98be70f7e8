/* front/cli/bench_draw.c - the tables of cairn bench. */
#include "front/cli/bench.h"
#include "front/cli/draw.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* "165 (76 %)": GF/s and their share of the roof. */
static const char *speed_cell(struct table *t, const json_t *row)
{
    double share = draw_num(row, "of_peak");
    if (isnan(share)) return table_num(t, draw_num(row, "gflops"), 0);
    return table_text(t, "%.0f (%2.0f %%)", draw_num(row, "gflops"), 100 * share);
}

/* Three rows of the document, for 32, 352 and 2,048 tokens, are one line. */
static void draw_products(const json_t *list)
{
    struct table t;
    table_init(&t, "precision:l", "isa:l", "threads:r", "product:l", "cols x depth:r", "32 rows:r",
               "352 rows:r", "2,048 rows:r", NULL);
    for (size_t i = 0; i + 2 < json_array_size(list); i += 3) {
        const json_t *row = json_array_get(list, i);
        table_row(&t, draw_text(row, "precision"), draw_text(row, "isa"),
                  table_int(&t, draw_int(row, "threads")),
                  table_text(&t, "%s %s", draw_text(row, "model"), draw_text(row, "product")),
                  table_text(&t, "%lld x %lld", draw_int(row, "cols"), draw_int(row, "depth")),
                  speed_cell(&t, row), speed_cell(&t, json_array_get(list, i + 1)),
                  speed_cell(&t, json_array_get(list, i + 2)), NULL);
    }
    table_print(&t);
}

static void draw_kernels(const json_t *k)
{
    struct table t;
    size_t i;
    const json_t *row;
    draw_heading("products, GF/s and their share of the roof; weights cold");
    draw_products(json_object_get(k, "products"));
    printf("\n");
    table_init(&t, "roof:l", "isa:l", "threads:r", "GF/s:r", NULL);
    json_array_foreach(json_object_get(k, "peaks"), i, row) table_row(
        &t, draw_text(row, "precision"), draw_text(row, "isa"),
        table_int(&t, draw_int(row, "threads")), table_num(&t, draw_num(row, "gflops"), 0), NULL);
    table_print(&t);
    printf("\n");
    table_init(&t, "row by row:l", "isa:l", "threads:r", "GB/s:r", NULL);
    json_array_foreach(json_object_get(k, "rows"), i, row) table_row(
        &t, draw_text(row, "kernel"), draw_text(row, "isa"),
        table_int(&t, draw_int(row, "threads")), table_num(&t, draw_num(row, "gb_per_s"), 1), NULL);
    table_print(&t);
}

static void model_line(const char *what, const json_t *part)
{
    const json_t *m = json_object_get(part, "model");
    draw_heading("%s: %lld layers of %lld, %.1f million parameters, %s, %s, %lld threads", what,
                 draw_int(m, "layers"), draw_int(m, "hidden"), draw_num(m, "parameters") / 1e6,
                 draw_text(part, "precision"), draw_text(part, "isa"), draw_int(part, "threads"));
}

static void draw_tokenizer(const json_t *p)
{
    draw_heading("tokenizer: %lld texts, 1 thread", draw_int(p, "texts"));
    printf("  %.1f MB/s, %.2f million tokens/s\n", draw_num(p, "mb_per_s"),
           draw_num(p, "tokens_per_s") / 1e6);
}

static void draw_train(const json_t *p)
{
    model_line("train", p);
    printf("  %.4f s a step, %.0f tokens/s over %lld steps; peak memory %.0f MB\n",
           draw_num(p, "s_per_step"), draw_num(p, "tokens_per_s"), draw_int(p, "steps"),
           draw_num(p, "peak_rss_bytes") / 1e6);
}

static void draw_infer(const json_t *p)
{
    const json_t *speed = json_object_get(p, "tokens_per_s"), *ms = json_object_get(p, "ms");
    model_line("infer", p);
    printf("  %.0f tokens/s in random order, %.0f sorted by length; 1 x 32 tokens %.2f ms, 1 x 128 "
           "%.2f ms; peak memory %.0f MB\n",
           draw_num(speed, "random"), draw_num(speed, "sorted"), draw_num(ms, "1x32"),
           draw_num(ms, "1x128"), draw_num(p, "peak_rss_bytes") / 1e6);
}

static void draw_start(const json_t *p)
{
    const json_t *ms = json_object_get(p, "ms");
    draw_heading("start: process start to the first answer over HTTP");
    printf("  median %.1f ms, fastest %.1f ms of %lld starts\n", draw_num(ms, "median"),
           draw_num(ms, "fastest"), draw_int(p, "starts"));
    ms = json_object_get(p, "new_model_ms");
    printf("  with a model that is not cached yet: median %.1f ms, fastest %.1f ms\n",
           draw_num(ms, "median"), draw_num(ms, "fastest"));
    printf(
        "  most memory of the server, 64 texts of 60 tokens answered: %.0f MB, shared pages too\n",
        draw_num(p, "peak_rss_bytes") / 1e6);
}

void bench_draw(const json_t *doc)
{
    static const struct {
        const char *name;
        void (*draw)(const json_t *part);
    } parts[] = {{"kernels", draw_kernels},
                 {"tokenizer", draw_tokenizer},
                 {"train", draw_train},
                 {"infer", draw_infer},
                 {"start", draw_start}};
    const json_t *machine = json_object_get(doc, "machine");
    printf("%s, %s\n", draw_text(machine, "cpu"), draw_text(machine, "isa"));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const json_t *part = json_object_get(doc, parts[i].name);
        if (!part) continue;
        printf("\n");
        parts[i].draw(part);
    }
}
