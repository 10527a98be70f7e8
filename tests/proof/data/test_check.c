/* tests/proof/data/test_check.c - labels, duplicates and leakage, each at its place. */
#include "finding_text.h"
#include "proof/data/check.h"

#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

static struct dataset *parse(const char *text, const char *group_key, struct findings *f)
{
    struct dataset *d = parse_text(text, DATA_FORMAT_AUTO, group_key, f);
    cr_assert(d);
    return d;
}

Test(check, labels)
{
    static const char *const known[] = {"DISEASE", "DRUG"};
    struct data_check_options o = {known, 2, 2};
    struct findings f;
    struct dataset *d =
        parse("a B-DISEASE\nb B-DRUGS\n\nc B-DISEASE\nd B-DRUG\ne B-DRUG\n", NULL, &f);
    data_check(d, &o, &f);
    cr_expect_str_eq(finding_text(&f), "error unknown-label x:2:3\nwarning rare-label x:2:3\n");
    cr_expect_str_eq(f.items[0].hint, "did you mean \"DRUG\"?");
    cr_expect_eq(f.errors, 1);
    cr_expect_eq(f.warnings, 1);
    dataset_free(d);
    findings_release(&f);
}

Test(check, rare_labels_by_default_under_ten)
{
    struct findings f;
    struct buf b;
    buf_init(&b, 10000);
    for (int i = 0; i < 10; i++) buf_addf(&b, "w%d B-A\n%s", i, i < 9 ? "v B-B\n\n" : "\n");
    struct dataset *d = parse(b.data, NULL, &f);
    data_check(d, NULL, &f);
    cr_expect_str_eq(finding_text(&f), "warning rare-label x:2:3\n", "%s", finding_text(&f));
    dataset_free(d);
    findings_release(&f);
    buf_release(&b);
}

Test(check, duplicates_and_contradictions)
{
    struct findings f;
    struct data_check_options o = {NULL, 0, 1};
    struct dataset *d = parse("{\"text\": \"no MI\", \"spans\": [[3,5,\"D\"]]}\n"
                              "{\"text\": \" no \\n MI \", \"spans\": [[6,8,\"D\"]]}\n"
                              "{\"text\": \"no MI\", \"spans\": []}\n"
                              "{\"text\": \"no MI\", \"spans\": [[3,5,\"E\"]]}\n"
                              "{\"text\": \"No MI\", \"spans\": []}\n",
                              NULL, &f);
    data_check(d, &o, &f);
    cr_expect_str_eq(finding_text(&f), "warning duplicate-text x:2:1\nwarning contradiction x:3:1\n"
                                       "warning contradiction x:4:1\n");
    cr_expect(strstr(f.items[0].message, "x:1"), "%s", f.items[0].message);
    dataset_free(d);
    findings_release(&f);
}

Test(check, leakage)
{
    struct findings f, g;
    struct dataset *train = parse("{\"text\": \"one\", \"spans\": [], \"p\": \"a\"}\n"
                                  "{\"text\": \"two\", \"spans\": [], \"p\": \"b\"}\n",
                                  "p", &f);
    struct dataset *test = parse("{\"text\": \"three\", \"spans\": [], \"p\": \"b\"}\n"
                                 "{\"text\": \"four\", \"spans\": [], \"p\": \"b\"}\n"
                                 "{\"text\": \"one \", \"spans\": [], \"p\": \"c\"}\n",
                                 "p", &g);
    data_check_leakage(train, test, "test", &f);
    cr_expect_str_eq(finding_text(&f), "error leaked-text x:3:1\nerror leaked-group x:1:1\n");
    cr_expect(strstr(f.items[0].message, "test"), "%s", f.items[0].message);
    dataset_free(train);
    dataset_free(test);
    findings_release(&f);
    findings_release(&g);
}
