/* Reading and writing safetensors: what is right reads exactly, what is hostile is refused and
 * never read past. */
#include "base/arena.h"
#include "base/str.h"
#include "engine/model/safetensors.h"
#include "support/test_data.h"
#include "support/test_folder.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes on the heap, of exactly their size: a step past the end is found by AddressSanitizer. */
struct file {
    unsigned char *bytes;
    size_t len;
};

static struct file make(const char *header, const void *data, size_t data_len)
{
    size_t n = strlen(header);
    struct file f = {malloc(8 + n + data_len), 8 + n + data_len};
    for (int i = 0; i < 8; i++) f.bytes[i] = (unsigned char)((uint64_t)n >> 8 * i);
    memcpy(f.bytes + 8, header, n);
    if (data_len) memcpy(f.bytes + 8 + n, data, data_len);
    return f;
}

static void reads_numbers(const char *header, const void *data, size_t len, const float *want,
                          size_t count)
{
    struct file f = make(header, data, len);
    struct safetensors st;
    struct err err = {0};
    float out[8] = {0};
    cr_assert(!safetensors_parse(f.bytes, f.len, "x", &st, &err), "%s", err.message);
    cr_assert_eq(st.count, 1);
    cr_assert_eq(st.tensors[0].count, count);
    safetensors_read(&st, &st.tensors[0], 0, count, out);
    for (size_t i = 0; i < count; i++)
        cr_expect(memcmp(&out[i], &want[i], 4) == 0, "value %zu is %a, not %a", i, (double)out[i],
                  (double)want[i]);
    safetensors_close(&st);
    free(f.bytes);
}

Test(safetensors, reads_fp32)
{
    const float want[] = {1.5f, -0.0f, 3e-40f};
    reads_numbers("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}", want, 12,
                  want, 3);
}

Test(safetensors, reads_fp16_exactly)
{
    const uint16_t half[] = {0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0x8000, 0x7c00};
    const float want[] = {1.0f, -2.0f, 0x1p-24f, 0x1.ff8p-15f, 65504.0f, -0.0f, INFINITY};
    reads_numbers("{\"a\":{\"dtype\":\"F16\",\"shape\":[7],\"data_offsets\":[0,14]}}", half, 14,
                  want, 7);
}

Test(safetensors, reads_bf16_exactly)
{
    const uint16_t brain[] = {0x3f80, 0xc049, 0x0001};
    const float want[] = {1.0f, -3.140625f, 0x1p-133f};
    reads_numbers("{\"a\":{\"dtype\":\"BF16\",\"shape\":[1,3],\"data_offsets\":[0,6]}}", brain, 6,
                  want, 3);
}

Test(safetensors, accepts_metadata_padding_scalars_and_empty_tensors)
{
    struct file f = make("{\"__metadata__\":{\"format\":\"pt\"},"
                         "\"b\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
                         "\"e\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[8,8]}}    ",
                         "12345678", 8);
    struct safetensors st;
    struct err err = {0};
    cr_assert(!safetensors_parse(f.bytes, f.len, "x", &st, &err), "%s", err.message);
    cr_assert_eq(st.count, 2);
    cr_assert_eq(safetensors_find(&st, "e")->count, 0);
    cr_assert_not(safetensors_is_float(safetensors_find(&st, "b")));
    cr_assert_null(safetensors_find(&st, "c"));
    safetensors_close(&st);
    free(f.bytes);
}

#define F32(shape, offsets) "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
    const char *what, *header;
    size_t data;
    enum err_code code;
} HOSTILE[] = {
    {"overlap", "{\"a\":" F32("[2]", "[0,8]") ",\"b\":" F32("[2]", "[4,12]") "}", 12,
     ERR_BAD_INPUT},
    {"same bytes", "{\"a\":" F32("[2]", "[0,8]") ",\"b\":" F32("[2]", "[0,8]") "}", 8,
     ERR_BAD_INPUT},
    {"hole", "{\"a\":" F32("[1]", "[0,4]") ",\"b\":" F32("[1]", "[8,12]") "}", 12, ERR_BAD_INPUT},
    {"hole at the start", "{\"a\":" F32("[1]", "[4,8]") "}", 8, ERR_BAD_INPUT},
    {"rest at the end", "{\"a\":" F32("[1]", "[0,4]") "}", 5, ERR_BAD_INPUT},
    {"truncated", "{\"a\":" F32("[2]", "[0,8]") "}", 7, ERR_BAD_INPUT},
    {"no data", "{\"a\":" F32("[2]", "[0,8]") "}", 0, ERR_BAD_INPUT},
    {"backwards", "{\"a\":" F32("[1]", "[4,0]") "}", 4, ERR_BAD_INPUT},
    {"negative offset", "{\"a\":" F32("[1]", "[-4,0]") "}", 4, ERR_BAD_INPUT},
    {"huge offset", "{\"a\":" F32("[1]", "[0,9223372036854775807]") "}", 4, ERR_BAD_INPUT},
    {"three offsets", "{\"a\":" F32("[1]", "[0,4,4]") "}", 4, ERR_BAD_INPUT},
    {"offset of text", "{\"a\":" F32("[1]", "[0,\"4\"]") "}", 4, ERR_BAD_INPUT},
    {"shape too small", "{\"a\":" F32("[1]", "[0,8]") "}", 8, ERR_BAD_INPUT},
    {"shape too large", "{\"a\":" F32("[3]", "[0,8]") "}", 8, ERR_BAD_INPUT},
    {"negative shape", "{\"a\":" F32("[-1]", "[0,4]") "}", 4, ERR_BAD_INPUT},
    {"fraction in shape", "{\"a\":" F32("[1.5]", "[0,4]") "}", 4, ERR_BAD_INPUT},
    {"shape overflows", "{\"a\":" F32("[4294967296,4294967296,2]", "[0,4]") "}", 4, ERR_BAD_INPUT},
    {"bytes overflow", "{\"a\":" F32("[4611686018427387905]", "[0,4]") "}", 4, ERR_BAD_INPUT},
    {"nine dimensions", "{\"a\":" F32("[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, ERR_LIMIT},
    {"unknown type", "{\"a\":{\"dtype\":\"F12\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
     ERR_BAD_INPUT},
    {"type of another size", "{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
     ERR_BAD_INPUT},
    {"no type", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, ERR_BAD_INPUT},
    {"no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, ERR_BAD_INPUT},
    {"no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, ERR_BAD_INPUT},
    {"tensor is a number", "{\"a\":4}", 0, ERR_BAD_INPUT},
    {"duplicate", "{\"a\":" F32("[1]", "[0,4]") ",\"a\":" F32("[1]", "[4,8]") "}", 8,
     ERR_BAD_INPUT},
    {"metadata of numbers", "{\"__metadata__\":{\"a\":1}}", 0, ERR_BAD_INPUT},
    {"metadata is a list", "{\"__metadata__\":[]}", 0, ERR_BAD_INPUT},
    {"empty name", "{\"\":" F32("[1]", "[0,4]") "}", 4, ERR_LIMIT},
    {"a list", "[1,2]", 0, ERR_BAD_INPUT},
    {"leading space", " {}", 0, ERR_BAD_INPUT},
    {"not closed", "{\"a\":", 0, ERR_BAD_INPUT},
    {"bad UTF-8", "{\"\xff\":" F32("[1]", "[0,4]") "}", 4, ERR_BAD_INPUT},
    {"junk after", "{} x", 0, ERR_BAD_INPUT},
};

Test(safetensors, refuses_hostile_headers)
{
    for (size_t i = 0; i < ARRAY_COUNT(HOSTILE); i++) {
        void *zeros = calloc(1, HOSTILE[i].data + 1);
        struct file f = make(HOSTILE[i].header, zeros, HOSTILE[i].data);
        struct safetensors st = {.count = -7};
        struct err err = {0};
        enum err_code code = safetensors_parse(f.bytes, f.len, "x", &st, &err);
        cr_expect_eq(code, HOSTILE[i].code, "%s: %s %s", HOSTILE[i].what, err_name(code),
                     err.message);
        cr_expect_eq(st.count, -7, "%s: the output was touched", HOSTILE[i].what);
        free(f.bytes);
        free(zeros);
    }
}

Test(safetensors, refuses_wrong_header_lengths)
{
    struct file f = make("{}", "", 0);
    const uint64_t lengths[] = {0, 1, 3, 4096, UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 63};
    for (size_t len = 0; len < f.len; len++) { /* cut short at every byte */
        unsigned char *cut = malloc(len + 1);
        memcpy(cut, f.bytes, len);
        struct safetensors st;
        struct err err = {0};
        cr_expect_eq(safetensors_parse(cut, len, "x", &st, &err), ERR_BAD_INPUT, "%zu bytes", len);
        free(cut);
    }
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        struct safetensors st;
        struct err err = {0};
        for (int b = 0; b < 8; b++) f.bytes[b] = (unsigned char)(lengths[i] >> 8 * b);
        cr_expect_eq(safetensors_parse(f.bytes, f.len, "x", &st, &err), ERR_BAD_INPUT,
                     "length %llu", (unsigned long long)lengths[i]);
    }
    free(f.bytes);
}

Test(safetensors, refuses_a_header_over_the_limit)
{
    size_t len = SAFETENSORS_HEADER_BYTES_MAX + 1u;
    unsigned char *bytes = malloc(8 + len);
    memset(bytes, ' ', 8 + len);
    for (int b = 0; b < 8; b++) bytes[b] = (unsigned char)((uint64_t)len >> 8 * b);
    bytes[8] = '{';
    struct safetensors st;
    struct err err = {0};
    cr_expect_eq(safetensors_parse(bytes, 8 + len, "x", &st, &err), ERR_LIMIT);
    free(bytes);
}

Test(safetensors, writes_what_it_reads)
{
    struct test_folder t;
    test_folder_make(&t);
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {-7};
    const struct safetensors_item items[] = {{"weight", 2, {2, 3}, a}, {"bias", 1, {1, 0}, b}};
    const char *path = test_folder_path(&t, "w.safetensors");
    struct err err = {0};
    struct safetensors st;
    float out[6];
    cr_assert(!safetensors_write(path, items, 2, &err), "%s", err.message);
    cr_assert(!safetensors_open(path, &st, &err), "%s", err.message);
    const struct safetensors_tensor *w = safetensors_find(&st, "weight");
    cr_assert_eq(w->dims, 2);
    cr_assert_eq(w->shape[0], 2);
    cr_assert_eq(w->shape[1], 3);
    safetensors_read(&st, w, 2, 4, out);
    cr_assert(memcmp(out, a + 2, sizeof out - 8) == 0);
    safetensors_read(&st, safetensors_find(&st, "bias"), 0, 1, out);
    cr_assert_float_eq((double)out[0], -7, 0);
    safetensors_close(&st);
    test_folder_remove(&t);
}
