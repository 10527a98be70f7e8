/* tests/live/registry/registry_fixture.h - a registry in a temporary folder, and rows to put into
 * it. */
#ifndef LIVE_REGISTRY_FIXTURE_H
#define LIVE_REGISTRY_FIXTURE_H

#include "live/registry/feedback_rows.h"
#include "live/registry/models.h"
#include "live/registry/predictions.h"
#include "live/registry/stages.h"
#include "support/expect.h"
#include "support/test_folder.h"

struct fixture {
    struct test_folder folder;
    struct registry *r;
    struct arena a;
};

void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f); /* and removes the folder */
void fixture_reopen(struct fixture *f);
struct registry_options fixture_options(const struct fixture *f);
/* A digest made of a small number: "00000...07". */
const char *fixture_digest(int n, char hex[HASH_HEX_BYTES]);
/* A model folder with two small files, added under fixture_digest(n). */
enum err_code fixture_add_model(struct fixture *f, int n, struct err *err);
enum err_code fixture_promote(struct registry *r, int n, struct arena *a, struct err *err);
/* A prediction of model n on a text; ret->id is set. */
void fixture_prediction(struct fixture *f, int n, const char *text, struct prediction_row *ret);
/* Puts one row into every table. */
void fixture_fill(struct fixture *f);

#endif
