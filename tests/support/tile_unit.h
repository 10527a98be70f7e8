/* tile_unit.h - the tiles of AMX in plain C, so that the source of a tile kernel is tested on any
 * x86 machine with AVX-512.
 *
 * Compile the kernel's file a second time with this header in front and another name for what it
 * exports; its _tile_* calls then go here, and not a line of it changes:
 *
 *     static_library('int8-amx-tile-unit', src / 'int8_amx.c',
 *       c_args: amx_flags + ['-include', 'support/tile_unit.h',
 *                            '-Dlowp_int8_amx=lowp_int8_amx_tile_unit'], ...)
 *     // in the test, beside tile_unit.c:
 *     extern const struct lowp lowp_int8_amx_tile_unit;
 *     lowp_int8_amx_tile_unit.gemm(...);            // must give the reference's bits
 *     cr_expect(tile_unit_released());              // and leave no tile configured
 *
 * Exact by the Intel SDM: palette 1 (8 tiles, 16 rows, 64 bytes), rows past a tile's own are zero
 * after a write, products in the order of TDPBF16PS and TDPBSSD. Whatever would fault on a machine
 * prints one line and aborts: a bad configuration, a tile that is not configured, shapes that do
 * not fit, one tile used twice in a product. A start row is not supported: kernels have none.
 * Threads: tiles belong to the thread, as registers do.
 */
#ifndef TESTS_TILE_UNIT_H
#define TESTS_TILE_UNIT_H

#include <immintrin.h> /* first, so that the kernel's own include finds it read */
#include <stdbool.h>
#include <stddef.h>

void tile_unit_loadconfig(const void *config); /* 64 bytes */
void tile_unit_release(void);
void tile_unit_zero(int tile);
void tile_unit_loadd(int tile, const void *base, ptrdiff_t stride);
void tile_unit_stored(int tile, void *base, ptrdiff_t stride);
void tile_unit_dpbf16ps(int into, int a, int b);
void tile_unit_dpbssd(int into, int a, int b);
/* Whether this thread's tiles are as at the start. */
bool tile_unit_released(void);

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stream_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#undef _tile_dpbssd
#define _tile_loadconfig(config)         tile_unit_loadconfig(config)
#define _tile_release()                  tile_unit_release()
#define _tile_zero(tile)                 tile_unit_zero(tile)
#define _tile_loadd(tile, base, stride)  tile_unit_loadd(tile, base, stride)
#define _tile_stream_loadd(tile, b, s)   tile_unit_loadd(tile, b, s)
#define _tile_stored(tile, base, stride) tile_unit_stored(tile, base, stride)
#define _tile_dpbf16ps(into, a, b)       tile_unit_dpbf16ps(into, a, b)
#define _tile_dpbssd(into, a, b)         tile_unit_dpbssd(into, a, b)

#endif
