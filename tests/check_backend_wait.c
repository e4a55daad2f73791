/* Operations that sleep: order, counts, what ends a sleep (S0.29 to S0.33, S2.22 to S2.26). */
#include "config.h"

#include "tests/backend_check.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOWAIT = LIBSHM_IPC_NOWAIT, UNDO = LIBSHM_SEM_UNDO };

typedef struct shm_backend_sembuf op;

static pid_t start_sleeper(int id, int num, int value, int flags)
{
    int before = value ? semncnt(id, num) : semzcnt(id, num);
    pid_t pid = start_semop(id, num, value, flags);

    UNTIL((value ? semncnt(id, num) : semzcnt(id, num)) == before + 1);
    return pid;
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = {0};

    EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT));
    return info.si_pid == pid;
}

START_TEST(sleeper_is_woken) /* S2.22 */
{
    int id = new_set(1, 0600);
    pid_t pid = start_sleeper(id, 0, -2, 0);

    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(semncnt(id, 0), 1);
    EXPECT(!has_ended(pid));
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semval(id, 0), 0);
    EXPECT_INT(semncnt(id, 0), 0);
}
END_TEST

START_TEST(wait_for_zero_is_woken) /* S2.22 */
{
    int id = new_set(1, 0600);

    EXPECT_OK(sem_set(id, 0, 2));
    pid_t pid = start_sleeper(id, 0, 0, 0);
    EXPECT_INT(semncnt(id, 0), 0);
    EXPECT_OK(semop1(id, 0, -1, 0));
    EXPECT_INT(semzcnt(id, 0), 1);
    EXPECT_OK(semop1(id, 0, -1, 0));
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semzcnt(id, 0), 0);
}
END_TEST

START_TEST(first_come_first_served) /* S2.22 */
{
    enum { SLEEPERS = 5 };
    int id = new_set(1, 0600);
    pid_t pids[SLEEPERS];

    for (int i = 0; i < SLEEPERS; i++)
        pids[i] = start_sleeper(id, 0, -1, 0);
    for (int i = 0; i < SLEEPERS; i++) {
        EXPECT_OK(semop1(id, 0, 1, 0));
        EXPECT_INT(reap(pids[i]), 0);
        EXPECT_INT(semncnt(id, 0), SLEEPERS - i - 1);
    }
}
END_TEST

START_TEST(small_request_passes_a_big_one) /* S2.22 */
{
    int id = new_set(1, 0600);
    pid_t big = start_sleeper(id, 0, -2, 0), small = start_sleeper(id, 0, -1, 0);

    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(small), 0);
    EXPECT_INT(semncnt(id, 0), 1);
    EXPECT_OK(semop1(id, 0, 2, 0));
    EXPECT_INT(reap(big), 0);
    EXPECT_INT(semval(id, 0), 0);
}
END_TEST

START_TEST(newcomer_passes_a_big_one) /* S2.22 */
{
    int id = new_set(1, 0600);
    pid_t big = start_sleeper(id, 0, -3, 0);

    EXPECT_OK(semop1(id, 0, 2, 0));
    EXPECT_OK(semop1(id, 0, -1, NOWAIT));
    EXPECT_INT(semval(id, 0), 1);
    EXPECT_OK(semop1(id, 0, 2, 0));
    EXPECT_INT(reap(big), 0);
}
END_TEST

START_TEST(one_change_serves_many) /* S2.22 */
{
    enum { SLEEPERS = 4 };
    int id = new_set(1, 0600);
    pid_t pids[SLEEPERS];

    for (int i = 0; i < SLEEPERS; i++)
        pids[i] = start_sleeper(id, 0, -1, 0);
    EXPECT_OK(semop1(id, 0, SLEEPERS + 1, 0));
    EXPECT_INT(semval(id, 0), 1); /* all were served before the call returned */
    EXPECT_INT(semncnt(id, 0), 0);
    for (int i = 0; i < SLEEPERS; i++)
        EXPECT_INT(reap(pids[i]), 0);
}
END_TEST

START_TEST(chain_of_grants) /* S2.22: what a granted call changes serves the next */
{
    op first[] = {{0, -1, 0}, {1, 1, 0}}, second[] = {{1, -1, 0}, {2, 1, 0}};
    int id = new_set(3, 0600);
    pid_t b = start_semops(id, second, 2);

    UNTIL(semncnt(id, 1) == 1);
    pid_t a = start_semops(id, first, 2);
    UNTIL(semncnt(id, 0) == 1);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(a), 0);
    EXPECT_INT(reap(b), 0);
    EXPECT_INT(semval(id, 0), 0);
    EXPECT_INT(semval(id, 1), 0);
    EXPECT_INT(semval(id, 2), 1);
}
END_TEST

START_TEST(zero_between_two_operations_wakes_nobody) /* S2.23 */
{
    op touch[] = {{0, -1, 0}, {0, 1, 0}};
    int id = new_set(1, 0600);

    EXPECT_OK(sem_set(id, 0, 1));
    pid_t pid = start_sleeper(id, 0, 0, 0);
    EXPECT_OK(semops(id, touch, 2));
    EXPECT_INT(semzcnt(id, 0), 1);
    EXPECT(!has_ended(pid));
    EXPECT_OK(semop1(id, 0, -1, 0));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(count_moves_with_the_obstacle) /* S2.24 */
{
    op ops[] = {{0, -1, 0}, {1, 0, 0}, {2, -1, 0}};
    int id = new_set(3, 0600);

    EXPECT_OK(sem_set(id, 1, 1));
    pid_t pid = start_semops(id, ops, 3);
    UNTIL(semncnt(id, 0) == 1);
    EXPECT_INT(semzcnt(id, 1), 0);
    EXPECT_INT(semncnt(id, 2), 0);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(semncnt(id, 0), 0);
    EXPECT_INT(semzcnt(id, 1), 1);
    EXPECT_INT(semval(id, 0), 1); /* nothing is taken yet */
    EXPECT_OK(semop1(id, 1, -1, 0));
    EXPECT_INT(semzcnt(id, 1), 0);
    EXPECT_INT(semncnt(id, 2), 1);
    EXPECT_OK(semop1(id, 0, -1, NOWAIT)); /* and back to the first */
    EXPECT_INT(semncnt(id, 0), 1);
    EXPECT_INT(semncnt(id, 2), 0);
    EXPECT_OK(semop1(id, 2, 1, 0));
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(pid), 0);
    for (int i = 0; i < 3; i++)
        EXPECT_INT(semval(id, i), 0);
}
END_TEST

START_TEST(obstacle_with_nowait_ends_the_sleep) /* S2.17, S2.24 */
{
    op ops[] = {{0, -1, 0}, {1, -1, NOWAIT}};
    int id = new_set(2, 0600);
    pid_t pid = start_semops(id, ops, 2);

    UNTIL(semncnt(id, 0) == 1);
    EXPECT_OK(semop1(id, 0, 1, 0)); /* now the second operation is in the way */
    EXPECT_INT(reap(pid), EAGAIN);
    EXPECT_INT(semval(id, 0), 1);
    EXPECT_INT(semncnt(id, 0), 0);
}
END_TEST

START_TEST(range_found_while_sleeping_ends_the_sleep) /* S2.18 */
{
    op ops[] = {{0, -1, 0}, {1, 1, 0}};
    int id = new_set(2, 0600);

    EXPECT_OK(sem_set(id, 1, LIBSHM_SEMVMX));
    pid_t pid = start_semops(id, ops, 2);
    UNTIL(semncnt(id, 0) == 1);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(pid), ERANGE);
    EXPECT_INT(semval(id, 0), 1);
}
END_TEST

START_TEST(removal_wakes_all) /* S2.25 */
{
    int id = new_set(2, 0600);

    EXPECT_OK(sem_set(id, 1, 1));
    pid_t a = start_sleeper(id, 0, -1, 0), b = start_sleeper(id, 0, -5, UNDO),
          c = start_sleeper(id, 1, 0, 0);
    EXPECT_OK(remove_set(id));
    EXPECT_INT(reap(a), EIDRM);
    EXPECT_INT(reap(b), EIDRM);
    EXPECT_INT(reap(c), EIDRM);
    EXPECT_ERR(semop1(id, 0, 1, 0), EINVAL);
}
END_TEST

START_TEST(setval_wakes) /* S2.43 */
{
    int id = new_set(2, 0600);

    EXPECT_OK(sem_set(id, 1, 1));
    pid_t up = start_sleeper(id, 0, -3, 0), zero = start_sleeper(id, 1, 0, 0);
    EXPECT_OK(sem_set(id, 0, 4));
    EXPECT_INT(reap(up), 0);
    EXPECT_INT(semval(id, 0), 1);
    EXPECT_OK(sem_set(id, 1, 0));
    EXPECT_INT(reap(zero), 0);
}
END_TEST

START_TEST(setall_wakes) /* S2.43 */
{
    int id = new_set(2, 0600);
    unsigned short values[2] = {3, 0};

    EXPECT_OK(sem_set(id, 1, 1));
    pid_t up = start_sleeper(id, 0, -3, 0), zero = start_sleeper(id, 1, 0, 0);
    EXPECT_OK(sem_set_all(id, values));
    EXPECT_INT(reap(up), 0);
    EXPECT_INT(reap(zero), 0);
    EXPECT_INT(semval(id, 0), 0);
}
END_TEST

START_TEST(served_in_time) /* S2.14 */
{
    int id = new_set(1, 0600);
    pid_t waker = fork();

    if (waker == 0) {
        UNTIL(semncnt(id, 0) == 1);
        EXPECT_OK(semop1(id, 0, 1, 0));
        _exit(0);
    }
    EXPECT_OK(semop1_timed(id, 0, -1, 0, 5000));
    EXPECT_INT(reap(waker), 0);
}
END_TEST

/*
 * Signals.
 */

static volatile sig_atomic_t caught;

static void count_signal(int signal)
{
    (void)signal;
    caught++;
}

static void catch_usr1(int flags)
{
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = flags};

    sigaction(SIGUSR1, &action, NULL);
}

struct sleep {
    int id, flags, value;
    long milliseconds; /* 0: for ever */
};

/* Exits with the errno of the call when a handler ran, 100 when none did. */
static void sleep_catching(void *context)
{
    struct sleep *s = context;

    catch_usr1(s->flags);
    int result = s->milliseconds ? semop1_timed(s->id, 0, s->value, 0, s->milliseconds)
                                 : semop1(s->id, 0, s->value, 0);
    int error = result == 0 ? 0 : errno;
    _exit(caught == 1 ? error : 100);
}

static bool handlers_come_late(void)
{
    if (on_posix() || !under_thread_sanitizer())
        return false;
    leave_out("S0.29", "the thread sanitizer keeps handlers back");
    return true;
}

static void expect_interrupted(struct sleep s)
{
    bool down = s.value < 0;
    pid_t pid = start(sleep_catching, &s);

    UNTIL((down ? semncnt(s.id, 0) : semzcnt(s.id, 0)) == 1);
    kill(pid, SIGUSR1);
    EXPECT_INT(reap(pid), EINTR);
    EXPECT_INT(down ? semncnt(s.id, 0) : semzcnt(s.id, 0), 0);
}

START_TEST(caught_signal_interrupts) /* S0.29 */
{
    int id = new_set(1, 0600);

    if (handlers_come_late())
        return;
    expect_interrupted((struct sleep){id, 0, -1, 0});
    expect_interrupted((struct sleep){id, 0, -1, 20000});
    EXPECT_OK(sem_set(id, 0, 1));
    expect_interrupted((struct sleep){id, 0, 0, 0});
    EXPECT_INT(semval(id, 0), 1);
}
END_TEST

START_TEST(sa_restart_interrupts_too) /* S0.29 */
{
    int id = new_set(1, 0600);

    if (handlers_come_late())
        return;
    expect_interrupted((struct sleep){id, SA_RESTART, -1, 0});
    expect_interrupted((struct sleep){id, SA_RESTART, -1, 20000});
}
END_TEST

static void sleep_ignoring(void *context)
{
    struct sleep *s = context;

    signal(SIGUSR1, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    _exit(semop1(s->id, 0, s->value, 0) == 0 ? 0 : errno);
}

START_TEST(ignored_signal_does_not_interrupt) /* S0.30 */
{
    struct sleep s = {new_set(1, 0600), 0, -1, 0};
    pid_t pid = start(sleep_ignoring, &s);

    UNTIL(semncnt(s.id, 0) == 1);
    for (int i = 0; i < 20; i++) {
        kill(pid, SIGUSR1);
        kill(pid, SIGCHLD);
    }
    kill(pid, SIGWINCH);
    EXPECT_INT(semncnt(s.id, 0), 1);
    EXPECT_OK(semop1(s.id, 0, 1, 0));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

static void sleep_blocking(void *context)
{
    struct sleep *s = context;
    sigset_t usr1;

    catch_usr1(0);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    int error = semop1(s->id, 0, s->value, 0) == 0 ? 0 : errno;
    EXPECT_INT(caught, 0);
    sigprocmask(SIG_UNBLOCK, &usr1, NULL);
    EXPECT_INT(caught, 1);
    _exit(error);
}

START_TEST(blocked_signal_does_not_interrupt) /* S0.29: the mask of the caller stays in force */
{
    struct sleep s = {new_set(1, 0600), 0, -1, 0};
    pid_t pid = start(sleep_blocking, &s);

    UNTIL(semncnt(s.id, 0) == 1);
    kill(pid, SIGUSR1);
    EXPECT_INT(semncnt(s.id, 0), 1);
    EXPECT_OK(semop1(s.id, 0, 1, 0));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(fatal_signal_kills_a_sleeper) /* S0.33: default action, without a handler */
{
    int id = new_set(1, 0600);
    pid_t pid = start_sleeper(id, 0, -1, 0);
    double begun = seconds_now();

    kill(pid, SIGUSR2); /* Check catches SIGTERM for its own purposes */
    EXPECT_INT(reap(pid), 128 + SIGUSR2);
    if (seconds_now() - begun > 1)
        fail_at(__FILE__, __LINE__, "SIGUSR2 took %.3f s", seconds_now() - begun);
    EXPECT_INT(semncnt(id, 0), 0);
}
END_TEST

START_TEST(killed_sleeper_leaves_nothing) /* S0.33 */
{
    int id = new_set(1, 0600);
    pid_t first = start_sleeper(id, 0, -1, UNDO), second = start_sleeper(id, 0, -1, 0);

    kill(first, SIGKILL);
    EXPECT_INT(reap(first), 128 + SIGKILL);
    EXPECT_INT(semncnt(id, 0), 1);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(reap(second), 0);
    EXPECT_INT(semval(id, 0), 0);
}
END_TEST

START_TEST(change_after_a_kill_serves_the_living) /* S0.33 */
{
    int id = new_set(1, 0600);
    pid_t first = start_sleeper(id, 0, -1, 0), second = start_sleeper(id, 0, -1, 0);

    kill(first, SIGKILL);
    EXPECT_INT(reap(first), 128 + SIGKILL);
    EXPECT_OK(semop1(id, 0, 1, 0)); /* nobody has looked at the counts in between */
    EXPECT_INT(reap(second), 0);
    EXPECT_INT(semval(id, 0), 0);
}
END_TEST

START_TEST(stop_and_continue) /* S0.31, S0.32, S5.6 */
{
    int id = new_set(1, 0600), status;
    pid_t pid = start_sleeper(id, 0, -1, 0);

    kill(pid, SIGSTOP);
    EXPECT_INT(waitpid(pid, &status, WUNTRACED), pid);
    EXPECT(WIFSTOPPED(status));
    EXPECT_OK(semop1(id, 0, 1, 0));
    if (on_posix()) {
        leave_out("S0.31, S0.32", "S5.6: a stopped sleeper keeps its place and is served");
        kill(pid, SIGCONT);
        EXPECT_INT(reap(pid), 0);
        EXPECT_INT(semval(id, 0), 0);
        return;
    }
    EXPECT_INT(semval(id, 0), 1);
    EXPECT_INT(semncnt(id, 0), 0);
    kill(pid, SIGCONT);
    EXPECT_INT(reap(pid), EINTR);
    EXPECT_INT(semval(id, 0), 1);
}
END_TEST

/*
 * Threads.
 */

struct thread_call {
    int id, num, value, error;
};

static void *call_in_thread(void *context)
{
    struct thread_call *c = context;

    c->error = semop1(c->id, c->num, c->value, 0) == 0 ? 0 : errno;
    return NULL;
}

START_TEST(threads_sleep_side_by_side) /* S2.22, S2.24 */
{
    enum { THREADS = 6 };
    int id = new_set(2, 0600);
    pthread_t threads[THREADS];
    struct thread_call calls[THREADS];

    for (int i = 0; i < THREADS; i++) {
        calls[i] = (struct thread_call){id, i % 2, -1, -1};
        EXPECT_INT(pthread_create(&threads[i], NULL, call_in_thread, &calls[i]), 0);
    }
    UNTIL(semncnt(id, 0) == THREADS / 2 && semncnt(id, 1) == THREADS / 2);
    EXPECT_OK(semop1(id, 0, THREADS / 2, 0));
    EXPECT_INT(semncnt(id, 1), THREADS / 2);
    EXPECT_OK(remove_set(id));
    for (int i = 0; i < THREADS; i++) {
        EXPECT_INT(pthread_join(threads[i], NULL), 0);
        EXPECT_INT(calls[i].error, i % 2 ? EIDRM : 0);
    }
}
END_TEST

static void sleep_in_a_thread(void *context)
{
    pthread_t thread;

    EXPECT_INT(pthread_create(&thread, NULL, call_in_thread, context), 0);
    pthread_join(thread, NULL);
}

START_TEST(process_killed_with_a_sleeping_thread) /* S0.33 */
{
    int id = new_set(1, 0600);
    struct thread_call call = {id, 0, -1, -1};
    pid_t pid = start(sleep_in_a_thread, &call);

    UNTIL(semncnt(id, 0) == 1);
    kill_and_reap(pid);
    EXPECT_INT(semncnt(id, 0), 0);
    EXPECT_OK(semop1(id, 0, 1, 0));
    EXPECT_INT(semval(id, 0), 1);
}
END_TEST

static void pong(void *context)
{
    int id = *(int *)context;

    for (int i = 0; i < 500; i++) {
        EXPECT_OK(semop1(id, 0, -1, 0));
        EXPECT_OK(semop1(id, 1, 1, 0));
    }
}

START_TEST(no_wake_up_is_lost) /* S2.22 */
{
    int id = new_set(2, 0600);
    pid_t pid = start(pong, &id);

    for (int i = 0; i < 500; i++) {
        EXPECT_OK(semop1(id, 0, 1, 0));
        EXPECT_OK(semop1_timed(id, 1, -1, 0, 5000));
    }
    EXPECT_INT(reap(pid), 0);
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"wake", sleeper_is_woken},
        {"zero", wait_for_zero_is_woken},
        {"fifo", first_come_first_served},
        {"pass", small_request_passes_a_big_one},
        {"newcomer", newcomer_passes_a_big_one},
        {"many", one_change_serves_many},
        {"chain", chain_of_grants},
        {"between", zero_between_two_operations_wakes_nobody},
        {"move", count_moves_with_the_obstacle},
        {"late_nowait", obstacle_with_nowait_ends_the_sleep},
        {"late_range", range_found_while_sleeping_ends_the_sleep},
        {"eidrm", removal_wakes_all},
        {"setval", setval_wakes},
        {"setall", setall_wakes},
        {"in_time", served_in_time},
        {"eintr", caught_signal_interrupts},
        {"restart", sa_restart_interrupts_too},
        {"ignored", ignored_signal_does_not_interrupt},
        {"blocked", blocked_signal_does_not_interrupt},
        {"fatal", fatal_signal_kills_a_sleeper},
        {"killed", killed_sleeper_leaves_nothing},
        {"killed_first", change_after_a_kill_serves_the_living},
        {"stop", stop_and_continue},
        {"threads", threads_sleep_side_by_side},
        {"killed_thread", process_killed_with_a_sleeping_thread},
        {"ping_pong", no_wake_up_is_lost},
    };
    return RUN_SUITE(argc, argv, "sleeping", tests);
}
