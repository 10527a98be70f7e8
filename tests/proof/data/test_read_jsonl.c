/* tests/proof/data/test_read_jsonl.c - JSON lines: what is read, and where each fault is said to
 * be. */
#include "finding_text.h"

#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect(const char *line, const char *findings, const char *spans)
{
    struct findings f;
    struct dataset *d = parse_text(line, DATA_FORMAT_JSONL, NULL, &f);
    cr_expect_str_eq(finding_text(&f), findings, "of %s\n got %s", line, finding_text(&f));
    cr_assert_eq(d != NULL, spans != NULL, "of %s", line);
    if (d) cr_expect_str_eq(span_text(d, 0), spans, "of %s\n got %s", line, span_text(d, 0));
    dataset_free(d);
    findings_release(&f);
}

Test(read_jsonl, reads_every_shape_of_spans)
{
    expect("{\"text\": \"no MI seen\", \"spans\": [{\"start\": 3, \"end\": 5, \"label\": \"D\"}]}",
           "", "3-5 D");
    expect("{\"text\": \"no MI seen\", \"entities\": [{\"label\": \"D\", \"start\": 3.0, \"end\": "
           "5}]}",
           "", "3-5 D");
    expect("{\"text\": \"no MI seen\", \"entities\": [[3, 5, \"D\"]]}", "", "3-5 D");
    expect("{\"text\": \"no MI seen\", \"spans\": []}", "", "");
    expect("{\"text\": \"no MI seen\"}", "warning no-spans x:1:1\n", "");
    /* sorted; one span said twice is one */
    expect("{\"text\": \"a b c\", \"spans\": [[4,5,\"Z\"],[0,1,\"Y\"],[4,5,\"Z\"]]}",
           "warning duplicate-span x:1:49\n", "0-1 Y|4-5 Z");
}

Test(read_jsonl, counts_code_points)
{
    /* two bytes, four bytes, and a combining mark of its own */
    expect("{\"text\": \"\xC3\xA9 \xF0\x9F\x98\x80 e\xCC\x81 x\", \"spans\": [[7,8,\"D\"]]}", "",
           "7-8 D");
    expect("{\"text\": \"\xC3\xA9 \\ud83d\\ude00 x\", \"spans\": [[4,5,\"D\"]]}", "", "4-5 D");
    /* the column of the bad span counts code points of the line too */
    expect("{\"text\": \"\xC3\xA9\xC3\xA9\", \"spans\": [[0,1,\"D\"], [0,9,\"D\"]]}",
           "error span-outside x:1:37\n", NULL);
}

Test(read_jsonl, tells_bad_values_where_they_stand)
{
    expect("[1, 2]", "", NULL);
    expect("7", "error bad-json x:1:1\n", NULL);
    expect("{\"text\": 5, \"spans\": []}", "error bad-value x:1:10\n", NULL);
    expect("{\"txt\": \"a\"}", "error bad-value x:1:1\n", NULL);
    expect("{\"text\": \" \\n\", \"spans\": []}", "error empty-text x:1:10\n", NULL);
    expect("{\"text\": \"a b\", \"spans\": 3}", "error bad-value x:1:26\n", NULL);
    expect(
        "{\"text\": \"a b\", \"spans\": [3, [0,1,\"\"], [0,1,\"A B\"], [1,0,\"A\"], [-1,1,\"A\"]]}",
        "error bad-value x:1:27\nerror bad-label x:1:30\nerror bad-label x:1:40\n"
        "error span-outside x:1:53\nerror span-outside x:1:64\n",
        NULL);
    expect("{\"text\": \"a b\", \"spans\": [[0,1.5,\"A\"], [0, 99999999999999, \"A\"]]}",
           "error bad-value x:1:27\nerror bad-value x:1:40\n", NULL);
    expect("{\"text\": \"a b c\", \"spans\": [[2,5,\"A\"], [0,3,\"B\"]]}",
           "error overlapping-spans x:1:29\n", NULL);
    expect("{\"text\": \"a\", \"spans\": [], \"entities\": []}", "error bad-value x:1:40\n", NULL);
    expect("{\"text\": \"a\", \"spans\": [], \"id\": [1]}", "error bad-value x:1:34\n", NULL);
}

Test(read_jsonl, warns_of_spans_that_cut_words)
{
    expect("{\"text\": \"diabetes\", \"spans\": [[0,6,\"D\"]]}",
           "warning span-splits-word x:1:32\n", "0-6 D");
    expect("{\"text\": \"pre-diabetes\", \"spans\": [[4,12,\"D\"]]}", "", "4-12 D");
    expect("{\"text\": \"a MI b\", \"spans\": [[1,4,\"D\"]]}", "warning span-edge-space x:1:30\n",
           "1-4 D");
    expect("{\"text\": \"\xE7\xB3\x96\xE5\xB0\xBF\xE7\x97\x85\", \"spans\": [[0,2,\"D\"]]}", "",
           "0-2 D");
    expect("{\"text\": \"T2DM x\", \"words\": [[0,4],[5,6]], \"spans\": [[0,2,\"D\"]]}",
           "warning span-splits-word x:1:54\n", "0-2 D");
    expect("{\"text\": \"T2DM x\", \"words\": [[0,2],[2,4],[5,6]], \"spans\": [[0,2,\"D\"]]}", "",
           "0-2 D");
}

Test(read_jsonl, refuses_bad_words)
{
    expect("{\"text\": \"a b\", \"spans\": [], \"words\": [[2,3],[0,1]]}",
           "error bad-words x:1:39\n", NULL);
    expect("{\"text\": \"a b\", \"spans\": [], \"words\": [[0,9]]}", "error bad-words x:1:39\n",
           NULL);
    expect("{\"text\": \"a b\", \"spans\": [], \"words\": [\"a\"]}", "error bad-words x:1:39\n",
           NULL);
    expect("{\"text\": \"a b\", \"spans\": [], \"words\": []}", "error bad-words x:1:39\n", NULL);
}

Test(read_jsonl, leaves_bad_lines_out_and_keeps_the_others)
{
    struct findings f;
    struct dataset *d = parse_text("\xEF\xBB\xBF{\"text\": \"one\", \"spans\": []}\r\n"
                                   "\n"
                                   "{\"text\": \"tw\n"
                                   "{\"text\": \"thr\xFF\", \"spans\": []}\n"
                                   "{\"text\": \"four\", \"text\": \"4\"}\n"
                                   "{\"text\": \"five\", \"spans\": []} x\n"
                                   "{\"text\": \"six\", \"spans\": []}",
                                   DATA_FORMAT_AUTO, NULL, &f);
    cr_assert(d);
    cr_expect_eq(d->count, 2);
    cr_expect_str_eq(d->examples[0].text, "one");
    cr_expect_str_eq(d->examples[1].text, "six");
    cr_expect_eq(d->examples[1].line, 7);
    cr_expect_str_eq(d->examples[1].id, "x:7");
    cr_expect_eq(f.errors, 4);
    cr_expect_eq(f.items[0].line, 3);
    cr_expect_str_eq(f.items[0].check, "bad-json");
    cr_expect_str_eq(f.items[1].check, "bad-utf8");
    cr_expect_eq(f.items[1].column, 14);
    cr_expect_eq(f.items[2].line, 5);
    cr_expect_eq(f.items[3].line, 6);
    cr_expect_eq(f.items[3].column, 31, "got %d", f.items[3].column);
    dataset_free(d);
    findings_release(&f);
}

Test(read_jsonl, groups_by_a_named_key)
{
    struct findings f;
    const char *text = "{\"text\": \"a\", \"spans\": [], \"patient\": \"p1\", \"id\": \"i\"}\n"
                       "{\"text\": \"b\", \"spans\": [], \"patient\": 17, \"meta\": {\"k\": [1]}}\n"
                       "{\"text\": \"c\", \"spans\": [], \"id\": \"i\"}\n";
    struct dataset *d = parse_text(text, DATA_FORMAT_JSONL, "patient", &f);
    cr_assert(d);
    cr_expect_str_eq(d->examples[0].group, "p1");
    cr_expect_str_eq(d->examples[0].id, "i");
    cr_expect_str_eq(d->examples[1].group, "17");
    cr_expect_str_eq(d->examples[1].meta, "{\"k\": [1]}", "%s", d->examples[1].meta);
    cr_expect_str_eq(d->examples[2].group, "x:3", "ids may repeat, so they are no groups");
    cr_expect_str_eq(finding_text(&f), "warning no-group x:3:1\n");
    dataset_free(d);
    findings_release(&f);

    d = parse_text(text, DATA_FORMAT_JSONL, "Patient", &f);
    cr_assert(d);
    cr_expect_str_eq(finding_text(&f), "error no-group x:0:0\n");
    dataset_free(d);
    findings_release(&f);
}

Test(read_jsonl, keeps_findings_finite)
{
    struct buf b;
    struct findings f;
    struct err err = {0};
    struct dataset *d = NULL;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++) buf_adds(&b, "{\n");
    findings_init(&f, 5);
    cr_expect_eq(dataset_parse("x", b.data, b.len, DATA_FORMAT_JSONL, NULL, &f, &d, &err),
                 ERR_BAD_INPUT);
    cr_expect_eq(f.count, 5);
    cr_expect_eq(f.errors, 1000);
    cr_expect(d == NULL);
    findings_release(&f);
    buf_release(&b);
}

Test(read_jsonl, survives_deep_and_many)
{
    struct findings f;
    struct buf b;
    buf_init(&b, 4 << 20);
    buf_adds(&b, "{\"text\": \"a\", \"spans\": ");
    for (int i = 0; i < 100000; i++) buf_addc(&b, '[');
    buf_adds(&b, "\n{\"text\": \"a b\", \"spans\": [");
    for (int i = 0; i < 20000; i++) buf_adds(&b, i ? ",[0,1]" : "[0,1]");
    buf_adds(&b, "]}\n{\"text\": \"ok\", \"spans\": []}\n");
    struct dataset *d = parse_text(b.data, DATA_FORMAT_JSONL, NULL, &f);
    cr_assert(d);
    cr_expect_eq(d->count, 1);
    cr_expect_eq(f.errors, 11, "one for the depth, ten of the many on one line: %d", f.errors);
    dataset_free(d);
    findings_release(&f);
    buf_release(&b);
}

/* Were places found one by one, this line would cost its square: 50,000 spans, 600 kB. */
Test(read_jsonl, reads_many_spans_of_one_line)
{
    struct findings f;
    struct buf b;
    buf_init(&b, 4 << 20);
    buf_adds(&b, "{\"text\": \"");
    for (int i = 0; i < 50000; i++) buf_adds(&b, "ab ");
    buf_adds(&b, "\", \"spans\": [");
    for (int i = 0; i < 50000; i++) buf_addf(&b, "%s[%d,%d,\"X\"]", i ? "," : "", 3 * i, 3 * i + 1);
    buf_adds(&b, "]}\n");
    struct dataset *d = parse_text(b.data, DATA_FORMAT_JSONL, NULL, &f);
    cr_assert(d != NULL);
    cr_expect_eq(d->examples[0].span_count, 50000);
    cr_expect_eq(d->examples[0].places[1].column - d->examples[0].places[0].column, 10);
    cr_expect_eq(f.warnings, 10, "of fifty thousand that split a word: %d", f.warnings);
    dataset_free(d);
    findings_release(&f);
    buf_release(&b);
}
