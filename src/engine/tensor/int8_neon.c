/* NEON with the dot product of Armv8.2: SDOT adds 4 products of signed bytes to each of 4 sums. A
 * tile is 4 rows x 16 columns: 16 numbers of each row in a register, of which a lane is the 4 that
 * a step of depth wants, so that 4 loads of b feed 16 products. */
#include "engine/tensor/vec_neon.h"
typedef int8_t operand_number;
#define OPERAND_ZERO 0
static void numbers_store(operand_number *out, vi numbers)
{
    vi_store_bytes((uint8_t *)out, numbers);
}
#include "engine/tensor/int8_body.h"

#define TILE_ROWS 4
#include "engine/tensor/int8_half.h"

/* 4 numbers of each row, `lane` of those in a, times 16 columns. */
#define DOT_LANE(lane)                                                                             \
    do {                                                                                           \
        const int8_t *at = b + (lane)*PANEL_COLUMNS * QUAD;                                        \
        for (int i = 0; i < 4; i++) {                                                              \
            const int8x16_t column = vld1q_s8(at + 16 * i);                                        \
            for (int r = 0; r < rows; r++)                                                         \
                dot[r][i] = vdotq_laneq_s32(dot[r][i], column, a[r], lane);                        \
        }                                                                                          \
    } while (0)

ALWAYS void dot_half(const struct tile *t, const int rows, int half, vi sum[TILE_ROWS])
{
    int32x4_t dot[TILE_ROWS][4];
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < 4; i++) dot[r][i] = vdupq_n_s32(0);
    const operand_number *row = t->a;
    const int8_t *b = t->b + 16 * QUAD * half;
    for (int32_t step = 0; step < t->steps; step++, row += ROW_BLOCK * DEPTH_STEP)
        for (int q = 0; q < DEPTH_STEP; q += 16, b += 4 * PANEL_COLUMNS * QUAD) {
            int8x16_t a[TILE_ROWS];
            for (int r = 0; r < rows; r++) a[r] = vld1q_s8(row + r * DEPTH_STEP + q);
            DOT_LANE(0);
            DOT_LANE(1);
            DOT_LANE(2);
            DOT_LANE(3);
        }
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < 4; i++) sum[r].q[i] = vreinterpretq_u32_s32(dot[r][i]);
}

INT8_TABLE(neon, ISA_NEON, true);
