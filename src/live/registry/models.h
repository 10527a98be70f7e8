/* live/registry/models.h - models by digest: stored as blobs with a manifest, checked out as a
 * Hugging Face directory.
 *
 *     struct registry_model_new n = {.digest = digest, .dir = saved_dir, .run = run_id,
 *                                    .parent = base_digest, .origin = "trained"};
 *     if (registry_model_add(r, &n, err)) return err->code;           // saved_dir may go now
 *     char dir[PATH_BYTES_MAX];
 *     if (registry_model_checkout(r, digest, dir, err)) return err->code;
 *     if (model_open(dir, &m, err)) ...                              // engine/model/model.h
 *
 * The digest is the engine's (model_digest: config, weights, tokenizer, recipe), not a hash of
 * files. The manifest is a blob: {"schema": "cairn.manifest/v1", "files": [{"name", "sha256",
 * "bytes"}]}, names sorted. Files of a directory that are no part of it (folders, names other than
 * letters, digits, '.', '_', '-') are refused by name.
 * A check-out (models/DIGEST/) is made of hard links to the blobs, or copies where the file system
 * refuses, in a temporary folder that is renamed: it is whole or absent. It may be deleted at any
 * time; the next check-out makes it again.
 */
#ifndef LIVE_REGISTRY_MODELS_H
#define LIVE_REGISTRY_MODELS_H

#include "live/registry/registry.h"

#define MODEL_PREFIX_MIN 6 /* hex characters that a person must type at least */

struct registry_model_new {
    const char *digest; /* 64 hex */
    const char *dir;    /* what model_save wrote */
    const char *run;    /* id of the run that made it; NULL: imported */
    const char *parent; /* digest of the model that it was trained from; NULL: none known */
    const char *origin; /* "trained", "improved", "imported", "quantized" */
    const char *note;   /* a line for people; NULL */
};
struct registry_model {
    const char *digest, *manifest; /* manifest: blob */
    const char *run, *parent;      /* NULL: none */
    const char *origin, *note;
    int64_t at_us, bytes;
};
/* A model that is there already is no error: its row stays, missing blobs are restored. */
enum err_code registry_model_add(struct registry *r, const struct registry_model_new *n,
                                 struct err *err) MUST_CHECK;
/* Whole digest or a prefix of MODEL_PREFIX_MIN and more; ERR_NOT_FOUND; ERR_BAD_INPUT for too short
 * or not hex; ambiguous is ERR_BAD_INPUT whose detail lists the candidates. @champion and
 * @candidate are resolved in stages.h. */
enum err_code registry_model_find(struct registry *r, const char *prefix, struct arena *a,
                                  struct registry_model *ret, struct err *err) MUST_CHECK;
/* Newest first. */
enum err_code registry_model_list(struct registry *r, struct arena *a, struct registry_model **ret,
                                  size_t *ret_count, struct err *err) MUST_CHECK;
/* Gives the folder, making it when it is missing. Blob hashes are checked when it is made. */
enum err_code registry_model_checkout(struct registry *r, const char *digest,
                                      char out[PATH_BYTES_MAX], struct err *err) MUST_CHECK;
/* Hashes every blob of the model against the manifest: ERR_CORRUPT names the file. */
enum err_code registry_model_check(struct registry *r, const char *digest,
                                   struct err *err) MUST_CHECK;

#endif
