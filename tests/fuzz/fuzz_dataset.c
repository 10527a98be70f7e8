/* tests/fuzz/fuzz_dataset.c - JSON lines and columns from hostile hands.
 *
 * Every input is read as both formats. What is read must keep the promises of dataset.h: spans and
 * words in order, inside the text, labels in range; written as JSONL and read again it must have
 * the same fingerprint; checks and a split must hold.
 */
#include "base/str.h"
#include "proof/data/check.h"
#include "proof/data/split.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_example(const struct dataset *d, const struct example *x)
{
    size_t len = (size_t)x->text_bytes;
    BUG_IF(strlen(x->text) != len || utf8_valid_prefix(x->text, len) != len);
    BUG_IF(utf8_count(x->text, len) != (size_t)x->chars || len == 0);
    for (int32_t i = 0; i < x->span_count; i++) {
        const struct span *s = &x->spans[i];
        BUG_IF(s->start < 0 || s->start >= s->end || s->end > x->chars);
        BUG_IF(i && s->start < x->spans[i - 1].end);
        BUG_IF(s->label < 0 || s->label >= d->label_count);
        BUG_IF(x->places[i].line < 1 || x->places[i].column < 1);
    }
    for (int32_t i = 0; i < x->word_count; i++) {
        const struct word_span *w = &x->words[i];
        BUG_IF(w->start < 0 || w->start >= w->end || w->end > x->chars);
        BUG_IF(i && w->start < x->words[i - 1].end);
    }
}

static void check_round_trip(const struct dataset *d)
{
    struct buf b;
    struct findings f;
    struct err err = {0};
    struct dataset *back = NULL;
    char before[65], after[65];
    buf_init(&b, 1u << 28);
    findings_init(&f, 10);
    dataset_write_jsonl(d, &b);
    BUG_IF(buf_check(&b, &err));
    BUG_IF(dataset_parse("back", b.data, b.len, DATA_FORMAT_JSONL, NULL, &f, &back, &err));
    BUG_IF(f.errors || back->count != d->count);
    dataset_fingerprint(d, before);
    dataset_fingerprint(back, after);
    BUG_IF(!str_eq(before, after));
    dataset_free(back);
    findings_release(&f);
    buf_release(&b);
}

static void check_split(const struct dataset *d)
{
    static const struct split_spec spec = {{0.5, 0.25, 0.25}, 3};
    struct err err = {0};
    struct dataset *parts[PART_COUNT];
    struct findings f;
    if (data_split(d, &spec, parts, &err)) return;
    findings_init(&f, 10);
    data_check(d, NULL, &f);
    f.errors = 0;
    data_check_leakage(parts[PART_TRAIN], parts[PART_TEST], "test", &f);
    BUG_IF(f.errors);
    BUG_IF(parts[0]->count + parts[1]->count + parts[2]->count != d->count);
    for (int p = 0; p < PART_COUNT; p++) dataset_free(parts[p]);
    findings_release(&f);
}

static void read_as(enum data_format format, const char *bytes, size_t len)
{
    struct findings f;
    struct err err = {0};
    struct dataset *d = NULL;
    findings_init(&f, 100);
    enum err_code code = dataset_parse("fuzz", bytes, len, format, "group", &f, &d, &err);
    for (int32_t i = 0; i < f.count; i++) BUG_IF(f.items[i].line < 0 || f.items[i].column < 0);
    if (!code) {
        for (int32_t i = 0; i < d->count; i++) check_example(d, &d->examples[i]);
        check_round_trip(d);
        check_split(d);
    }
    dataset_free(d);
    findings_release(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_as(DATA_FORMAT_JSONL, (const char *)data, size);
    read_as(DATA_FORMAT_CONLL, (const char *)data, size);
    return 0;
}
