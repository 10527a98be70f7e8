/* live/registry/models.c - a model is a row, a manifest, and blobs; a folder of it is made when
 * somebody needs one.
 *
 * Order of writing: blobs, then the manifest, then the row. What a row names is therefore there;
 * what a crash leaves without a row is only bytes. The check-out hard-links the blobs: 90 MB of
 * weights exist once, and a start needs no copy.
 */
#include "live/registry/models.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"
#include "live/registry/blobs.h"
#include "live/registry/registry_internal.h"
#include <stdlib.h>
#include <string.h>

#define MODEL_FILES_MAX    64
#define MANIFEST_BYTES_MAX (1u << 20)
#define MANIFEST_SCHEMA    "cairn.manifest/v1"

static const char columns[] =
    "SELECT digest, manifest, run, parent, origin, note, at, bytes FROM models ";

static enum err_code model_row(void *ctx, const struct store_value *v, int count, struct err *err)
{
    struct row_list *l = ctx;
    struct registry_model *m = row_list_add(l, err);
    (void)count;
    if (!m) return err->code;
    if (row_hex(&v[0], "models.digest", l->a, &m->digest, err)) return err->code;
    if (row_hex(&v[1], "models.manifest", l->a, &m->manifest, err)) return err->code;
    if (row_text_or_null(&v[2], "models.run", 64, l->a, &m->run, err)) return err->code;
    if (row_text_or_null(&v[3], "models.parent", 200, l->a, &m->parent, err)) return err->code;
    if (row_text(&v[4], "models.origin", 64, l->a, &m->origin, err)) return err->code;
    if (row_text_or_null(&v[5], "models.note", 1000, l->a, &m->note, err)) return err->code;
    if (row_int(&v[6], "models.at", 0, INT64_MAX, &m->at_us, err)) return err->code;
    return row_int(&v[7], "models.bytes", 0, INT64_MAX, &m->bytes, err);
}

/* A name that is safe to become a path: no folder, nothing hidden, nothing outside. */
static bool name_is_plain(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > 100 || name[0] == '.') return false;
    for (const char *c = name; *c; c++) {
        bool good = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9') || *c == '.' || *c == '_' || *c == '-';
        if (!good) return false;
    }
    return true;
}

static enum err_code store_one(struct registry *r, const char *dir, const char *name, json_t *files,
                               int64_t *bytes, struct err *err)
{
    char path[PATH_BYTES_MAX], hex[HASH_HEX_BYTES], blob[PATH_BYTES_MAX];
    int64_t size = 0;
    if (os_join(path, dir, name, err)) return err->code;
    if (!name_is_plain(name) || os_is_dir(path)) {
        err_set(err, ERR_BAD_INPUT, "\"%.100s\" is no file of a model", name);
        return err_detail(err, "in %s; a model is one flat folder of files", dir);
    }
    if (blob_put_file(r, path, hex, err)) return err->code;
    if (blob_path(r, hex, blob, err)) return err->code;
    if (os_file_bytes(blob, &size, err)) return err->code;
    *bytes += size;
    json_t *file =
        json_pack("{s:s, s:s, s:I}", "name", name, "sha256", hex, "bytes", (json_int_t)size);
    if (file && json_array_append_new(files, file) == 0) return ERR_OK;
    return err_set(err, ERR_NO_MEMORY, "no memory for the manifest of %s", dir);
}

/* Stores every file of the folder and then the manifest that names them. */
static enum err_code store_dir(struct registry *r, const char *dir, char manifest[HASH_HEX_BYTES],
                               int64_t *ret_bytes, struct err *err)
{
    struct arena a;
    struct buf out;
    char **names = NULL;
    size_t count = 0;
    enum err_code code = ERR_OK;
    json_t *files = json_array();
    arena_init(&a, 16u << 20);
    buf_init(&out, MANIFEST_BYTES_MAX);
    *ret_bytes = 0;
    code = os_list(dir, &a, &names, &count, err);
    if (!code && (count == 0 || count > MODEL_FILES_MAX))
        code = err_set(err, ERR_BAD_INPUT, "%s has %zu files: no model", dir, count);
    for (size_t i = 0; !code && i < count; i++)
        code = store_one(r, dir, names[i], files, ret_bytes, err);
    if (code) goto out;
    json_t *doc = json_pack("{s:s, s:O}", "schema", MANIFEST_SCHEMA, "files", files);
    if (!doc) {
        code = err_set(err, ERR_NO_MEMORY, "no memory for the manifest of %s", dir);
        goto out;
    }
    json_canonical(doc, &out);
    json_decref(doc);
    code = buf_check(&out, err);
    if (!code) code = blob_put(r, out.data, out.len, manifest, err);
out:
    json_decref(files);
    buf_release(&out);
    arena_release(&a);
    return code;
}

enum err_code registry_model_add(struct registry *r, const struct registry_model_new *n,
                                 struct err *err)
{
    char manifest[HASH_HEX_BYTES];
    int64_t bytes = 0;
    if (need_hex(n->digest, "the model's name", err)) return err->code;
    if (need_text(n->origin, "the model's origin", 64, err)) return err->code;
    if (may_text(n->note, "the model's note", 1000, err)) return err->code;
    if (may_text(n->run, "the model's run", 64, err)) return err->code;
    if (may_text(n->parent, "the model's parent", 200, err)) return err->code;
    if (store_dir(r, n->dir, manifest, &bytes, err)) return err->code;
    if (registry_begin(r, err)) return err->code;
    struct store_value p[] = {STORE_TEXT_OF(n->digest), STORE_TEXT_OF(manifest),
                              STORE_INT_OF(bytes),      STORE_TEXT_OF(n->run),
                              STORE_TEXT_OF(n->parent), STORE_TEXT_OF(n->origin),
                              STORE_TEXT_OF(n->note),   STORE_INT_OF(os_now_us())};
    const char *sql = "INSERT INTO models (digest, manifest, bytes, run, parent, origin, note, at)"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    return registry_end(r, registry_run(r, sql, p, 8, NULL, NULL, NULL, err), err);
}

static enum err_code model_get(struct registry *r, const char *digest, struct arena *a,
                               struct registry_model *ret, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct registry_model)};
    struct store_value p = STORE_TEXT_OF(digest);
    char sql[300];
    BUG_IF(!str_format(sql, sizeof sql, "%sWHERE digest = $1", columns));
    if (registry_run(r, sql, &p, 1, model_row, &l, NULL, err)) return err->code;
    if (l.count == 0) return err_set(err, ERR_NOT_FOUND, "there is no model %.16s", digest);
    *ret = *(struct registry_model *)l.rows;
    return ERR_OK;
}

enum err_code registry_model_find(struct registry *r, const char *prefix, struct arena *a,
                                  struct registry_model *ret, struct err *err)
{
    char digest[HASH_HEX_BYTES];
    /* models are shared by the use cases of a database: $1 is only there to be bound */
    const char *sql = "SELECT digest FROM models WHERE $1 <> '' AND digest >= $2 AND digest < $3"
                      " ORDER BY digest LIMIT 8";
    if (prefix_resolve(r, sql, "model", prefix, HASH_HEX_BYTES - 1, digest, err)) return err->code;
    return model_get(r, digest, a, ret, err);
}

enum err_code registry_model_list(struct registry *r, struct arena *a, struct registry_model **ret,
                                  size_t *ret_count, struct err *err)
{
    struct row_list l = {.a = a, .size = sizeof(struct registry_model)};
    char sql[300];
    BUG_IF(!str_format(sql, sizeof sql, "%sORDER BY at DESC, digest LIMIT 100000", columns));
    if (registry_run(r, sql, NULL, 0, model_row, &l, NULL, err)) return err->code;
    *ret = l.rows;
    *ret_count = l.count;
    return ERR_OK;
}

struct model_file {
    const char *name, *sha256;
    int64_t bytes;
};
typedef enum err_code file_fn(struct registry *r, const struct model_file *f, void *ctx,
                              struct err *err);

static enum err_code bad_manifest(const char *manifest, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "the manifest %.16s is not one of a model", manifest);
}

static enum err_code each_file(struct registry *r, json_t *doc, const char *manifest, file_fn *fn,
                               void *ctx, struct err *err)
{
    const char *schema = json_string_value(json_object_get(doc, "schema"));
    json_t *files = json_object_get(doc, "files"), *file;
    size_t i;
    if (!schema || !str_eq(schema, MANIFEST_SCHEMA) || !json_is_array(files) ||
        json_array_size(files) == 0 || json_array_size(files) > MODEL_FILES_MAX)
        return bad_manifest(manifest, err);
    json_array_foreach(files, i, file)
    {
        struct model_file f = {.name = json_string_value(json_object_get(file, "name")),
                               .sha256 = json_string_value(json_object_get(file, "sha256")),
                               .bytes = json_integer_value(json_object_get(file, "bytes"))};
        if (!f.name || !f.sha256 || !name_is_plain(f.name) || !hash_hex_valid(f.sha256))
            return bad_manifest(manifest, err);
        if (fn(r, &f, ctx, err)) return err->code;
    }
    return ERR_OK;
}

/* Reads the manifest of a model (its hash checked) and calls fn for each file. */
static enum err_code with_manifest(struct registry *r, const char *digest, file_fn *fn, void *ctx,
                                   struct err *err)
{
    struct registry_model m;
    struct arena a;
    struct buf bytes;
    json_t *doc = NULL;
    enum err_code code;
    arena_init(&a, 1u << 20);
    buf_init(&bytes, MANIFEST_BYTES_MAX);
    code = model_get(r, digest, &a, &m, err);
    if (!code) code = blob_get(r, m.manifest, MANIFEST_BYTES_MAX, &bytes, err);
    if (!code && json_parse(bytes.data, bytes.len, &JSON_LIMITS_FILE, &doc, err))
        code = bad_manifest(m.manifest, err);
    if (!code) code = each_file(r, doc, m.manifest, fn, ctx, err);
    json_decref(doc);
    buf_release(&bytes);
    arena_release(&a);
    return code;
}

static enum err_code link_one(struct registry *r, const struct model_file *f, void *ctx,
                              struct err *err)
{
    char blob[PATH_BYTES_MAX], place[PATH_BYTES_MAX];
    if (blob_check(r, f->sha256, err)) return err->code;
    if (blob_path(r, f->sha256, blob, err)) return err->code;
    if (os_join(place, ctx, f->name, err)) return err->code;
    return os_link(blob, place, err);
}

/* Cheap: names and sizes. Bytes are checked when the folder is made, and by registry_model_check.
 * */
static enum err_code there_one(struct registry *r, const struct model_file *f, void *ctx,
                               struct err *err)
{
    char place[PATH_BYTES_MAX];
    int64_t bytes = 0;
    (void)r;
    if (os_join(place, ctx, f->name, err)) return err->code;
    if (os_file_bytes(place, &bytes, err)) return err->code;
    return bytes == f->bytes ? ERR_OK : err_set(err, ERR_CORRUPT, "%s has another size", place);
}

static enum err_code make_checkout(struct registry *r, const char *digest, const char *final,
                                   struct err *err)
{
    char dir[PATH_BYTES_MAX], id[REGISTRY_ID_BYTES], name[64];
    struct err why = {0}, ignored = {0};
    registry_id_make(id);
    BUG_IF(!str_format(name, sizeof name, "models/.making-%s", id));
    if (registry_path(r, name, dir, err)) return err->code;
    if (os_mkdirs(dir, err)) return err->code;
    enum err_code code = with_manifest(r, digest, link_one, dir, &why);
    if (!code) code = os_rename(dir, final, &why);
    if (!code) return ERR_OK;
    (void)!os_remove_tree(dir, &ignored);
    /* Another process may have put the same folder there meanwhile. */
    if (os_is_dir(final)) return ERR_OK;
    return *err = why, code;
}

enum err_code registry_model_checkout(struct registry *r, const char *digest,
                                      char out[PATH_BYTES_MAX], struct err *err)
{
    char final[PATH_BYTES_MAX], name[128];
    if (need_hex(digest, "the model's name", err)) return err->code;
    BUG_IF(!str_format(name, sizeof name, "models/%s", digest));
    if (registry_path(r, name, final, err)) return err->code;
    if (os_is_dir(final)) {
        struct err broken = {0};
        if (!with_manifest(r, digest, there_one, final, &broken)) goto whole;
        if (os_remove_tree(final, err)) return err->code;
    }
    if (make_checkout(r, digest, final, err)) return err->code;
whole:
    memcpy(out, final, sizeof final);
    return ERR_OK;
}

static enum err_code check_one(struct registry *r, const struct model_file *f, void *ctx,
                               struct err *err)
{
    (void)ctx;
    if (!blob_check(r, f->sha256, err)) return ERR_OK;
    struct err why = *err;
    err_set(err, why.code == ERR_NOT_FOUND ? ERR_CORRUPT : why.code,
            "file %s of the model is damaged or missing", f->name);
    return err_detail(err, "%s", why.detail);
}

enum err_code registry_model_check(struct registry *r, const char *digest, struct err *err)
{
    if (need_hex(digest, "the model's name", err)) return err->code;
    return with_manifest(r, digest, check_one, NULL, err);
}
