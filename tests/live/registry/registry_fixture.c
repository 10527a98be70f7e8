/* Rows small enough to read, and one in every table. */
#include "registry_fixture.h"
#include "base/str.h"
#include "live/registry/blobs.h"
#include "live/registry/history.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

struct registry_options fixture_options(const struct fixture *f)
{
    return (struct registry_options){
        .dir = f->folder.path, .use_case = "clinic", .code = "0.1.0", .create = true};
}

void fixture_open(struct fixture *f)
{
    struct registry_options o;
    *f = (struct fixture){.r = NULL};
    test_folder_make(&f->folder);
    arena_init(&f->a, 1u << 30);
    o = fixture_options(f);
    OK(registry_open(&o, &f->r, &err));
}

void fixture_reopen(struct fixture *f)
{
    struct registry_options o = fixture_options(f);
    registry_close(f->r);
    f->r = NULL;
    OK(registry_open(&o, &f->r, &err));
}

void fixture_close(struct fixture *f)
{
    registry_close(f->r);
    arena_release(&f->a);
    test_folder_remove(&f->folder);
}

const char *fixture_digest(int n, char hex[HASH_HEX_BYTES])
{
    cr_assert(str_format(hex, HASH_HEX_BYTES, "%064x", (unsigned)n));
    return hex;
}

enum err_code fixture_add_model(struct fixture *f, int n, struct err *err)
{
    char hex[HASH_HEX_BYTES], dir[PATH_BYTES_MAX], path[PATH_BYTES_MAX], text[32];
    if (os_join(dir, f->folder.path, "saved", err)) return err->code;
    if (os_remove_tree(dir, err) || os_mkdirs(dir, err)) return err->code;
    if (os_join(path, dir, "config.json", err)) return err->code;
    if (os_write_atomic(path, "{}", 2, err)) return err->code;
    if (os_join(path, dir, "model.safetensors", err)) return err->code;
    cr_assert(str_format(text, sizeof text, "weights %d", n));
    if (os_write_atomic(path, text, strlen(text), err)) return err->code;
    struct registry_model_new m = {
        .digest = fixture_digest(n, hex), .dir = dir, .origin = "imported", .note = "of a test"};
    return registry_model_add(f->r, &m, err);
}

enum err_code fixture_promote(struct registry *r, int n, struct arena *a, struct err *err)
{
    char hex[HASH_HEX_BYTES];
    struct promotion done;
    json_t *body = json_pack("{s:i}", "model", n);
    struct evidence_new e = {.kind = "promotion", .how = "measured", .body = body};
    struct promotion_new p = {.model = fixture_digest(n, hex),
                              .precision = "fp32",
                              .stage = "poc",
                              .why = "a test",
                              .by = "jane",
                              .override_gate = true};
    enum err_code code = registry_promote(r, &p, &e, &done, a, err);
    json_decref(body);
    if (!code) {
        cr_assert_str_eq(done.model, hex);
        cr_assert_str_eq(done.action, "promote");
    }
    return code;
}

void fixture_prediction(struct fixture *f, int n, const char *text, struct prediction_row *ret)
{
    char *id = arena_alloc(&f->a, REGISTRY_ID_BYTES), *model = arena_alloc(&f->a, HASH_HEX_BYTES);
    char *hash = arena_alloc(&f->a, HASH_HEX_BYTES);
    registry_id_make(id);
    registry_text_hash(f->r, text, strlen(text), hash);
    *ret = (struct prediction_row){.id = id,
                                   .role = PREDICTION_LIVE,
                                   .model = fixture_digest(n, model),
                                   .text_hash = hash,
                                   .text = text,
                                   .entities =
                                       "[{\"end\":5,\"label\":\"DRUG\",\"score\":0.9,\"start\":0}]",
                                   .label_counts = "{\"DRUG\":1}",
                                   .confidence_mean = 0.9,
                                   .confidence_min = 0.5,
                                   .latency_us = 1500,
                                   .token_count = 7,
                                   .unknown_count = 1};
}

static void fill_history(struct fixture *f)
{
    char id[REGISTRY_ID_BYTES], one[HASH_HEX_BYTES], blob[HASH_HEX_BYTES];
    struct run_new n = {.kind = "train",
                        .config = "{}",
                        .base = "minilm",
                        .train_data = fixture_digest(1, one),
                        .dev_data = one,
                        .precision = "fp32",
                        .seed = 1,
                        .threads = 2};
    OK(run_begin(f->r, &n, id, &err));
    OK(run_end(f->r, id, RUN_DONE, one, "{\"f1\":0.9}", "finished", &err));
    OK(blob_put(f->r, "{}\n", 3, blob, &err));
    struct split s = {.name = "source",
                      .part = "train",
                      .fingerprint = one,
                      .blob = blob,
                      .origin = "{}",
                      .examples = 3,
                      .groups = 2,
                      .spans = 4};
    OK(split_put(f->r, &s, &err));
}

void fixture_fill(struct fixture *f)
{
    char hex[HASH_HEX_BYTES], digest[HASH_HEX_BYTES], id[REGISTRY_ID_BYTES];
    bool flag = false;
    struct prediction_row p;
    OK(fixture_add_model(f, 1, &err));
    OK(fixture_add_model(f, 2, &err));
    fill_history(f);
    struct stage_version v = {.stage = "poc", .digest = fixture_digest(5, hex), .criteria = "[]"};
    OK(stage_freeze(f->r, &v, &flag, &err));
    json_t *body = json_pack("{s:s}", "x", "y");
    struct evidence_new e = {
        .kind = "gate", .how = "measured", .stage = "poc", .model = hex, .body = body};
    struct gate_row g = {.stage = "poc",
                         .model = fixture_digest(1, hex),
                         .precision = "fp32",
                         .data = hex,
                         .criteria = hex,
                         .verdict = "PASS"};
    OK(gate_record(f->r, &g, &e, digest, &err));
    json_decref(body);
    OK(fixture_promote(f->r, 1, &f->a, &err));
    OK(fixture_promote(f->r, 2, &f->a, &err));
    OK(registry_candidate_set(f->r, fixture_digest(1, hex), &err));
    fixture_prediction(f, 1, "aspirin helps", &p);
    OK(prediction_put(f->r, &p, 1, &err));
    struct feedback_row row = {.prediction = p.id,
                               .verdict = FEEDBACK_CORRECT,
                               .spans = "[]",
                               .text = "aspirin helps",
                               .complete = true,
                               .by = "jane",
                               .group = "p1"};
    OK(feedback_row_put(f->r, &row, id, &flag, &err));
    OK(feedback_row_review(f->r, id, true, "joe", "fine", &err));
}
