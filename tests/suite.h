/*
 * Check suites of the public interface. Each test is a case of its own: the objects it made are
 * removed by an unchecked teardown, which runs however the test ended.
 */
#ifndef LIBSHM_TESTS_SUITE_H
#define LIBSHM_TESTS_SUITE_H

#include <check.h>
#include <errno.h>

#include "tests/support.h"

/* The whole of main(): returns its exit status. */
int run_tests(const char *name, const TTest *const *tests, size_t count);

#define RUN_TESTS(name, tests) run_tests(name, tests, sizeof(tests) / sizeof *(tests))

/* A call that must return -1, or NULL, with this errno. */
#define ck_fails(call, error)                                                                  \
    do {                                                                                       \
        errno = 0;                                                                             \
        ck_assert_int_eq((call), -1);                                                          \
        ck_assert_int_eq(errno, (error));                                                      \
    } while (0)
#define ck_refuses(call, error)                                                                \
    do {                                                                                       \
        errno = 0;                                                                             \
        ck_assert_ptr_null(call);                                                              \
        ck_assert_int_eq(errno, (error));                                                      \
    } while (0)
#define ck_works(call)                                                                         \
    ck_assert_msg((call) == 0, "%s: errno %d, %s", #call, errno, shm_error_detail())
#define ck_made(pointer)                                                                       \
    ck_assert_msg((pointer) != NULL, "%s: errno %d, %s", #pointer, errno, shm_error_detail())
#define ck_says(text) ck_assert_str_eq(shm_error_detail(), (text))
#define ck_eventually(state)                                                                   \
    for (double end_ = deadline(); !(state);)                                                  \
    ck_assert_msg(nap_before(end_), "never became true: %s", #state)

#endif
