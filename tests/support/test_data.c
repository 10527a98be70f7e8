/* tests/support/test_data.c - paths come from the environment, never from the source. */
#include "support/test_data.h"
#include "base/os.h"
#include "base/str.h"
#include <stdlib.h>

#define PATHS_HELD 8

static char *next_path(void)
{
    static char paths[PATHS_HELD][PATH_BYTES_MAX];
    static int next;
    return paths[next++ % PATHS_HELD];
}

const char *test_data(const char *relative)
{
    const char *root = getenv("CAIRN_TEST_DATA");
    if (!root || !*root) TEST_SKIP("CAIRN_TEST_DATA is not set; this test reads %s", relative);
    char *path = next_path();
    cr_assert(str_format(path, PATH_BYTES_MAX, "%s/%s", root, relative), "path too long");
    if (!os_exists(path)) TEST_SKIP("%s is not in CAIRN_TEST_DATA", relative);
    return path;
}

const char *test_model(void)
{
    const char *model = getenv("CAIRN_TEST_MODEL");
    if (!model || !*model)
        TEST_SKIP("CAIRN_TEST_MODEL is not set; this test reads a MiniLM directory");
    char *path = next_path();
    cr_assert(str_format(path, PATH_BYTES_MAX, "%s/config.json", model), "path too long");
    if (!os_exists(path)) TEST_SKIP("CAIRN_TEST_MODEL has no config.json");
    return model;
}

const char *test_source(const char *relative)
{
    char *path = next_path();
    cr_assert(str_format(path, PATH_BYTES_MAX, "%s/%s", TEST_SOURCE_DIR, relative));
    cr_assert(os_exists(path), "%s is missing", path);
    return path;
}
