/*
 * A handler runs before every instruction of an operation with undo, with LIBSHM_TEST_SCALE before fewer, and
 * operates on the very semaphore: with undo, without, and on two at once; or it forks, and both sides come
 * back into the operation and do it. What a process did is undone when it ends, no more and no less (S2.31,
 * S2.33).
 *
 * In user space a call that is interrupted between its look at the semaphore and its step would take the
 * handler's steps for none, if the semaphore looked the same afterwards.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/step_trace.h"

enum { SKIP = 77, START = 5, MOST = 100000, UNDO = LIBSHM_SEM_UNDO };
enum { VALUE, OTHER, SEMAPHORES };

static int set;

/* Shared with the process that is interrupted. */
static struct told {
    _Atomic int done;  /* the call is over */
    _Atomic int found; /* the value when the handler came */
} * told;

static void operate(int number)
{
    (void)number;
    EXPECT_OK(semop1(set, VALUE, -1, UNDO));
    EXPECT_OK(semop1(set, VALUE, 1, UNDO));
    EXPECT_OK(semop1(set, VALUE, 1, 0));
    EXPECT_OK(semop1(set, VALUE, -1, 0));
}

static void operate_on_two(int number)
{
    const struct shm_backend_sembuf there[] = {{VALUE, -1, UNDO}, {OTHER, 1, 0}};
    const struct shm_backend_sembuf back[] = {{VALUE, 1, UNDO}, {OTHER, -1, 0}};

    (void)number;
    EXPECT_OK(semops(set, there, 2));
    EXPECT_OK(semops(set, back, 2));
}

/* The child goes on where its parent was interrupted, which waits for it. */
static void fork_there(int number)
{
    int status = 0;

    (void)number;
    told->found = semval(set, VALUE);
    pid_t pid = fork();
    EXPECT_OK(pid);
    if (pid == 0)
        return;
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    EXPECT_INT(status, 0);
}

static const struct way {
    const char *name;
    void (*handler)(int number);
    short change, flag;
    int left; /* when all processes have ended, if the handler came before the step */
} ways[] = {
    {"single operations", operate, -1, UNDO, START},
    {"two at once", operate_on_two, -1, UNDO, START},
    {"fork", fork_there, -1, UNDO, START},
    {"fork, to be taken", fork_there, -1, 0, START - 2},
    {"fork, to be given", fork_there, 1, 0, START + 2},
};

/* Everything has been done once, so that nothing is opened or bound in the interrupted call. */
static void be_interrupted(const struct way *way)
{
    alarm(30);
    EXPECT(signal(SIGUSR1, way->handler) != SIG_ERR);
    operate(0);
    operate_on_two(0);
    EXPECT_OK(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    raise(SIGSTOP);
    int result = semop1(set, VALUE, way->change, way->flag);
    told->done = 1;
    _exit(result != 0);
}

static int stopped_by(pid_t pid)
{
    int status = 0;

    EXPECT_INT(waitpid(pid, &status, 0), pid);
    if (!WIFSTOPPED(status))
        fail_at(__FILE__, __LINE__, "the process ended by itself, status %#x",
                (unsigned)status);
    return WSTOPSIG(status);
}

/* A child that began after the parent's step may take it for its own, as after the system call. */
static bool is_of_parent(const struct way *way, int value)
{
    return way->flag != UNDO && told->found == START + way->change && value == told->found;
}

/* With a handler that comes after `n` instructions; false when the call was over by then. */
static bool interrupt_after(const struct way *way, int n)
{
    told->done = 0;
    fflush(stdout);
    step_on_one_processor();
    pid_t pid = fork();
    EXPECT_OK(pid);
    if (pid == 0)
        be_interrupted(way);
    EXPECT_INT(stopped_by(pid), SIGSTOP);
    for (int i = 0; i < n; i++) {
        EXPECT_OK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL));
        EXPECT_INT(stopped_by(pid), SIGTRAP);
        if (told->done)
            break;
    }
    bool over = told->done;
    EXPECT_OK(ptrace(PTRACE_DETACH, pid, NULL, over ? NULL : (void *)SIGUSR1));
    EXPECT_INT(reap(pid), 0);
    step_on_any_processor();
    int value = semval(set, VALUE);
    if (!over && value != way->left && !is_of_parent(way, value))
        fail_at(__FILE__, __LINE__, "%s after %d instructions: the value is %d, not %d",
                way->name, n, value, way->left);
    EXPECT_OK(sem_set(set, VALUE, START));
    return !over;
}

static void interrupt_everywhere(const struct way *way)
{
    double begun = seconds_now();
    int n = 0, stride = test_scale();

    /* Each is stepped to from the start: of fewer, the late ones lie farther apart. */
    while (n < MOST && interrupt_after(way, n))
        n += stride + n / 160 * (stride - 1);
    printf("%-20s %6d instructions, %.1f s\n", way->name, n, seconds_now() - begun);
    EXPECT(n > 3 && n < MOST);
}

int main(void)
{
    const unsigned short values[SEMAPHORES] = {START, START};

    announce();
    if (!step_is_possible())
        return SKIP;
    registry_start();
    void *memory =
        mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(memory != MAP_FAILED);
    told = memory;
    set = new_set(SEMAPHORES, 0600);
    EXPECT_OK(sem_set_all(set, values));
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        interrupt_everywhere(&ways[i]);
    remove_all();
    return 0;
}
