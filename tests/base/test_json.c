#include "base/json.h"
#include "base/arena.h"
#include "base/str.h"
#include "support/test_folder.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static enum err_code parse(const char *text, json_t **ret, struct err *err)
{
    return json_parse(text, strlen(text), &JSON_LIMITS_BODY, ret, err);
}

static json_t *doc_of(const char *text)
{
    struct err err = {0};
    json_t *doc = NULL;
    cr_assert_eq(parse(text, &doc, &err), ERR_OK, "%s %s", err.message, err.detail);
    return doc;
}

Test(json, hostile_documents_are_refused_with_their_place)
{
    static const struct {
        const char *text, *message;
        enum err_code code;
    } CASES[] = {
        {"", "line 1, column 1: not JSON", ERR_BAD_INPUT},
        {"{\"a\": 1,\n \"a\": 2}", "line 2, column 4: not JSON", ERR_BAD_INPUT},
        {"{\"a\": \"x\\u0000y\"}", "line 1, column 16: a text with \\u0000 is not accepted",
         ERR_BAD_INPUT},
        {"[1, 2", "line 1, column 5: not JSON", ERR_BAD_INPUT},
        {"{\"\xE4\xB8\xAD\": \xFF}", "line 1, column 7: not UTF-8", ERR_BAD_INPUT},
        {"[\"\xED\xA0\x80\"]", "line 1, column 3: not UTF-8", ERR_BAD_INPUT},
        {"[\"\\ud800\"]", "line 1, column 9: not JSON", ERR_BAD_INPUT},
        {"[1] [2]", "line 1, column 5: not JSON", ERR_BAD_INPUT},
        {"[NaN]", "line 1, column 4: not JSON", ERR_BAD_INPUT},
        {"[1e999]", "line 1, column 6: not JSON", ERR_BAD_INPUT},
        {"\"unclosed", "line 1, column 9: not JSON", ERR_BAD_INPUT},
        {"\"back\\", "line 1, column 6: not JSON", ERR_BAD_INPUT},
        {"[1,]", "line 1, column 4: not JSON", ERR_BAD_INPUT},
        {"]]]]", "line 1, column 1: not JSON", ERR_BAD_INPUT},
    };
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
        json_t *doc = NULL;
        struct err err = {0};
        cr_expect_eq(parse(CASES[i].text, &doc, &err), CASES[i].code, "case %zu", i);
        cr_expect_str_eq(err.message, CASES[i].message, "case %zu: %s (%s)", i, err.message,
                         err.detail);
        cr_expect_null(doc);
    }
}

Test(json, raw_nul_is_refused)
{
    json_t *doc = NULL;
    struct err err = {0};
    cr_assert_eq(json_parse("[\"a\0b\"]", 7, &JSON_LIMITS_BODY, &doc, &err), ERR_BAD_INPUT);
    cr_assert_eq(json_parse("[1]\0", 4, &JSON_LIMITS_BODY, &doc, &err), ERR_BAD_INPUT);
    cr_assert_null(doc);
}

Test(json, depth_is_counted_before_parsing)
{
    char text[201] = "";
    struct err err = {0};
    json_t *doc = NULL;
    memset(text, '[', 33);
    cr_assert_eq(parse(text, &doc, &err), ERR_LIMIT);
    cr_assert_str_eq(err.message, "line 1, column 33: nested too deeply");
    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    cr_assert_eq(parse(text, &doc, &err), ERR_OK);
    json_decref(doc);
    json_decref(doc_of("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ \\\" [[[[[[[[[[\"]"));
}

Test(json, bytes_are_counted_before_parsing)
{
    static const struct json_limits TINY = {4, 8};
    struct err err = {0};
    json_t *doc = NULL;
    cr_assert_eq(json_parse("[1,2]", 5, &TINY, &doc, &err), ERR_LIMIT);
    cr_assert_eq(json_parse("[12]", 4, &TINY, &doc, &err), ERR_OK);
    json_decref(doc);
}

Test(json, integers_past_64_bits_are_reals)
{
    json_t *doc = doc_of("{\"a\": 1000000000000000019884624838656, \"b\": [-99999999999999999999],"
                         "\"c\": 9007199254740993, \"d\": \"1000000000000000019884624838656\","
                         "\"e\": 1000000000000000000000.5, \"f\": 100000000000000000000e-20}");
    double a, e, f;
    int64_t c, wide;
    const char *d;
    struct err err = {0};
    cr_assert_eq(json_need_real(doc, "a", &a, &err), ERR_OK);
    cr_assert_eq(a, 1000000000000000019884624838656.0);
    cr_assert_eq(json_need_int(doc, "a", &wide, &err), ERR_BAD_INPUT);
    cr_assert_eq(json_need_int(doc, "c", &c, &err), ERR_OK);
    cr_assert_eq(c, 9007199254740993); /* 2^53 + 1: stays an integer */
    cr_assert_eq(json_need_string(doc, "d", &d, &err), ERR_OK);
    cr_assert_str_eq(d, "1000000000000000019884624838656");
    cr_assert(json_need_real(doc, "e", &e, &err) == ERR_OK && e == 1000000000000000000000.5);
    cr_assert(json_need_real(doc, "f", &f, &err) == ERR_OK && f == 1.0);
    cr_assert_eq(json_real_value(json_array_get(json_object_get(doc, "b"), 0)), -1e20);
    json_decref(doc);
}

Test(json, typed_reads)
{
    json_t *doc = doc_of("{\"s\": \"x\", \"i\": 3, \"r\": 2.5, \"w\": 4.0, \"a\": [], \"o\": {},"
                         " \"t\": true, \"n\": null}");
    struct err err = {0};
    const char *s = "old";
    int64_t i = -1;
    double r = -1;
    bool t = false;
    json_t *v = NULL;
    cr_assert(json_need_string(doc, "s", &s, &err) == ERR_OK && str_eq(s, "x"));
    cr_assert(json_need_int(doc, "i", &i, &err) == ERR_OK && i == 3);
    cr_assert(json_need_int(doc, "w", &i, &err) == ERR_OK && i == 4);
    cr_assert(json_need_real(doc, "i", &r, &err) == ERR_OK && r == 3);
    cr_assert(json_opt_bool(doc, "t", &t, &err) == ERR_OK && t);
    cr_assert(json_need_array(doc, "a", &v, &err) == ERR_OK && json_is_array(v));
    cr_assert(json_need_object(doc, "o", &v, &err) == ERR_OK && json_is_object(v));
    cr_assert(json_opt_int(doc, "absent", &i, &err) == ERR_OK && i == 4);
    cr_assert(json_opt_int(doc, "n", &i, &err) == ERR_OK && i == 4);
    cr_assert(json_opt_real(doc, "n", &r, &err) == ERR_OK && r == 3);
    cr_assert(json_opt_string(doc, "n", &s, &err) == ERR_OK && str_eq(s, "x"));

    cr_assert_eq(json_need_int(doc, "r", &i, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.message, "\"r\" must be a whole number");
    cr_assert_eq(json_need_string(doc, "i", &s, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.message, "\"i\" must be a string");
    cr_assert_str_eq(err.detail, "found a number");
    cr_assert_eq(json_need_array(doc, "absent", &v, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.message, "\"absent\" is missing");
    cr_assert_eq(json_need_object(doc, "n", &v, &err), ERR_BAD_INPUT);
    cr_assert_eq(json_opt_bool(doc, "s", &t, &err), ERR_BAD_INPUT);
    cr_assert_eq(json_opt_string(json_object_get(doc, "a"), "k", &s, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.message, "an object with \"k\" is needed");
    cr_assert_eq(json_need_string(NULL, "k", &s, &err), ERR_BAD_INPUT);
    cr_assert(i == 4 && r == 3 && str_eq(s, "x"));
    json_decref(doc);
}

static void written(const char *text, const char *line, const char *indented, const char *canonical)
{
    json_t *doc = doc_of(text);
    struct buf b;
    buf_init(&b, 10000);
    json_write(doc, false, &b);
    cr_assert_str_eq(b.data, line);
    buf_clear(&b);
    json_write(doc, true, &b);
    cr_assert_str_eq(b.data, indented);
    buf_clear(&b);
    json_canonical(doc, &b);
    cr_assert_str_eq(b.data, canonical);
    buf_release(&b);
    json_decref(doc);
}

Test(json, forms)
{
    written(
        "{\"b\":[1,0.1,[],{}],\"a\":\"x\\n\\u0001\\\"\\\\\\u20ac/\",\"B\":null}",
        "{\"b\": [1, 0.1, [], {}], \"a\": \"x\\n\\u0001\\\"\\\\\xE2\x82\xAC/\", \"B\": null}",
        "{\n  \"b\": [\n    1,\n    0.1,\n    [],\n    {}\n  ],\n"
        "  \"a\": \"x\\n\\u0001\\\"\\\\\xE2\x82\xAC/\",\n  \"B\": null\n}",
        "{\"B\":null,\"a\":\"x\\n\\u0001\\\"\\\\\xE2\x82\xAC/\",\"b\":[1,0.10000000000000001,[],"
        "{}]}");
    written("[1.0, -0.0, 1e300, true, false, -5]", "[1.0, -0.0, 1e+300, true, false, -5]",
            "[\n  1.0,\n  -0.0,\n  1e+300,\n  true,\n  false,\n  -5\n]",
            "[1.0,-0.0,1.0000000000000001e+300,true,false,-5]");
}

Test(json, reals_read_back_as_they_were)
{
    static const double V[] = {0.1,       1.0 / 3,
                               2.0 / 3,   1e-310,
                               5e-324,    123456789.123456789,
                               0x1p-1074, 1.7976931348623157e308};
    for (size_t i = 0; i < ARRAY_COUNT(V); i++) {
        struct buf b;
        buf_init(&b, 1000);
        json_t *array = json_pack("[f]", V[i]);
        json_write(array, false, &b);
        json_t *again = doc_of(b.data);
        cr_assert_eq(json_real_value(json_array_get(again, 0)), V[i], "%s", b.data);
        buf_release(&b);
        json_decref(array);
        json_decref(again);
    }
}

Test(json, what_was_not_measured_is_null)
{
    json_t *null = json_real_or_null((double)NAN), *one = json_real_or_null(1);
    cr_assert(json_is_null(null) && json_is_real(one));
    json_decref(null);
    json_decref(one);
}

Test(json, files_name_themselves)
{
    struct test_folder t;
    struct err err = {0};
    json_t *doc = NULL;
    char want[600];
    test_folder_make(&t);
    const char *path = test_folder_write(&t, "c.json", "{\n  \"a\": tru\n}");
    cr_assert_eq(json_read_file(path, &doc, &err), ERR_BAD_INPUT);
    cr_assert(str_format(want, sizeof want, "%s:2:10: not JSON", path));
    cr_assert_str_eq(err.message, want);
    cr_assert_eq(json_read_file(test_folder_path(&t, "none"), &doc, &err), ERR_NOT_FOUND);
    cr_assert_eq(json_read_file(test_folder_write(&t, "ok", "{\"a\": 1}"), &doc, &err), ERR_OK);
    json_decref(doc);
    test_folder_remove(&t);
}

/* Canonical reals below 0.1 have more digits behind the point than any integer. */
Test(json, the_digits_of_a_fraction_are_not_a_wide_integer)
{
    json_t *doc = doc_of("[0.0050125628933800495, 1e-0000000000000000000, 12345678901234567890]");
    cr_assert_eq(json_real_value(json_array_get(doc, 0)), 0.0050125628933800495);
    cr_assert_eq(json_real_value(json_array_get(doc, 1)), 1);
    cr_assert_eq(json_real_value(json_array_get(doc, 2)), 12345678901234567890.0);
    json_decref(doc);
}
