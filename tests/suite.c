#include "config.h"

#include <stdlib.h>

#include "tests/suite.h"

int run_tests(const char *name, const TTest *const *tests, size_t count)
{
    support_start();
    Suite *suite = suite_create(name);
    for (size_t i = 0; i < count; i++) {
        TCase *tcase = tcase_create(tests[i]->name);
        tcase_add_unchecked_fixture(tcase, NULL, remove_leftovers);
        tcase_set_timeout(tcase, 30);
        tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
