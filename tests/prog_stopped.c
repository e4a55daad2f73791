/*
 * A process is stopped at random points of its operations: others go on, wait or time out, and
 * nothing is corrupt. It goes on working when it is continued (S0.32, S2.14, S2.15).
 */
#include "config.h"

#include "tests/backend_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOPS = 300, SUM = 1000, UNDO = LIBSHM_SEM_UNDO };

enum { LEFT, RIGHT, NEVER, SEMAPHORES };

static int set, segment;

static int transfer(int count, long milliseconds)
{
    struct shm_backend_sembuf ops[] = {{LEFT, (short)-count, UNDO},
                                       {RIGHT, (short)count, UNDO}};

    return semops_timed(set, ops, 2, milliseconds);
}

/* S0.31: a sleep that is stopped and continued may end with EINTR. */
static void transfer_for_sure(int count)
{
    while (transfer(count, 20000) < 0)
        EXPECT_INT(errno, EINTR);
}

static void sleep_a_little(void)
{
    EXPECT_INT(semop1_timed(set, NEVER, -1, 0, 1), -1);
    EXPECT(errno == EAGAIN || errno == EINTR);
}

static void work(void *unused)
{
    (void)unused;
    for (unsigned i = 0;; i++) {
        transfer_for_sure(i % 2 ? 3 : -3);
        if (i % 64 == 0)
            EXPECT_OK(shm_backend_shmdt(attach(segment)));
        if (i % 8192 == 0)
            sleep_a_little();
    }
}

static void stop(pid_t pid)
{
    int status;

    EXPECT_OK(kill(pid, SIGSTOP));
    EXPECT_INT(waitpid(pid, &status, WUNTRACED), pid);
    EXPECT(WIFSTOPPED(status));
}

/* Returns whether the operation was possible beside the stopped process. */
static bool operate_beside(void)
{
    double begun = seconds_now();
    bool done = transfer(1, 20) == 0;

    if (!done)
        EXPECT_INT(errno, EAGAIN);
    if (seconds_now() - begun > 1)
        fail_at(__FILE__, __LINE__, "a timeout of 20 ms took %.3f s", seconds_now() - begun);
    if (!done)
        return false;
    EXPECT_OK(transfer(-1, 20));
    return true;
}

static void expect_sum(void)
{
    unsigned short values[SEMAPHORES];

    EXPECT_OK(sem_get_all(set, values));
    EXPECT_INT(values[LEFT] + values[RIGHT], SUM);
}

/* Two processes: one is stopped, the other must not lose anything by it. */
static void stop_again_and_again(pid_t pid)
{
    unsigned state = (unsigned)getpid();
    int waited = 0;

    for (int i = 0; i < scaled(STOPS); i++) {
        state = state * 1664525u + 1013904223u;
        usleep((state >> 16) % 800);
        stop(pid);
        waited += !operate_beside();
        EXPECT_OK(kill(pid, SIGCONT));
        expect_sum();
    }
    printf("%d stops, %d of them inside an operation that others had to wait for\n",
           scaled(STOPS), waited);
    if (!on_posix())
        EXPECT_INT(waited, 0);
}

/* A stopped process still holds what it holds: death, not silence, gives it back. */
static void stopped_holder(void)
{
    pid_t pid = start(work, NULL);

    usleep(5000);
    stop(pid);
    kill_and_reap(pid);
    EXPECT_INT(semval(set, LEFT), SUM / 2);
    EXPECT_INT(semval(set, RIGHT), SUM / 2);
    EXPECT_INT(nattch(segment), 0);
}

int main(void)
{
    unsigned short values[SEMAPHORES] = {SUM / 2, SUM / 2, 0};

    announce();
    registry_start();
    set = new_set(SEMAPHORES, 0600);
    segment = new_segment(10000, 0600);
    EXPECT_OK(sem_set_all(set, values));
    pid_t pid = start(work, NULL);
    stop_again_and_again(pid);
    kill_and_reap(pid);
    for (int i = 0; i < scaled(30); i++)
        stopped_holder();
    EXPECT_OK(transfer(5, 5000));
    EXPECT_OK(transfer(-5, 5000));
    expect_sum();
    EXPECT_INT(semncnt(set, NEVER), 0);
    remove_all();
    return 0;
}
