/* tests/proof/data/test_example.c - the letters of examples/clinical-ner are clean, and their files
 * share neither a patient nor a text. Most entities of test were never seen in training. */
#include "finding_text.h"
#include "proof/data/check.h"
#include "support/test_data.h"

#include "base/map.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

enum { TRAIN, DEV, TEST, STREAM, FILES };
static const char *const paths[FILES] = {
    "../examples/clinical-ner/data/train.jsonl", "../examples/clinical-ner/data/dev.jsonl",
    "../examples/clinical-ner/data/test.jsonl", "../examples/clinical-ner/data/stream.jsonl"};

static struct dataset *read(int file, struct findings *f)
{
    struct err err = {0};
    struct dataset *d = NULL;
    cr_assert_eq(dataset_read(test_source(paths[file]), DATA_FORMAT_AUTO, "patient", f, &d, &err),
                 ERR_OK, "%s", err.message);
    return d;
}

Test(example, letters_are_clean_and_do_not_leak)
{
    static const char *const labels[] = {"ANATOMY", "DISEASE", "DRUG", "TEST"};
    struct data_check_options o = {labels, 4, 50};
    struct dataset *d[FILES];
    struct findings f;
    findings_init(&f, 20);
    for (int i = 0; i < FILES; i++) {
        d[i] = read(i, &f);
        cr_expect_eq(d[i]->label_count, 4);
        data_check(d[i], &o, &f);
    }
    for (int i = 0; i < FILES; i++)
        for (int k = i + 1; k < FILES; k++) data_check_leakage(d[i], d[k], paths[k], &f);
    cr_expect_eq(f.errors, 0, "%s", finding_text(&f));
    cr_expect_eq(f.warnings, 0, "%s", finding_text(&f));
    for (int i = 0; i < FILES; i++) dataset_free(d[i]);
    findings_release(&f);
}

/* Entities of `d` that are, in lower case, in the map; adds them instead when `add`. */
static int seen(const struct dataset *d, struct map *m, bool add)
{
    int n = 0;
    for (int32_t i = 0; i < d->count; i++) {
        const struct example *x = &d->examples[i];
        for (int32_t k = 0; k < x->span_count; k++) {
            struct err err = {0};
            char key[128];
            size_t len = 0;
            cr_assert_eq(x->text_bytes, x->chars, "the letters are ASCII");
            for (int32_t at = x->spans[k].start; at < x->spans[k].end && len < sizeof key; at++)
                key[len++] = (char)tolower((unsigned char)x->text[at]);
            n += map_get(m, key, len) != NULL;
            if (add) cr_assert_eq(map_put(m, key, len, (union map_value){.i = 1}, &err), ERR_OK);
        }
    }
    return n;
}

static int entities(const struct dataset *d)
{
    int n = 0;
    for (int32_t i = 0; i < d->count; i++) n += d->examples[i].span_count;
    return n;
}

Test(example, most_entities_of_test_are_new)
{
    struct findings f;
    struct map m;
    findings_init(&f, 20);
    map_init(&m, 10000);
    struct dataset *train = read(TRAIN, &f), *test = read(TEST, &f), *stream = read(STREAM, &f);
    (void)seen(train, &m, true);
    double in_test = (double)seen(test, &m, false) / entities(test);
    double in_stream = (double)seen(stream, &m, false) / entities(stream);
    cr_expect(in_test > 0.25 && in_test < 0.5, "%g", in_test);
    cr_expect(in_stream > 0.05 && in_stream < 0.25, "%g", in_stream);
    dataset_free(train);
    dataset_free(test);
    dataset_free(stream);
    map_release(&m);
    findings_release(&f);
}
