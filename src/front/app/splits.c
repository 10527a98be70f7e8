/* front/app/splits.c - frozen data: a part of a split is a JSONL blob, a fingerprint, and a row
 * that never changes. Whoever trains or judges reads it from there, never from the user's file,
 * which may have moved on. */
#include "base/map.h"
#include "base/str.h"
#include "front/app/app_internal.h"
#include "live/registry/blobs.h"
#include <string.h>

#define SPLIT_OWN "source"

void frozen_release(struct frozen *f)
{
    dataset_free(f->data);
    *f = (struct frozen){0};
}

enum err_code app_newest_split(struct app *app, char out[REGISTRY_NAME_MAX], struct err *err)
{
    struct arena a;
    struct split *list = NULL;
    size_t count = 0;
    arena_init(&a, 64u << 20);
    enum err_code code = split_list(app->registry, &a, &list, &count, err);
    out[0] = '\0';
    for (size_t i = 0; code == ERR_OK && i < count; i++) {
        if (str_starts(list[i].name, SPLIT_OWN))
            (void)str_format(out, REGISTRY_NAME_MAX, "%s", list[i].name);
    }
    arena_release(&a);
    return code;
}

static enum err_code read_blob(struct app *app, const struct split *s, struct frozen *ret,
                               struct err *err)
{
    struct buf bytes;
    struct findings f;
    char path[64];
    buf_init(&bytes, DATA_BYTES_MAX);
    findings_init(&f, 10);
    if (blob_get(app->registry, s->blob, DATA_BYTES_MAX, &bytes, err)) goto out;
    (void)str_format(path, sizeof path, "%s/%s", s->name, s->part);
    if (dataset_parse(path, bytes.data, bytes.len, DATA_FORMAT_JSONL, NULL, &f, &ret->data, err))
        goto out;
    dataset_fingerprint(ret->data, ret->fingerprint);
    if (!str_eq(ret->fingerprint, s->fingerprint)) {
        err_set(err, ERR_CORRUPT, "split %s is not what was frozen", path);
        err_detail(err, "fingerprint %.12s, frozen as %.12s", ret->fingerprint, s->fingerprint);
        frozen_release(ret);
    }
out:
    buf_release(&bytes);
    findings_release(&f);
    return err->code;
}

enum err_code app_frozen_named(struct app *app, const char *split, const char *part,
                               struct frozen *ret, struct err *err)
{
    struct arena a;
    struct split s;
    struct frozen f = {0};
    arena_init(&a, 16u << 20);
    enum err_code code = split_get(app->registry, split, part, &a, &s, err);
    if (code == ERR_OK) {
        (void)str_format(f.split, sizeof f.split, "%s", split);
        code = read_blob(app, &s, &f, err);
    }
    arena_release(&a);
    if (code == ERR_OK) *ret = f;
    return code;
}

enum err_code app_frozen(struct app *app, enum split_part part, struct frozen *ret, struct err *err)
{
    char split[REGISTRY_NAME_MAX];
    if (app_newest_split(app, split, err)) return err->code;
    if (!split[0]) {
        err_set(err, ERR_NOT_FOUND, "the data is not split yet");
        return err_hint(err, "cairn data split");
    }
    return app_frozen_named(app, split, split_part_name(part), ret, err);
}

static int64_t count_groups(const struct dataset *d, struct err *err)
{
    struct map seen;
    map_init(&seen, EXAMPLE_COUNT_MAX);
    for (int32_t i = 0; i < d->count; i++) {
        const char *g = d->examples[i].group;
        if (map_put(&seen, g, strlen(g), (union map_value){.i = 1}, err)) break;
    }
    int64_t count = (int64_t)seen.count;
    map_release(&seen);
    return count;
}

enum err_code app_freeze(struct app *app, const char *split, const char *part,
                         const struct dataset *d, const char *origin, struct err *err)
{
    struct buf lines;
    char blob[HASH_HEX_BYTES], fingerprint[HASH_HEX_BYTES];
    buf_init(&lines, DATA_BYTES_MAX);
    dataset_write_jsonl(d, &lines);
    dataset_fingerprint(d, fingerprint);
    struct split s = {.name = split,
                      .part = part,
                      .fingerprint = fingerprint,
                      .blob = blob,
                      .origin = origin,
                      .examples = d->count,
                      .groups = count_groups(d, err)};
    for (int32_t i = 0; i < d->count; i++) s.spans += d->examples[i].span_count;
    if (err->code == ERR_OK && buf_check(&lines, err) == ERR_OK &&
        blob_put(app->registry, lines.data, lines.len, blob, err) == ERR_OK)
        (void)!split_put(app->registry, &s, err);
    buf_release(&lines);
    return err->code;
}
