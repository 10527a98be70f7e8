/* tests/proof/data/test_dataset.c - parts, unions, fingerprints, and what is written is read back.
 * */
#include "finding_text.h"
#include "support/test_folder.h"

#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

static const char LETTERS[] =
    "{\"text\": \"no MI\", \"spans\": [[3,5,\"D\"]], \"group\": \"a\", \"id\": \"i1\"}\n"
    "{\"text\": \"caf\xC3\xA9 \\\"x\\\" \\u0001\", \"words\": [[0,4],[5,8]], \"spans\": "
    "[[5,8,\"B\"]], "
    "\"meta\": {\"s\": 1}}\n"
    "{\"text\": \"on aspirin\", \"spans\": [[3,10,\"C\"]], \"group\": \"a\"}\n";

static struct dataset *parse(const char *text)
{
    struct findings f;
    struct dataset *d = parse_text(text, DATA_FORMAT_AUTO, NULL, &f);
    cr_assert(d, "%s", finding_text(&f));
    findings_release(&f);
    return d;
}

static const char *fingerprint(const char *text)
{
    static char hex[8][65];
    static int next;
    struct dataset *d = parse(text);
    next = (next + 1) % 8;
    dataset_fingerprint(d, hex[next]);
    dataset_free(d);
    return hex[next];
}

Test(dataset, labels_are_sorted_whatever_the_order)
{
    struct dataset *d = parse(LETTERS);
    cr_assert_eq(d->label_count, 3);
    cr_expect_str_eq(d->labels[0], "B");
    cr_expect_str_eq(d->labels[2], "D");
    cr_expect_str_eq(span_text(d, 0), "3-5 D");
    dataset_free(d);
}

Test(dataset, what_is_written_is_read_back)
{
    struct dataset *d = parse(LETTERS), *back;
    struct buf b;
    char before[65], after[65];
    buf_init(&b, 1 << 20);
    dataset_write_jsonl(d, &b);
    back = parse(b.data);
    dataset_fingerprint(d, before);
    dataset_fingerprint(back, after);
    cr_expect_str_eq(before, after);
    cr_expect_str_eq(back->examples[0].id, "i1");
    cr_expect_str_eq(back->examples[0].group, "a");
    cr_expect_str_eq(back->examples[1].meta, d->examples[1].meta);
    cr_expect_eq(back->examples[1].word_count, 2);
    cr_expect_eq(back->examples[1].words[1].end, 8);
    cr_expect_str_eq(back->examples[1].text, "caf\xC3\xA9 \"x\" \x01");
    dataset_free(d);
    dataset_free(back);
    buf_release(&b);
}

Test(dataset, conll_survives_the_way_through_jsonl)
{
    struct dataset *d =
        parse("-DOCSTART- O\n\nNew B-L\nYork I-L\n. O\n\nBob B-P\n\n-DOCSTART- O\n\n. O\n");
    struct dataset *back;
    struct buf b;
    char before[65], after[65];
    buf_init(&b, 1 << 20);
    dataset_write_jsonl(d, &b);
    back = parse(b.data);
    dataset_fingerprint(d, before);
    dataset_fingerprint(back, after);
    cr_expect_str_eq(before, after);
    cr_expect_eq(back->examples[0].word_count, 3);
    cr_expect_str_eq(back->examples[1].group, d->examples[0].group);
    dataset_free(d);
    dataset_free(back);
    buf_release(&b);
}

Test(dataset, fingerprint_is_of_the_content)
{
    const char *a =
        fingerprint("{\"text\": \"a b\", \"spans\": [[0,1,\"X\"]], \"group\": \"g\", \"id\": 1}\n"
                    "{\"text\": \"c\", \"spans\": [], \"group\": \"g\"}\n");
    /* other ids, another name of the group, other spelling: the same data */
    cr_expect_str_eq(
        a, fingerprint("\n{\"group\":\"h\",\"text\":\"a b\",\"entities\":[{\"start\":0,\"end\":1,"
                       "\"label\":\"X\"}],\"meta\":{}}\n"
                       "{\"text\": \"c\", \"spans\": [], \"group\": \"h\"}\n"));
    /* another label, border, text, order, or other groups: other data */
    cr_expect_str_neq(
        a, fingerprint("{\"text\": \"a b\", \"spans\": [[0,1,\"Y\"]], \"group\": \"g\"}\n"
                       "{\"text\": \"c\", \"spans\": [], \"group\": \"g\"}\n"));
    cr_expect_str_neq(
        a, fingerprint("{\"text\": \"a b\", \"spans\": [[0,1,\"X\"]], \"group\": \"g\"}\n"
                       "{\"text\": \"c\", \"spans\": [], \"group\": \"h\"}\n"));
    cr_expect_str_neq(
        a, fingerprint("{\"text\": \"c\", \"spans\": [], \"group\": \"g\"}\n"
                       "{\"text\": \"a b\", \"spans\": [[0,1,\"X\"]], \"group\": \"g\"}\n"));
    cr_expect_str_neq(a,
                      fingerprint("{\"text\": \"a b\", \"spans\": [[0,1,\"X\"]], \"group\": \"g\", "
                                  "\"words\": [[0,1],[2,3]]}\n"
                                  "{\"text\": \"c\", \"spans\": [], \"group\": \"g\"}\n"));
}

Test(dataset, fingerprint_is_frozen)
{
    /* A registry holds fingerprints: this one may never change. */
    cr_expect_str_eq(fingerprint("{\"text\": \"a b\", \"spans\": [[0,1,\"X\"]]}\n"),
                     "f37f3f832b3df5f0d20d298c9480eedc9dd15f6358e26a1214fbdedd13ebb8bb");
}

Test(dataset, pick_keeps_labels_and_outlives_its_source)
{
    struct err err = {0};
    struct dataset *d = parse(LETTERS), *part = NULL;
    const int32_t indexes[] = {2, 1, 2};
    cr_assert_eq(dataset_pick(d, indexes, 3, &part, &err), ERR_OK);
    dataset_free(d);
    cr_expect_eq(part->count, 3);
    cr_expect_eq(part->label_count, 3);
    cr_expect_str_eq(span_text(part, 0), "3-10 C");
    cr_expect_str_eq(span_text(part, 1), "5-8 B");
    cr_expect_str_eq(part->examples[2].text, "on aspirin");
    cr_expect_eq(part->examples[0].places[0].line, 3);
    cr_assert_str_eq(part->examples[1].meta, "{\"s\": 1}");
    dataset_free(part);
}

Test(dataset, join_unites_labels)
{
    struct err err = {0};
    struct dataset *a = parse("x B-D\ny B-B\n"), *b = parse("z B-C\nw B-D\n"), *both = NULL;
    cr_assert_eq(dataset_join(a, b, &both, &err), ERR_OK);
    dataset_free(a);
    dataset_free(b);
    cr_expect_eq(both->label_count, 3);
    cr_expect_str_eq(span_text(both, 0), "0-1 D|2-3 B");
    cr_expect_str_eq(span_text(both, 1), "0-1 C|2-3 D");
    dataset_free(both);
}

Test(dataset, read_names_what_is_wrong_with_the_file)
{
    struct test_folder t;
    struct findings f;
    struct err err = {0};
    struct dataset *d = NULL;
    test_folder_make(&t);
    findings_init(&f, 10);
    cr_expect_eq(
        dataset_read(test_folder_path(&t, "none.jsonl"), DATA_FORMAT_AUTO, NULL, &f, &d, &err),
        ERR_NOT_FOUND);
    const char *empty = test_folder_write(&t, "empty.jsonl", "\n");
    cr_expect_eq(dataset_read(empty, DATA_FORMAT_AUTO, NULL, &f, &d, &err), ERR_BAD_INPUT);
    cr_expect(strstr(err.message, "no usable example"), "%s", err.message);
    const char *array = test_folder_write(&t, "array.json", " [{\"text\": \"a\", \"spans\": []}]");
    cr_expect_eq(dataset_read(array, DATA_FORMAT_AUTO, NULL, &f, &d, &err), ERR_BAD_INPUT);
    cr_expect(strstr(err.hint, "jq"), "%s", err.hint);
    const char *good = test_folder_write(&t, "good.txt", "{\"text\": \"a\", \"spans\": []}\n");
    cr_assert_eq(dataset_read(good, DATA_FORMAT_AUTO, NULL, &f, &d, &err), ERR_OK);
    cr_expect_str_eq(d->examples[0].file, good);
    dataset_free(d);
    findings_release(&f);
    test_folder_remove(&t);
}
