/* live/registry/predictions_internal.h - rows for the queue and for everybody else. */
#ifndef LIVE_REGISTRY_PREDICTIONS_INTERNAL_H
#define LIVE_REGISTRY_PREDICTIONS_INTERNAL_H

#include "live/registry/predictions.h"
#include "live/registry/registry_internal.h"

enum err_code prediction_check(const struct prediction_row *p, struct err *err) MUST_CHECK;
/* Inside a transaction. */
enum err_code prediction_insert(struct registry *r, const struct prediction_row *p,
                                struct err *err) MUST_CHECK;
/* Writes what waits in the registry's queue, in the caller's thread; nothing without a queue or
 * inside a transaction. */
void prediction_log_drain(struct registry *r);

#endif
