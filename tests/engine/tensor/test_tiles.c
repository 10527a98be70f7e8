/* Tile instructions by name, in the forms that a compiler may choose, on the CPU's tiles or on
 * those of support/tile_trap.h, and what must end a process there. */
#include "engine/tensor/bf16_number.h"
#include "engine/tensor/isa.h"
#include "engine/tensor/peak.h"
#include "support/other_cpu.h"
#include "support/tile_trap.h"
#include "support/tile_unit.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

enum { ROWS = 3, COLS = 4, QUADS = 2, ROW_BYTES = 16 };

static void start(void)
{
    if (!tile_trap_start()) cr_skip_test("this CPU lacks what the kernels use beside tiles");
}

/* Where faults are ours to print: on the CPU's own tiles each is another signal. */
static void start_trap(void)
{
    start();
    if (tile_trap_native()) cr_skip_test("this CPU has tiles");
}

/* tiles 0 and 3: c [3][4]; 1: a, 3 rows of 2 groups of 4 bytes; 2: b, 2 x 4 groups */
static const _Alignas(64) unsigned char SHAPES[64] = {
    [0] = 1,     [16] = ROW_BYTES, [18] = 4 * QUADS, [20] = ROW_BYTES, [22] = ROW_BYTES,
    [48] = ROWS, [49] = ROWS,      [50] = QUADS,     [51] = ROWS};

static void configure(const unsigned char shapes[64])
{
    __asm__ volatile("ldtilecfg (%0)" : : "r"(shapes) : "memory");
}

static void release(void)
{
    __asm__ volatile("tilerelease" : : : "memory");
    cr_expect(tile_unit_released());
}

static void load_1_and_2(const void *a, const void *b)
{
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm1\n\t"
                     "tileloaddt1 (%2,%3,2), %%tmm2"
                     :
                     : "r"(a), "r"(4L * QUADS), "r"(b), "r"(ROW_BYTES / 2L)
                     : "memory");
}

static void store_0(void *c)
{
    __asm__ volatile("tilestored %%tmm0, (%0,%1,1)" : : "r"(c), "r"((long)ROW_BYTES) : "memory");
}

Test(tiles, a_product_of_bf16)
{
    start();
    uint16_t a[ROWS][2 * QUADS], b[QUADS][2 * COLS];
    float c[ROWS][COLS];
    for (int i = 0; i < 12; i++) a[i / 4][i % 4] = bf16_of((float)(i - 5));
    for (int i = 0; i < 16; i++) b[i / 8][i % 8] = bf16_of((float)(i % 7) * 0.5f);
    configure(SHAPES);
    load_1_and_2(a, b);
    __asm__ volatile("tilezero %%tmm0\n\t"
                     "tdpbf16ps %%tmm2, %%tmm1, %%tmm0\n\t"
                     "tdpbf16ps %%tmm2, %%tmm1, %%tmm0"
                     :
                     :
                     : "memory");
    store_0(c);
    release();
    for (int m = 0; m < ROWS; m++)
        for (int n = 0; n < COLS; n++) {
            float want = 0.0f;
            for (int k = 0; k < 2 * QUADS; k++)
                want += bf16_float(a[m][k]) * bf16_float(b[k / 2][2 * n + k % 2]);
            cr_expect_eq(c[m][n], 2.0f * want, "%d, %d", m, n);
        }
    cr_expect_eq(tile_trap_count(), tile_trap_native() ? 0 : 8);
}

static void expect_bytes(bool a_signed)
{
    unsigned char a[ROWS][4 * QUADS];
    signed char b[QUADS][4 * COLS];
    int32_t c[ROWS][COLS];
    for (int i = 0; i < 24; i++) a[i / 8][i % 8] = (unsigned char)(i * 11 + 128);
    for (int i = 0; i < 32; i++) b[i / 16][i % 16] = (signed char)(i * 8 - 128);
    configure(SHAPES);
    load_1_and_2(a, b);
    __asm__ volatile("tilezero %%tmm0" : : : "memory");
    if (a_signed)
        __asm__ volatile("tdpbssd %%tmm2, %%tmm1, %%tmm0" : : : "memory");
    else
        __asm__ volatile("tdpbusd %%tmm2, %%tmm1, %%tmm0" : : : "memory");
    store_0(c);
    release();
    for (int m = 0; m < ROWS; m++)
        for (int n = 0; n < COLS; n++) {
            int32_t want = 0;
            for (int k = 0; k < 4 * QUADS; k++)
                want += (a_signed ? (signed char)a[m][k] : a[m][k]) * b[k / 4][4 * n + k % 4];
            cr_expect_eq(c[m][n], want, "%d, %d, signed %d", m, n, a_signed);
        }
}

Test(tiles, products_of_bytes)
{
    start();
    expect_bytes(true);
    expect_bytes(false);
}

/* `at` is the middle of an array, the tile's first row lies at at + offset. */
#define EXPECT_LOAD(form, at, stride, offset, step)                                                \
    do {                                                                                           \
        __asm__ volatile("tilezero %%tmm3\n\ttileloadd " form ", %%tmm3\n\t"                       \
                         "tilestored %%tmm3, (%2,%3,1)"                                            \
                         :                                                                         \
                         : "r"(at), "r"((long)(stride)), "r"(c), "r"((long)ROW_BYTES)              \
                         : "memory");                                                              \
        for (int row = 0; row < ROWS; row++)                                                       \
            cr_expect_arr_eq(c[row], (at) + (offset) + row * (step), ROW_BYTES, "%s", form);       \
    } while (0)

Test(tiles, every_form_of_an_address)
{
    start();
    static unsigned char from[4096], c[ROWS][ROW_BYTES];
    for (size_t i = 0; i < sizeof from; i++) from[i] = (unsigned char)(i * i >> 3);
    const unsigned char *middle = from + sizeof from / 2;
    configure(SHAPES);
    EXPECT_LOAD("(%0,%1,1)", middle, 64, 0, 64);
    EXPECT_LOAD("(%0,%1,1)", middle, -17, 0, -17);
    EXPECT_LOAD("(%0,%1,1)", middle, 0, 0, 0);
    EXPECT_LOAD("0x40(%0,%1,2)", middle, 33, 0x40, 66);
    EXPECT_LOAD("-0x41(%0,%1,4)", middle, 16, -0x41, 64);
    EXPECT_LOAD("0x123(%0,%1,8)", middle, 3, 0x123, 24);
    EXPECT_LOAD("-0x123(%0)", middle, 5, -0x123, 0); /* no index: no stride */
    release();
}

/* Each base and index whose number has a meaning of its own in ModRM or SIB: rbp, rsp, r12, r13. */
Test(tiles, every_form_of_a_register)
{
    start();
    static unsigned char from[256], to[2][ROWS][ROW_BYTES];
    for (size_t i = 0; i < sizeof from; i++) from[i] = (unsigned char)(i ^ i >> 2);
    configure(SHAPES);
    __asm__ volatile("mov %0, %%r12\n\tmov %1, %%r13\n\tmov $16, %%r14d\n\t"
                     "tileloadd (%%r12,%%r14,2), %%tmm0\n\t"
                     "tilestored %%tmm0, (%%r13,%%r14,1)\n\t"
                     "mov %0, %%r13\n\tmov %1, %%r14\n\tmov $8, %%r12d\n\t"
                     "tileloadd (%%r13,%%r12,4), %%tmm3\n\t"
                     "tilestored %%tmm3, 48(%%r14,%%r12,2)"
                     :
                     : "r"(from), "r"(to)
                     : "r12", "r13", "r14", "memory");
    for (int i = 0; i < 2 * ROWS; i++)
        cr_expect_arr_eq(to[i / ROWS][i % ROWS], from + 32 * (i % ROWS), ROW_BYTES, "%d", i);
    __asm__ volatile("tilerelease\n\tldtilecfg %0\n\ttilezero %%tmm3" : : "m"(SHAPES) : "memory");
    release();
}

/* Rows and columns that a tile does not have are not touched in memory. */
Test(tiles, a_store_writes_its_rows_alone)
{
    start();
    unsigned char c[ROWS + 1][ROW_BYTES + 1];
    memset(c, 0x5a, sizeof c);
    configure(SHAPES);
    __asm__ volatile("tilezero %%tmm0\n\ttilestored %%tmm0, (%0,%1,1)"
                     :
                     : "r"(c), "r"((long)sizeof c[0])
                     : "memory");
    release();
    for (int row = 0; row <= ROWS; row++)
        for (int i = 0; i <= ROW_BYTES; i++)
            cr_expect_eq(c[row][i], row < ROWS && i < ROW_BYTES ? 0 : 0x5a, "%d, %d", row, i);
}

static void *configured_elsewhere(void *unused)
{
    (void)unused;
    __asm__ volatile("tilezero %%tmm0" : : : "memory");
    return NULL;
}

Test(tiles, a_thread_has_its_own_configuration, .signal = SIGABRT)
{
    start_trap();
    configure(SHAPES);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, configured_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
}

Test(tiles, peaks_of_products_count)
{
    start();
    cr_expect_eq(peak_spin(PRECISION_BF16, ISA_AMX, 1), 8 * 4 * 16 * 16 * 32 * 2);
    cr_expect_eq(peak_spin(PRECISION_INT8, ISA_AMX, 1), 8 * 4 * 16 * 16 * 64 * 2);
    cr_expect(tile_unit_released());
}

/* ------------------------------------------------------------------------------------- faults */

Test(tiles, an_instruction_before_permission_faults, .signal = SIGABRT)
{
    start_trap();
    const struct isa_words words = other_cpu_sapphire_rapids();
    other_cpu_set(&words, false);
    cr_assert(!isa_available(ISA_AMX));
    configure(SHAPES);
}

Test(tiles, a_tile_that_is_not_configured_faults, .signal = SIGABRT)
{
    start_trap();
    configure(SHAPES);
    __asm__ volatile("tilezero %%tmm5" : : : "memory");
}

Test(tiles, no_configuration_faults, .signal = SIGABRT)
{
    start_trap();
    __asm__ volatile("tilezero %%tmm0" : : : "memory");
}

Test(tiles, a_released_configuration_faults, .signal = SIGABRT)
{
    start_trap();
    configure(SHAPES);
    release();
    __asm__ volatile("tilezero %%tmm0" : : : "memory");
}

Test(tiles, shapes_that_do_not_fit_fault, .signal = SIGABRT)
{
    start_trap();
    configure(SHAPES);
    __asm__ volatile("tdpbf16ps %%tmm2, %%tmm0, %%tmm1" : : : "memory");
}

static void configure_changed(int at, unsigned char value)
{
    unsigned char shapes[64];
    start_trap();
    memcpy(shapes, SHAPES, sizeof shapes);
    shapes[at] = value;
    configure(shapes);
}

Test(tiles, a_reserved_byte_faults, .signal = SIGABRT)
{
    configure_changed(2, 1);
}

Test(tiles, another_palette_faults, .signal = SIGABRT)
{
    configure_changed(0, 2);
}

Test(tiles, seventeen_rows_fault, .signal = SIGABRT)
{
    configure_changed(48, 17);
}

Test(tiles, rows_without_bytes_fault, .signal = SIGABRT)
{
    configure_changed(16, 0);
}

/* tdpbssd with tmm8: no such tile. */
Test(tiles, what_is_no_tile_instruction_stays_illegal, .signal = SIGILL)
{
    start_trap();
    configure(SHAPES);
    __asm__ volatile(".byte 0xc4, 0xe2, 0x3b, 0x5e, 0xc1" : : : "memory");
}

Test(tiles, other_illegal_instructions_stay_so, .signal = SIGILL)
{
    start_trap();
    __asm__ volatile("ud2");
}
