/* front/cli/bench.c - cairn bench: each part in a process of its own, so that peak memory is that
 * part's and no part finds another's caches; one named part runs in this process. */
#include "front/cli/bench.h"
#include "base/str.h"
#include "front/cli/child.h"
#include "front/cli/draw.h"
#include <signal.h>
#include <string.h>

static const char *const PASSED_ON[] = {"precision", "model",   "shape",
                                        "data",      "seconds", "sentences"};

static enum err_code read_request(struct cli *c, struct bench_request *r, struct err *err)
{
    const char *precision = args_value(&c->args, "precision");
    const char *seconds = args_value(&c->args, "seconds");
    char *end = NULL;
    *r = (struct bench_request){.model = args_value(&c->args, "model"),
                                .shape = args_value(&c->args, "shape"),
                                .data = args_value(&c->args, "data"),
                                .answers = args_value(&c->args, "answers")};
    if (precision && precision_parse(precision, &r->precision, err)) return err->code;
    if (seconds) {
        r->seconds = strtod(seconds, &end);
        if (end == seconds || *end || !(r->seconds > 0 && r->seconds <= 3600))
            return err_set(err, ERR_BAD_INPUT, "--seconds %s is not a time up to 3600", seconds);
    }
    return args_int(&c->args, "sentences", 1, INT32_MAX, &r->sentences, err);
}

static enum err_code part_named(const char *name, enum bench_part *ret, struct err *err)
{
    size_t count = 0;
    for (; BENCH_NAMES[count]; count++) {
        if (!str_eq(BENCH_NAMES[count], name)) continue;
        *ret = (enum bench_part)count;
        return ERR_OK;
    }
    err_set(err, ERR_BAD_INPUT, "\"%s\" cannot be measured", name);
    const char *near = str_nearest(name, (const char *const *)BENCH_NAMES, count);
    return near ? err_hint(err, "did you mean cairn bench %s?", near)
                : err_hint(err, "kernels, tokenizer, train, infer or start");
}

static enum err_code here(struct cli *c, enum bench_part part, const struct bench_request *r,
                          json_t *doc, struct err *err)
{
    json_t *result = NULL;
    if (part == BENCH_START ? bench_start(c, r, &result, err)
                            : app_bench(&c->host, part, r, &result, err))
        return err->code;
    json_object_set_new(doc, BENCH_NAMES[part], result);
    return ERR_OK;
}

static enum err_code read_all(struct child *child, struct buf *out, struct err *err)
{
    bool ended = false;
    while (!ended)
        if (child_read(child, out, &ended, err)) return err->code;
    return ERR_OK;
}

/* What went wrong in a part, from the error document that it printed. */
static enum err_code part_failed(enum bench_part part, int exit_code, const struct buf *out,
                                 struct err *err)
{
    struct err none = {0};
    json_t *doc = NULL;
    const char *why = NULL, *hint = "";
    if (!json_parse(out->data, out->len, &JSON_LIMITS_FILE, &doc, &none)) {
        why = json_string_value(json_object_get(doc, "error"));
        hint = json_string_value(json_object_get(doc, "hint"));
    }
    enum err_code code = exit_code == err_exit_code(ERR_INTERRUPTED) ? ERR_INTERRUPTED
                         : exit_code == err_exit_code(ERR_BAD_INPUT) ? ERR_BAD_INPUT
                                                                     : ERR_IO;
    err_set(err, code, "bench %s: %s", BENCH_NAMES[part], why ? why : "the process failed");
    err_detail(err, "its exit code was %d", exit_code);
    if (hint && hint[0]) err_hint(err, "%s", hint);
    json_decref(doc);
    return err->code;
}

static enum err_code apart(struct cli *c, enum bench_part part, json_t *doc, struct err *err)
{
    const char *words[32] = {"cairn", "bench", BENCH_NAMES[part], "--json"};
    char names[ARRAY_COUNT(PASSED_ON)][32];
    int count = 4;
    struct child child;
    struct buf out;
    for (size_t i = 0; i < ARRAY_COUNT(PASSED_ON); i++) {
        const char *value = args_value(&c->args, PASSED_ON[i]);
        if (!value) continue;
        (void)str_format(names[i], sizeof names[i], "--%s", PASSED_ON[i]);
        words[count++] = names[i];
        words[count++] = value;
    }
    if (c->args.threads) {
        words[count++] = "--threads";
        words[count++] = c->args.threads;
    }
    if (child_start(words, NULL, false, &child, err)) return err->code;
    buf_init(&out, JSON_FILE_BYTES_MAX);
    (void)!read_all(&child, &out, err);
    int exit_code = child_end(&child, err->code ? SIGTERM : 0);
    json_t *answer = NULL;
    if (!err->code && exit_code) (void)!part_failed(part, exit_code, &out, err);
    if (!err->code && !json_parse(out.data, out.len, &JSON_LIMITS_FILE, &answer, err))
        json_object_set(doc, BENCH_NAMES[part], json_object_get(answer, BENCH_NAMES[part]));
    json_decref(answer);
    buf_release(&out);
    return err->code;
}

enum err_code cli_bench(struct cli *c, struct err *err)
{
    struct bench_request r;
    enum bench_part parts[] = {BENCH_KERNELS, BENCH_TOKENIZER, BENCH_TRAIN, BENCH_INFER,
                               BENCH_START};
    int count = c->args.word_count ? c->args.word_count : (int)ARRAY_COUNT(parts);
    if (args_words(&c->args, 0, ARRAY_COUNT(parts), err) || read_request(c, &r, err))
        return err->code;
    for (int i = 0; i < c->args.word_count; i++)
        if (part_named(c->args.words[i], &parts[i], err)) return err->code;
    if (r.answers && (count != 1 || parts[0] != BENCH_INFER))
        return err_set(err, ERR_BAD_INPUT, "--answers goes with cairn bench infer alone");
    json_t *doc = json_pack("{s:s, s:s, s:o}", "schema", "cairn.bench/v1", "version", CAIRN_VERSION,
                            "machine", app_bench_machine(&c->host));
    for (int i = 0; i < count && !err->code; i++)
        (void)!(count == 1 ? here(c, parts[i], &r, doc, err) : apart(c, parts[i], doc, err));
    if (!err->code && !cli_json(c, doc)) bench_draw(doc);
    json_decref(doc);
    return err->code;
}
