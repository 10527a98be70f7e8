/* front/app/service.h - a use case that answers many at once: what `cairn serve` binds to HTTP.
 *
 * Takes:  an open app; the champion (or one model, pinned).
 * Gives:  predictions, feedback, status; a new champion is taken over within SERVICE_WATCH_MS
 * without
 *         losing a request; every live prediction goes to the registry's queue, never in the way.
 *
 *     struct service *s = NULL;
 *     if (service_open(app, NULL, &s, err)) return err->code;
 *     if (service_infer(s, NULL, &request, &predictions, err)) ...     // any thread
 *     service_close(s);                        // drains, writes what waits in the queue
 *
 * Threads: all functions but open and close from any thread. The app must outlive the service and
 * is not used by others meanwhile.
 */
#ifndef FRONT_APP_SERVICE_H
#define FRONT_APP_SERVICE_H

#include "front/app/app.h"
#include "live/registry/predictions.h"
#include "live/serving/serving.h"

#define SERVICE_WATCH_MS 200

struct service;
/* model NULL: the champion, and its successors; else this one for as long as the service lives.
 * ERR_NOT_FOUND when there is none. */
enum err_code service_open(struct app *app, const char *model, struct service **ret,
                           struct err *err) MUST_CHECK;
void service_close(struct service *s);
/* name: NULL, "champion", the use case's name or the served model's digest prefix. */
enum err_code service_infer(struct service *s, const char *name, const struct serving_request *q,
                            struct prediction **ret, struct err *err) MUST_CHECK;
enum err_code service_feedback(struct service *s, const json_t *body, json_t **ret,
                               struct err *err) MUST_CHECK;
enum err_code service_status(struct service *s, json_t **ret, struct err *err) MUST_CHECK;
enum err_code service_ready(struct service *s, struct err *err) MUST_CHECK;
struct service_stats {
    struct serving_stats serving;
    struct prediction_log_counts log;
    int64_t feedback;
};
void service_get_stats(struct service *s, struct service_stats *ret);

#endif
