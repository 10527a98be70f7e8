/* engine/model/packed_file.h - a model that is ready to be served, as one file that is mapped.
 *
 * Opening a directory copies every weight, packs the layers and builds the tokenizer. This file
 * holds the results, for a cache: nothing is copied, pages come when they are read, and processes
 * that serve one model share them.
 *
 *     packed_file_write(path, m, digest, precision, isa, NULL, NULL, err)  // once
 *     ...
 *     if (packed_file_open(path, digest, &m, err)) ...                 // any error: do without
 *     encoder_new(m, ...)                                              // packs nothing
 *     model_free(m);
 *
 *     if (packed_file_check(path, stop, ctx, err) == ERR_CORRUPT) ...  // later, in the background
 *
 * Format (docs/formats/packed.md): a safetensors file with the parameter block, in which the
 * layers' matrices are a hole; the packed weights; the tokenizer's image; the config, recipe and
 * names as JSON; two digests.
 * What _open checks: the owner and mode of the file, that all of it is there, the digest of its
 * head (header and JSON), model, layout, sizes, and every number of the tokenizer's image that is
 * used as a place. Weights are not read: a bit that flipped in them is found by _check, which reads
 * the whole file.
 * Errors: ERR_NOT_FOUND, ERR_AUTH (somebody else could have written it), ERR_CORRUPT and others: in
 *         all of them the file is of no use, and the directory is.
 * Threads: an open file is read-only. Writers replace it atomically; a reader keeps what it mapped.
 */
#ifndef ENGINE_MODEL_PACKED_FILE_H
#define ENGINE_MODEL_PACKED_FILE_H

#include "base/os.h"
#include "engine/model/packed.h"

struct packed_file { /* of a model that was opened by packed_file_open */
    char layout[64]; /* of the packed weights */
    const void *data;
    size_t bytes;
    struct os_map map;
};

/* Asked between pieces of work; true gives up with ERR_INTERRUPTED. NULL: never. */
typedef bool packed_stop_fn(void *ctx);

/* `m` has a head over tokens and a tokenizer, and holds all its parameters. Mode 0600. */
enum err_code packed_file_write(const char *path, const struct model *m, const char *digest,
                                enum precision precision, enum isa isa, packed_stop_fn *stop,
                                void *ctx, struct err *err) MUST_CHECK;
/* The model `digest`; ERR_CORRUPT when the file holds another one. Whether its layout is the one
 * that an encoder needs is the caller's to ask: packed_file_fits. */
enum err_code packed_file_open(const char *path, const char *digest, struct model **ret,
                               struct err *err) MUST_CHECK;
bool packed_file_fits(const struct packed_file *p, const struct packed_plan *plan);
/* Reads the file again, not by the mapping, and compares its digest: ERR_CORRUPT. */
enum err_code packed_file_check(const char *path, packed_stop_fn *stop, void *ctx,
                                struct err *err) MUST_CHECK;
void packed_file_close(struct packed_file *p); /* by model_free; NULL is fine */

#endif
