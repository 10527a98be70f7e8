/* base/hash.h - SHA-256 and keyed hashes, on OpenSSL's EVP.
 *
 * A digest is 64 lower-case hex characters in text, 32 bytes in memory. Digests name models, blobs,
 * splits and evidence; prefixes of 8 and more are accepted where a person types one.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/err.h"
#include <stdint.h>

#define HASH_HEX_BYTES 65 /* 64 characters and the NUL */

struct hash {
    void *ctx;
};
void hash_init(struct hash *h);
void hash_add(struct hash *h, const void *bytes, size_t len);
void hash_add_str(struct hash *h,
                  const char *s); /* with its length first, so that fields cannot run together */
void hash_add_i64(struct hash *h, int64_t v);               /* little-endian */
void hash_finish(struct hash *h, char hex[HASH_HEX_BYTES]); /* releases h */

void hash_bytes(const void *bytes, size_t len, char hex[HASH_HEX_BYTES]);
enum err_code hash_file(const char *path, char hex[HASH_HEX_BYTES], struct err *err) MUST_CHECK;
void hash_keyed(const void *key, size_t key_len, const void *bytes, size_t len,
                char hex[HASH_HEX_BYTES]); /* HMAC */
bool hash_hex_valid(const char *s);
bool hash_equal_constant_time(const char *a, const char *b);

#endif
