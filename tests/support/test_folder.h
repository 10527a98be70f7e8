/* tests/support/test_folder.h - a temporary folder for one test.
 *
 *     struct test_folder t;
 *     test_folder_make(&t);
 *     const char *path = test_folder_path(&t, "a.jsonl");     // inside it; the file is not made
 *     test_folder_write(&t, "a.jsonl", "{\"text\": \"x\"}\n");  // makes it, gives its path
 *     test_folder_remove(&t);
 *
 * Rules: a test that fails leaves its folder, under TMPDIR; tools/run_tests gives each run a TMPDIR
 * of its own and removes it. Paths live as long as the struct; sixteen can be held at a time.
 */
#ifndef SUPPORT_TEST_FOLDER_H
#define SUPPORT_TEST_FOLDER_H

#include "base/os.h"

#define TEST_FOLDER_PATHS 16

struct test_folder {
    char path[256];
    char paths[TEST_FOLDER_PATHS][512];
    int next;
};

void test_folder_make(struct test_folder *t);
void test_folder_remove(struct test_folder *t);
const char *test_folder_path(struct test_folder *t, const char *name);
const char *test_folder_write(struct test_folder *t, const char *name, const char *text);
/* Files and folders directly inside, so that a test can see that nothing was left over. */
size_t test_folder_count(const struct test_folder *t);
/* The whole file as text (NUL-terminated, mem_free). Fails the test when it cannot be read. */
char *test_folder_read(struct test_folder *t, const char *name);

#endif
