/* front/app/quantize.c - cairn quantize: from a model another one that answers in another precision
 * (docs/decisions/0009-precision-of-a-model.md). The weights stay as they are; the recipe names the
 * precision, so the digest is another one, and evaluation, gates and promotion see a model like any
 * other. Back to fp32 gives the first model's digest again. */
#include "base/log.h"
#include "base/str.h"
#include "engine/model/packed.h"
#include "front/app/app_internal.h"

const char *app_precision(const struct model *m)
{
    return PRECISION_NAMES[m->precision];
}

enum err_code app_model_precision(struct app *app, const char *digest, const char **ret,
                                  struct err *err)
{
    char dir[PATH_BYTES_MAX];
    enum precision p;
    if (registry_model_checkout(app->registry, digest, dir, err)) return err->code;
    if (model_precision_of(dir, &p, err)) return err->code;
    *ret = PRECISION_NAMES[p];
    return ERR_OK;
}

/* What serving keeps of the layers in memory, and reads for every batch. */
static json_int_t packed_bytes(const struct model *m, enum precision p)
{
    struct packed_plan plan;
    packed_plan_init(&plan, &m->config, p, ISA_BEST);
    return (json_int_t)plan.bytes;
}

static enum err_code store(struct app *app, const struct model *m, const char *parent,
                           char digest[HASH_HEX_BYTES], struct err *err)
{
    char id[REGISTRY_ID_BYTES], runs[PATH_BYTES_MAX], dir[PATH_BYTES_MAX];
    struct err ignored = {0};
    registry_id_make(id);
    model_digest(m, digest);
    if (os_join(runs, app->project->state, "runs", err) || os_join(dir, runs, id, err) ||
        model_save(m, dir, err))
        return err->code;
    struct registry_model_new n = {
        .digest = digest, .dir = dir, .parent = parent, .origin = "quantized"};
    (void)!registry_model_add(app->registry, &n, err);
    if (os_remove_tree(dir, &ignored)) log_warn("%s stays: %s", dir, ignored.message);
    return err->code;
}

/* What a person does next: it is a candidate like any other, with numbers of its own. */
static enum err_code next_commands(struct app *app, const char *digest, json_t *out,
                                   struct err *err)
{
    char champion[HASH_HEX_BYTES], line[128];
    if (app_champion(app, champion, err)) return err->code;
    const char *gate = champion[0] ? "gate production" : "gate poc";
    const char *const verbs[] = {"evaluate", gate, "promote"};
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        (void)str_format(line, sizeof line, "cairn %s %.12s", verbs[i], digest);
        json_array_append_new(out, json_string(line));
    }
    return ERR_OK;
}

static enum err_code quantize(struct app *app, struct model *m, const char *parent,
                              enum precision to, json_t **ret, struct err *err)
{
    const enum precision from = m->precision;
    const json_int_t bytes_from = packed_bytes(m, from), bytes_to = packed_bytes(m, to);
    char digest[HASH_HEX_BYTES], record[HASH_HEX_BYTES], isa[128];
    if (model_set_precision(m, to, err) || store(app, m, parent, digest, err)) return err->code;
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:s}", "model", digest, "parent", parent, "parent_precision",
                  PRECISION_NAMES[from], "precision", PRECISION_NAMES[to]);
    if (app_record(app, "quantization", "measured", NULL, digest, body, record, err) ||
        registry_candidate_set(app->registry, digest, err))
        return err->code;
    json_t *next = json_array();
    isa_describe(isa);
    if (next_commands(app, digest, next, err) == ERR_OK)
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:s, s:s, s:O}", "schema",
                         "cairn.quantize/v1", "model", digest, "parent", parent, "precision",
                         PRECISION_NAMES[to], "parent_precision", PRECISION_NAMES[from],
                         "layer_bytes", bytes_to, "parent_layer_bytes", bytes_from, "fast",
                         precision_is_fast(to, ISA_BEST), "isa", isa, "evidence", record, "next",
                         next);
    json_decref(next);
    return err->code;
}

enum err_code app_quantize(struct app *app, const struct quantize_request *r, json_t **ret,
                           struct err *err)
{
    struct model *m = NULL;
    enum precision to = PRECISION_INT8;
    char parent[HASH_HEX_BYTES];
    if (r->precision && precision_parse(r->precision, &to, err)) return err->code;
    if (to == PRECISION_AUTO) {
        err_set(err, ERR_BAD_INPUT, "a model has one precision, and \"auto\" names none");
        return err_hint(err, "use int8, fp16, bf16 or fp32");
    }
    if (app_model_digest(app, r->model, parent, err) ||
        app_model_open(app, parent, &m, parent, err))
        return err->code;
    if (m->precision == to) {
        err_set(err, ERR_CONFLICT, "model %.12s answers in %s already", parent,
                PRECISION_NAMES[to]);
        err_hint(err, "--precision names another: int8, fp16, bf16 or fp32");
    } else {
        (void)!quantize(app, m, parent, to, ret, err);
    }
    model_free(m);
    return err->code;
}
