/* tests/engine/model/gradient_block.h - an encoder's gradients as one block in the model's layout,
 * zeros where a table has no row; free() it. */
#ifndef GRADIENT_BLOCK_H
#define GRADIENT_BLOCK_H

#include "engine/model/encoder.h"
#include <stdlib.h>
#include <string.h>

static inline float *gradient_block(const struct encoder *e, const struct model *m)
{
    const struct gradients *g = encoder_gradients(e);
    const size_t at[EMBED_TABLES] = {m->word_embeddings, m->position_embeddings,
                                     m->type_embeddings};
    const size_t h = (size_t)m->config.hidden;
    float *block = calloc(m->param_count, sizeof *block);
    memcpy(block + g->from, g->block + g->from, (m->param_count - g->from) * sizeof *block);
    for (int i = 0; i < EMBED_TABLES; i++)
        for (int32_t r = 0; r < g->table[i].count; r++)
            memcpy(block + at[i] + (size_t)g->table[i].rows[r] * h,
                   g->table[i].values + (size_t)r * h, h * sizeof *block);
    return block;
}

#endif
