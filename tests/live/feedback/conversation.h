/* tests/live/feedback/conversation.h - a registry with one model, and short ways to predict, answer
 * and review. */
#ifndef LIVE_FEEDBACK_CONVERSATION_H
#define LIVE_FEEDBACK_CONVERSATION_H

#include "live/feedback/feedback.h"
#include "live/registry/models.h"
#include "live/registry/predictions.h"
#include "support/expect.h"
#include "support/test_folder.h"

#define MODEL "00000000000000000000000000000000000000000000000000000000000000aa"

struct conversation {
    struct test_folder folder;
    struct registry *r;
    struct arena a;
};

void conversation_open(struct conversation *c);
void conversation_close(struct conversation *c);
/* Records an answer "[0, 7) DRUG" to the text, kept only when captured; gives its id (in the
 * arena). */
const char *conversation_predict(struct conversation *c, const char *text, bool captured);
/* Parses and adds {"prediction_id": id, MORE}, where single quotes in more stand for double ones.
 * */
enum err_code conversation_say(struct conversation *c, const char *id, const char *more,
                               struct feedback_added *ret, struct err *err);
/* The same, then a review that accepts it. */
void conversation_teach(struct conversation *c, const char *id, const char *more);

#endif
