/* The polynomials against libm in double, over dense samples of their ranges. The bounds are those
 * that vec_math.h states; GELU's is absolute because 1 + erf cancels on the far left, as in any
 * float implementation. */
#include "engine/tensor/kernels_internal.h"
#include <criterion/criterion.h>
#include <math.h>

enum { N = 1 << 20 };
static float x[N], y[N];

static double gelu_slope(double v)
{
    return 0.5 * (1 + erf(v / sqrt(2.0))) + v * exp(-0.5 * v * v) / sqrt(2 * acos(-1.0));
}
static double gelu(double v)
{
    return 0.5 * v * (1 + erf(v / sqrt(2.0)));
}

static double ulps(float got, double want)
{
    const double unit = (double)(nextafterf(fabsf((float)want), INFINITY) - fabsf((float)want));
    return fabs((double)got - want) / unit;
}

static void sample(double low, double high)
{
    for (int i = 0; i < N; i++) x[i] = (float)(low + (high - low) * i / (N - 1));
}

static double worst_ulps(enum vec_function f, double (*truth)(double))
{
    double worst = 0;
    kernels_ref.vec_math((int)f, N, x, y);
    for (int i = 0; i < N; i++) worst = fmax(worst, ulps(y[i], truth((double)x[i])));
    return worst;
}

static double worst_absolute(enum vec_function f, double (*truth)(double))
{
    double worst = 0;
    kernels_ref.vec_math((int)f, N, x, y);
    for (int i = 0; i < N; i++) worst = fmax(worst, fabs((double)y[i] - truth((double)x[i])));
    return worst;
}

Test(vec_math, exp_is_within_its_bound)
{
    sample(-86.9, 88.7);
    const double wide = worst_ulps(VEC_EXP, exp);
    sample(-1.0, 1.0);
    const double narrow = worst_ulps(VEC_EXP, exp);
    cr_expect_leq(fmax(wide, narrow), 1.1, "%g, %g ulp", wide, narrow);
}

Test(vec_math, exp_never_gives_a_subnormal)
{
    x[0] = -87.0f, x[1] = -1e30f, x[2] = -INFINITY, x[3] = 89.0f, x[4] = INFINITY, x[5] = 0.0f;
    kernels_ref.vec_math(VEC_EXP, 6, x, y);
    for (int i = 0; i < 3; i++) cr_expect_eq((double)y[i], 0.0);
    cr_expect(isinf(y[3]) && isinf(y[4]) && y[5] == 1.0f);
}

Test(vec_math, log_is_within_its_bound)
{
    sample(0.5, 3.0);
    double worst = worst_ulps(VEC_LOG, log);
    for (int i = 0; i < N; i++) x[i] = ldexpf(1.0f + (float)(i % 8192) / 8192.0f, i / 8192 - 64);
    worst = fmax(worst, worst_ulps(VEC_LOG, log));
    cr_expect_leq(worst, 1.1, "%g ulp", worst);
}

Test(vec_math, erf_is_within_its_bound)
{
    sample(-6.0, 6.0);
    double worst = worst_ulps(VEC_ERF, erf);
    sample(-1e-3, 1e-3);
    worst = fmax(worst, worst_ulps(VEC_ERF, erf));
    cr_expect_leq(worst, 1.5, "%g ulp", worst);
}

Test(vec_math, gelu_and_its_slope_are_within_their_bounds)
{
    sample(-10.0, 10.0);
    cr_expect_leq(worst_absolute(VEC_GELU, gelu), 1e-6, "%g", worst_absolute(VEC_GELU, gelu));
    const double slope = worst_absolute(VEC_GELU_SLOPE, gelu_slope);
    cr_expect_leq(slope, 4e-7, "%g", slope);
}
