/* engine/tensor/int8_half.h - a tile of int8 products by 16 columns, where registers are narrow.
 *
 * int8_<level>.c includes int8_body.h and defines TILE_ROWS (at most 6) and dot_half(t, rows, half,
 * sum): what the tile's steps of depth add to the sums of columns [16 half, 16 half + 16).
 */
#define ALWAYS static inline __attribute__((always_inline))
#include "engine/tensor/int8_loops.h"

ALWAYS void dot_half(const struct tile *t, const int rows, int half, vi sum[TILE_ROWS]);

static inline vi half_start(const struct tile *t, int r, int half, int n)
{
    if (!t->first) return vf_bits(vf_load_n(t->c + r * t->c_row + 16 * half, n));
    return vi_mul(vi_load(t->sums + 16 * half), vi_set(0u - OPERAND_ZERO));
}

ALWAYS void half_run(const struct tile *t, const int rows, int half, int n)
{
    vi sum[TILE_ROWS];
    dot_half(t, rows, half, sum);
    const vf scale = vf_load(t->scale + 16 * half);
    const vf bias = t->bias ? vf_load_n(t->bias + 16 * half, n) : vf_set(0.0f);
    for (int r = 0; r < rows; r++) {
        const vi total = vi_add(sum[r], half_start(t, r, half, n));
        const vf c = t->last ? finish(total, vf_set(t->row_scale[r]), scale, bias, t->gelu)
                             : vi_float(total);
        vf_store_n(t->c + r * t->c_row + 16 * half, c, n);
    }
}

static void tile_run(const struct tile *t, int rows)
{
    for (int half = 0; 16 * half < t->width; half++) {
        const int n = t->width - 16 * half < 16 ? t->width - 16 * half : 16;
        switch (rows) {
        case 1:
            half_run(t, 1, half, n);
            break;
        case 2:
            half_run(t, 2, half, n);
            break;
        case 3:
            half_run(t, 3, half, n);
            break;
        case 4:
            half_run(t, 4, half, n);
            break;
#if TILE_ROWS > 4
        case 5:
            half_run(t, 5, half, n);
            break;
        case 6:
            half_run(t, 6, half, n);
            break;
#endif
        }
    }
}
