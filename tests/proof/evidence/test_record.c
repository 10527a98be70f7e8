/* The chain: every flipped byte, every missing, swapped or forged stone is found and named. */
#include "base/str.h"
#include "proof/evidence/record.h"

#include <criterion/criterion.h>
#include <string.h>

#define STONES 3

struct stone {
    char bytes[1024];
    size_t len;
    char hex[HASH_HEX_BYTES];
};

static void make(struct stone *s, const char *previous, const char *kind, json_t *body)
{
    struct err err = {0};
    struct buf out;
    buf_init(&out, sizeof s->bytes);
    struct record_head head = {.kind = kind,
                               .how = "measured",
                               .previous = previous,
                               .at_us = 1795375500000000,
                               .code = "0.1.0",
                               .cpu = "a CPU"};
    cr_assert_eq(record_make(&head, body, &out, s->hex, &err), ERR_OK, "%s", err.message);
    memcpy(s->bytes, out.data, out.len);
    s->len = out.len;
    buf_release(&out);
    json_decref(body);
}

static void make_chain(struct stone s[STONES])
{
    make(&s[0], NULL, "data-split", json_pack("{s:s}", "fingerprint", "\u00e9\"\\"));
    make(&s[1], s[0].hex, "evaluation", json_pack("{s:f, s:i}", "f1", 0.8125, "n", 3));
    make(&s[2], s[1].hex, "gate", json_pack("{s:s}", "verdict", "PASS"));
}

/* Walks; 0 when whole, else the number of the stone that is named. */
static int walk(const struct stone *s, int count, struct err *err)
{
    struct chain_walk w;
    chain_begin(&w);
    for (int i = 0; i < count; i++) {
        if (chain_next(&w, s[i].bytes, s[i].len, s[i].hex, err)) {
            cr_assert_eq(err->code, ERR_CORRUPT);
            int named = 0;
            cr_assert_eq(sscanf(err->message, "stone %d of the chain", &named), 1, "%s",
                         err->message);
            cr_assert_eq(w.count, i);
            return named;
        }
    }
    cr_assert_str_eq(w.head, s[count - 1].hex);
    return 0;
}

Test(record, a_whole_chain_walks)
{
    struct stone s[STONES];
    struct err err = {0};
    make_chain(s);
    cr_assert_eq(walk(s, STONES, &err), 0, "%s", err.message);
    cr_assert_eq(err.code, ERR_OK);
}

Test(record, every_flipped_byte_is_found_in_its_stone)
{
    struct stone s[STONES];
    make_chain(s);
    static const unsigned char flips[] = {0x01, 0x20, 0x80, 0xff};
    for (int k = 0; k < STONES; k++) {
        for (size_t i = 0; i < s[k].len; i++) {
            for (size_t f = 0; f < ARRAY_COUNT(flips); f++) {
                struct err err = {0};
                s[k].bytes[i] = (char)((unsigned char)s[k].bytes[i] ^ flips[f]);
                cr_assert_eq(walk(s, STONES, &err), k + 1, "byte %zu of stone %d", i, k);
                s[k].bytes[i] = (char)((unsigned char)s[k].bytes[i] ^ flips[f]);
            }
        }
        for (size_t i = 0; i < 64; i++) {
            struct err err = {0};
            char kept = s[k].hex[i];
            s[k].hex[i] = kept == '0' ? '1' : '0';
            cr_assert_eq(walk(s, STONES, &err), k + 1, "digit %zu of digest %d", i, k);
            s[k].hex[i] = kept;
        }
        struct err err = {0};
        s[k].len--;
        cr_assert_eq(walk(s, STONES, &err), k + 1, "a byte less");
        s[k].len++;
    }
}

Test(record, a_missing_swapped_or_forged_stone_is_found)
{
    struct stone s[STONES], t[STONES];
    struct err err = {0};
    make_chain(s);
    t[0] = s[0], t[1] = s[2];
    cr_assert_eq(walk(t, 2, &err), 2);
    t[0] = s[1], t[1] = s[0];
    cr_assert_eq(walk(t, 2, &err), 1, "the first has a previous");
    t[0] = s[0], t[1] = s[0];
    cr_assert_eq(walk(t, 2, &err), 2);
    /* a forged stone with a digest of its own: the next one does not stand on it */
    memcpy(t, s, sizeof t);
    make(&t[1], s[0].hex, "evaluation", json_pack("{s:f, s:i}", "f1", 0.9125, "n", 3));
    cr_assert_eq(walk(t, STONES, &err), 3);
    cr_assert(strstr(err.detail, "previous"), "%s", err.detail);
}

/* The same document in another spelling has another digest; as a record it is refused. */
Test(record, only_the_canonical_spelling_of_a_record_counts)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "",
        "null",
        "{\"body\":{},\"code\":\"\",\"cpu\":\"\",\"how\":\"measured\",\"kind\":\"gate\","
        "\"previous\":null,\"schema\":\"cairn.evidence/v1\"}",
        "{\"at\":\"2026-11-23T19:25:00Z\",\"body\":[],\"code\":\"\",\"cpu\":\"\",\"how\":"
        "\"measured\","
        "\"kind\":\"gate\",\"previous\":null,\"schema\":\"cairn.evidence/v1\"}",
        "{\"at\":\"2026-11-23T19:25:00Z\",\"body\":{},\"code\":\"\",\"cpu\":\"\",\"how\":"
        "\"guessed\","
        "\"kind\":\"gate\",\"previous\":null,\"schema\":\"cairn.evidence/v1\"}",
        "{\"at\":\"yesterday\",\"body\":{},\"code\":\"\",\"cpu\":\"\",\"how\":\"measured\","
        "\"kind\":\"gate\",\"previous\":null,\"schema\":\"cairn.evidence/v1\"}",
        "{\"at\":\"2026-11-23T19:25:00Z\",\"body\":{},\"code\":\"\",\"cpu\":\"\",\"how\":"
        "\"measured\","
        "\"kind\":\"gate\",\"previous\":\"abc\",\"schema\":\"cairn.evidence/v1\"}",
        "{\"at\":\"2026-11-23T19:25:00Z\",\"body\":{},\"code\":\"\",\"cpu\":\"\",\"how\":"
        "\"measured\","
        "\"kind\":\"gate\",\"previous\":null,\"schema\":\"cairn.evidence/v2\"}",
        "{\"at\":\"2026-11-23T19:25:00Z\",\"body\":{},\"code\":\"\",\"cpu\":\"\",\"how\":"
        "\"measured\","
        "\"kind\":\"gate\",\"more\":1,\"previous\":null,\"schema\":\"cairn.evidence/v1\"}",
        "{\"at\": "
        "\"2026-11-23T19:25:00Z\",\"body\":{},\"code\":\"\",\"cpu\":\"\",\"how\":\"measured\","
        "\"kind\":\"gate\",\"previous\":null,\"schema\":\"cairn.evidence/v1\"}",
    };
    static const char right[] =
        "{\"at\":\"2026-11-23T19:25:00Z\",\"body\":{},\"code\":\"\",\"cpu\":\"\",\"how\":"
        "\"measured\","
        "\"kind\":\"gate\",\"previous\":null,\"schema\":\"cairn.evidence/v1\"}";
    char hex[HASH_HEX_BYTES];
    struct err err = {0};
    json_t *doc = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        hash_bytes(wrong[i], strlen(wrong[i]), hex);
        cr_assert_eq(record_check(wrong[i], strlen(wrong[i]), hex, &doc, &err), ERR_CORRUPT, "%zu",
                     i);
        cr_assert_null(doc);
    }
    hash_bytes(right, strlen(right), hex);
    cr_assert_eq(record_check(right, strlen(right), hex, &doc, &err), ERR_OK, "%s", err.detail);
    cr_assert_str_eq(json_string_value(json_object_get(doc, "kind")), "gate");
    json_decref(doc);
    cr_assert_eq(record_check(right, strlen(right), "not a digest", NULL, &err), ERR_CORRUPT);
}

Test(record, an_unsound_head_is_refused)
{
    struct buf out;
    struct err err = {0};
    char hex[HASH_HEX_BYTES];
    json_t *body = json_object(), *list = json_array();
    buf_init(&out, 4096);
    const struct record_head good = {"gate", "attested", NULL, 0, "0.1.0", "a CPU"};
    struct record_head bad[] = {good, good, good, good, good};
    bad[0].kind = "Gate!", bad[1].how = "guessed", bad[2].previous = "12", bad[3].code = NULL;
    bad[4].cpu = "\xff";
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        cr_assert_eq(record_make(&bad[i], body, &out, hex, &err), ERR_BAD_INPUT, "head %zu", i);
    cr_assert_eq(record_make(&good, list, &out, hex, &err), ERR_BAD_INPUT);
    cr_assert_eq(out.len, 0, "nothing is written for a refused record");
    cr_assert_eq(record_make(&good, body, &out, hex, &err), ERR_OK, "%s", err.message);
    json_decref(body), json_decref(list);
    buf_release(&out);
}
