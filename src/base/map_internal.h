/* base/map_internal.h - the hash of map.c, for its known-answer test. */
#ifndef BASE_MAP_INTERNAL_H
#define BASE_MAP_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

uint64_t map_siphash(const uint64_t key[2], const void *bytes, size_t len);

#endif
