/* Rows are kept whole and zero-filled, as the registers are; checks are in the order in which the
 * SDM lists the faults. */
#include "support/tile_unit.h"
#include "engine/tensor/bf16_number.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILES = 8, ROWS = 16, ROW_BYTES = 64 };

struct tile {
    int rows, row_bytes; /* both 0: not configured */
    unsigned char row[ROWS][ROW_BYTES];
};

static _Thread_local struct {
    bool configured;
    struct tile tile[TILES];
} unit;

static void require(bool holds, const char *instruction, const char *what)
{
    if (holds) return;
    fprintf(stderr, "tile unit: %s faults: %s\n", instruction, what);
    abort();
}

void tile_unit_release(void)
{
    memset(&unit, 0, sizeof unit);
}

bool tile_unit_released(void)
{
    static const struct tile clean;
    for (int i = 0; i < TILES; i++)
        if (memcmp(&unit.tile[i], &clean, sizeof clean) != 0) return false;
    return !unit.configured;
}

/* Byte 0 palette, 1 start row, 2-15 reserved, 16-31 bytes a row of tiles 0-7 (16 bits each), 32-47
 * reserved, 48-55 rows of tiles 0-7, 56-63 reserved. */
void tile_unit_loadconfig(const void *config)
{
    const unsigned char *c = config;
    tile_unit_release();
    if (c[0] == 0) return; /* palette 0: as released */
    require(c[0] == 1, "ldtilecfg", "the palette is not 1");
    require(c[1] == 0, "ldtilecfg", "this unit starts at row 0 alone");
    for (int i = 2; i < 64; i++)
        if (i < 16 || (i >= 32 && i < 48) || i >= 56)
            require(c[i] == 0, "ldtilecfg", "a reserved byte is not zero");
    for (int i = 0; i < TILES; i++) {
        struct tile *t = &unit.tile[i];
        t->row_bytes = c[16 + 2 * i] | c[17 + 2 * i] << 8;
        t->rows = c[48 + i];
        require(t->row_bytes <= ROW_BYTES, "ldtilecfg", "more than 64 bytes a row");
        require(t->rows <= ROWS, "ldtilecfg", "more than 16 rows");
        require((t->rows == 0) == (t->row_bytes == 0), "ldtilecfg",
                "rows or bytes are 0, not both");
    }
    unit.configured = true;
}

static struct tile *tile_of(int index, const char *instruction)
{
    require(unit.configured, instruction, "no tile is configured");
    require(index >= 0 && index < TILES, instruction, "there are 8 tiles");
    require(unit.tile[index].rows > 0, instruction, "the tile is not configured");
    return &unit.tile[index];
}

void tile_unit_zero(int tile)
{
    struct tile *t = tile_of(tile, "tilezero");
    memset(t->row, 0, sizeof t->row);
}

void tile_unit_loadd(int tile, const void *base, ptrdiff_t stride)
{
    struct tile *t = tile_of(tile, "tileloadd");
    memset(t->row, 0, sizeof t->row);
    for (int r = 0; r < t->rows; r++)
        memcpy(t->row[r], (const char *)base + r * stride, (size_t)t->row_bytes);
}

void tile_unit_stored(int tile, void *base, ptrdiff_t stride)
{
    const struct tile *t = tile_of(tile, "tilestored");
    for (int r = 0; r < t->rows; r++)
        memcpy((char *)base + r * stride, t->row[r], (size_t)t->row_bytes);
}

struct product {
    struct tile *into;
    const struct tile *a, *b;
    int rows, cols, quads; /* of `into`; 4-byte groups of depth */
};

static struct product product_of(int into, int a, int b, const char *instruction)
{
    struct product p = {
        tile_of(into, instruction), tile_of(a, instruction), tile_of(b, instruction), 0, 0, 0};
    require(into != a && into != b && a != b, instruction, "a tile is used twice");
    require(p.into->row_bytes % 4 == 0 && p.a->row_bytes % 4 == 0 && p.b->row_bytes % 4 == 0,
            instruction, "bytes of a row are no multiple of 4");
    require(p.into->rows == p.a->rows, instruction, "rows of the result are not rows of a");
    require(p.into->row_bytes == p.b->row_bytes, instruction, "columns are not columns of b");
    require(p.a->row_bytes / 4 == p.b->rows, instruction, "depth of a is not depth of b");
    p.rows = p.into->rows;
    p.cols = p.into->row_bytes / 4;
    p.quads = p.a->row_bytes / 4;
    return p;
}

static uint16_t half_at(const unsigned char *row, int index)
{
    uint16_t x;
    memcpy(&x, row + 2 * index, sizeof x);
    return x;
}

void tile_unit_dpbf16ps(int into, int a, int b)
{
    const struct product p = product_of(into, a, b, "tdpbf16ps");
    for (int m = 0; m < p.rows; m++)
        for (int n = 0; n < p.cols; n++) {
            float sum[2] = {0.0f, 0.0f}, c;
            for (int k = 0; k < p.quads; k++)
                for (int half = 0; half < 2; half++)
                    sum[half] = bf16_fma(bf16_float(half_at(p.a->row[m], 2 * k + half)),
                                         bf16_float(half_at(p.b->row[k], 2 * n + half)), sum[half]);
            memcpy(&c, p.into->row[m] + 4 * n, sizeof c);
            c = bf16_add(c, bf16_add(sum[0], sum[1]));
            memcpy(p.into->row[m] + 4 * n, &c, sizeof c);
        }
}

/* Bytes of b are signed. */
static void add_bytes(const struct product *p, bool a_signed)
{
    for (int m = 0; m < p->rows; m++)
        for (int n = 0; n < p->cols; n++) {
            uint32_t c; /* unsigned: the instruction wraps */
            memcpy(&c, p->into->row[m] + 4 * n, sizeof c);
            for (int k = 0; k < 4 * p->quads; k++) {
                const unsigned char a = p->a->row[m][k], b = p->b->row[k / 4][4 * n + k % 4];
                c += (uint32_t)((a_signed ? (signed char)a : a) * (signed char)b);
            }
            memcpy(p->into->row[m] + 4 * n, &c, sizeof c);
        }
}

void tile_unit_dpbssd(int into, int a, int b)
{
    const struct product p = product_of(into, a, b, "tdpbssd");
    add_bytes(&p, true);
}

void tile_unit_dpbusd(int into, int a, int b)
{
    const struct product p = product_of(into, a, b, "tdpbusd");
    add_bytes(&p, false);
}
