/* front/app/app.h - what cairn does: one function a verb. All policy lives here.
 *
 * Each verb takes a request struct and gives a JSON document, {"schema": "cairn.NAME/v1", ...}: the
 * command line draws tables from it, --json prints it as it is, HTTP answers with it. Fields are
 * only ever added.
 *
 *     struct app *app = NULL;
 *     if (app_open(&host, ".", &app, err)) return err->code;
 *     json_t *result = NULL;
 *     if (app_gate(app, &(struct gate_request){.stage = "poc"}, &result, err)) ...
 *     json_decref(result);
 *     app_close(app);
 *
 * A negative answer (a gate that fails, data with errors) is a result, not an err: see each verb's
 * "ok" or "verdict". MODEL in a request: NULL or "@champion", "@candidate", a digest prefix, or a
 * Hugging Face directory.
 * Threads: one app, one caller; app/service.h is the part that serves many.
 */
#ifndef FRONT_APP_APP_H
#define FRONT_APP_APP_H

#include "base/json.h"
#include "engine/train/train.h"
#include "front/project/project.h"

#define CAIRN_VERSION "0.1.0"

struct app_host { /* what the caller of the verbs provides */
    void *ctx;
    void (*on_train)(void *ctx, const struct train_event *event);              /* may be NULL */
    void (*on_step)(void *ctx, const char *what, int64_t done, int64_t total); /* may be NULL */
    bool (*should_stop)(void *ctx);                                            /* may be NULL */
    const char *user;      /* who acts: written into evidence */
    const char *cache_dir; /* pretrained models by name: cache_dir/models/NAME */
    int threads;           /* 0: all CPUs */
};

struct app;
enum err_code app_open(const struct app_host *host, const char *start, struct app **ret,
                       struct err *err) MUST_CHECK;
void app_close(struct app *app);
const struct project *app_project(const struct app *app);

/* ---- a use case folder -------------------------------------------------------------------- */
struct init_request {
    const char *folder;
    const char *template_name; /* NULL: an empty use case */
    bool list;                 /* only name the templates */
};
/* Needs no open app. Refuses a folder that already holds a cairn.yaml. */
enum err_code app_init(const struct init_request *r, json_t **ret, struct err *err) MUST_CHECK;

/* ---- data --------------------------------------------------------------------------------- */
struct data_check_request {
    const char *const *files; /* none: those of cairn.yaml */
    size_t file_count;
};
/* {"ok", "findings": [{level, check, file, line, column, message, hint}], "errors", "warnings",
 * "parts"} */
enum err_code app_data_check(struct app *app, const struct data_check_request *r, json_t **ret,
                             struct err *err) MUST_CHECK;
/* Freezes train, dev and test by fingerprint. The same data again changes nothing; other data is
 * ERR_CONFLICT unless `renew`, which begins a new split: what was proven on the old one does not
 * count for it. */
enum err_code app_data_split(struct app *app, bool renew, json_t **ret, struct err *err) MUST_CHECK;

/* ---- models ------------------------------------------------------------------------------- */
struct train_request {
    bool resume;
    const char *from;       /* MODEL to start from; NULL: the project's pretrained model */
    int64_t seed, epochs;   /* < 0: as cairn.yaml says */
    int checkpoint_seconds; /* < 0: 30 */
};
/* {"model", "run", "best_epoch", "history", "seconds", "tokens_per_s", "precision", "isa",
 * "threads"} */
enum err_code app_train(struct app *app, const struct train_request *r, json_t **ret,
                        struct err *err) MUST_CHECK;

struct evaluate_request {
    const char *model;
    const char *part; /* NULL: "test" */
    const char *file; /* a data file instead of a part; nothing is recorded as evidence for gates */
};
/* The evaluation of the model, of the dictionary and of the all-O tagger by the same code. */
enum err_code app_evaluate(struct app *app, const struct evaluate_request *r, json_t **ret,
                           struct err *err) MUST_CHECK;

struct gate_request {
    const char *stage;
    const char *model;
};
/* {"verdict": "PASS|FAIL|STOP", "lines": [...], "why", "criteria_digest", "criteria_changed"} */
enum err_code app_gate(struct app *app, const struct gate_request *r, json_t **ret,
                       struct err *err) MUST_CHECK;

struct promote_request {
    const char *model;        /* NULL: @candidate */
    const char *override_why; /* promotes without a PASS; recorded and shown in every report */
};
enum err_code app_promote(struct app *app, const struct promote_request *r, json_t **ret,
                          struct err *err) MUST_CHECK;
enum err_code app_rollback(struct app *app, const char *why, json_t **ret,
                           struct err *err) MUST_CHECK;

/* From MODEL another one, of the same weights, that answers in `precision`, and makes it the
 * candidate; gates decide on it like on any other. {"model", "parent", "precision",
 * "parent_precision", "layer_bytes", "parent_layer_bytes", "fast", "isa", "evidence", "next"} */
struct quantize_request {
    const char *model;
    const char *precision; /* int8, fp16, bf16, fp32; NULL: int8 */
};
enum err_code app_quantize(struct app *app, const struct quantize_request *r, json_t **ret,
                           struct err *err) MUST_CHECK;

enum err_code app_model_list(struct app *app, json_t **ret, struct err *err) MUST_CHECK;
enum err_code app_model_show(struct app *app, const char *model, json_t **ret,
                             struct err *err) MUST_CHECK;
/* A Hugging Face directory with cairn.json, evidence and a model card beside it. */
enum err_code app_model_export(struct app *app, const char *model, const char *dir, json_t **ret,
                               struct err *err) MUST_CHECK;
enum err_code app_model_import(struct app *app, const char *dir, json_t **ret,
                               struct err *err) MUST_CHECK;

/* ---- answers, and what comes back ----------------------------------------------------------- */
struct predict_request {
    const char *model;
    const char *const *texts;
    size_t text_count;
    const char *strategy; /* NULL: "first" */
    bool record;          /* as a served prediction, so that feedback can name it */
};
/* {"model", "predictions": [{"prediction_id", "entities": [...]}]} */
enum err_code app_predict(struct app *app, const struct predict_request *r, json_t **ret,
                          struct err *err) MUST_CHECK;

/* One item as in POST /v1/feedback, or a JSON array of them. {"added", "repeated", "ids"} */
enum err_code app_feedback_add(struct app *app, const json_t *items, json_t **ret,
                               struct err *err) MUST_CHECK;
enum err_code app_feedback_list(struct app *app, const char *state, json_t **ret, struct err *err)
    MUST_CHECK; /* waiting, accepted, refused, NULL: all */
struct review_request {
    const char *id; /* one item; NULL with all */
    bool all;       /* every waiting item */
    bool accept;
    const char *why;
    bool simulated; /* the reviewer is a simulation: every page that rests on it says so */
};
enum err_code app_feedback_review(struct app *app, const struct review_request *r, json_t **ret,
                                  struct err *err) MUST_CHECK;

/* Champion + reviewed feedback + replay -> a candidate and its gates. Proposes; never promotes. */
struct improve_request {
    int64_t seed; /* < 0: as cairn.yaml says */
    bool resume;
};
enum err_code app_improve(struct app *app, const struct improve_request *r, json_t **ret,
                          struct err *err) MUST_CHECK;
/* Traffic, latency, drift, acceptance. */
enum err_code app_monitor(struct app *app, json_t **ret, struct err *err) MUST_CHECK;

/* ---- what is proven ------------------------------------------------------------------------- */
struct evidence_add_request {
    const char *kind; /* user-study, market, ... */
    const char *by;
    const char *file; /* its bytes are stored and hashed */
    const char *note;
};
enum err_code app_evidence_add(struct app *app, const struct evidence_add_request *r, json_t **ret,
                               struct err *err) MUST_CHECK;
enum err_code app_status(struct app *app, json_t **ret, struct err *err) MUST_CHECK;
enum err_code app_log(struct app *app, int limit, json_t **ret, struct err *err) MUST_CHECK;
/* {"ok", "records", "head", "broken": {index, digest, why}} and every model's and blob's hash. */
enum err_code app_verify(struct app *app, json_t **ret, struct err *err) MUST_CHECK;
/* What this machine is and whether everything is in place; works outside a project (app NULL). */
enum err_code app_doctor(struct app *app, const struct app_host *host, json_t **ret,
                         struct err *err) MUST_CHECK;

enum report_format { REPORT_MARKDOWN, REPORT_HTML };
enum report_language { REPORT_ENGLISH, REPORT_CHINESE };
struct report_request {
    enum report_format format;
    enum report_language language;
};
/* Self-contained; the chain's head is in it. */
enum err_code app_report(struct app *app, const struct report_request *r, struct buf *out,
                         struct err *err) MUST_CHECK;
/* The numbers behind the report. */
enum err_code app_report_data(struct app *app, json_t **ret, struct err *err) MUST_CHECK;

#endif
