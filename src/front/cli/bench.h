/* front/cli/bench.h - what the files of cairn bench share. */
#ifndef FRONT_CLI_BENCH_H
#define FRONT_CLI_BENCH_H

#include "front/app/bench.h"
#include "front/cli/cli.h"

/* Process start to the first answer over HTTP: {"starts", "ms": {"median", "fastest"}}. */
enum err_code bench_start(struct cli *c, const struct bench_request *r, json_t **ret,
                          struct err *err) MUST_CHECK;
void bench_draw(const json_t *doc);

#endif
