/* tests/support/test_data.h - what a test needs from outside the tree, or a skip that says why.
 *
 *     Test(conll, reads_the_whole_corpus)
 *     {
 *         const char *path = test_data("conll2003-en/eng.testa");   // skipped when it is not there
 *         const char *model = test_model();                         // a Hugging Face directory
 *         ...
 *         if (!isa_has(ISA_AVX512)) TEST_SKIP("this CPU has no AVX-512");
 *
 * CAIRN_TEST_DATA names a folder with real data, CAIRN_TEST_MODEL a MiniLM directory;
 * tools/run_tests sets both when it finds them. Third-party data never enters the repository.
 *
 * Rules: a skip ends the test at once and its reason is printed by `make test`. The texts that are
 * returned live as long as the test; eight can be held at a time.
 */
#ifndef SUPPORT_TEST_DATA_H
#define SUPPORT_TEST_DATA_H

#include <criterion/criterion.h>

#define TEST_SKIP(...) cr_skip_test(__VA_ARGS__)

const char *test_data(const char *relative);
const char *test_model(void);
/* A file of the source tree, from tests/: test_source("base/rng.txt"). Must exist. */
const char *test_source(const char *relative);

#endif
