/*
 * isolate PROGRAM [ARGUMENT...]: runs one test program in a world of its own and fails it for
 * whatever it leaves behind.
 *
 * Every test gets a LIBSHM_NAMESPACE and, where permitted, an IPC namespace that nobody else
 * uses; both must be empty afterwards, no process may be left, and a skip must be listed. A
 * test whose name ends in _posix makes no System V call, or it is killed.
 *
 * LIBSHM_TEST_TIMEOUT     seconds until the test is killed; 600 if unset
 * LIBSHM_TEST_SKIPS       the list of skips; $srcdir/tests/skips.txt if unset
 * LIBSHM_TEST_NO_SECCOMP  if set, posix tests run also where calls cannot be forbidden
 * LIBSHM_TEST_SCALE       read by the tests: long loops run an N-th of their rounds
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/isolate.h"

enum { SKIP = 77, CANNOT_RUN = 99, DEFAULT_TIMEOUT = 600 };

static char test[128];
static int complaints;

static void say(const char *format, va_list arguments)
{
    fflush(stdout);
    printf("isolate: %s: ", test);
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
}

void complain(const char *format, ...)
{
    va_list arguments;

    complaints++;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void remark(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The test's name is the program's, without folder and ".sh". */
static void name_test(const char *program)
{
    const char *slash = strrchr(program, '/');

    snprintf(test, sizeof test, "%s", slash != NULL ? slash + 1 : program);
    if (ends_with(test, ".sh"))
        test[strlen(test) - 3] = '\0';
}

static bool is_posix(void)
{
    return ends_with(test, "_posix");
}

/* Blocked in isolate, so that they can be waited for; the test itself gets the old mask. */
static sigset_t awaited_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

/* A shell starts what is in the background with SIGINT ignored, nohup with SIGHUP: no test expects it. */
static void reset_signals(const sigset_t *mask)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
}

static void become_test(char **argv, const sigset_t *mask)
{
    /* A test may signal its group; isolate and make must not be in it. */
    setpgid(0, 0);
    if (is_posix() && !forbid_sysv_calls()) {
        remark("the kernel's System V calls cannot be forbidden: %s", strerror(errno));
        if (getenv("LIBSHM_TEST_NO_SECCOMP") == NULL)
            _exit(CANNOT_RUN);
    }
    reset_signals(mask);
    if (ends_with(argv[0], ".sh")) {
        execv("/bin/sh", argv - 1);
    } else {
        execv(argv[0], argv);
    }
    remark("cannot be executed: %s", strerror(errno));
    _exit(CANNOT_RUN);
}

static long timeout_seconds(void)
{
    const char *text = getenv("LIBSHM_TEST_TIMEOUT");
    long seconds = text != NULL ? strtol(text, NULL, 10) : 0;

    return seconds > 0 ? seconds : DEFAULT_TIMEOUT;
}

static time_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* Waits for the test until its time is over; a signal from outside ends it as well. */
static int wait_for(pid_t pid, const sigset_t *signals)
{
    time_t end = now() + timeout_seconds();
    int status, got = 0;

    while (waitpid(pid, &status, WNOHANG) != pid) {
        if (now() >= end) {
            complain("killed after %ld s (LIBSHM_TEST_TIMEOUT)", timeout_seconds());
        } else if (got > 0 && got != SIGCHLD) {
            complain("interrupted by signal %d", got);
        } else {
            got = sigtimedwait(signals, NULL, &(struct timespec){.tv_sec = 1});
            continue;
        }
        kill_descendants();
        return 0;
    }
    return status;
}

static int run(char **argv)
{
    sigset_t signals = awaited_signals(), mask;
    pid_t pid;

    sigprocmask(SIG_BLOCK, &signals, &mask);
    pid = fork();
    if (pid == 0)
        become_test(argv, &mask);
    if (pid < 0) {
        complain("fork: %s", strerror(errno));
        return 0;
    }
    return wait_for(pid, &signals);
}

/* Skips are allowed only if the list has a line "name  reason"; what is in no list is new. */
static bool skip_is_listed(void)
{
    const char *source = getenv("srcdir"), *list = getenv("LIBSHM_TEST_SKIPS");
    char path[4096], line[512], name[128];
    bool listed = false;
    FILE *f;

    snprintf(path, sizeof path, "%s/tests/skips.txt", source != NULL ? source : ".");
    f = fopen(list != NULL ? list : path, "r");
    while (f != NULL && !listed && fgets(line, sizeof line, f) != NULL)
        listed = sscanf(line, "%127s", name) == 1 && strcmp(name, test) == 0;
    if (listed)
        remark("skipped as listed: %s", line + strspn(line, " \t"));
    if (f != NULL)
        fclose(f);
    return listed;
}

static int verdict(int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        complain("killed by SIGSYS: a System V call of the kernel was made");
    else if (WIFSIGNALED(status))
        complain("killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP && !skip_is_listed())
        complain("skipped, but the list of skips does not name it");
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        return WEXITSTATUS(status) == SKIP && complaints > 0 ? EXIT_FAILURE
                                                             : WEXITSTATUS(status);
    return complaints > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int status;

    if (argc < 2) {
        fputs("usage: isolate PROGRAM [ARGUMENT...]\n", stderr);
        return CANNOT_RUN;
    }
    name_test(argv[1]);
    adopt_descendants();
    enter_own_namespace();
    if (!is_posix())
        enter_own_ipc();
    status = run(argv + 1);
    check_processes();
    check_store();
    if (!is_posix())
        check_ipc();
    return verdict(status);
}
