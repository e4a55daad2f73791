/*
 * Benchmarks against peers that are measured in the same run: the cases of a table take turns,
 * so that whatever disturbs the machine disturbs all of them; medians, extremes and ratios of
 * medians are printed.
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_REPEATS = 31, BENCH_MAX_CASES = 12 };

struct bench_case {
    const char *name;
    int peer;                 /* index of the case this one is divided by; itself: none */
    bool (*run)(long rounds); /* false: an operation failed; NULL: not available here */
};

struct bench_table {
    const char *title;
    const char *unit;
    double units_per_second;
    long rounds; /* operations in one sample */
    size_t count;
    struct bench_case cases[BENCH_MAX_CASES];
};

/* Measures and prints; false if a case failed. */
bool bench_run(const struct bench_table *table);

/* Prints what was expected and returns false if the condition does not hold. */
bool bench_check(bool good, const char *what);

bool bench_semaphores(void);
bool bench_arrays(void);

#endif
