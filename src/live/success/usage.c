/* live/success/usage.c - two windows of the same length, side by side. */
#include "live/success/usage.h"
#include <math.h>
#include <stdio.h>

#define DAY_US       86400000000ll
#define DAYS_DEFAULT 30
#define DAYS_MOST    3660

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : (double)NAN;
}

static void write_sentence(struct usage *u)
{
    char people[120] = "nobody has said yet whether they are right";
    if (u->now.total > 0) {
        (void)snprintf(people, sizeof people, "%.0f %% of %lld verdicts accept%s",
                       100 * u->now.rate, (long long)u->now.total,
                       u->now.simulated ? " (simulated reviewers)" : "");
    }
    if (u->predictions == 0) {
        (void)snprintf(u->sentence, sizeof u->sentence, "no traffic in the last %lld days",
                       (long long)u->days);
        return;
    }
    (void)snprintf(u->sentence, sizeof u->sentence,
                   "%lld answers on %lld of %lld days; %lld of them have feedback; %s",
                   (long long)u->predictions, (long long)u->active_days, (long long)u->days,
                   (long long)u->with_feedback, people);
}

enum err_code usage_measure(struct registry *r, const char *model, int64_t now_us, int32_t days,
                            struct usage *ret, struct err *err)
{
    struct prediction_stats stats;
    if (!days) days = DAYS_DEFAULT;
    if (days < 1 || days > DAYS_MOST)
        return err_set(err, ERR_BAD_INPUT, "a window has 1 to %d days, not %d", DAYS_MOST, days);
    struct usage u = {.days = days};
    int64_t end = now_us + 1, begin = end - days * DAY_US;
    struct prediction_filter f = {
        .role = PREDICTION_LIVE, .model = model, .since_us = begin, .until_us = end};
    struct acceptance_filter now = {.model = model, .since_us = begin, .until_us = end};
    struct acceptance_filter before = {
        .model = model, .since_us = begin - days * DAY_US, .until_us = begin};
    if (prediction_measure(r, &f, &stats, err)) return err->code;
    if (feedback_acceptance(r, &now, &u.now, err)) return err->code;
    if (feedback_acceptance(r, &before, &u.before, err)) return err->code;
    u.predictions = stats.count;
    /* A window that begins within a day touches one day more than it is long. */
    u.active_days = stats.active_days < days ? stats.active_days : days;
    u.with_feedback = stats.with_feedback;
    u.active_share = share(u.active_days, days);
    u.feedback_share = share(u.with_feedback, u.predictions);
    u.predictions_per_active_day = share(u.predictions, u.active_days);
    u.acceptance_change = u.now.rate - u.before.rate;
    write_sentence(&u);
    *ret = u;
    return ERR_OK;
}
