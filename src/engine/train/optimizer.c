/* engine/train/optimizer.c - one pass over the block, and one over the rows that the batch read.
 *
 *     block:  | word, position, type tables | LayerNorm, layers, head ... |
 *             |  moments in slots, by row   |  m, v: one float each       |
 *             0                             from                     param_count
 *
 * The norm runs over both parts in the order of the whole block, as if the tables' gradient were
 * there in full: rows without one are zeros, which change no sum. Most blocks of it were
 * summed by the products that wrote them.
 */
#include "engine/train/optimizer_internal.h"
#include "base/arena.h"
#include <math.h>

/* Steps that a row can lag: 150 KB of them stay in L2 while rows are taken through. */
enum { HISTORY_STEPS = 4096 };

static size_t table_offset(const struct model *m, int i)
{
    const size_t at[EMBED_TABLES] = {m->word_embeddings, m->position_embeddings,
                                     m->type_embeddings};
    return at[i];
}

/* Matrices are cut by the rows that an encoder packs together. */
static void find_runs(struct optimizer *o)
{
    const struct model *m = o->model;
    const struct tensor *last = NULL;
    for (int32_t i = EMBED_TABLES; i < m->tensor_count; i++) {
        const struct tensor *t = &m->tensors[i];
        if (last && last->decay == t->decay && (!t->decay || last->cols == t->cols)) continue;
        if (last) o->runs[o->run_count - 1].end = t->offset - o->from;
        o->runs[o->run_count++] = (struct optim_run){
            .begin = t->offset - o->from,
            .step = t->decay ? &o->decaying : &o->plain,
            .piece = t->decay ? (size_t)ENCODER_ROWS_TOGETHER * (size_t)t->cols : 0};
        last = t;
    }
    o->runs[o->run_count - 1].end = o->count;
}

static enum err_code tables_new(struct optimizer *o, struct err *err)
{
    const struct model_config *c = &o->model->config;
    const int32_t rows[EMBED_TABLES] = {c->vocab_count, c->positions, c->types};
    for (int i = 0; i < EMBED_TABLES; i++)
        if (optim_rows_init(&o->table[i], o->model->params + table_offset(o->model, i), rows[i],
                            c->hidden, err))
            return err->code;
    const int32_t most = c->positions > c->types ? c->positions : c->types;
    o->upwards = mem_try((size_t)most, sizeof *o->upwards, err);
    if (!o->upwards) return err->code;
    for (int32_t i = 0; i < most; i++) o->upwards[i] = i;
    return optim_history_init(&o->history, HISTORY_STEPS, err);
}

enum err_code optimizer_new(struct model *m, int32_t tokens_max, enum isa isa, struct pool *pool,
                            struct optimizer **ret, struct err *err)
{
    struct optimizer *o = mem_try(1, sizeof *o, err);
    void *m1 = NULL, *v1 = NULL;
    if (!o) return err->code;
    *o = (struct optimizer){.model = m, .isa = isa, .pool = pool, .from = m->embed_gamma};
    o->count = m->param_count - o->from;
    const size_t spans =
        (size_t)tokens_max + (size_t)m->config.positions + (size_t)m->config.types + 1;
    if (!(o->runs = mem_try((size_t)m->tensor_count, sizeof *o->runs, err)) ||
        !(o->spans = mem_try(spans, sizeof *o->spans, err)) ||
        !(o->m_block = mem_try_pages(o->count, sizeof(float), &m1, err)) ||
        !(o->v_block = mem_try_pages(o->count, sizeof(float), &v1, err)) || tables_new(o, err)) {
        optimizer_free(o);
        return err->code;
    }
    o->m = m1;
    o->v = v1;
    find_runs(o);
    *ret = o;
    return ERR_OK;
}

void optimizer_free(struct optimizer *o)
{
    if (!o) return;
    for (int i = 0; i < EMBED_TABLES; i++) optim_rows_release(&o->table[i]);
    optim_history_release(&o->history);
    mem_free(o->m_block);
    mem_free(o->v_block);
    mem_free(o->runs);
    mem_free(o->spans);
    mem_free(o->upwards);
    mem_free(o);
}

static int32_t highest(const int32_t *x, int32_t count)
{
    int32_t top = 0;
    for (int32_t i = 0; i < count; i++)
        if (x[i] > top) top = x[i];
    return top;
}

void optimizer_read(struct optimizer *o, const struct packed_batch *b)
{
    int32_t longest = 0;
    for (int32_t i = 0; i < b->sequences; i++) {
        const int32_t length = b->cu_len[i + 1] - b->cu_len[i];
        if (length > longest) longest = length;
    }
    const int32_t types = b->types ? highest(b->types, b->tokens) + 1 : 1;
    const struct optim_history *h = &o->history;
    optim_rows_read(o->isa, o->pool, &o->table[EMBED_WORD], h, b->ids, b->tokens);
    optim_rows_read(o->isa, o->pool, &o->table[EMBED_POSITION], h, o->upwards, longest);
    optim_rows_read(o->isa, o->pool, &o->table[EMBED_TYPE], h, o->upwards, types);
}

double optimizer_norm(struct optimizer *o, const struct gradients *g)
{
    const size_t h = (size_t)o->model->config.hidden;
    size_t n = 0;
    for (int i = 0; i < EMBED_TABLES; i++) {
        const struct row_gradients *rows = &g->table[i];
        for (int32_t r = 0; r < rows->count; r++)
            o->spans[n++] =
                (struct optim_span){.at = table_offset(o->model, i) + (size_t)rows->rows[r] * h,
                                    .count = h,
                                    .x = rows->values + (size_t)r * h};
    }
    o->spans[n++] = (struct optim_span){.at = o->from, .count = o->count, .x = g->block + o->from};
    return sqrt(
        optim_square_spans(o->isa, o->pool, o->spans, n, o->model->param_count, g->squares));
}

void optimizer_step(struct optimizer *o, const struct gradients *g, const struct adamw_rule *rule,
                    int64_t step, double clip, const struct optim_follower *follower)
{
    struct adamw_rule plain = *rule;
    plain.decay = 0;
    o->decaying = adamw_step(rule, step, clip);
    o->plain = adamw_step(&plain, step, clip);
    optim_adamw(o->isa, o->pool, o->runs, o->run_count, o->model->params + o->from,
                g->block + o->from, o->m, o->v, follower);
    optim_history_add(&o->history, &o->decaying);
    for (int i = 0; i < EMBED_TABLES; i++)
        optim_rows_update(o->isa, o->pool, &o->table[i], &o->history, g->table[i].rows,
                          g->table[i].count, g->table[i].values);
    if (optim_history_full(&o->history)) optimizer_settle(o);
}

void optimizer_settle(struct optimizer *o)
{
    for (int i = 0; i < EMBED_TABLES; i++)
        optim_rows_settle(o->isa, o->pool, &o->table[i], &o->history);
    optim_history_clear(&o->history);
}
