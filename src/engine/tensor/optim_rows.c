/* How: `done` says for each row how far it has come. A reader first notes which rows lag and from
 * where, in the caller's thread, so that a row that is named twice is worked on once; then the pool
 * takes row after row. A row is one piece, because one that slept for thousands of steps costs as
 * much as hundreds that slept for a few.
 */
#include "engine/tensor/optim_rows.h"
#include "base/arena.h"
#include "engine/tensor/kernels.h"
#include <string.h>

struct optim_lag {
    int32_t row, from;
};

/* --------------------------------------------------------------------------------- history */

enum err_code optim_history_init(struct optim_history *h, int32_t capacity, struct err *err)
{
    BUG_IF(capacity < 1);
    *h = (struct optim_history){.capacity = capacity};
    h->steps = mem_try((size_t)capacity, sizeof *h->steps, err);
    return h->steps ? ERR_OK : err->code;
}

void optim_history_release(struct optim_history *h)
{
    mem_free(h->steps);
    *h = (struct optim_history){0};
}

void optim_history_add(struct optim_history *h, const struct adamw *step)
{
    BUG_IF(optim_history_full(h));
    h->steps[h->count++] = *step;
}

bool optim_history_full(const struct optim_history *h)
{
    return h->count == h->capacity;
}

void optim_history_clear(struct optim_history *h)
{
    h->count = 0;
}

/* ------------------------------------------------------------------------------------ rows */

enum err_code optim_rows_init(struct optim_rows *t, float *params, int32_t rows, int32_t width,
                              struct err *err)
{
    void *m = NULL, *v = NULL;
    const size_t count = (size_t)rows, floats = count * (size_t)width;
    *t = (struct optim_rows){.params = params, .rows = rows, .width = width};
    if (!(t->slot = mem_try(count, sizeof *t->slot, err)) ||
        !(t->row_of = mem_try(count, sizeof *t->row_of, err)) ||
        !(t->done = mem_try(count, sizeof *t->done, err)) ||
        !(t->lags = mem_try(count, sizeof *t->lags, err)) ||
        !(t->m_block = mem_try_pages(floats, sizeof(float), &m, err)) ||
        !(t->v_block = mem_try_pages(floats, sizeof(float), &v, err)))
        return err->code;
    t->m = m;
    t->v = v;
    for (int32_t i = 0; i < rows; i++) t->slot[i] = -1;
    return ERR_OK;
}

void optim_rows_release(struct optim_rows *t)
{
    mem_free(t->slot);
    mem_free(t->row_of);
    mem_free(t->done);
    mem_free(t->lags);
    mem_free(t->m_block);
    mem_free(t->v_block);
    *t = (struct optim_rows){0};
}

struct rows_job {
    const struct kernels *kernels;
    struct optim_rows *t;
    const struct optim_history *h;
    const int32_t *rows; /* of an update */
    const float *grads;
};

static void run(struct pool *pool, int32_t pieces, pool_fn *fn, struct rows_job *j)
{
    if (pool && pieces > 1)
        pool_run(pool, (int)pieces, fn, j);
    else
        for (int32_t i = 0; i < pieces; i++) fn(j, (int)i, 0);
}

static float *row_at(float *x, int32_t row, int32_t width)
{
    return x + (size_t)row * (size_t)width;
}

static void replay_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    const struct rows_job *j = ctx;
    const struct optim_rows *t = j->t;
    const struct optim_lag lag = t->lags[piece];
    const int32_t slot = t->slot[lag.row], width = t->width;
    j->kernels->adamw_idle(j->h->steps + lag.from, (size_t)(j->h->count - lag.from), (size_t)width,
                           row_at(t->params, lag.row, width),
                           slot < 0 ? NULL : row_at(t->m, slot, width),
                           slot < 0 ? NULL : row_at(t->v, slot, width));
}

/* Notes the row when it lags, and counts it as up to date from now on. */
static int32_t note(struct optim_rows *t, const struct optim_history *h, int32_t row, int32_t lags)
{
    if (t->done[row] == h->count) return lags;
    t->lags[lags] = (struct optim_lag){.row = row, .from = t->done[row]};
    t->done[row] = h->count;
    return lags + 1;
}

void optim_rows_read(enum isa isa, struct pool *pool, struct optim_rows *t,
                     const struct optim_history *h, const int32_t *rows, int32_t count)
{
    struct rows_job j = {.kernels = kernels_get(isa), .t = t, .h = h};
    int32_t lags = 0;
    for (int32_t i = 0; i < count; i++) lags = note(t, h, rows[i], lags);
    run(pool, lags, replay_piece, &j);
}

void optim_rows_settle(enum isa isa, struct pool *pool, struct optim_rows *t,
                       const struct optim_history *h)
{
    struct rows_job j = {.kernels = kernels_get(isa), .t = t, .h = h};
    int32_t lags = 0;
    for (int32_t row = 0; row < t->rows; row++) lags = note(t, h, row, lags);
    run(pool, lags, replay_piece, &j);
    memset(t->done, 0, (size_t)t->rows * sizeof *t->done);
}

static void update_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    const struct rows_job *j = ctx;
    const struct optim_rows *t = j->t;
    const int32_t row = j->rows[piece], width = t->width, slot = t->slot[row];
    j->kernels->adamw(&j->h->steps[j->h->count - 1], (size_t)width, row_at(t->params, row, width),
                      j->grads + (size_t)piece * (size_t)width, row_at(t->m, slot, width),
                      row_at(t->v, slot, width));
}

void optim_rows_update(enum isa isa, struct pool *pool, struct optim_rows *t,
                       const struct optim_history *h, const int32_t *rows, int32_t count,
                       const float *grads)
{
    struct rows_job j = {.kernels = kernels_get(isa), .t = t, .h = h, .rows = rows, .grads = grads};
    for (int32_t i = 0; i < count; i++) {
        const int32_t row = rows[i];
        BUG_IF(t->done[row] != h->count - 1);
        t->done[row] = h->count;
        if (t->slot[row] >= 0) continue;
        t->row_of[t->slots] = row;
        t->slot[row] = t->slots++;
    }
    run(pool, count, update_piece, &j);
}
