/* Runs the Check suites of the backend contract. */
#include "config.h"

#include "tests/backend_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pid_t test_process;

/* Check hears of failures from the test's own process only; children exit with 1. */
static void fail_test(const char *file, int line, const char *text)
{
    if (getpid() == test_process)
        ck_abort_msg("%s:%d: %s", file, line, text);
    printf("%s:%d: [child] %s\n", file, line, text);
    fflush(stdout);
    _exit(1);
}

static void setup(void)
{
    test_process = getpid();
}

int run_suite(int argc, char **argv, const char *name, const struct listed_test *tests,
              size_t count)
{
    be_idle_if_asked(argc, argv);
    announce();
    registry_start();
    on_failure = fail_test;
    Suite *suite = suite_create(name);
    for (size_t i = 0; i < count; i++) {
        TCase *one = tcase_create(tests[i].name);
        tcase_add_checked_fixture(one, setup, NULL);
        tcase_add_unchecked_fixture(one, NULL, remove_all);
        tcase_set_timeout(one, 20);
        tcase_add_test(one, tests[i].test);
        suite_add_tcase(suite, one);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
