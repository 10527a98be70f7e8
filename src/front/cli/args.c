/* front/cli/args.c - one pass over argv. The options that every verb has are fields, not table
 * rows. */
#include "front/cli/args.h"
#include "base/str.h"
#include <string.h>

static int find(const struct option *options, const char *name, size_t len)
{
    for (int i = 0; options[i].name; i++) {
        if (strlen(options[i].name) == len && !memcmp(options[i].name, name, len)) return i;
    }
    return -1;
}

static enum err_code unknown(const struct args *a, const char *word, struct err *err)
{
    const char *names[ARGS_OPTIONS_MAX + 3] = {"json", "help", "threads"};
    size_t count = 3;
    for (int i = 0; a->options[i].name; i++) names[count++] = a->options[i].name;
    err_set(err, ERR_BAD_INPUT, "unknown option \"%s\"", word);
    const char *near = str_nearest(word + 2, names, count);
    return near ? err_hint(err, "did you mean --%s?", near)
                : err_hint(err, "--help lists the options");
}

/* The value of the option at argv[*i]: after '=', or the next word. */
static enum err_code take_value(const char *word, const char *equals, int argc, char **argv, int *i,
                                const char **ret, struct err *err)
{
    if (equals) {
        *ret = equals + 1;
        return ERR_OK;
    }
    if (*i + 1 >= argc) return err_set(err, ERR_BAD_INPUT, "option %s needs a value", word);
    *ret = argv[++*i];
    return ERR_OK;
}

static enum err_code take_option(struct args *a, int argc, char **argv, int *i, struct err *err)
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    size_t len = (equals ? (size_t)(equals - word) : strlen(word)) - 2;
    if (str_eq(word, "--json")) return a->json = true, ERR_OK;
    if (str_eq(word, "--help")) return a->help = true, ERR_OK;
    if (len == 7 && !memcmp(word + 2, "threads", 7))
        return take_value(word, equals, argc, argv, i, &a->threads, err);
    int at = find(a->options, word + 2, len);
    if (at < 0) return unknown(a, word, err);
    if (a->options[at].value) return take_value(word, equals, argc, argv, i, &a->values[at], err);
    if (equals)
        return err_set(err, ERR_BAD_INPUT, "option --%s takes no value", a->options[at].name);
    a->values[at] = "";
    return ERR_OK;
}

enum err_code args_parse(struct args *a, const struct option *options, int argc, char **argv,
                         struct err *err)
{
    *a = (struct args){.options = options};
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        size_t len = strlen(argv[i]);
        if (utf8_valid_prefix(argv[i], len) != len)
            return err_set(err, ERR_BAD_INPUT, "argument %d is not UTF-8 text", i + 1);
    }
    for (int i = 0; i < argc; i++) {
        if (!only_words && str_eq(argv[i], "--")) {
            only_words = true;
        } else if (!only_words && str_eq(argv[i], "-h")) {
            a->help = true;
        } else if (!only_words && str_starts(argv[i], "--")) {
            if (take_option(a, argc, argv, &i, err)) return err->code;
        } else if (a->word_count == ARGS_WORDS_MAX) {
            return err_set(err, ERR_LIMIT, "more than %d arguments", ARGS_WORDS_MAX);
        } else {
            a->words[a->word_count++] = argv[i];
        }
    }
    return ERR_OK;
}

bool args_flag(const struct args *a, const char *name)
{
    return args_value(a, name) != NULL;
}

const char *args_value(const struct args *a, const char *name)
{
    int at = find(a->options, name, strlen(name));
    BUG_IF(at < 0);
    return a->values[at];
}

enum err_code args_int(const struct args *a, const char *name, int64_t least, int64_t most,
                       int64_t *ret, struct err *err)
{
    const char *text = args_value(a, name);
    int64_t v = 0;
    if (!text) return ERR_OK;
    if (str_to_i64(text, &v, err)) return err->code;
    if (v < least || v > most) {
        return err_set(err, ERR_BAD_INPUT, "--%s %s is not between %lld and %lld", name, text,
                       (long long)least, (long long)most);
    }
    *ret = v;
    return ERR_OK;
}

enum err_code args_words(const struct args *a, int least, int most, struct err *err)
{
    if (a->word_count < least) {
        err_set(err, ERR_BAD_INPUT, "something is missing on the command line");
        return err_hint(err, "--help shows what this verb takes");
    }
    if (a->word_count > most) {
        err_set(err, ERR_BAD_INPUT, "\"%s\" is not expected here", a->words[most]);
        return err_hint(err, "--help shows what this verb takes");
    }
    return ERR_OK;
}
