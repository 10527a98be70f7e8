/* engine/model/hf_config_internal.h - config.json of transformers to and from struct model_config.
 * Private to this room.
 *
 * What is not computed here exactly as transformers computes it is refused by name: other model
 * types, architectures, activations, position embeddings, decoders, problem types. Keys that do not
 * change the result are ignored.
 */
#ifndef ENGINE_MODEL_HF_CONFIG_INTERNAL_H
#define ENGINE_MODEL_HF_CONFIG_INTERNAL_H

#include "base/json.h"
#include "engine/model/model.h"

/* labels[i] is the name of output i, borrowed from doc; labels[0] is NULL when the file names none.
 * ret->pooler is as the head needs it (false without a head: the weights decide). */
enum err_code hf_config_parse(const json_t *doc, struct model_config *ret,
                              const char *labels[LABEL_COUNT_MAX], struct err *err) MUST_CHECK;
/* NULL + ERR_NO_MEMORY. */
json_t *hf_config_build(const struct model *m, struct err *err) MUST_CHECK;

#endif
