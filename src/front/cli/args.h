/* front/cli/args.h - the words after `cairn VERB`: options by table, so that --help and the parser
 * cannot disagree.
 *
 *     static const struct option options[] = {
 *         {"resume", NULL, "go on from the last checkpoint"},        // a flag
 *         {"seed", "N", "instead of cairn.yaml's"},                  // with a value
 *         {0}};
 *     struct args a;
 *     if (args_parse(&a, options, argc, argv, err)) return err->code;
 *     if (args_flag(&a, "resume")) ...
 *     const char *seed = args_value(&a, "seed");                      // NULL when absent
 *     for (int i = 0; i < a.word_count; i++) use(a.words[i]);
 *
 * Every verb also takes --json, --help and --threads N. "--x=v" and "--x v" are the same; "--" ends
 * the options.
 */
#ifndef FRONT_CLI_ARGS_H
#define FRONT_CLI_ARGS_H

#include "base/err.h"
#include <stdint.h>

#define ARGS_OPTIONS_MAX 24
#define ARGS_WORDS_MAX   256

struct option {
    const char *name;  /* without the dashes; NULL ends a table */
    const char *value; /* what its value is called in --help; NULL: a flag */
    const char *meaning;
};
struct args {
    const struct option *options;
    const char *values[ARGS_OPTIONS_MAX]; /* by index in options; "" for a flag that is set */
    bool json, help;
    const char *threads;
    const char *words[ARGS_WORDS_MAX];
    int word_count;
};
enum err_code args_parse(struct args *a, const struct option *options, int argc, char **argv,
                         struct err *err) MUST_CHECK;
bool args_flag(const struct args *a, const char *name);
const char *args_value(const struct args *a, const char *name);
/* *ret is left alone when the option is absent. */
enum err_code args_int(const struct args *a, const char *name, int64_t least, int64_t most,
                       int64_t *ret, struct err *err) MUST_CHECK;
/* ERR_BAD_INPUT unless least..most words were given. */
enum err_code args_words(const struct args *a, int least, int most, struct err *err) MUST_CHECK;

#endif
