/* engine/model/model_internal.h - a model without its parameters, for who brings them.
 *
 * Private to this room.
 */
#ifndef ENGINE_MODEL_MODEL_INTERNAL_H
#define ENGINE_MODEL_MODEL_INTERNAL_H

#include "engine/model/model.h"

/* As model_new, with params NULL. */
enum err_code model_new_bare(const struct model_config *config, struct model **ret,
                             struct err *err) MUST_CHECK;

#endif
