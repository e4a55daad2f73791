/* Expectations, and the runner. */
#include "config.h"

#include "tests/conformance/conform.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/conformance/objects.h"

enum { TEST_SECONDS = 60, SKIP = 77 };

static pid_t test_process;

/* Check hears of failures from the test's own process only. */
void fail_at(const char *file, int line, const char *format, ...)
{
    char text[900];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (getpid() == test_process)
        ck_abort_msg("%s:%d: %s", file, line, text);
    printf("%s:%d: [child] %s\n", file, line, text);
    fflush(stdout);
    _exit(1);
}

void expect_true(bool value, const char *text, const char *file, int line)
{
    if (!value)
        fail_at(file, line, "expected: %s", text);
}

void expect_int(long long actual, long long wanted, const char *text, const char *file,
                int line)
{
    if (actual != wanted)
        fail_at(file, line, "%s is %lld (0%llo), expected %lld (0%llo)", text, actual, actual,
                wanted, wanted);
}

long long expect_ok(long long result, const char *text, const char *file, int line)
{
    if (result == -1)
        fail_at(file, line, "%s failed: %s", text, strerror(errno));
    return result;
}

void expect_error(long long result, int error, int wanted, const char *text, const char *file,
                  int line)
{
    if (result != -1)
        fail_at(file, line, "%s gave %lld, expected -1 with %s", text, result,
                strerror(wanted));
    if (error != wanted)
        fail_at(file, line, "%s failed with %s, expected %s", text, strerror(error),
                strerror(wanted));
}

double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void pause_until(double end, const char *text, const char *file, int line)
{
    if (seconds_now() > end)
        fail_at(file, line, "not within 10 s: %s", text);
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

void await_next_second(void)
{
    time_t now = time(NULL);

    UNTIL(time(NULL) > now);
}

/*
 * Where it runs: dropin.sh says so.
 */

bool on_drop_in(void)
{
    return getenv("LIBSHM_CONFORM_DROP_IN") != NULL;
}

bool differs(const char *rule)
{
    if (!on_drop_in())
        return false;
    printf("the drop-in differs as %s says\n", rule);
    fflush(stdout);
    return true;
}

/* A fact of the build, which this program shares with the library. */
bool keeps_descriptors(void)
{
#ifdef HAVE_OFD_LOCKS
    return false;
#else
    return differs("S5.28");
#endif
}

/* Programs of 32 bits with long times on a kernel with both: libc looks into the buffer itself. */
bool hands_pointers_on(void)
{
    return on_drop_in() || sizeof(time_t) <= sizeof(long);
}

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define WATCHED true
#elif defined __has_feature
#define WATCHED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define WATCHED false
#endif

bool sizes_are_watched(void)
{
    return WATCHED;
}

bool have_strangers(void)
{
    if (geteuid() == 0)
        return true;
    puts("left out, because it needs root: permissions between users");
    fflush(stdout);
    return false;
}

static bool have_calls(void)
{
    for (int i = 0; i < FAMILIES; i++) {
        int id = families[i].get(IPC_PRIVATE, 1, 0600);
        if (id < 0 && errno == ENOSYS)
            return false;
        if (id >= 0)
            object_remove(&families[i], id);
    }
    return true;
}

/*
 * The runner.
 */

static Suite *suite;

static void setup(void)
{
    test_process = getpid();
}

void add_tests(const TTest *const *tests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TCase *one = tcase_create(tests[i]->name);
        tcase_add_checked_fixture(one, setup, NULL);
        tcase_add_unchecked_fixture(one, NULL, remove_registered);
        tcase_set_timeout(one, TEST_SECONDS);
        tcase_add_test(one, tests[i]);
        suite_add_tcase(suite, one);
    }
}

static int run_all(void)
{
    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int conform(int argc, char **argv, const char *name, chapter *const *chapters, size_t count)
{
    be_idle_if_asked(argc, argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("on %s\n", on_drop_in() ? "the drop-in" : "the kernel");
    if (!have_calls()) {
        puts("there are no calls of System V IPC");
        return SKIP;
    }
    registry_start();
    suite = suite_create(name);
    for (size_t i = 0; i < count; i++)
        chapters[i]();
    return run_all();
}
