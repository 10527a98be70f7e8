/* tests/fuzz/replay.c - runs a fuzz target over saved inputs, without libFuzzer.
 *
 *     fuzz-tokenizer FOLDER      every file in it, in order; exit 0 unless the target crashes
 *
 * Each input is also cut short at 16 places and run with one byte changed at 64 places, so that a
 * small corpus reaches the error paths of each field.
 */
#include "base/arena.h"
#include "base/os.h"
#include <stdio.h>
#include <string.h>

#define INPUT_BYTES_MAX (8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly this size, so that a sanitizer sees one byte read too many. */
static void run_copy(const uint8_t *data, size_t size)
{
    struct err err = {0};
    uint8_t *copy = mem_try(1, size + 1, &err);
    BUG_IF(!copy);
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    mem_free(copy);
}

static void run_variants(uint8_t *data, size_t size)
{
    run_copy(data, size);
    for (size_t i = 0; i < 16; i++) run_copy(data, size * i / 16);
    for (size_t i = 0; i < 64 && size; i++) {
        size_t at = size * i / 64;
        uint8_t was = data[at];
        data[at] ^= (uint8_t)(1u << (i % 8));
        run_copy(data, size);
        data[at] = was;
    }
}

static enum err_code replay(const char *folder, struct arena *a, size_t *ret_count, struct err *err)
{
    char **names = NULL;
    if (os_list(folder, a, &names, ret_count, err)) return err->code;
    for (size_t i = 0; i < *ret_count; i++) {
        char path[PATH_BYTES_MAX];
        struct buf file;
        if (os_join(path, folder, names[i], err)) return err->code;
        buf_init(&file, INPUT_BYTES_MAX);
        enum err_code code = os_read_file(path, INPUT_BYTES_MAX, &file, err);
        if (!code) run_variants((uint8_t *)file.data, file.len);
        buf_release(&file);
        if (code) return code;
    }
    return ERR_OK;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct arena a;
    size_t count = 0;
    if (argc != 2) return 2;
    arena_init(&a, 64 << 20);
    enum err_code code = replay(argv[1], &a, &count, &err);
    arena_release(&a);
    if (code) fprintf(stderr, "%s\n", err.message);
    if (!code && count == 0) fprintf(stderr, "%s holds no input\n", argv[1]);
    return code || count == 0;
}
