/* engine/tensor/optim_body.h - the optimiser's kernels, a part of rowwise_body.h.
 *
 * adamw is one step of n elements; adamw_idle is many steps of n elements that got no gradient, as
 * they come in a row when a table's rows are updated only when they are next read (optim_rows.h).
 * The two must agree bit for bit: tests/engine/tensor/test_optim_rows.c.
 */
static inline vf vf_size(vf x)
{
    return vi_float(vi_and(vf_bits(x), vi_set(0x7fffffffu)));
}

static inline vf flush(vf x, float least)
{
    return vf_select_lt(vf_size(x), vf_set(least), vf_set(0.0f), x);
}

struct moments {
    vf m, v;
};

/* The part of a step that moves the weight, once the moments are the step's. */
static inline vf adamw_move(const struct adamw *a, const struct moments *x, vf p)
{
    const vf root = vf_fma(vf_sqrt(x->v), vf_set(a->inverse_root), vf_set(a->eps));
    const vf shrunk = vf_fnma(vf_set(a->shrink), p, p);
    return vf_fnma(vf_set(a->rate), vf_div(x->m, root), shrunk);
}

/* The hardware's own fetching begins anew at each page of each of the four streams: asking 2 KB
 * ahead takes a seventh off the pass. */
enum { ADAMW_AHEAD = 512 };

static inline void adamw_fetch(const float *params, const float *grads, const float *m,
                               const float *v)
{
    __builtin_prefetch(params + ADAMW_AHEAD, 1);
    __builtin_prefetch(grads + ADAMW_AHEAD);
    __builtin_prefetch(m + ADAMW_AHEAD, 1);
    __builtin_prefetch(v + ADAMW_AHEAD, 1);
}

void FN(adamw)(const struct adamw *a, size_t n, float *params, const float *grads, float *m,
               float *v)
{
    const struct adamw step = *a;
    const vf beta1 = vf_set(step.beta1), rest1 = vf_set(step.rest1);
    const vf beta2 = vf_set(step.beta2), rest2 = vf_set(step.rest2);
    for (size_t j = 0; j < n; j += 16) {
        const int w = n - j < 16 ? (int)(n - j) : 16;
        if (n - j > ADAMW_AHEAD) adamw_fetch(params + j, grads + j, m + j, v + j);
        const vf g = vf_mul(load_some(grads + j, w), vf_set(step.grad_scale));
        const struct moments x = {
            flush(vf_fma(load_some(m + j, w), beta1, vf_mul(g, rest1)), ADAM_M_FLUSH),
            flush(vf_fma(load_some(v + j, w), beta2, vf_mul(vf_mul(g, g), rest2)), ADAM_V_FLUSH)};
        store_some(m + j, x.m, w);
        store_some(v + j, x.v, w);
        store_some(params + j, adamw_move(&step, &x, load_some(params + j, w)), w);
    }
}

/* Steps without a gradient. With g = 0 the products above are +0, and so `fma(m, beta1, +0)` below
 * is the same operation. Many such steps come in a row, and soon m is so small that it moves no
 * weight by half a unit in its last place; then the square root and the division, which take nearly
 * all the time, need not be made. docs/internals/engine.md proves that no bit changes. */
enum { IDLE_STEPS = 32 };

static inline void idle_moments(const struct adamw *a, struct moments *x)
{
    x->m = vf_fma(x->m, vf_set(a->beta1), vf_set(0.0f));
    x->v = vf_fma(x->v, vf_set(a->beta2), vf_set(0.0f));
}

/* 1 in the lanes where a quantity that was not 0 fell below what is flushed. */
static inline vf idle_flushes(vf before, vf after, float least)
{
    const vf some = vf_select_lt(vf_set(0.0f), before, vf_set(1.0f), vf_set(0.0f));
    return vf_select_lt(after, vf_set(least), some, vf_set(0.0f));
}

/* Does all steps at once when every lane is quiet: nothing is flushed, and no step moves a weight
 * but by its decay. Else it does nothing and says so. */
static inline bool idle_quiet(const struct adamw *steps, size_t count, vf *p, struct moments *x)
{
    struct moments y = *x;
    vf q = *p;
    float rate = 0.0f, inverse_root = steps[0].inverse_root;
    for (size_t s = 0; s < count; s++) {
        idle_moments(&steps[s], &y);
        q = vf_fnma(vf_set(steps[s].shrink), q, q);
        rate = steps[s].rate > rate ? steps[s].rate : rate;
        inverse_root = steps[s].inverse_root < inverse_root ? steps[s].inverse_root : inverse_root;
    }
    const vf m = vf_size(x->m);
    const vf root = vf_fma(vf_sqrt(y.v), vf_set(inverse_root), vf_set(steps[0].eps));
    const vf still = vf_mul(vf_mul(vf_size(q), vf_set(0x1p-26f)), root);
    vf loud = vf_select_lt(vf_mul(m, vf_set(rate)), still, vf_set(0.0f), vf_set(1.0f));
    loud = vf_select_lt(vf_set(0.0f), m, loud, vf_set(0.0f));
    loud = vf_max(loud, idle_flushes(m, vf_size(y.m), ADAM_M_FLUSH));
    loud = vf_max(loud, idle_flushes(x->v, y.v, ADAM_V_FLUSH));
    if (vf_max_lane(loud) > 0.0f) return false;
    *p = q;
    *x = y;
    return true;
}

static inline void idle_loud(const struct adamw *steps, size_t count, vf *p, struct moments *x)
{
    for (size_t s = 0; s < count; s++) {
        idle_moments(&steps[s], x);
        x->m = flush(x->m, ADAM_M_FLUSH);
        x->v = flush(x->v, ADAM_V_FLUSH);
        *p = adamw_move(&steps[s], x, *p);
    }
}

/* Moments of 0 stay 0: the decay alone. Four vectors side by side hide its latency. */
static void idle_decay(const struct adamw *steps, size_t step_count, size_t n, float *params)
{
    size_t j = 0;
    for (; j + 64 <= n; j += 64) {
        vf p[4];
        for (int i = 0; i < 4; i++) p[i] = vf_load(params + j + 16 * i);
        for (size_t s = 0; s < step_count; s++)
            for (int i = 0; i < 4; i++) p[i] = vf_fnma(vf_set(steps[s].shrink), p[i], p[i]);
        for (int i = 0; i < 4; i++) vf_store(params + j + 16 * i, p[i]);
    }
    for (; j < n; j += 16) {
        const int w = n - j < 16 ? (int)(n - j) : 16;
        vf p = load_some(params + j, w);
        for (size_t s = 0; s < step_count; s++) p = vf_fnma(vf_set(steps[s].shrink), p, p);
        store_some(params + j, p, w);
    }
}

void FN(adamw_idle)(const struct adamw *steps, size_t step_count, size_t n, float *params, float *m,
                    float *v)
{
    if (!m) {
        idle_decay(steps, step_count, n, params);
        return;
    }
    for (size_t j = 0; j < n; j += 16) {
        const int w = n - j < 16 ? (int)(n - j) : 16;
        struct moments x = {load_some(m + j, w), load_some(v + j, w)};
        vf p = load_some(params + j, w);
        for (size_t s = 0; s < step_count; s += IDLE_STEPS) {
            const size_t left = step_count - s, some = left < IDLE_STEPS ? left : IDLE_STEPS;
            if (!idle_quiet(steps + s, some, &p, &x)) idle_loud(steps + s, some, &p, &x);
        }
        store_some(m + j, x.m, w);
        store_some(v + j, x.v, w);
        store_some(params + j, p, w);
    }
}

float FN(square_block)(size_t n, const float *x)
{
    vf sum = vf_set(0.0f);
    for (size_t j = 0; j < n; j += 16) {
        const vf v = load_some(x + j, n - j < 16 ? (int)(n - j) : 16);
        sum = vf_fma(v, v, sum);
    }
    return vf_sum(sum);
}
