/* Where configure has found no Apache Portable Runtime. */
#include "config.h"

#include "tests/bench/bench.h"

const struct bench_foreign bench_apr = {NULL, NULL, NULL, NULL, NULL, NULL};
