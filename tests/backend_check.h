/*
 * Check suites of the backend contract: a list of tests, each in a process of its own, after
 * which everything that was registered is removed, however the test ended.
 */
#ifndef LIBSHM_TESTS_BACKEND_CHECK_H
#define LIBSHM_TESTS_BACKEND_CHECK_H

#include <check.h>

#include "tests/backend_support.h"

struct listed_test {
    const char *name; /* of the test case: what CK_RUN_CASE selects */
    const TTest *test;
};

/* The whole of a suite's main(); returns its exit status. */
int run_suite(int argc, char **argv, const char *name, const struct listed_test *tests,
              size_t count);

#define RUN_SUITE(argc, argv, name, tests)                                                     \
    run_suite(argc, argv, name, tests, sizeof(tests) / sizeof *(tests))

#endif
