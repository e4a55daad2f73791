/* What the library does before main() and at its first call, in a program that has just begun. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libshm/shm.h"
#include "tests/backend_support.h"
#include "tests/nth.h"

enum { SIZE = 5000, USES_SEEN = 40 };

static char *at;
static int id, queue;

/* Without fork handlers the child's attach counts together with its parent's (S5.8). */
static void use_as_child(void *context)
{
    const int *function = context;

    EXPECT_INT(at[SIZE - 1], 3);
    EXPECT(nattch(id) == 2 || (*function == NTH_ATFORK && nattch(id) == 1));
    EXPECT_OK(shm_backend_shmdt(at));
}

static void use_everything(int function)
{
    at = attach(id);
    memset(at, 3, SIZE);
    EXPECT_INT(run(use_as_child, &function), 0);
    EXPECT_INT(nattch(id), 1);
    EXPECT_OK(shm_backend_shmdt(at));
    EXPECT_OK(remove_segment(id));
    int set = (int)EXPECT_OK(shm_backend_semget(LIBSHM_IPC_PRIVATE, 1, 0600));
    EXPECT_OK(semop1(set, 0, 1, LIBSHM_SEM_UNDO));
    EXPECT_OK(remove_set(set));
    EXPECT_OK(send_text(queue, 1, "a word"));
    EXPECT_OK(remove_queue(queue));
}

/* 0, or -1 and nothing is there. */
static int make_first(void)
{
    id = shm_backend_shmget(LIBSHM_IPC_PRIVATE, SIZE, 0600);
    queue = id < 0 ? -1 : shm_backend_msgget(LIBSHM_IPC_PRIVATE, 0600);
    if (id >= 0 && queue < 0) {
        int error = errno;
        EXPECT_OK(remove_segment(id));
        errno = error;
    }
    return queue < 0 ? -1 : 0;
}

int nth_startup_role(char **arguments)
{
    int function = atoi(arguments[0]), error = atoi(arguments[1]);
    struct nth_process now;

    int result = make_first(), first = errno;
    nth_disarm();
    nth_look(&now);
    EXPECT(strcmp(now.descriptors, arguments[2]) == 0);
    EXPECT(now.signals == strtoull(arguments[3], NULL, 10));
    if (result < 0) {
        EXPECT(first == error || first == ENOSPC);
        EXPECT(shm_error_detail()[0] != '\0');
        EXPECT_OK(make_first());
    }
    use_everything(function);
    return nth_struck() ? 0 : NTH_NOT_STRUCK;
}

static int start_again(enum nth_function f, long n, int error)
{
    struct nth_process now;
    char order[64], function[16], text[16], signals[32];

    fflush(stdout);
    nth_look(&now);
    snprintf(order, sizeof order, "%d %ld %d", (int)f, n, error);
    snprintf(function, sizeof function, "%d", (int)f);
    snprintf(text, sizeof text, "%d", error);
    snprintf(signals, sizeof signals, "%llu", now.signals);
    pid_t pid = fork();
    if (pid != 0)
        return reap(pid);
    setenv(NTH_ORDER, order, 1);
    setenv("LIBSHM_SHMMNI", "100", 1); /* for what is only done if there is a limit */
    setenv("LIBSHM_MSGMNB", "100", 1);
    execl("/proc/self/exe", "prog_nth", NTH_STARTUP, function, text, now.descriptors, signals,
          (char *)NULL);
    _exit(99);
}

/* Every use is tried until one does not happen any more. */
static bool try_uses(enum nth_function f, int error, long *tried)
{
    int status = 0;

    for (long n = 1; status == 0; n++) {
        EXPECT(n < USES_SEEN);
        status = start_again(f, n, error);
        *tried += status == 0;
        if (status != 0 && status != NTH_NOT_STRUCK)
            printf("startup: use %ld of %s fails with %s: exit status %d\n", n, nth_name(f),
                   strerror(error), status);
    }
    return status == NTH_NOT_STRUCK;
}

bool nth_try_startup(bool all, long *tried)
{
    bool good = true;

    for (int f = 0; f < NTH_FUNCTIONS; f++)
        for (const int *e = nth_errnos((enum nth_function)f, all); *e; e++)
            good = try_uses((enum nth_function)f, *e, tried) && good;
    return good;
}
