/* Sizes of int8's weights: the same for all levels, so that one cache serves them. */
#include "engine/tensor/int8_internal.h"

size_t int8_weights_bytes(int32_t depth, int32_t cols)
{
    BUG_IF(depth > INT8_DEPTH_MAX);
    return ((size_t)cols + PANEL_COLUMNS - 1) / PANEL_COLUMNS * int8_panel_bytes(depth);
}

size_t int8_scratch_bytes(int32_t depth)
{
    (void)depth;
    return 0;
}
