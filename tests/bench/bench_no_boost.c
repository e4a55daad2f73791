/* Where configure has found no Boost.Interprocess. */
#include "config.h"

#include "tests/bench/bench.h"

const struct bench_foreign bench_boost = {NULL, NULL, NULL, NULL, NULL, NULL};
