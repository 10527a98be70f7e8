/* tests/proof/data/test_real_data.c - real files give the counts that their sources state.
 *
 * The numbers are those of the SOURCE.txt beside each file. resume-ner-zh holds two entities that a
 * false sentence end cuts in two; the halves without a beginning are not counted there, nor here.
 */
#include "proof/data/dataset.h"
#include "support/test_data.h"

#include <criterion/criterion.h>

struct count {
    const char *path;
    int32_t sentences;
    int64_t words, entities;
    int32_t labels, errors, warnings, groups;
};

static int32_t groups_of(const struct dataset *d)
{
    int32_t n = 0;
    for (int32_t i = 0; i < d->count; i++)
        n += i == 0 || d->examples[i].group != d->examples[i - 1].group;
    return n;
}

static void expect_count(const struct count *c)
{
    struct findings f;
    struct err err = {0};
    struct dataset *d = NULL;
    findings_init(&f, FINDINGS_MAX);
    cr_assert_eq(dataset_read(test_data(c->path), DATA_FORMAT_AUTO, NULL, &f, &d, &err), ERR_OK,
                 "%s", err.message);
    int64_t words = 0, entities = 0;
    for (int32_t i = 0; i < d->count; i++) {
        words += d->examples[i].word_count;
        entities += d->examples[i].span_count;
    }
    cr_expect_eq(d->count, c->sentences, "%s: %d sentences", c->path, d->count);
    cr_expect_eq(words, c->words, "%s: %ld words", c->path, (long)words);
    cr_expect_eq(entities, c->entities, "%s: %ld entities", c->path, (long)entities);
    cr_expect_eq(d->label_count, c->labels, "%s: %d labels", c->path, d->label_count);
    cr_expect_eq(f.errors, c->errors, "%s: %d errors", c->path, f.errors);
    cr_expect_eq(f.warnings, c->warnings, "%s: %d warnings", c->path, f.warnings);
    cr_expect_eq(groups_of(d), c->groups, "%s: %d groups", c->path, groups_of(d));
    dataset_free(d);
    findings_release(&f);
}

static void expect_counts(const struct count *counts, size_t n)
{
    for (size_t i = 0; i < n; i++) expect_count(&counts[i]);
}
#define EXPECT_COUNTS(counts) expect_counts(counts, sizeof(counts) / sizeof *(counts))

Test(real_data, conll2003_en)
{
    static const struct count counts[] = {
        {"conll2003-en/eng.train", 14041, 203621, 23499, 4, 0, 2, 946},
        {"conll2003-en/eng.testa", 3250, 51362, 5942, 4, 0, 0, 216}};
    EXPECT_COUNTS(counts);
}

Test(real_data, ncbi_disease)
{
    static const struct count counts[] = {
        {"ncbi-disease/train.tsv", 5424, 135701, 5134, 1, 0, 0, 5424},
        {"ncbi-disease/devel.tsv", 923, 23969, 787, 1, 0, 0, 923}};
    EXPECT_COUNTS(counts);
}

Test(real_data, bc2gm)
{
    static const struct count counts[] = {{"bc2gm/train.tsv", 12574, 355405, 15197, 1, 0, 0, 12574},
                                          {"bc2gm/devel.tsv", 2519, 71042, 3061, 1, 0, 0, 2519},
                                          {"bc2gm/test.tsv", 5038, 143465, 6325, 1, 0, 0, 5038}};
    EXPECT_COUNTS(counts);
}

Test(real_data, wnut17)
{
    static const struct count counts[] = {
        {"wnut17/wnut17train.conll", 3394, 62730, 1975, 6, 0, 0, 3394},
        {"wnut17/emerging.dev.conll", 1009, 15733, 836, 6, 0, 0, 1009}};
    EXPECT_COUNTS(counts);
}

Test(real_data, resume_ner_zh)
{
    static const struct count counts[] = {
        {"resume-ner-zh/train.char.bmes", 3821, 124099, 13438, 8, 0, 13, 3821},
        {"resume-ner-zh/dev.char.bmes", 463, 13890, 1497, 8, 0, 0, 463},
        {"resume-ner-zh/test.char.bmes", 477, 15100, 1630, 8, 0, 0, 477}};
    EXPECT_COUNTS(counts);
}
