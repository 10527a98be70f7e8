/* How: the arithmetic is in kernels.h (adamw, square_block); here a block is cut into pieces whose
 * bounds depend on its size alone, so that threads choose who works, never what is added to
 * what. */
#include "engine/tensor/optim.h"
#include "engine/tensor/kernels.h"
#include <math.h>

enum { ADAMW_PIECE = 1 << 16, SQUARE_PIECES_MAX = 256 };

static double power(double base, int64_t exponent)
{
    double r = 1.0;
    for (; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1) r *= base;
    return r;
}

struct adamw adamw_step(double lr, double beta1, double beta2, double eps, int64_t t,
                        double grad_scale)
{
    BUG_IF(t < 1);
    return (struct adamw){.lr = (float)lr,
                          .eps = (float)eps,
                          .grad_scale = (float)grad_scale,
                          .beta1 = (float)beta1,
                          .rest1 = (float)(1.0 - beta1),
                          .beta2 = (float)beta2,
                          .rest2 = (float)(1.0 - beta2),
                          .bias1 = (float)(1.0 - power(beta1, t)),
                          /* sqrt is exact in IEEE 754 */
                          .bias2_root = (float)sqrt(1.0 - power(beta2, t))};
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
    const struct adamw *step;
    float *params, *m, *v;
    const float *grads;
    size_t count;
};

static void adamw_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    const struct adamw_job *j = ctx;
    const size_t at = (size_t)piece * ADAMW_PIECE;
    const size_t left = j->count - at, n = left < ADAMW_PIECE ? left : ADAMW_PIECE;
    j->kernels->adamw(j->step, n, j->params + at, j->grads + at, j->m + at, j->v + at);
}

void optim_adamw(enum isa isa, struct pool *pool, const struct adamw *a, float *params,
                 const float *grads, float *m, float *v, size_t count)
{
    struct adamw_job j = {kernels_get(isa), a, params, m, v, grads, count};
    run(pool, (count + ADAMW_PIECE - 1) / ADAMW_PIECE, adamw_piece, &j);
}

struct square_job {
    const struct kernels *kernels;
    const float *x;
    size_t count, piece_floats;
    double sums[SQUARE_PIECES_MAX];
};

static void square_piece(void *ctx, int piece, int thread)
{
    (void)thread;
    struct square_job *j = ctx;
    const size_t begin = (size_t)piece * j->piece_floats;
    const size_t end = j->count - begin < j->piece_floats ? j->count : begin + j->piece_floats;
    double sum = 0.0;
    for (size_t at = begin; at < end; at += SQUARE_BLOCK) {
        const size_t n = end - at < SQUARE_BLOCK ? end - at : SQUARE_BLOCK;
        sum += (double)j->kernels->square_block(n, j->x + at);
    }
    j->sums[piece] = sum;
}

double optim_square_sum(enum isa isa, struct pool *pool, const float *x, size_t count)
{
    struct square_job j = {.kernels = kernels_get(isa), .x = x, .count = count};
    const size_t blocks = (count + SQUARE_BLOCK - 1) / SQUARE_BLOCK;
    j.piece_floats = (blocks + SQUARE_PIECES_MAX - 1) / SQUARE_PIECES_MAX * SQUARE_BLOCK;
    const size_t pieces = count ? (count + j.piece_floats - 1) / j.piece_floats : 0;
    run(pool, pieces, square_piece, &j);
    double sum = 0.0;
    for (size_t i = 0; i < pieces; i++) sum += j.sums[i];
    return sum;
}
