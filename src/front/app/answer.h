/* front/app/answer.h - a served prediction as JSON and as a registry row: one form for `cairn
 * predict`, the service and the drift reference. Private to the room.
 */
#ifndef FRONT_APP_ANSWER_H
#define FRONT_APP_ANSWER_H

#include "front/app/app_internal.h"
#include "live/registry/predictions.h"
#include "live/serving/serving.h"

/* [{"entity_group", "score", "word", "start", "end"}], as the aggregation strategy gives them. */
enum err_code answer_entities(const struct prediction *p, const struct aggregate_options *o,
                              json_t **ret, struct err *err) MUST_CHECK;
/* Fills a row whose strings live in the arena. keep_text: capture. */
enum err_code answer_row(struct registry *r, const struct prediction *p, enum prediction_role role,
                         bool keep_text, struct arena *a, struct prediction_row *ret,
                         struct err *err) MUST_CHECK;
struct serving_options answer_options(const struct app *app);
/* A serving with MODEL (app.h) in it, ready; gives its digest and, unless NULL, its precision. The
 * app outlives it. */
enum err_code answer_serving(struct app *app, const char *model, char digest[HASH_HEX_BYTES],
                             enum precision *ret_precision, struct serving **ret,
                             struct err *err) MUST_CHECK;
/* Entity labels of a model's tags, as the tag set orders them. In the arena. */
enum err_code answer_labels(const struct model *m, struct arena *a, struct tag_set *ret,
                            struct err *err) MUST_CHECK;

#endif
