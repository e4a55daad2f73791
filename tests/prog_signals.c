/*
 * Calls from signal handlers, on the very objects the program is using, and handlers that jump
 * out of a sleep (S0.29): nothing deadlocks, nothing is lost.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { UNDO = LIBSHM_SEM_UNDO, NOWAIT = LIBSHM_IPC_NOWAIT };

static int set, segment;
static key_t key;
static volatile sig_atomic_t handled;

static void catch (int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    sigfillset(&action.sa_mask); /* one handler at a time: they share a key */
    EXPECT_OK(sigaction(signal, &action, NULL));
}

/*
 * The interval timer's handler makes the same calls as the program beneath it.
 */

static void lower_again(void)
{
    /* a timer signal may arrive in any call; only a sleep may answer EINTR */
    while (semop1(set, 0, -1, UNDO) < 0)
        EXPECT_INT(errno, EINTR);
}

static void make_and_remove(key_t at)
{
    int id = shm_backend_semget(at, 2, LIBSHM_IPC_CREAT | 0600);
    EXPECT_OK(id);
    EXPECT_OK(semop1(id, 1, 2, 0));
    EXPECT_OK(remove_set(id));
    id = shm_backend_shmget(at, 100, LIBSHM_IPC_CREAT | 0600);
    EXPECT_OK(id);
    EXPECT_OK(remove_segment(id));
}

static void all_calls(key_t at)
{
    EXPECT_OK(semop1(set, 0, 1, UNDO));
    segment_stat(segment);
    set_stat(set);
    EXPECT_INT(semncnt(set, 0), 0);
    EXPECT(semval(set, 0) >= 1);
    lower_again();
    char *bytes = attach(segment);
    bytes[0]++;
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_OK(sem_set(set, 1, 3));
    make_and_remove(at);
}

static void hammer(int signal)
{
    int error = errno;

    (void)signal;
    handled++;
    all_calls(key + 1);
    errno = error;
}

static void hammered(void *unused)
{
    struct itimerval often = {{0, 150}, {0, 150}}, never = {{0, 0}, {0, 0}};
    double end = seconds_now() + 0.8 / test_scale();
    long calls = 0;

    (void)unused;
    catch (SIGVTALRM, hammer);
    catch (SIGPROF, hammer);
    EXPECT_OK(setitimer(ITIMER_PROF, &often, NULL));
    for (; seconds_now() < end || handled < 20; calls++) {
        all_calls(key);
        raise(SIGVTALRM);
    }
    EXPECT_OK(setitimer(ITIMER_PROF, &never, NULL));
    printf("%ld rounds, %ld handlers\n", calls, (long)handled);
    EXPECT_INT(semval(set, 0), 0);
    EXPECT_INT(nattch(segment), 0);
}

/* Signals from outside come at any instruction, timers of the process only when it runs. */
static void hammered_from_outside(void)
{
    catch (SIGVTALRM, hammer); /* before the child exists that will be hit */
    pid_t pid = start(hammered, NULL);
    for (double end = seconds_now() + 0.5 / test_scale(); seconds_now() < end; usleep(30))
        kill(pid, SIGVTALRM);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semval(set, 0), 0);
    EXPECT_INT(nattch(segment), 0);
}

/*
 * Handlers during a sleep.
 */

static void raise_and_lower(int signal)
{
    (void)signal;
    handled++;
    EXPECT_OK(semop1(set, 0, 1, 0));
    EXPECT_OK(semop1(set, 0, -1, NOWAIT));
}

static void sleep_and_be_disturbed(void *unused)
{
    (void)unused;
    catch (SIGUSR1, raise_and_lower);
    EXPECT_ERR(semop1(set, 0, -1, 0), EINTR);
    EXPECT_INT(handled, 1);
}

/* The handler operates on the set its own thread sleeps on: that sleep is over by then. */
static void check_handler_on_the_set(void)
{
    for (int i = 0; i < scaled(20); i++) {
        pid_t pid = start(sleep_and_be_disturbed, NULL);
        UNTIL(semncnt(set, 0) == 1);
        kill(pid, SIGUSR1);
        EXPECT_INT(reap(pid), 0);
        EXPECT_INT(semval(set, 0), 0);
        EXPECT_INT(semncnt(set, 0), 0);
    }
}

static int doomed;

static void remove_doomed(int signal)
{
    (void)signal;
    handled++;
    EXPECT_OK(remove_set(doomed));
}

static void sleep_and_lose_the_set(void *unused)
{
    (void)unused;
    catch (SIGUSR1, remove_doomed);
    EXPECT_INT(semop1(doomed, 0, -1, 0), -1);
    EXPECT(errno == EINTR || errno == EIDRM);
    EXPECT_INT(handled, 1);
    EXPECT_ERR(semop1(doomed, 0, -1, 0), EINVAL);
}

static void check_handler_that_removes(void)
{
    for (int i = 0; i < scaled(20); i++) {
        doomed = new_set(1, 0600);
        pid_t pid = start(sleep_and_lose_the_set, NULL);
        UNTIL(semncnt(doomed, 0) == 1);
        kill(pid, SIGUSR1);
        EXPECT_INT(reap(pid), 0);
        EXPECT_ERR(remove_set(doomed), EINVAL);
    }
}

static sigjmp_buf back;

static void jump(int signal)
{
    (void)signal;
    handled++;
    siglongjmp(back, 1);
}

static void jump_out_of_sleeps(void *context)
{
    const struct gate *gate = context;

    catch (SIGUSR1, jump);
    for (volatile int i = 0; i < scaled(50); i++) {
        if (sigsetjmp(back, 1) == 0) {
            semop1(set, 0, -1, UNDO);
            fail_at(__FILE__, __LINE__, "the sleep ended without the jump, errno %d", errno);
        }
        if (i % 2) /* the thread's next call, whichever it is */
            EXPECT_INT(semval(set, 1), 3);
        else
            EXPECT_ERR(semop1(set, 1, 0, NOWAIT), EAGAIN);
        gate_arrive(gate);
    }
}

static void check_jump_out_of_a_sleep(void)
{
    struct gate gate;

    gate_make(&gate);
    EXPECT_OK(sem_set(set, 1, 3));
    pid_t pid = start(jump_out_of_sleeps, &gate);
    for (int i = 0; i < scaled(50); i++) {
        UNTIL(semncnt(set, 0) == 1);
        kill(pid, SIGUSR1);
        gate_await(&gate);
        EXPECT_INT(semncnt(set, 0), 0);
        EXPECT_OK(semop1(set, 0, 1, 0));
        EXPECT_INT(semval(set, 0), 1); /* nobody takes it any more */
        EXPECT_OK(semop1(set, 0, -1, NOWAIT));
        gate_let_go(&gate);
    }
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semval(set, 0), 0);
    gate_close(&gate);
}

int main(void)
{
    announce();
    registry_start();
    key = free_key();
    set = new_set(2, 0600);
    segment = new_segment(100, 0600);
    EXPECT_INT(run(hammered, NULL), 0);
    hammered_from_outside();
    if (on_posix() || !under_thread_sanitizer()) {
        check_handler_on_the_set();
        check_handler_that_removes();
        check_jump_out_of_a_sleep();
    } else {
        leave_out("S0.29", "the thread sanitizer keeps handlers back");
    }
    remove_all();
    return 0;
}
