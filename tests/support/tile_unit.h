/* tile_unit.h - the tile unit of AMX in plain C: what tile_trap.h lets do an instruction that the
 * CPU refuses.
 *
 * Exact by the Intel SDM: palette 1 (8 tiles, 16 rows, 64 bytes), rows past a tile's own are zero
 * after a write, products in the order of TDPBF16PS and TDPBSSD. Whatever would fault on a machine
 * prints one line and aborts: a bad configuration, a tile that is not configured, shapes that do
 * not fit, one tile used twice in a product. A start row is not supported: kernels have none.
 * Threads: tiles belong to the thread, as registers do.
 */
#ifndef TESTS_TILE_UNIT_H
#define TESTS_TILE_UNIT_H

#include <stdbool.h>
#include <stddef.h>

void tile_unit_loadconfig(const void *config); /* 64 bytes */
void tile_unit_release(void);
void tile_unit_zero(int tile);
void tile_unit_loadd(int tile, const void *base, ptrdiff_t stride);
void tile_unit_stored(int tile, void *base, ptrdiff_t stride);
void tile_unit_dpbf16ps(int into, int a, int b);
void tile_unit_dpbssd(int into, int a, int b); /* bytes of a signed */
void tile_unit_dpbusd(int into, int a, int b); /* bytes of a unsigned */
/* Whether this thread's tiles are as at the start. */
bool tile_unit_released(void);

#endif
