/* engine/tensor/gemm_tile.h - what a microkernel is given. */
#ifndef ENGINE_TENSOR_GEMM_TILE_H
#define ENGINE_TENSOR_GEMM_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tile {
    int32_t depth;
    const float *a; /* row r, step k: a[r * a_row + k], or a[k * TILE_ROWS + r] when packed */
    ptrdiff_t a_row;
    const float *b; /* panel p, step k: b[p * b_panel + k * 16 ..] */
    ptrdiff_t b_panel;
    float *c; /* row r: c[r * c_row ..] */
    ptrdiff_t c_row;
    int width;  /* columns of the last panel, 1..16 */
    bool first; /* chains start at +0, else where c left them */
};

#endif
