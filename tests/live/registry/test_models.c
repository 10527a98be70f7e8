/* Blobs and models: the same bytes come back, damage is seen, a name is found by its beginning. */
#include "live/registry/blobs.h"
#include "registry_fixture.h"
#include "base/str.h"
#include <criterion/criterion.h>
#include <string.h>

static void damage(struct fixture *f, const char *hex)
{
    char path[PATH_BYTES_MAX];
    OK(blob_path(f->r, hex, path, &err));
    OK(os_write_atomic(path, "other bytes", 11, &err));
}

Test(blobs, give_back_what_was_put)
{
    struct fixture f;
    char hex[HASH_HEX_BYTES], again[HASH_HEX_BYTES], path[PATH_BYTES_MAX];
    struct buf out;
    fixture_open(&f);
    OK(blob_put(f.r, "bytes", 5, hex, &err));
    OK(blob_put_file(f.r, test_folder_write(&f.folder, "a", "bytes"), again, &err));
    cr_assert_str_eq(hex, again);
    OK(blob_path(f.r, hex, path, &err));
    cr_assert(strstr(path, "/store/sha256/") != NULL);
    buf_init(&out, 100);
    OK(blob_get(f.r, hex, 100, &out, &err));
    cr_assert_str_eq(out.data, "bytes");
    OK(blob_put(f.r, "", 0, hex, &err));
    OK(blob_check(f.r, hex, &err));
    FAILS(blob_path(f.r, "../../etc/passwd", path, &err), ERR_BAD_INPUT);
    FAILS(blob_path(f.r, fixture_digest(3, hex), path, &err), ERR_NOT_FOUND);
    buf_release(&out);
    fixture_close(&f);
}

Test(blobs, damage_is_found_and_healed_by_putting_again)
{
    struct fixture f;
    char hex[HASH_HEX_BYTES];
    struct buf out;
    fixture_open(&f);
    buf_init(&out, 100);
    OK(blob_put(f.r, "bytes", 5, hex, &err));
    damage(&f, hex);
    FAILS(blob_check(f.r, hex, &err), ERR_CORRUPT);
    FAILS(blob_get(f.r, hex, 100, &out, &err), ERR_CORRUPT);
    OK(blob_put(f.r, "bytes", 5, hex, &err));
    OK(blob_check(f.r, hex, &err));
    damage(&f, hex);
    OK(blob_put_file(f.r, test_folder_write(&f.folder, "a", "bytes"), hex, &err));
    OK(blob_check(f.r, hex, &err));
    buf_release(&out);
    fixture_close(&f);
}

static void file_is(const char *dir, const char *name, const char *text)
{
    char path[PATH_BYTES_MAX];
    struct buf out;
    buf_init(&out, 1000);
    OK(os_join(path, dir, name, &err));
    OK(os_read_file(path, 1000, &out, &err));
    cr_assert_str_eq(out.data, text);
    buf_release(&out);
}

Test(models, check_out_is_whole_and_made_again)
{
    struct fixture f;
    char hex[HASH_HEX_BYTES], dir[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    fixture_open(&f);
    OK(fixture_add_model(&f, 7, &err));
    OK(registry_model_checkout(f.r, fixture_digest(7, hex), dir, &err));
    file_is(dir, "model.safetensors", "weights 7");
    file_is(dir, "config.json", "{}");
    OK(os_join(path, dir, "config.json", &err));
    OK(os_remove(path, &err)); /* a part of it is lost */
    OK(registry_model_checkout(f.r, hex, dir, &err));
    file_is(dir, "config.json", "{}");
    OK(os_remove_tree(dir, &err));
    OK(registry_model_checkout(f.r, hex, dir, &err));
    file_is(dir, "config.json", "{}");
    OK(registry_model_check(f.r, hex, &err));
    FAILS(registry_model_checkout(f.r, fixture_digest(8, hex), dir, &err), ERR_NOT_FOUND);
    FAILS(registry_model_checkout(f.r, "..", dir, &err), ERR_BAD_INPUT);
    fixture_close(&f);
}

Test(models, a_damaged_blob_is_not_checked_out)
{
    struct fixture f;
    char hex[HASH_HEX_BYTES], blob[HASH_HEX_BYTES], dir[PATH_BYTES_MAX];
    struct err why = {0};
    fixture_open(&f);
    OK(fixture_add_model(&f, 7, &err));
    hash_bytes("weights 7", 9, blob);
    damage(&f, blob);
    cr_assert_eq(registry_model_check(f.r, fixture_digest(7, hex), &why), ERR_CORRUPT);
    cr_assert(strstr(why.message, "model.safetensors"), "%s", why.message);
    FAILS(registry_model_checkout(f.r, hex, dir, &err), ERR_CORRUPT);
    char made[PATH_BYTES_MAX];
    OK(os_join(made, f.folder.path, "models", &err));
    char **names = NULL;
    size_t count = 0;
    OK(os_list(made, &f.a, &names, &count, &err));
    cr_assert_eq(count, 0, "nothing half-made is left");
    OK(fixture_add_model(&f, 7, &err)); /* adding again restores what is missing */
    OK(registry_model_checkout(f.r, hex, dir, &err));
    fixture_close(&f);
}

Test(models, are_found_by_prefix)
{
    struct fixture f;
    struct registry_model m, *list = NULL;
    struct err why = {0};
    size_t count = 0;
    char first[HASH_HEX_BYTES], second[HASH_HEX_BYTES];
    fixture_open(&f);
    OK(fixture_add_model(&f, 0x11, &err));
    OK(fixture_add_model(&f, 0x12, &err));
    fixture_digest(0x11, first);
    fixture_digest(0x12, second);
    OK(registry_model_find(f.r, second, &f.a, &m, &err));
    cr_assert_str_eq(m.digest, second);
    cr_assert_str_eq(m.origin, "imported");
    cr_assert_str_eq(m.note, "of a test");
    cr_assert_null(m.run);
    cr_assert_eq(m.bytes, 2 + 10);
    cr_assert_eq(registry_model_find(f.r, "000000", &f.a, &m, &why), ERR_BAD_INPUT);
    cr_assert(strstr(why.detail, "0000000000000000, 0000000000000000"), "%s", why.detail);
    FAILS(registry_model_find(f.r, "00000", &f.a, &m, &err), ERR_BAD_INPUT);
    FAILS(registry_model_find(f.r, "abcdef", &f.a, &m, &err), ERR_NOT_FOUND);
    FAILS(registry_model_find(f.r, "' OR 1=1 --", &f.a, &m, &err), ERR_BAD_INPUT);
    OK(registry_model_list(f.r, &f.a, &list, &count, &err));
    cr_assert_eq(count, 2);
    fixture_close(&f);
}

Test(models, strange_folders_are_refused)
{
    struct fixture f;
    char hex[HASH_HEX_BYTES], dir[PATH_BYTES_MAX], sub[PATH_BYTES_MAX];
    fixture_open(&f);
    OK(os_join(dir, f.folder.path, "odd", &err));
    OK(os_mkdirs(dir, &err));
    struct registry_model_new m = {
        .digest = fixture_digest(1, hex), .dir = dir, .origin = "imported"};
    FAILS(registry_model_add(f.r, &m, &err), ERR_BAD_INPUT); /* empty */
    OK(os_join(sub, dir, ".hidden", &err));
    OK(os_write_atomic(sub, "x", 1, &err));
    FAILS(registry_model_add(f.r, &m, &err), ERR_BAD_INPUT);
    OK(os_remove(sub, &err));
    OK(os_join(sub, dir, "deeper", &err));
    OK(os_mkdirs(sub, &err));
    FAILS(registry_model_add(f.r, &m, &err), ERR_BAD_INPUT);
    fixture_close(&f);
}
