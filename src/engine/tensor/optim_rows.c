/* How: `done` says for each row how far it has come. A reader first notes which rows lag and from
 * where, in the caller's thread, so that a row that is named twice is worked on once; then the pool
 * takes row after row. The few rows of a batch are a piece each, because one that slept for
 * thousands of steps costs as much as hundreds that slept for a few. Tens of thousands of rows are
 * cut into PIECES_MOST: a row that slept for a step takes less time than handing it out.
 */
#include "engine/tensor/optim_rows.h"
#include "base/arena.h"
#include "engine/tensor/kernels.h"
#include <string.h>

enum { PIECES_MOST = 512 };

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
    void (*fn)(const struct rows_job *j, int32_t i); /* for 0 <= i < count */
    int32_t count, step;                             /* step of them are a piece */
    const int32_t *rows;                             /* of an update */
    const float *grads;
};

static void rows_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    const struct rows_job *j = ctx;
    const int32_t begin = piece * j->step, left = j->count - begin;
    const int32_t end = left < j->step ? j->count : begin + j->step;
    for (int32_t i = begin; i < end; i++) j->fn(j, i);
}

static void run(struct pool *pool, struct rows_job *j)
{
    if (j->count == 0) return;
    j->step = (j->count - 1) / PIECES_MOST + 1;
    const int32_t pieces = (j->count - 1) / j->step + 1;
    if (pool)
        pool_run(pool, (int)pieces, rows_piece, j);
    else
        for (int32_t i = 0; i < pieces; i++) rows_piece(j, (int)i, 0);
}

static float *row_at(float *x, int32_t row, int32_t width)
{
    return x + (size_t)row * (size_t)width;
}

static void replay_row(const struct rows_job *j, int32_t i)
{
    const struct optim_rows *t = j->t;
    const struct optim_lag lag = t->lags[i];
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
    struct rows_job j = {.kernels = kernels_get(isa), .t = t, .h = h, .fn = replay_row};
    for (int32_t i = 0; i < count; i++) j.count = note(t, h, rows[i], j.count);
    run(pool, &j);
}

void optim_rows_settle(enum isa isa, struct pool *pool, struct optim_rows *t,
                       const struct optim_history *h)
{
    struct rows_job j = {.kernels = kernels_get(isa), .t = t, .h = h, .fn = replay_row};
    for (int32_t row = 0; row < t->rows; row++) j.count = note(t, h, row, j.count);
    run(pool, &j);
    memset(t->done, 0, (size_t)t->rows * sizeof *t->done);
}

static void update_row(const struct rows_job *j, int32_t i)
{
    const struct optim_rows *t = j->t;
    const int32_t row = j->rows[i], width = t->width, slot = t->slot[row];
    j->kernels->adamw(&j->h->steps[j->h->count - 1], (size_t)width, row_at(t->params, row, width),
                      j->grads + (size_t)i * (size_t)width, row_at(t->m, slot, width),
                      row_at(t->v, slot, width));
}

void optim_rows_update(enum isa isa, struct pool *pool, struct optim_rows *t,
                       const struct optim_history *h, const int32_t *rows, int32_t count,
                       const float *grads)
{
    struct rows_job j = {.kernels = kernels_get(isa),
                         .t = t,
                         .h = h,
                         .fn = update_row,
                         .count = count,
                         .rows = rows,
                         .grads = grads};
    for (int32_t i = 0; i < count; i++) {
        const int32_t row = rows[i];
        BUG_IF(t->done[row] != h->count - 1);
        t->done[row] = h->count;
        if (t->slot[row] >= 0) continue;
        t->row_of[t->slots] = row;
        t->slot[row] = t->slots++;
    }
    run(pool, &j);
}
