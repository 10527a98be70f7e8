/* front/cli/verbs.c - the table of verbs: names, usage, one line, an example, options. `cairn
 * help`, --help and the parser all read it. */
#include "front/cli/cli.h"

static const struct option init_options[] = {
    {"template", "NAME", "begin with a worked example (clinical-ner)"},
    {"list", NULL, "name the templates"},
    {0}};
static const struct option split_options[] = {
    {"renew", NULL, "the data changed on purpose: freeze a new split"}, {0}};
static const struct option train_options[] = {
    {"resume", NULL, "go on from the newest interrupted run"},
    {"from", "MODEL", "start from this model instead of the pretrained one"},
    {"seed", "N", "instead of cairn.yaml's"},
    {"epochs", "N", "instead of cairn.yaml's"},
    {"checkpoint-seconds", "N", "least time between two checkpoints (30)"},
    {0}};
static const struct option evaluate_options[] = {
    {"part", "PART", "train, dev or test (test)"},
    {"file", "FILE", "a data file instead; no evidence for a gate"},
    {0}};
static const struct option quantize_options[] = {
    {"precision", "P", "int8, fp16, bf16 or fp32 (int8)"}, {0}};
static const struct option promote_options[] = {
    {"override", NULL, "without a PASS; needs --why, shows in every report"},
    {"why", "TEXT", "the reason of an override"},
    {0}};
static const struct option rollback_options[] = {{"why", "TEXT", "the reason (needed)"}, {0}};
static const struct option predict_options[] = {
    {"file", "FILE", "texts from a file, one a line or {\"text\"} objects; - is stdin"},
    {"model", "MODEL", "instead of the champion"},
    {"strategy", "S", "none, simple, first, average or max (first)"},
    {"record", NULL, "keep as a served prediction, so that feedback can name it"},
    {"jsonl", NULL, "one JSON object a line"},
    {0}};
static const struct option serve_options[] = {
    {"port", "N", "instead of 8080; 0: any free one"},
    {"address", "IP", "instead of 127.0.0.1"},
    {"insecure", NULL, "allow an address that is not loopback, without authorisation"},
    {"model", "MODEL", "serve this one and never swap"},
    {"drain-ms", "N", "keep serving this long after SIGTERM (0)"},
    {0}};
static const struct option list_options[] = {
    {"state", "STATE", "pending, accepted, refused or superseded"}, {0}};
static const struct option review_options[] = {
    {"accept", "ID", "accept this item"},
    {"refuse", "ID", "refuse this item"},
    {"accept-all", NULL, "accept all that wait"},
    {"why", "TEXT", "a note beside the decision"},
    {"simulated", NULL, "the reviewer is a simulation; every page says so"},
    {0}};
static const struct option improve_options[] = {
    {"resume", NULL, "go on from the newest interrupted run"},
    {"seed", "N", "instead of cairn.yaml's"},
    {0}};
static const struct option evidence_options[] = {
    {"kind", "KIND", "user-study, market, ..."},
    {"by", "NAME", "who attests"},
    {"file", "FILE", "what is attested; its bytes are kept"},
    {"note", "TEXT", "a sentence"},
    {0}};
static const struct option report_options[] = {
    {"html", "FILE", "one self-contained page"},
    {"markdown", "FILE", "Markdown; - is stdout (the default)"},
    {"zh", NULL, "in Chinese"},
    {0}};
static const struct option log_options[] = {{"limit", "N", "the newest N records (20)"}, {0}};
static const struct option bench_options[] = {
    {"precision", "P", "fp32, bf16, fp16 or int8 (kernels: all that are fast here)"},
    {"model", "DIR", "a Hugging Face directory (minilm-l6 of the cache)"},
    {"shape", "SHAPE", "base or minilm: those sizes, random weights, the model's vocabulary"},
    {"data", "FILE", "CoNLL, JSON Lines, or .txt with a text a line (example letters)"},
    {"sentences", "N", "only the first N of the data (infer: 1024)"},
    {"seconds", "S", "least time of each figure"},
    {"answers", "FILE", "infer: write the label of every token, a sentence a line"},
    {0}};

const struct verb VERBS[] = {
    {"init", "FOLDER [--template NAME]", "make a use case folder",
     "cairn init clinic --template clinical-ner", init_options, cli_init, true},
    {"data check", "[FILE ...]", "what is wrong with the data, each with its place",
     "cairn data check", NULL, cli_data_check, false},
    {"data split", "[--renew]", "freeze train, dev and test by fingerprint", "cairn data split",
     split_options, cli_data_split, false},
    {"train", "[--resume]", "fine-tune; Ctrl-C saves", "cairn train --seed 2", train_options,
     cli_train, false},
    {"evaluate", "[MODEL]", "entity and token tables, intervals, baselines, errors",
     "cairn evaluate @candidate --part dev", evaluate_options, cli_evaluate, false},
    {"gate", "STAGE [MODEL]", "PASS 0, FAIL 1, STOP 10, criterion by criterion", "cairn gate poc",
     NULL, cli_gate, false},
    {"quantize", "[MODEL]", "the same weights in another precision, as a candidate",
     "cairn quantize @champion --precision int8", quantize_options, cli_quantize, false},
    {"promote", "[MODEL]", "make it the champion; needs a PASS", "cairn promote", promote_options,
     cli_promote, false},
    {"rollback", "--why TEXT", "back to the champion before",
     "cairn rollback --why \"accuracy alarm\"", rollback_options, cli_rollback, false},
    {"serve", "[--port N]", "answer over HTTP, take feedback, swap champions",
     "cairn serve --port 8080", serve_options, cli_serve, false},
    {"predict", "TEXT ...", "the service's answers without HTTP",
     "cairn predict \"No sign of pneumonia in the left lung.\"", predict_options, cli_predict,
     false},
    {"feedback add", "FILE", "corrections from a JSON Lines file; - is stdin",
     "cairn feedback add corrections.jsonl", NULL, cli_feedback_add, false},
    {"feedback list", "[--state STATE]", "what people said about answers",
     "cairn feedback list --state pending", list_options, cli_feedback_list, false},
    {"feedback review", "[--accept-all]", "let feedback through to training, item by item",
     "cairn feedback review", review_options, cli_feedback_review, false},
    {"improve", "[--resume]", "champion + reviewed feedback + replay: a candidate and its gate",
     "cairn improve", improve_options, cli_improve, false},
    {"monitor", "", "traffic, latency, drift, acceptance", "cairn monitor", NULL, cli_monitor,
     false},
    {"evidence add", "--kind K --by NAME", "what people attest, beside what is measured",
     "cairn evidence add --kind user-study --by Jane --file notes.md", evidence_options,
     cli_evidence_add, false},
    {"report", "[--html FILE]", "what the customer reads", "cairn report --html report.html",
     report_options, cli_report, false},
    {"status", "", "which stage, what is proven, what next", "cairn status", NULL, cli_status,
     false},
    {"log", "[--limit N]", "the chain of evidence, newest first", "cairn log --limit 5",
     log_options, cli_log, false},
    {"verify", "", "walk the chain and hash every file", "cairn verify", NULL, cli_verify, false},
    {"doctor", "", "what this machine is, and whether all is in place", "cairn doctor", NULL,
     cli_doctor, true},
    {"bench", "[kernels | tokenizer | train | infer | start]",
     "how fast this machine fine-tunes, answers and starts",
     "cairn bench infer --shape base --threads 1", bench_options, cli_bench, true},
    {"model list", "", "all models, newest first", "cairn model list", NULL, cli_model_list, false},
    {"model show", "[MODEL]", "shape, recipe and evidence of one", "cairn model show @champion",
     NULL, cli_model_show, false},
    {"model export", "MODEL DIR", "a Hugging Face directory with evidence and card",
     "cairn model export @champion out/", NULL, cli_model_export, false},
    {"model import", "DIR", "a token classifier of transformers as a candidate",
     "cairn model import ./my-model", NULL, cli_model_import, false},
    {"help", "[VERB | exit-codes | metrics | man]", "this", "cairn help train", NULL, cli_help,
     true},
    {0}};
