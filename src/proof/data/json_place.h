/* proof/data/json_place.h - where in a JSON line a value stands.
 *
 * jansson gives places for syntax errors only. A value that is valid JSON but not usable data (a
 * span past the end of the text) needs one too. These functions find it without a JSON parser of
 * our own: jansson itself consumes each key and value of a document that it has accepted before,
 * and says how many bytes it took; only the marks between values ({ } [ ] , :) are stepped over
 * here.
 *
 * Cost: every value before the wanted one is parsed once more. Pure functions; no allocation is
 *       kept.
 */
#ifndef PROOF_DATA_JSON_PLACE_H
#define PROOF_DATA_JSON_PLACE_H

#include "base/err.h"
#include <stdint.h>

/* Byte offset of the value of `key` in the object that `bytes` holds; SIZE_MAX when it is not
 * there. */
size_t json_place_of_key(const char *bytes, size_t len, const char *key);
/* Byte offsets of the first `max` elements of the array that begins at `at`; returns how many. */
size_t json_place_of_items(const char *bytes, size_t len, size_t at, size_t *ret, size_t max);

#endif
