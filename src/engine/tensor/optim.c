/* How: the arithmetic is in kernels.h (adamw, square_block); here a block is cut into pieces whose
 * bounds depend on its size alone, so that threads choose who works, never what is added to
 * what. */
#include "engine/tensor/optim.h"
#include "engine/tensor/kernels.h"
#include <math.h>
#include <string.h>

enum { ADAMW_PIECE = 1 << 16, SQUARE_PIECES_MAX = 256 };

static double power(double base, int64_t exponent)
{
    double r = 1.0;
    for (; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1) r *= base;
    return r;
}

struct adamw adamw_step(const struct adamw_rule *rule, int64_t t, double grad_scale)
{
    BUG_IF(t < 1);
    const float lr = (float)rule->lr;
    const float bias1 = (float)(1.0 - power(rule->beta1, t));
    /* sqrt is exact in IEEE 754 */
    const float bias2_root = (float)sqrt(1.0 - power(rule->beta2, t));
    return (struct adamw){.shrink = lr * (float)rule->decay,
                          .rate = lr / bias1,
                          .inverse_root = 1.0f / bias2_root,
                          .eps = (float)rule->eps,
                          .grad_scale = (float)grad_scale,
                          .beta1 = (float)rule->beta1,
                          .rest1 = (float)(1.0 - rule->beta1),
                          .beta2 = (float)rule->beta2,
                          .rest2 = (float)(1.0 - rule->beta2)};
}

static void run(struct pool *pool, size_t pieces, pool_fn *fn, void *ctx)
{
    if (pool && pieces > 1)
        pool_run(pool, (int)pieces, fn, ctx);
    else
        for (size_t i = 0; i < pieces; i++) fn(ctx, (int)i, 0);
}

struct adamw_job {
    const struct kernels *kernels;
    const struct optim_run *runs;
    float *params, *m, *v;
    const float *grads;
    const struct optim_follower *follower;
};

static size_t piece_of(const struct optim_run *r)
{
    return r->piece ? r->piece : ADAMW_PIECE;
}

static size_t run_pieces(const struct optim_run *r)
{
    return (r->end - r->begin + piece_of(r) - 1) / piece_of(r);
}

static void adamw_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    const struct adamw_job *j = ctx;
    const struct optim_run *r = j->runs;
    size_t p = (size_t)piece;
    for (; p >= run_pieces(r); r++) p -= run_pieces(r);
    const size_t at = r->begin + p * piece_of(r), left = r->end - at;
    const size_t count = left < piece_of(r) ? left : piece_of(r);
    j->kernels->adamw(r->step, count, j->params + at, j->grads + at, j->m + at, j->v + at);
    if (j->follower) j->follower->fn(j->follower->ctx, j->params + at, count);
}

void optim_adamw(enum isa isa, struct pool *pool, const struct optim_run *runs, int32_t run_count,
                 float *params, const float *grads, float *m, float *v,
                 const struct optim_follower *follower)
{
    struct adamw_job j = {kernels_get(isa), runs, params, m, v, grads, follower};
    size_t pieces = 0;
    for (int32_t i = 0; i < run_count; i++) pieces += run_pieces(&runs[i]);
    run(pool, pieces, adamw_piece, &j);
}

/* Squares. A block that one span covers is summed where it lies; one of which spans cover parts is
 * put together on the stack, zeros between them; one that none touches adds 0. */
struct square_job {
    const struct kernels *kernels;
    const struct optim_span *spans;
    size_t span_count, count, piece_floats;
    const float *done;
    double sums[SQUARE_PIECES_MAX];
};

/* The first span that ends behind `at`. */
static size_t span_behind(const struct square_job *j, size_t at)
{
    size_t low = 0, high = j->span_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (j->spans[middle].at + j->spans[middle].count > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static float square_parts(const struct square_job *j, size_t first, size_t at, size_t n)
{
    float block[SQUARE_BLOCK];
    memset(block, 0, n * sizeof *block);
    for (size_t i = first; i < j->span_count && j->spans[i].at < at + n; i++) {
        const struct optim_span *s = &j->spans[i];
        const size_t begin = s->at > at ? s->at : at;
        const size_t s_end = s->at + s->count, end = s_end < at + n ? s_end : at + n;
        memcpy(block + (begin - at), s->x + (begin - s->at), (end - begin) * sizeof *block);
    }
    return j->kernels->square_block(n, block);
}

/* Block [at, at + n); *i is the first span that ends behind an earlier one. */
static float square_of(const struct square_job *j, size_t at, size_t n, size_t *i)
{
    if (j->done && j->done[at / SQUARE_BLOCK] != SQUARE_UNKNOWN) return j->done[at / SQUARE_BLOCK];
    while (*i < j->span_count && j->spans[*i].at + j->spans[*i].count <= at) ++*i;
    if (*i == j->span_count || j->spans[*i].at >= at + n) return 0.0f;
    const struct optim_span *s = &j->spans[*i];
    const bool covered = s->at <= at && s->at + s->count >= at + n;
    return covered ? j->kernels->square_block(n, s->x + (at - s->at)) : square_parts(j, *i, at, n);
}

static void square_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    struct square_job *j = ctx;
    const size_t begin = (size_t)piece * j->piece_floats;
    const size_t end = j->count - begin < j->piece_floats ? j->count : begin + j->piece_floats;
    double sum = 0.0;
    size_t i = span_behind(j, begin);
    for (size_t at = begin; at < end; at += SQUARE_BLOCK)
        sum += (double)square_of(j, at, end - at < SQUARE_BLOCK ? end - at : SQUARE_BLOCK, &i);
    j->sums[piece] = sum;
}

void optim_square_blocks(const struct kernels *kernels, const float *x, size_t begin, size_t end,
                         float *sums)
{
    for (size_t i = (begin + SQUARE_BLOCK - 1) / SQUARE_BLOCK; (i + 1) * SQUARE_BLOCK <= end; i++)
        sums[i] = kernels->square_block(SQUARE_BLOCK, x + i * SQUARE_BLOCK);
}

double optim_square_spans(enum isa isa, struct pool *pool, const struct optim_span *spans,
                          size_t span_count, size_t count, const float *done)
{
    struct square_job j = {.kernels = kernels_get(isa),
                           .spans = spans,
                           .span_count = span_count,
                           .count = count,
                           .done = done};
    const size_t blocks = (count + SQUARE_BLOCK - 1) / SQUARE_BLOCK;
    j.piece_floats = (blocks + SQUARE_PIECES_MAX - 1) / SQUARE_PIECES_MAX * SQUARE_BLOCK;
    const size_t pieces = count ? (count + j.piece_floats - 1) / j.piece_floats : 0;
    run(pool, pieces, square_piece, &j);
    double sum = 0.0;
    for (size_t i = 0; i < pieces; i++) sum += j.sums[i];
    return sum;
}

double optim_square_sum(enum isa isa, struct pool *pool, const float *x, size_t count)
{
    const struct optim_span all = {.at = 0, .count = count, .x = x};
    return optim_square_spans(isa, pool, &all, 1, count, NULL);
}
