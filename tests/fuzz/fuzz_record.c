/* tests/fuzz/fuzz_record.c - evidence from hostile hands.
 *
 * The bytes stand under their own digest, so that the check gets past it. What is accepted must
 * be a stone that a chain can begin with or refuse, and must not be accepted with one byte more.
 * The same bytes as the evaluation of a model card must give a card or an error.
 */
#include "proof/evidence/card.h"
#include "proof/evidence/record.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_card(const json_t *doc)
{
    struct buf b;
    struct err err = {0};
    struct card_input in = {.name = "fuzz", .digest = "0", .evaluation = doc};
    buf_init(&b, CARD_BYTES_MAX);
    (void)!card_write(&in, &b, &err);
    buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    char hex[HASH_HEX_BYTES];
    struct err err = {0};
    json_t *doc = NULL;
    hash_bytes(bytes, size, hex);
    if (record_check(bytes, size, hex, &doc, &err) == ERR_OK) {
        struct chain_walk w;
        chain_begin(&w);
        bool first = json_is_null(json_object_get(doc, "previous"));
        BUG_IF((chain_next(&w, bytes, size, hex, &err) == ERR_OK) != first);
        BUG_IF(record_check(bytes, size - 1, hex, NULL, &err) == ERR_OK);
        json_decref(doc);
    } else if (json_parse(bytes, size, &JSON_LIMITS_FILE, &doc, &err) == ERR_OK) {
        write_card(doc);
        json_decref(doc);
    }
    return 0;
}
