/* base/hash.c - SHA-256 on OpenSSL.
 *
 * A digest that cannot be computed (OpenSSL without SHA-256, or out of memory for a few hundred
 * bytes) leaves nothing sensible to do, so these functions stop the program instead of returning
 * errors that nobody could handle.
 */
#include "base/hash.h"
#include "base/os.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define DIGEST_BYTES 32
#define CHUNK_BYTES  65536

static void to_hex(const unsigned char *digest, char hex[HASH_HEX_BYTES])
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        hex[2 * i] = DIGITS[digest[i] >> 4];
        hex[2 * i + 1] = DIGITS[digest[i] & 15];
    }
    hex[HASH_HEX_BYTES - 1] = '\0';
}

void hash_init(struct hash *h)
{
    h->ctx = EVP_MD_CTX_new();
    BUG_IF(!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1);
}

void hash_add(struct hash *h, const void *bytes, size_t len)
{
    BUG_IF(EVP_DigestUpdate(h->ctx, bytes, len) != 1);
}

void hash_add_str(struct hash *h, const char *s)
{
    size_t len = strlen(s);
    hash_add_i64(h, (int64_t)len);
    hash_add(h, s, len);
}

void hash_add_i64(struct hash *h, int64_t v)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)((uint64_t)v >> (8 * i));
    hash_add(h, bytes, sizeof bytes);
}

void hash_finish(struct hash *h, char hex[HASH_HEX_BYTES])
{
    unsigned char digest[DIGEST_BYTES];
    BUG_IF(EVP_DigestFinal_ex(h->ctx, digest, NULL) != 1);
    EVP_MD_CTX_free(h->ctx);
    h->ctx = NULL;
    to_hex(digest, hex);
}

void hash_bytes(const void *bytes, size_t len, char hex[HASH_HEX_BYTES])
{
    struct hash h;
    hash_init(&h);
    hash_add(&h, bytes, len);
    hash_finish(&h, hex);
}

enum err_code hash_file(const char *path, char hex[HASH_HEX_BYTES], struct err *err)
{
    struct os_reader reader;
    enum err_code code = os_reader_open(path, &reader, err);
    if (code) return code;
    char chunk[CHUNK_BYTES], text[HASH_HEX_BYTES];
    struct hash h;
    hash_init(&h);
    size_t got = 0;
    do {
        code = os_reader_next(&reader, chunk, sizeof chunk, &got, err);
        if (!code) hash_add(&h, chunk, got);
    } while (!code && got > 0);
    hash_finish(&h, text);
    os_reader_close(&reader);
    if (!code) memcpy(hex, text, sizeof text);
    return code;
}

void hash_keyed(const void *key, size_t key_len, const void *bytes, size_t len,
                char hex[HASH_HEX_BYTES])
{
    unsigned char digest[DIGEST_BYTES];
    BUG_IF(key_len > INT32_MAX);
    BUG_IF(!HMAC(EVP_sha256(), key, (int)key_len, bytes, len, digest, NULL));
    to_hex(digest, hex);
}

bool hash_hex_valid(const char *s)
{
    size_t len = strspn(s, "0123456789abcdef");
    return len == HASH_HEX_BYTES - 1 && s[len] == '\0';
}

bool hash_equal_constant_time(const char *a, const char *b)
{
    size_t len = strlen(a);
    return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}
