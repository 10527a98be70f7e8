/* front/cli/cli.h - the command line: one file a verb, all behind one table (verbs.c).
 *
 * A verb parses its words, calls one function of front/app, and draws the JSON that came back.
 * stdout is the product, stderr the talk. Exit codes are those of ERR_MAP, 1 for a negative result,
 * 10 for STOP.
 */
#ifndef FRONT_CLI_CLI_H
#define FRONT_CLI_CLI_H

#include "front/app/app.h"
#include "front/cli/args.h"

enum { EXIT_NEGATIVE = 1, EXIT_STOP = 10 };

struct cli { /* one command */
    struct app_host host;
    struct app *app; /* opened by cli_app */
    struct args args;
    int exit_code; /* of a success: 0, EXIT_NEGATIVE or EXIT_STOP */
};
struct verb {
    const char *name;    /* "train", "data check" */
    const char *usage;   /* "[--resume] [--seed N]" */
    const char *summary; /* one line, for `cairn help` */
    const char *example; /* whole command lines */
    const struct option *options;
    enum err_code (*run)(struct cli *c, struct err *err);
    bool outside; /* works without a use case folder */
};
extern const struct verb VERBS[]; /* ends with name == NULL */

/* Opens the use case of this folder, once. */
enum err_code cli_app(struct cli *c, struct err *err) MUST_CHECK;
/* --json: prints the document and returns true, so that a verb reads `if (cli_json(c, result))
 * return ERR_OK;`. */
bool cli_json(const struct cli *c, const json_t *result);
/* Set by SIGINT and SIGTERM; never cleared. */
bool cli_stop_asked(void *ctx);

void help_verb(const struct verb *v);
void help_man(void); /* cairn(1) in roff */

/* verbs: see each file */
#define CLI_VERB(name) enum err_code cli_##name(struct cli *c, struct err *err)
CLI_VERB(init);
CLI_VERB(data_check);
CLI_VERB(data_split);
CLI_VERB(train);
CLI_VERB(evaluate);
CLI_VERB(gate);
CLI_VERB(quantize);
CLI_VERB(promote);
CLI_VERB(rollback);
CLI_VERB(model_list);
CLI_VERB(model_show);
CLI_VERB(model_export);
CLI_VERB(model_import);
CLI_VERB(predict);
CLI_VERB(serve);
CLI_VERB(feedback_add);
CLI_VERB(feedback_list);
CLI_VERB(feedback_review);
CLI_VERB(improve);
CLI_VERB(monitor);
CLI_VERB(evidence_add);
CLI_VERB(report);
CLI_VERB(status);
CLI_VERB(log);
CLI_VERB(verify);
CLI_VERB(doctor);
CLI_VERB(bench);
CLI_VERB(help);

#endif
