/* tests/oracle/oracle_model.c - the C side of tools/oracle/roundtrip.py.
 *
 *     oracle-model logits DIR < batch.json     {"ids": [[...]...]} -> {"labels": [...],
 *                                              "logits": [[...]...]}
 *     oracle-model resave DIR OUT              opens DIR and writes it again as cairn does
 *
 * Logits stand token after token, all sequences end to end, with nine digits: enough to name an
 * fp32 value.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/model/encoder.h"
#include <stdio.h>
#include <stdlib.h>

#define INPUT_BYTES_MAX (16u << 20)

static int fail(const struct err *err)
{
    fprintf(stderr, "oracle-model: %s\n%s\n", err->message, err->detail);
    return 1;
}

static enum err_code read_input(json_t **ret, struct err *err)
{
    struct buf text;
    char part[4096];
    size_t n;
    buf_init(&text, INPUT_BYTES_MAX);
    while ((n = fread(part, 1, sizeof part, stdin)) > 0) buf_add(&text, part, n);
    enum err_code code = buf_check(&text, err);
    if (!code) code = json_parse(text.data, text.len, &JSON_LIMITS_FILE, ret, err);
    buf_release(&text);
    return code;
}

static enum err_code read_batch(const json_t *doc, struct arena *a, struct packed_batch *ret,
                                struct err *err)
{
    json_t *rows;
    int32_t tokens = 0;
    if (json_need_array(doc, "ids", &rows, err)) return err->code;
    size_t count = json_array_size(rows);
    for (size_t i = 0; i < count; i++) tokens += (int32_t)json_array_size(json_array_get(rows, i));
    int32_t *ids = arena_alloc(a, (size_t)tokens * sizeof *ids);
    int32_t *cu_len = arena_alloc(a, (count + 1) * sizeof *cu_len);
    for (size_t i = 0, at = 0; i < count; i++) {
        const json_t *row = json_array_get(rows, i);
        for (size_t k = 0; k < json_array_size(row); k++)
            ids[at++] = (int32_t)json_integer_value(json_array_get(row, k));
        cu_len[i + 1] = (int32_t)at;
    }
    *ret = (struct packed_batch){
        .sequences = (int32_t)count, .tokens = tokens, .ids = ids, .cu_len = cu_len};
    return ERR_OK;
}

static void print_logits(const struct model *m, const struct packed_batch *b, const float *z)
{
    int32_t n = m->config.labels;
    json_t *labels = json_array();
    for (int32_t i = 0; i < n; i++) json_array_append_new(labels, json_string(m->label_names[i]));
    char *names = json_dumps(labels, JSON_COMPACT);
    printf("{\"labels\": %s, \"logits\": [", names ? names : "[]");
    for (int32_t t = 0; t < b->tokens; t++) {
        printf("%s[", t ? ", " : "");
        for (int32_t i = 0; i < n; i++) printf("%s%.9g", i ? ", " : "", (double)z[t * n + i]);
        printf("]");
    }
    printf("]}\n");
    free(names);
    json_decref(labels);
}

static int run_logits(const struct model *m)
{
    struct err err = {0};
    struct arena a;
    struct pool *pool = NULL;
    struct encoder *e = NULL;
    struct packed_batch b;
    json_t *doc = NULL;
    arena_init(&a, ARENA_JOB_BYTES_MAX);
    if (read_input(&doc, &err) || read_batch(doc, &a, &b, &err) || pool_new(2, &pool, &err))
        goto out;
    const struct encoder_options o = {.tokens_max = b.tokens, .sequences_max = b.sequences};
    if (!encoder_new(m, &o, pool, &e, &err) && !encoder_forward(e, &b, &err))
        print_logits(m, &b, encoder_logits(e));
out:
    encoder_free(e);
    pool_free(pool);
    json_decref(doc);
    arena_release(&a);
    return err.code ? fail(&err) : 0;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct model *m = NULL;
    bool logits = argc == 3 && str_eq(argv[1], "logits");
    if (!logits && !(argc == 4 && str_eq(argv[1], "resave"))) {
        fprintf(stderr, "usage: oracle-model logits DIR < batch.json | resave DIR OUT\n");
        return 2;
    }
    if (model_open(argv[2], &m, &err)) return fail(&err);
    int status = logits ? run_logits(m) : model_save(m, argv[3], &err) ? fail(&err) : 0;
    model_free(m);
    return status;
}
