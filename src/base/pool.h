/* base/pool.h - threads that wait for numbered pieces of work.
 *
 *     struct pool *p = NULL;
 *     if (pool_new(threads, &p, err)) return err->code;
 *     pool_run(p, piece_count, fn, ctx);   // fn(ctx, piece, thread) for piece = 0..piece_count-1
 *     pool_free(p);                          // pool_run returned when all pieces were done
 *
 * Rules: the caller works too (threads = 1 starts none). Pieces are handed out in order, but to any
 * thread, so a result may depend on the piece, never on the thread. Workers spin briefly after
 * work, then sleep on a futex. One pool_run at a time; pieces must not call pool_run on the same
 * pool.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/err.h"

struct pool;
typedef void pool_fn(void *ctx, int piece, int thread);

enum err_code pool_new(int threads, struct pool **ret, struct err *err) MUST_CHECK;
void pool_free(struct pool *p);
int pool_threads(const struct pool *p);
void pool_run(struct pool *p, int piece_count, pool_fn *fn, void *ctx);
/* fn(ctx, member, thread) once on every thread at the same time, member = 0..threads-1: a run whose
 * pieces may wait for each other. pool_meet, called by a member, returns when all members have
 * called it; each sees what the others wrote before. All members must meet equally often, and at
 * least once. */
void pool_team(struct pool *p, pool_fn *fn, void *ctx);
void pool_meet(struct pool *p);

/* What to do when the pool hands out `piece` of `count`: the list is cut into a stripe for each
 * thread, and pieces alternate between the stripes, so that what one thread does lies together. Two
 * threads that write neighbouring lines slow each other: the hardware fetches lines in pairs. */
int pool_stripe(int piece, int count, int threads);

#endif
