/* proof/evidence/record.c - making, checking and walking.
 *
 * The check is strict on purpose: digest first (cheap, and it finds every accident), then shape,
 * then that the bytes are the canonical spelling of what they say. The last step matters to who
 * wants to compare two chains: equal content has equal digests.
 */
#include "proof/evidence/record.h"

#include "base/limits.h"
#include "base/os.h"
#include "base/str.h"

#include <string.h>

#define RECORD_KEYS 8

static bool kind_valid(const char *kind)
{
    size_t len = strlen(kind);
    return len > 0 && len <= RECORD_KIND_BYTES_MAX &&
           strspn(kind, "abcdefghijklmnopqrstuvwxyz-") == len;
}

static bool how_valid(const char *how)
{
    return str_eq(how, "measured") || str_eq(how, "attested") || str_eq(how, "simulated");
}

static enum err_code check_head(const struct record_head *h, struct err *err)
{
    if (!h->kind || !kind_valid(h->kind))
        return err_set(err, ERR_BAD_INPUT, "\"%.60s\" is not a kind of evidence",
                       h->kind ? h->kind : "");
    if (!h->how || !how_valid(h->how)) {
        err_set(err, ERR_BAD_INPUT, "evidence is not \"%.60s\"", h->how ? h->how : "");
        return err_hint(err, "it is measured, attested or simulated");
    }
    if (h->previous && !hash_hex_valid(h->previous))
        return err_set(err, ERR_BAD_INPUT, "\"%.70s\" is not a digest", h->previous);
    if (!h->code || !h->cpu)
        return err_set(err, ERR_BAD_INPUT, "evidence needs the program's version and the CPU");
    return ERR_OK;
}

enum err_code record_make(const struct record_head *head, const json_t *body, struct buf *out,
                          char hex[HASH_HEX_BYTES], struct err *err)
{
    if (check_head(head, err)) return err->code;
    if (!json_is_object(body))
        return err_set(err, ERR_BAD_INPUT, "the body of evidence is an object");
    char at[32];
    os_time_text(head->at_us, at);
    json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O}", "schema", RECORD_SCHEMA, "kind",
                            head->kind, "how", head->how, "at", at, "code", head->code, "cpu",
                            head->cpu, "body", body);
    if (!doc) return err_set(err, ERR_BAD_INPUT, "the head of the evidence is not UTF-8");
    json_object_set_new(doc, "previous",
                        head->previous ? json_string(head->previous) : json_null());
    struct buf bytes;
    buf_init(&bytes, EVIDENCE_BYTES_MAX);
    json_canonical(doc, &bytes);
    json_decref(doc);
    enum err_code code = buf_check(&bytes, err);
    if (code == ERR_OK) {
        hash_bytes(bytes.data, bytes.len, hex);
        buf_add(out, bytes.data, bytes.len);
        code = buf_check(out, err);
    }
    buf_release(&bytes);
    return code;
}

/* NULL when the document has exactly the keys of a record with sound values, else what is wrong. */
static const char *wrong_shape(const json_t *doc)
{
    static const char *const texts[] = {"schema", "kind", "how", "at", "code", "cpu"};
    if (!json_is_object(doc)) return "it is not an object";
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (!json_is_string(json_object_get(doc, texts[i]))) return "a text of its head is missing";
    if (!str_eq(json_string_value(json_object_get(doc, "schema")), RECORD_SCHEMA))
        return "its schema is not " RECORD_SCHEMA;
    if (!kind_valid(json_string_value(json_object_get(doc, "kind"))))
        return "its kind is not sound";
    if (!how_valid(json_string_value(json_object_get(doc, "how"))))
        return "its \"how\" is not known";
    struct err ignored;
    int64_t at;
    if (os_time_parse(json_string_value(json_object_get(doc, "at")), &at, &ignored))
        return "its time is not a time";
    const json_t *previous = json_object_get(doc, "previous");
    if (!json_is_null(previous) &&
        !(json_is_string(previous) && hash_hex_valid(json_string_value(previous))))
        return "its \"previous\" is neither a digest nor null";
    if (!json_is_object(json_object_get(doc, "body"))) return "its body is not an object";
    if (json_object_size(doc) != RECORD_KEYS) return "it has keys that records do not have";
    return NULL;
}

static bool is_canonical(const json_t *doc, const char *bytes, size_t len)
{
    struct buf b;
    buf_init(&b, EVIDENCE_BYTES_MAX);
    json_canonical(doc, &b);
    bool same = !b.failed && b.len == len && memcmp(b.data, bytes, len) == 0;
    buf_release(&b);
    return same;
}

static enum err_code corrupt(struct err *err, const char *hex, const char *what)
{
    err_set(err, ERR_CORRUPT, "evidence %.12s is broken", hex);
    return err_detail(err, "%s", what);
}

enum err_code record_check(const char *bytes, size_t len, const char *hex, json_t **ret,
                           struct err *err)
{
    static const struct json_limits limits = {EVIDENCE_BYTES_MAX, JSON_DEPTH_MAX};
    if (!hash_hex_valid(hex)) return corrupt(err, hex, "its name is not a digest");
    if (len > EVIDENCE_BYTES_MAX) return corrupt(err, hex, "it is longer than evidence can be");
    char actual[HASH_HEX_BYTES];
    hash_bytes(bytes, len, actual);
    if (!str_eq(actual, hex)) {
        corrupt(err, hex, "");
        return err_detail(err, "its bytes have the digest %s: they are not what was written",
                          actual);
    }
    json_t *doc = NULL;
    struct err parse = {0};
    if (json_parse(bytes, len, &limits, &doc, &parse)) return corrupt(err, hex, parse.message);
    const char *wrong = wrong_shape(doc);
    if (!wrong && !is_canonical(doc, bytes, len)) wrong = "its bytes are not in canonical form";
    if (wrong || !ret) json_decref(doc);
    if (wrong) return corrupt(err, hex, wrong);
    if (ret) *ret = doc;
    return ERR_OK;
}

void chain_begin(struct chain_walk *w)
{
    *w = (struct chain_walk){0};
}

enum err_code chain_next(struct chain_walk *w, const char *bytes, size_t len, const char *hex,
                         struct err *err)
{
    json_t *doc = NULL;
    struct err inner = {0};
    if (record_check(bytes, len, hex, &doc, &inner)) {
        err_set(err, ERR_CORRUPT, "stone %lld of the chain, %.12s, is broken",
                (long long)w->count + 1, hex);
        return err_detail(err, "%s", inner.detail);
    }
    const char *previous = json_string_value(json_object_get(doc, "previous"));
    bool linked = str_eq(previous ? previous : "", w->head);
    if (!linked) {
        err_set(err, ERR_CORRUPT,
                "stone %lld of the chain, %.12s, does not stand on the one before",
                (long long)w->count + 1, hex);
        err_detail(err, "it names %.12s as previous; the one before is %.12s",
                   previous ? previous : "none", w->head[0] ? w->head : "none");
    }
    json_decref(doc);
    if (!linked) return err->code;
    memcpy(w->head, hex, HASH_HEX_BYTES);
    w->count++;
    return ERR_OK;
}
