#include "front/cli/args.h"
#include "base/str.h"
#include <criterion/criterion.h>
#include <string.h>

static const struct option options[] = {
    {"resume", NULL, "a flag"}, {"seed", "N", "a number"}, {"why", "TEXT", "a text"}, {0}};

/* Splits `line` at blanks. */
static enum err_code parse(struct args *a, const char *line, struct err *err)
{
    static char text[4096];
    static char *argv[600];
    int argc = 0;
    (void)str_format(text, sizeof text, "%s", line);
    for (char *word = text; *word;) {
        argv[argc++] = word;
        word += strcspn(word, " ");
        if (*word) *word++ = '\0';
    }
    return args_parse(a, options, argc, argv, err);
}

Test(args, flags_values_words)
{
    struct args a;
    struct err err = {0};
    int64_t seed = -1;
    cr_assert_eq(parse(&a, "one --resume --seed 7 two --why=because", &err), ERR_OK);
    cr_expect(args_flag(&a, "resume"));
    cr_expect_str_eq(args_value(&a, "why"), "because");
    cr_assert_eq(args_int(&a, "seed", 0, 10, &seed, &err), ERR_OK);
    cr_expect_eq(seed, 7);
    cr_assert_eq(a.word_count, 2);
    cr_expect_str_eq(a.words[1], "two");
    cr_expect(!a.json && !a.help && !a.threads);
}

Test(args, what_every_verb_has)
{
    struct args a;
    struct err err = {0};
    cr_assert_eq(parse(&a, "--json --threads=3 -h", &err), ERR_OK);
    cr_expect(a.json && a.help);
    cr_expect_str_eq(a.threads, "3");
}

Test(args, absent_values_stay)
{
    struct args a;
    struct err err = {0};
    int64_t seed = -1;
    cr_assert_eq(parse(&a, "", &err), ERR_OK);
    cr_expect(!args_flag(&a, "resume"));
    cr_expect_null(args_value(&a, "why"));
    cr_assert_eq(args_int(&a, "seed", 0, 10, &seed, &err), ERR_OK);
    cr_expect_eq(seed, -1);
}

Test(args, words_that_look_like_options)
{
    struct args a;
    struct err err = {0};
    cr_assert_eq(parse(&a, "- -- --resume --", &err), ERR_OK);
    cr_expect(!args_flag(&a, "resume"));
    cr_assert_eq(a.word_count, 3);
    cr_expect_str_eq(a.words[0], "-", "stdin");
    cr_expect_str_eq(a.words[1], "--resume");
    cr_expect_str_eq(a.words[2], "--");
    cr_assert_eq(parse(&a, "--why --resume", &err), ERR_OK);
    cr_expect_str_eq(args_value(&a, "why"), "--resume", "a value is whatever comes next");
}

static const struct {
    const char *line, *says, *hints;
} bad[] = {
    {"--sed 7", "--sed", "did you mean --seed?"},
    {"--jsn", "--jsn", "did you mean --json?"},
    {"--zzzzzzzz", "--zzzzzzzz", "--help"},
    {"--seed", "needs a value", ""},
    {"--threads", "needs a value", ""},
    {"a\xFF", "argument 1 is not UTF-8", ""},
    {"x --why \xC3", "argument 3 is not UTF-8", ""},
    {"--resume=yes", "takes no value", ""},
};

Test(args, refuses_by_name)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct args a;
        struct err err = {0};
        cr_expect_eq(parse(&a, bad[i].line, &err), ERR_BAD_INPUT, "%s", bad[i].line);
        cr_expect_not_null(strstr(err.message, bad[i].says), "%s: %s", bad[i].line, err.message);
        cr_expect_not_null(strstr(err.hint, bad[i].hints), "%s: %s", bad[i].line, err.hint);
    }
}

Test(args, numbers_in_their_range)
{
    static const char *const lines[] = {"--seed x",   "--seed 11",  "--seed -1",
                                        "--seed 7.5", "--seed 7 8", "--seed 99999999999999999999"};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        struct args a;
        struct err err = {0};
        int64_t seed = -1;
        cr_assert_eq(parse(&a, lines[i], &err), ERR_OK);
        bool refused = args_int(&a, "seed", 0, 10, &seed, &err) || args_words(&a, 0, 0, &err);
        cr_expect(refused, "%s", lines[i]);
    }
}

Test(args, too_few_and_too_many_words)
{
    struct args a;
    struct err err = {0};
    cr_assert_eq(parse(&a, "one two", &err), ERR_OK);
    cr_expect_eq(args_words(&a, 1, 2, &err), ERR_OK);
    cr_expect_eq(args_words(&a, 3, 4, &err), ERR_BAD_INPUT);
    cr_expect_eq(args_words(&a, 0, 1, &err), ERR_BAD_INPUT);
    cr_expect_not_null(strstr(err.message, "\"two\""));
}

Test(args, finite)
{
    static char word[] = "w";
    static char *argv[ARGS_WORDS_MAX + 1];
    struct args a;
    struct err err = {0};
    for (int i = 0; i <= ARGS_WORDS_MAX; i++) argv[i] = word;
    cr_expect_eq(args_parse(&a, options, ARGS_WORDS_MAX, argv, &err), ERR_OK);
    cr_expect_eq(args_parse(&a, options, ARGS_WORDS_MAX + 1, argv, &err), ERR_LIMIT);
}
