/* tests/live/registry/read_all.h - calls every reader; gives the last error that is not NOT_FOUND.
 * */
#ifndef LIVE_REGISTRY_READ_ALL_H
#define LIVE_REGISTRY_READ_ALL_H

#include "live/registry/registry.h"

enum err_code read_all(struct registry *r);

#endif
