#include "base/yaml.h"
#include "base/str.h"
#include "support/test_folder.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct yaml *tree_of(const char *text)
{
    struct yaml *y = NULL;
    struct err err = {0};
    enum err_code code = yaml_parse("c.yaml", text, strlen(text), &y, &err);
    cr_assert_eq(code, ERR_OK, "%s (%s)", err.message, err.detail);
    return y;
}

static const char SAMPLE[] = "# a comment\n"
                             "name: clinic\n"
                             "train: {epochs: 3, rate: 1.0e-4, on: true}\n"
                             "stages:\n"
                             "  poc:\n"
                             "    - {metric: f1, at_least: 0.80}\n"
                             "    - plain\n"
                             "quoted: \"0.5\"\n"
                             "empty:\n"
                             "country: NO\n"
                             "text: |\n"
                             "  two\n"
                             "  lines\n";

static void at(const struct yaml_node *n, int line, int column)
{
    int got_line, got_column;
    const char *file;
    yaml_place(n, &file, &got_line, &got_column);
    cr_expect_str_eq(file, "c.yaml");
    cr_expect(got_line == line && got_column == column, "%d:%d is not %d:%d", got_line, got_column,
              line, column);
}

Test(yaml, tree_and_places)
{
    struct yaml *y = tree_of(SAMPLE);
    const struct yaml_node *root = yaml_root(y), *stages = yaml_get(root, "stages");
    const struct yaml_node *list = yaml_get(stages, "poc");
    cr_assert_eq(yaml_kind(root), YAML_MAP);
    cr_assert_eq(yaml_count(root), 7);
    cr_assert_str_eq(yaml_key(root, 1), "train");
    cr_assert_eq(yaml_kind(list), YAML_LIST);
    cr_assert_eq(yaml_count(list), 2);
    cr_assert_null(yaml_get(root, "absent"));
    cr_assert_null(yaml_get(list, "poc"));
    cr_assert_null(yaml_get(NULL, "poc"));
    at(root, 2, 1);
    at(yaml_get(root, "name"), 2, 7);
    at(yaml_get(root, "train"), 3, 8);
    at(stages, 5, 3);
    at(list, 6, 5);
    at(yaml_get(yaml_item(list, 0), "at_least"), 6, 30);
    yaml_free(y);
    yaml_free(NULL);
}

Test(yaml, typed_reads)
{
    struct yaml *y = tree_of(SAMPLE);
    const struct yaml_node *root = yaml_root(y), *train = yaml_get(root, "train");
    struct err err = {0};
    const char *s = NULL;
    int64_t i = -1;
    double r = -1;
    bool b = false;
    cr_assert(yaml_string(yaml_get(root, "name"), &s, &err) == ERR_OK && str_eq(s, "clinic"));
    cr_assert(yaml_string(yaml_get(root, "quoted"), &s, &err) == ERR_OK && str_eq(s, "0.5"));
    cr_assert(yaml_string(yaml_get(root, "text"), &s, &err) == ERR_OK && str_eq(s, "two\nlines\n"));
    cr_assert(yaml_int(yaml_get(train, "epochs"), 1, 10, &i, &err) == ERR_OK && i == 3);
    cr_assert(yaml_real(yaml_get(train, "rate"), 0, 1, &r, &err) == ERR_OK && r == 1.0e-4);
    cr_assert(yaml_bool(yaml_get(train, "on"), &b, &err) == ERR_OK && b);

    cr_assert_eq(yaml_int(yaml_get(train, "epochs"), 4, 10, &i, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.message, "c.yaml:3:17: expected a whole number from 4 to 10");
    cr_assert_str_eq(err.detail, "found 3");
    cr_assert_eq(yaml_real(yaml_get(root, "quoted"), 0, 1, &r, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.detail, "found the text \"0.5\"");
    cr_assert_eq(yaml_string(yaml_get(root, "empty"), &s, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.detail, "found nothing");
    cr_assert_eq(yaml_bool(yaml_get(root, "country"), &b, &err), ERR_BAD_INPUT);
    cr_assert_eq(yaml_string(train, &s, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.detail, "found a map");
    cr_assert_eq(yaml_int(yaml_get(yaml_get(root, "stages"), "poc"), 0, 1, &i, &err),
                 ERR_BAD_INPUT);
    cr_assert(i == 3 && r == 1.0e-4);
    yaml_free(y);
}

Test(yaml, unknown_keys_are_named_with_what_was_meant)
{
    static const char *const KNOWN[] = {"name",  "train",   "stages", "quoted",
                                        "empty", "country", "texts"};
    struct yaml *y = tree_of(SAMPLE);
    struct err err = {0};
    cr_assert_eq(yaml_only(yaml_root(y), KNOWN, ARRAY_COUNT(KNOWN), &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.message, "c.yaml:11:1: unknown key \"text\"");
    cr_assert_str_eq(err.hint, "did you mean \"texts\"?");
    cr_assert_eq(yaml_only(yaml_get(yaml_root(y), "name"), KNOWN, 1, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.message, "c.yaml:2:7: expected a map of keys");
    yaml_free(y);
    y = tree_of("a:\n    b: 1\n");
    cr_assert_eq(yaml_only(yaml_root(y), KNOWN, 1, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.message, "c.yaml:1:1: unknown key \"a\"");
    yaml_free(y);
}

Test(yaml, hostile_documents_are_refused_with_their_place)
{
    static const struct {
        const char *text, *begins;
        enum err_code code;
    } CASES[] = {
        {"", "c.yaml:1:1: ", ERR_BAD_INPUT},
        {"# only a comment\n", "c.yaml:1:1: ", ERR_BAD_INPUT},
        {"a: 1\nb: [1, 2\n", "c.yaml:3:1: not YAML", ERR_BAD_INPUT},
        {"a: 1\n\tb: 2\n", "c.yaml:1:4: not YAML", ERR_BAD_INPUT},
        {"a: 1\nb: 2\na: 3\n", "c.yaml:3:1: this key was already given", ERR_BAD_INPUT},
        {"a: *nobody\n", "c.yaml:1:4: the alias names no anchor", ERR_BAD_INPUT},
        {"a: &x [1, *x]\n", "c.yaml:1:11: an alias inside the node that it names", ERR_BAD_INPUT},
        {"? [1, 2]\n: 3\n", "c.yaml:1:3: a key must be a text", ERR_BAD_INPUT},
        {"a: 1\n---\nb: 2\n", "c.yaml:2:1: a second document", ERR_BAD_INPUT},
        {"a: \"x\\0y\"\n", "c.yaml:1:4: a text with a NUL", ERR_BAD_INPUT},
        {"ok: 1\nb: \xFF\n", "c.yaml:2:4: not UTF-8", ERR_BAD_INPUT},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
         "c.yaml:1:33: nested too deeply", ERR_LIMIT},
        {"a: 'open\n", "c.yaml:", ERR_BAD_INPUT},
        {"%YAML 9.9\n---\na\n", "c.yaml:", ERR_BAD_INPUT},
    };
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
        struct yaml *y = NULL;
        struct err err = {0};
        enum err_code code = yaml_parse("c.yaml", CASES[i].text, strlen(CASES[i].text), &y, &err);
        cr_expect_eq(code, CASES[i].code, "case %zu: %d", i, code);
        cr_expect(str_starts(err.message, CASES[i].begins), "case %zu: %s (%s)", i, err.message,
                  err.detail);
        cr_expect_null(y);
        if (!code) yaml_free(y);
    }
}

Test(yaml, raw_nul_is_refused)
{
    struct yaml *y = NULL;
    struct err err = {0};
    cr_assert_eq(yaml_parse("c.yaml", "a: 1\nb\0: 2", 10, &y, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.message, "c.yaml:2:2: a NUL byte");
}

Test(yaml, aliases_share_and_bombs_are_refused)
{
    struct yaml *y = tree_of("base: &b {x: 1}\none: *b\ntwo: *b\n");
    cr_assert_eq(yaml_get(yaml_root(y), "one"), yaml_get(yaml_root(y), "two"));
    yaml_free(y);

    char bomb[2000] = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 10; i++) {
        char line[128];
        snprintf(line, sizeof line,
                 "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        memcpy(bomb + strlen(bomb), line, strlen(line) + 1);
    }
    struct err err = {0};
    cr_assert_eq(yaml_parse("c.yaml", bomb, strlen(bomb), &y, &err), ERR_LIMIT);
    cr_assert(str_starts(err.message, "c.yaml:5:"), "%s", err.message);
}

Test(yaml, files_and_the_byte_limit)
{
    struct test_folder t;
    struct yaml *y = NULL;
    struct err err = {0};
    static char big[(1 << 20) + 10];
    test_folder_make(&t);
    cr_assert_eq(yaml_load(test_folder_path(&t, "none"), &y, &err), ERR_NOT_FOUND);
    memset(big, ' ', sizeof big - 1);
    cr_assert_eq(yaml_load(test_folder_write(&t, "big", big), &y, &err), ERR_LIMIT);
    cr_assert_eq(yaml_parse("c.yaml", big, sizeof big - 1, &y, &err), ERR_LIMIT);
    cr_assert_eq(yaml_load(test_folder_write(&t, "ok", SAMPLE), &y, &err), ERR_OK);
    yaml_free(y);
    test_folder_remove(&t);
}
