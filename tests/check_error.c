/* How failures are recorded, and what the library says of itself. */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "libshm/fail.h"
#include "tests/suite.h"

static void *detail_of_a_new_thread(void *context)
{
    (void)context;
    return (void *)shm_error_detail();
}

START_TEST(each_thread_has_its_sentence)
{
    ck_says("");
    ck_fails(shm_fail(EDOM, "mine"), EDOM);
    pthread_t thread;
    void *detail = NULL;
    ck_assert_int_eq(pthread_create(&thread, NULL, detail_of_a_new_thread, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &detail), 0);
    ck_assert_str_eq((char *)detail, "");
    ck_says("mine");
}
END_TEST

START_TEST(static_texts_are_not_copied)
{
    static const char text[] = "a text";
    ck_fails(shm_fail(EINVAL, text), EINVAL);
    ck_assert_ptr_eq(shm_error_detail(), text);
}
END_TEST

START_TEST(texts_are_formatted)
{
    ck_fails(shm_failf(ENOSPC, "%d of %zu %s", -1, (size_t)7, "wanted"), ENOSPC);
    ck_says("-1 of 7 wanted");
    ck_fails(shm_failf(EIO, "again: %s", shm_error_detail()), EIO);
    ck_says("again: -1 of 7 wanted");
}
END_TEST

START_TEST(long_texts_are_cut)
{
    char text[1000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    ck_fails(shm_failf(EINVAL, "%s", text), EINVAL);
    ck_assert_uint_eq(strlen(shm_error_detail()), 511);
    ck_fails(shm_failf(EINVAL, "%.511s", text), EINVAL);
    ck_assert_uint_eq(strlen(shm_error_detail()), 511);
    ck_fails(shm_failf(EINVAL, "%s", "short"), EINVAL);
    ck_says("short");
}
END_TEST

static volatile sig_atomic_t handled;

/* Fails with texts of changing lengths, whatever it has interrupted. */
static void fail_in_handler(int number)
{
    static const char xs[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    int saved = errno;
    (void)number;
    shm_failf(EINTR, "%.*s", (int)(handled % 64), xs);
    shm_getshmid(0);
    handled++;
    errno = saved;
}

START_TEST(handlers_may_fail_at_any_time)
{
    struct sigaction action = {.sa_handler = fail_in_handler};
    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
    pid_t test = getpid();
    pid_t sender = fork();
    if (sender == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves it behind */
        while (kill(test, SIGUSR1) == 0)
            continue;
        _exit(0);
    }
    while (handled < scaled(500)) {
        ck_assert_int_eq(shm_failf(EDOM, "%s %d", "yyyyyyyyyyyyyyyyyyyyyy", 12345), -1);
        ck_assert_uint_lt(strlen(shm_error_detail()), 512);
    }
    kill(sender, SIGKILL);
    child_end(sender);
}
END_TEST

START_TEST(every_failure_has_a_sentence)
{
    static const int before = EDOM;
    const char *last = "";
    struct shm_memory *m = shm_create_memory(test_key(0), 10, 0600);
    struct shm_semaphore *s = shm_create_semaphore(test_key(0), 0, 0600);
    ck_made(m);
    ck_made(s);
    ck_works(shm_semaphore_setblocking(s, 0));
#define ck_sentence(failing)                                                                   \
    do {                                                                                       \
        shm_fail(before, last = "nothing was said");                                           \
        ck_assert(failing);                                                                    \
        ck_assert_str_ne(shm_error_detail(), last);                                            \
        ck_assert_uint_gt(strlen(shm_error_detail()), 20);                                     \
        printf("%s\n    %s\n", #failing, shm_error_detail());                                  \
    } while (0)
    ck_sentence(!shm_create_memory(test_key(0), 10, 0600));
    ck_sentence(!shm_create_memory(test_key(1), 0, 0600));
    ck_sentence(!shm_create_memory(test_key(1), 1, 01000));
    ck_sentence(!shm_create_semaphore(test_key(0), 0, 0600));
    ck_sentence(!shm_create_semaphore(test_key(1), -1, 0600));
    ck_sentence(!shm_create_semaphore(test_key(1), 1, 01000));
    ck_sentence(!shm_create_unique_memory(1, 0600, 256));
    ck_sentence(shm_getshmid(test_key(1)) < 0);
    ck_sentence(shm_getsemid(test_key(1)) < 0);
    ck_sentence(shm_getshmid(0) < 0);
    ck_sentence(shm_remove_memory(-1) < 0);
    ck_sentence(shm_remove_semaphore(-1) < 0);
    ck_sentence(shm_memory_attach(m, &(char){0}, 0) < 0);
    ck_sentence(shm_memory_setuid(m, (uid_t)-1) < 0);
    ck_sentence(shm_semaphore_p(s) < 0);
    ck_sentence(shm_semaphore_setval(s, 40000) < 0);
    ck_sentence(shm_semaphore_setgid(s, (gid_t)-1) < 0);
    ck_works(shm_semaphore_setblocking(s, 1));
    ck_sentence(shm_semaphore_p_timed(s, 1) < 0);
    ck_works(shm_semaphore_setval(s, 32767));
    ck_sentence(shm_semaphore_v(s) < 0);
    ck_sentence(shm_ftok("/no such file", 1) == -1);
    ck_sentence(shm_ftok("/", 300) == -1);
}
END_TEST

START_TEST(the_library_names_itself)
{
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", LIBSHM_VERSION_MAJOR, LIBSHM_VERSION_MINOR,
             LIBSHM_VERSION_PATCH);
    ck_assert_str_eq(shm_version(), LIBSHM_VERSION);
    ck_assert_str_eq(shm_version(), version);
    ck_assert(strcmp(shm_backend(), "sysv") == 0 || strcmp(shm_backend(), "posix") == 0);
    ck_assert_uint_gt(shm_lba(), 0);
    ck_assert_uint_eq(shm_lba() % (size_t)sysconf(_SC_PAGESIZE), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        each_thread_has_its_sentence,  static_texts_are_not_copied,
        texts_are_formatted,           long_texts_are_cut,
        handlers_may_fail_at_any_time, every_failure_has_a_sentence,
        the_library_names_itself,
    };
    return RUN_TESTS("error", tests);
}
