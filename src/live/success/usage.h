/* live/success/usage.h - is it used, and are people content: what the registry can tell today.
 *
 * Adoption: predictions, days with any, share of days, predictions with feedback. Satisfaction:
 * verdicts of people, and how they changed against the window before. Nothing here asks anyone:
 * attested notes are evidence (kind "attested").
 */
#ifndef LIVE_SUCCESS_USAGE_H
#define LIVE_SUCCESS_USAGE_H

#include "live/feedback/feedback.h"
#include "live/registry/predictions.h"

struct usage {
    int64_t days; /* of the window */
    int64_t predictions, active_days, with_feedback;
    double predictions_per_active_day; /* NaN: no traffic */
    double active_share;               /* active days / days */
    double feedback_share;         /* predictions with feedback / predictions; NaN: no traffic */
    struct acceptance now, before; /* this window, and the one of equal length before it */
    double acceptance_change;      /* now.rate - before.rate; NaN when either is */
    char sentence[300];
};
/* The `days` days that end at now_us. days 0: 30. model NULL: any. */
enum err_code usage_measure(struct registry *r, const char *model, int64_t now_us, int32_t days,
                            struct usage *ret, struct err *err) MUST_CHECK;
json_t *usage_json(const struct usage *u);

#endif
