/* front/app/measure.h - a measurement for each criterion of a stage. Private to the room.
 *
 * Offline metrics come from the frozen test part, for the model, its rival (the champion, or
 * without one the dictionary) and only when a criterion asks; live ones from the registry's
 * predictions and feedback of this very model.
 */
#ifndef FRONT_APP_MEASURE_H
#define FRONT_APP_MEASURE_H

#include "front/app/app_internal.h"

struct measures {
    struct arena arena;
    struct measurement *items;
    size_t count;
    char fingerprint[HASH_HEX_BYTES]; /* of the test part; "" when nothing offline was asked */
    const char *how;                  /* "measured", or "simulated" when any of it is */
};
enum err_code measure_stage(struct app *app, const struct stage_config *s, const char *digest,
                            const struct model *m, struct measures *ret,
                            struct err *err) MUST_CHECK;
void measures_release(struct measures *m);

#endif
