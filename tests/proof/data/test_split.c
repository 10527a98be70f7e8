/* tests/proof/data/test_split.c - nobody stands on two sides, whatever the seed. */
#include "finding_text.h"
#include "proof/data/check.h"
#include "proof/data/split.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct split_spec USUAL = {{0.8, 0.1, 0.1}, 7};

/* `groups` groups of 1 to 4 lines; every 17th text is a copy of an earlier group's. */
static struct dataset *make(int groups, bool reversed)
{
    struct buf b;
    struct findings f;
    buf_init(&b, 1 << 22);
    for (int n = 0; n < groups; n++) {
        int g = reversed ? groups - 1 - n : n;
        for (int k = 0; k <= g % 4; k++)
            buf_addf(&b, "{\"text\": \"letter %d of %d\", \"spans\": [], \"group\": \"g%d\"}\n",
                     g % 17 == 16 ? 0 : k, g % 17 == 16 ? g - 9 : g, g);
    }
    struct dataset *d = parse_text(b.data, DATA_FORMAT_JSONL, NULL, &f);
    cr_assert(d);
    findings_release(&f);
    buf_release(&b);
    return d;
}

static void split(const struct dataset *d, const struct split_spec *spec, struct dataset **parts)
{
    struct err err = {0};
    cr_assert_eq(data_split(d, spec, parts, &err), ERR_OK, "%s", err.message);
}

static void release(struct dataset **parts)
{
    for (int p = 0; p < PART_COUNT; p++) dataset_free(parts[p]);
}

Test(split, keeps_groups_and_duplicates_on_one_side)
{
    struct dataset *d = make(300, false), *parts[PART_COUNT];
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct split_spec spec = {{0.6, 0.2, 0.2}, seed};
        struct findings f;
        findings_init(&f, 10);
        split(d, &spec, parts);
        data_check_leakage(parts[PART_TRAIN], parts[PART_DEV], "dev", &f);
        data_check_leakage(parts[PART_TRAIN], parts[PART_TEST], "test", &f);
        data_check_leakage(parts[PART_DEV], parts[PART_TEST], "test", &f);
        cr_expect_eq(f.errors, 0, "seed %d: %s", (int)seed, finding_text(&f));
        int32_t sum = parts[0]->count + parts[1]->count + parts[2]->count;
        cr_expect_eq(sum, d->count, "nothing is lost");
        cr_expect(abs(parts[PART_TEST]->count - d->count / 5) <= 12, "%d", parts[PART_TEST]->count);
        findings_release(&f);
        release(parts);
    }
    dataset_free(d);
}

Test(split, follows_chains_of_groups_and_texts)
{
    /* a and b share a text, b and c another: one cluster of four; d and e are free */
    struct findings f;
    struct dataset *parts[PART_COUNT];
    struct dataset *d = parse_text("{\"text\": \"1\", \"spans\": [], \"group\": \"a\"}\n"
                                   "{\"text\": \"1 \", \"spans\": [], \"group\": \"b\"}\n"
                                   "{\"text\": \"2\", \"spans\": [], \"group\": \"b\"}\n"
                                   "{\"text\": \"2\", \"spans\": [], \"group\": \"c\"}\n"
                                   "{\"text\": \"3\", \"spans\": [], \"group\": \"d\"}\n"
                                   "{\"text\": \"4\", \"spans\": [], \"group\": \"e\"}\n",
                                   DATA_FORMAT_JSONL, NULL, &f);
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct split_spec spec = {{0.34, 0.33, 0.33}, seed};
        split(d, &spec, parts);
        int fours = 0, ones = 0;
        for (int p = 0; p < PART_COUNT; p++) {
            fours += parts[p]->count == 4;
            ones += parts[p]->count == 1;
        }
        cr_expect_eq(fours, 1);
        cr_expect_eq(ones, 2, "each part got one of three clusters");
        release(parts);
    }
    dataset_free(d);
    findings_release(&f);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

Test(split, depends_on_content_and_seed_alone)
{
    struct dataset *d = make(100, false), *other = make(100, true);
    struct dataset *a[PART_COUNT], *b[PART_COUNT], *c[PART_COUNT];
    struct split_spec seed8 = USUAL;
    seed8.seed = 8;
    split(d, &USUAL, a);
    split(other, &USUAL, b);
    split(d, &seed8, c);
    for (int p = 0; p < PART_COUNT; p++) {
        const char *x[512], *y[512];
        cr_assert_eq(a[p]->count, b[p]->count);
        for (int32_t i = 0; i < a[p]->count; i++) {
            x[i] = a[p]->examples[i].text;
            y[i] = b[p]->examples[i].text;
        }
        qsort(x, (size_t)a[p]->count, sizeof *x, by_text);
        qsort(y, (size_t)a[p]->count, sizeof *y, by_text);
        for (int32_t i = 0; i < a[p]->count; i++) cr_expect_str_eq(x[i], y[i]);
    }
    char one[65], two[65];
    dataset_fingerprint(a[PART_TEST], one);
    dataset_fingerprint(c[PART_TEST], two);
    cr_expect_str_neq(one, two, "another seed, another test set");
    release(a);
    release(b);
    release(c);
    dataset_free(d);
    dataset_free(other);
}

Test(split, keeps_file_order_within_a_part)
{
    struct dataset *d = make(60, false), *parts[PART_COUNT];
    split(d, &USUAL, parts);
    for (int p = 0; p < PART_COUNT; p++)
        for (int32_t i = 1; i < parts[p]->count; i++)
            cr_expect_lt(parts[p]->examples[i - 1].line, parts[p]->examples[i].line);
    release(parts);
    dataset_free(d);
}

Test(split, allows_a_part_of_nothing)
{
    struct dataset *d = make(20, false), *parts[PART_COUNT];
    struct split_spec spec = {{0.9, 0, 0.1}, 1};
    split(d, &spec, parts);
    cr_expect_eq(parts[PART_DEV]->count, 0);
    cr_expect_gt(parts[PART_TEST]->count, 0);
    release(parts);
    dataset_free(d);
}

Test(split, refuses_what_cannot_be)
{
    struct dataset *d = make(2, false), *parts[PART_COUNT];
    struct err err = {0};
    cr_expect_eq(data_split(d, &USUAL, parts, &err), ERR_BAD_INPUT);
    cr_expect(strstr(err.detail, "2 groups"), "%s", err.detail);
    struct split_spec sum = {{0.8, 0.1, 0.2}, 1}, negative = {{1.1, -0.1, 0}, 1};
    cr_expect_eq(data_split(d, &sum, parts, &err), ERR_BAD_INPUT);
    cr_expect_eq(data_split(d, &negative, parts, &err), ERR_BAD_INPUT);
    dataset_free(d);
}
