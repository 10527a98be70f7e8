/* tests/proof/data/test_read_conll.c - columns: every scheme, every kind of line, every fault. */
#include "finding_text.h"

#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect(const char *text, const char *findings, int32_t example, const char *spans)
{
    struct findings f;
    struct dataset *d = parse_text(text, DATA_FORMAT_CONLL, NULL, &f);
    cr_expect_str_eq(finding_text(&f), findings, "of %s\n got %s", text, finding_text(&f));
    cr_assert_eq(d != NULL, spans != NULL, "of %s", text);
    if (d)
        cr_expect_str_eq(span_text(d, example), spans, "of %s\n got %s", text,
                         span_text(d, example));
    dataset_free(d);
    findings_release(&f);
}

Test(read_conll, reads_all_schemes)
{
    expect("New B-LOC\nYork I-LOC\nwins O\nBob B-PER\n", "", 0, "0-8 LOC|14-17 PER");
    expect("New I-LOC\nYork I-LOC\nBob I-PER\nAl B-PER\n", "", 0, "0-8 LOC|9-12 PER|13-15 PER");
    expect("New B-LOC\nYork E-LOC\nBob S-PER\n", "", 0, "0-8 LOC|9-12 PER");
    expect("a B-LOC\nb I-LOC\nc L-LOC\nd U-PER\n", "", 0, "0-5 LOC|6-7 PER");
    expect("\xE5\x90\xB4 B-NAME\n\xE9\x87\x8D M-NAME\n\xE9\x98\xB3 E-NAME\n\xE5\x9B\xBD O\n", "", 0,
           "0-5 NAME");
    expect("x B-creative-work\ny I-creative-work\n", "", 0, "0-3 creative-work");
}

Test(read_conll, reads_all_kinds_of_lines)
{
    const char *text = "\xEF\xBB\xBF-DOCSTART- -X- O O\r\n\r\n"
                       "EU NNP B-ORG\r\nrejects  VBZ   O \r\n\r\n\t\r\n"
                       "Peter NNP B-PER\r\n \r\n-DOCSTART- -X- O O\r\nBye UH O";
    struct findings f;
    struct dataset *d = parse_text(text, DATA_FORMAT_AUTO, "document", &f);
    cr_assert(d);
    cr_expect_str_eq(finding_text(&f), "");
    cr_assert_eq(d->count, 3);
    cr_expect_str_eq(d->examples[0].text, "EU rejects");
    cr_expect_eq(d->examples[0].word_count, 2);
    cr_expect_eq(d->examples[0].words[1].start, 3);
    cr_expect_eq(d->examples[0].words[1].end, 10);
    cr_expect_str_eq(d->examples[0].group, d->examples[1].group);
    cr_expect_str_eq(d->examples[2].group, "x:document 2");
    cr_expect_eq(d->examples[1].places[0].line, 7);
    cr_expect_eq(d->examples[1].places[0].column, 11);
    dataset_free(d);
    findings_release(&f);
    expect("New York\tB-LOC\nis\tO\n", "", 0, "0-8 LOC"); /* with tabs, a word may hold a space */
}

Test(read_conll, tells_illegal_tags_and_reads_on)
{
    expect("a O\nb I-X\nc O\nd B-X\n\ne B-X\n", "warning illegal-tag x:2:3\n", 0, "2-3 X|6-7 X");
    expect("a B-X\nb I-Y\n\nc B-X\n\nd B-X\n", "warning illegal-tag x:2:3\n", 0, "0-1 X|2-3 Y");
    /* IOB1 by majority: the one B- that touches nothing is the odd one */
    expect("a I-X\nb I-X\n\nc I-X\n\nd B-X\n", "warning illegal-tag x:6:3\n", 2, "0-1 X");
    /* where beginnings and ends are written, a piece without a beginning is none */
    expect("a B-X\nb M-X\n\nc M-X\nd E-X\n\ne S-X\n",
           "warning illegal-tag x:2:3\nwarning illegal-tag x:4:3\nwarning illegal-tag x:5:3\n", 0,
           "0-3 X");
    expect("a B-X\nb O\nc S-X\n", "warning illegal-tag x:1:3\n", 0, "0-1 X|4-5 X");
    expect("a B-X\nb B-X\nc E-X\n", "warning illegal-tag x:2:3\n", 0, "0-1 X|2-5 X");
    expect("a I-X\nb E-X\nc S-X\n", /* one word, wrong in two ways at its end */
           "warning illegal-tag x:1:3\nwarning illegal-tag x:2:3\n", 0, "4-5 X");
}

Test(read_conll, leaves_bad_sentences_out)
{
    expect("a O\nb\n\nc O\n", "error bad-columns x:2:1\n", 0, "");
    expect("a O\nb N O\n\nc B-X\n", "error bad-columns x:2:1\n", 0, "0-1 X");
    expect("a O\nb PER\n\nc B-X\n", "error bad-tag x:2:3\n", 0, "0-1 X");
    expect("a O\nb B-\n\nc B-X\n", "error bad-tag x:2:3\n", 0, "0-1 X");
    expect("\xC3\xA9 O\n\xC3\xA9\xC3 O\n\nc B-X\n", "error bad-utf8 x:2:2\n", 0, "0-1 X");
    expect("\tO\n\nc\tB-X\n", "error empty-word x:1:1\n", 0, "0-1 X");
    expect("", "", 0, NULL);
    expect("\n\n-DOCSTART- O\n\n", "", 0, NULL);
    expect("a\nb\n", "error bad-columns x:1:1\nerror bad-columns x:2:1\n", 0, NULL);
}

Test(read_conll, tells_nul_bytes)
{
    static const char text[] = "a O\nb\0c O\n\nd B-X\n";
    struct findings f;
    struct err err = {0};
    struct dataset *d = NULL;
    findings_init(&f, 10);
    cr_assert_eq(dataset_parse("x", text, sizeof text - 1, DATA_FORMAT_CONLL, NULL, &f, &d, &err),
                 ERR_OK);
    cr_expect_str_eq(finding_text(&f), "error nul-byte x:2:2\n");
    cr_expect_eq(d->count, 1);
    dataset_free(d);
    findings_release(&f);
}

Test(read_conll, needs_documents_when_a_group_is_named)
{
    struct findings f;
    struct dataset *d = parse_text("a O\n", DATA_FORMAT_CONLL, "patient", &f);
    cr_expect_str_eq(finding_text(&f), "error no-group x:0:0\n");
    dataset_free(d);
    findings_release(&f);
}

Test(read_conll, refuses_a_sentence_without_end)
{
    struct findings f;
    struct buf b;
    buf_init(&b, 8 << 20);
    for (int i = 0; i < 110000; i++) buf_adds(&b, "w O\n");
    buf_adds(&b, "\nok O\n");
    struct dataset *d = parse_text(b.data, DATA_FORMAT_CONLL, NULL, &f);
    cr_assert(d);
    cr_expect_str_eq(finding_text(&f), "error long-text x:1:1\n");
    cr_expect_eq(d->count, 1);
    dataset_free(d);
    findings_release(&f);
    buf_release(&b);
}

Test(read_conll, refuses_more_labels_than_the_limit)
{
    struct findings f;
    struct buf b;
    struct err err = {0};
    struct dataset *d = NULL;
    buf_init(&b, 8 << 20);
    for (int i = 0; i < 1100; i++) buf_addf(&b, "w B-L%d\n\n", i);
    findings_init(&f, 10);
    cr_expect_eq(dataset_parse("x", b.data, b.len, DATA_FORMAT_CONLL, NULL, &f, &d, &err),
                 ERR_LIMIT);
    cr_expect(strstr(err.message, "1024"), "%s", err.message);
    findings_release(&f);
    buf_release(&b);
}
