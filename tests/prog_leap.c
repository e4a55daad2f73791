/*
 * A handler runs before each third instruction of a call on a message queue, with LIBSHM_TEST_SCALE before
 * fewer: it makes calls on the very queue; or it forks, and both sides come back into the call and do it; or
 * it leaves with siglongjmp, and the process lives on without another call. Each message is there once or not
 * at all; whoever else uses the queue can send and receive as many as ever, around one that stays; and when
 * the process has ended nothing of the queue is missing (S0.29, S3.4).
 */
#include "config.h"

#include "tests/backend_support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/step_trace.h"

enum { SKIP = 77, MOST = 100000, NOWAIT = LIBSHM_IPC_NOWAIT, SIZE = 300 };
enum { STAYS = 1, OURS = 2, PASSING = 3, OF_HANDLER = 4, NOBODY_S = 5 };

/*
 * More than a ring has places, which one message that stays keeps from turning. In user space a process that
 * has left a call counts as stopped in it until its next one (S5.22).
 */
enum { MANY = 100000 };

static int queue;

/* Shared with the process that is interrupted. */
static struct told {
    _Atomic int done; /* the call is over, or left */
} * told;

static struct letter letter, of_handler;

static int send_ours(void)
{
    letter.type = OURS;
    return shm_backend_msgtimedsnd(queue, &letter, SIZE, 0, NULL);
}

static int receive_ours(void)
{
    return receive(queue, &letter, SIZE, OURS, 0) == SIZE ? 0 : -1;
}

static void operate(int number)
{
    (void)number;
    of_handler.type = OF_HANDLER;
    EXPECT_OK(shm_backend_msgtimedsnd(queue, &of_handler, 2 * SIZE, 0, NULL));
    EXPECT_INT(receive(queue, &of_handler, LIBSHM_MSGMAX, OF_HANDLER, NOWAIT), 2 * SIZE);
}

/* The child goes on where its parent was interrupted, which waits for it. */
static void fork_there(int number)
{
    int status = 0;

    (void)number;
    pid_t pid = fork();
    EXPECT_OK(pid);
    if (pid == 0)
        return;
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    EXPECT_INT(status, 0);
}

static sigjmp_buf back;

static void jump(int number)
{
    (void)number;
    siglongjmp(back, 1);
}

static const struct way {
    const char *name;
    void (*handler)(int number);
    int (*call)(void);
    int least, most; /* of our messages afterwards, of 5 before */
} ways[] = {
    {"send, calls", operate, send_ours, 6, 6},
    {"receive, calls", operate, receive_ours, 4, 4},
    {"send, fork", fork_there, send_ours, 6, 7},
    {"receive, fork", fork_there, receive_ours, 3, 4},
    {"send, jump", jump, send_ours, 5, 6},
    {"receive, jump", jump, receive_ours, 4, 5},
};

/*
 * From further down the stack than any other call: after a jump, the next one is known not to be made in a
 * handler because it is not made from deeper than the one that was left (S5.22).
 */
__attribute__((noinline)) static int call_from_below(int (*call)(void))
{
    volatile char depth[4096];

    depth[0] = 0;
    return call() + depth[0];
}

/* Everything has been done once, so that nothing is opened or bound in the interrupted call. */
static void be_interrupted(const struct way *way)
{
    alarm(30);
    EXPECT(signal(SIGUSR1, way->handler) != SIG_ERR);
    operate(0);
    EXPECT_OK(send_ours());
    EXPECT_OK(receive_ours());
    pid_t me = getpid();
    if (sigsetjmp(back, 1) == 0) {
        EXPECT_OK(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
        raise(SIGSTOP);
        EXPECT_OK(call_from_below(way->call));
    }
    if (way->handler == jump && getpid() == me)
        EXPECT_ERR(receive(queue, &of_handler, 1, NOBODY_S, NOWAIT), ENOMSG);
    alarm(0); /* from here it only waits for its end, however long others take beside it */
    told->done = 1;
    while (way->handler == jump && getpid() == me)
        pause();
    _exit(0);
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

static void fill(void)
{
    EXPECT_OK(send_filled(queue, STAYS, 10));
    for (int i = 0; i < 5; i++)
        EXPECT_OK(send_ours());
}

static void pass_by(int n)
{
    for (int i = 0; i < MANY; i++) {
        if (send_filled(queue, PASSING, 0) != 0)
            fail_at(__FILE__, __LINE__, "after %d instructions message %d cannot be sent: %s",
                    n, i, shm_error_detail());
        EXPECT_INT(receive(queue, &of_handler, 1, PASSING, NOWAIT), 0);
    }
}

static void expect_empty(void)
{
    EXPECT_INT(receive(queue, &letter, SIZE, STAYS, NOWAIT), 10);
    EXPECT_INT(qnum(queue), 0);
    EXPECT_INT(cbytes(queue), 0);
}

/* What is lost with one process adds up. */
static void expect_nothing_lost(void)
{
    for (int i = 0; i < LIBSHM_MSGMNB; i++)
        EXPECT_OK(send_filled(queue, STAYS, 1));
    for (int i = 0; i < LIBSHM_MSGMNB; i++)
        EXPECT_INT(receive(queue, &letter, 1, 0, NOWAIT), 1);
}

static void expect_ours(const struct way *way, int n)
{
    int count = 0;

    while (receive(queue, &letter, SIZE, OURS, NOWAIT) == SIZE)
        count++;
    if (count < way->least || count > way->most)
        fail_at(__FILE__, __LINE__, "%s after %d instructions: %d messages, not %d to %d",
                way->name, n, count, way->least, way->most);
}

static void end_process(const struct way *way, pid_t pid, int n)
{
    if (way->handler != jump) {
        EXPECT_INT(reap(pid), 0);
        return;
    }
    UNTIL(told->done);
    if (n % (64 * test_scale()) == 0) /* that many take a while */
        pass_by(n);
    kill_and_reap(pid);
}

/* With a handler that comes after `n` instructions; false when the call was over by then. */
static bool interrupt_after(const struct way *way, int n)
{
    told->done = 0;
    fill();
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
    end_process(way, pid, n);
    step_on_any_processor();
    expect_ours(way, n);
    expect_empty();
    return !over;
}

static void interrupt_everywhere(const struct way *way)
{
    double begun = seconds_now();
    int n = 0, stride = 3 * test_scale();

    /* Each is stepped to from the start: of fewer, the late ones lie farther apart. */
    while (n < MOST && interrupt_after(way, n))
        n += stride + n / 160 * (test_scale() - 1);
    expect_nothing_lost();
    printf("%-20s %6d instructions, %.1f s\n", way->name, n, seconds_now() - begun);
    fflush(stdout);
    EXPECT(n > 3 && n < MOST);
}

int main(void)
{
    announce();
    if (!step_is_possible())
        return SKIP;
    registry_start();
    void *memory =
        mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(memory != MAP_FAILED);
    told = memory;
    queue = new_queue(0600);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        interrupt_everywhere(&ways[i]);
    remove_all();
    return 0;
}
