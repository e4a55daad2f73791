/* What signals do to a sleeping call (S0.29 to S0.33, S5.6, S5.20, S5.22). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { NOWAIT = IPC_NOWAIT };

/*
 * Calls that sleep: a semop for less, a semop for zero, a semop with a timeout, a msgsnd, a msgrcv.
 */

struct sleeping {
    int set, queue; /* value 0, value 1; full */
    int flags;      /* of the handler */
    int (*call)(struct sleeping *s);
};

static int sleep_down(struct sleeping *s)
{
    return semop1(s->set, 0, -1, 0);
}

static int sleep_zero(struct sleeping *s)
{
    return semop1(s->set, 1, 0, 0);
}

static int sleep_timed(struct sleeping *s)
{
    return semop1_timed(s->set, 0, -1, 0, 25000);
}

static int sleep_sending(struct sleeping *s)
{
    struct letter letter = {.type = 1};

    return msgsnd(s->queue, &letter, 1, 0);
}

static int sleep_receiving(struct sleeping *s)
{
    struct letter letter;

    return (int)msgrcv(s->queue, &letter, 1, 1, 0);
}

static int (*const calls[])(struct sleeping *) = {sleep_down, sleep_zero, sleep_timed,
                                                  sleep_sending, sleep_receiving};

static struct sleeping make(void)
{
    struct sleeping s = {.set = new_set(2, 0600), .queue = new_queue(0600)};

    EXPECT_OK(sem_set(s.set, 1, 1));
    EXPECT_OK(send_filled(s.queue, 9, MSGMAX));
    EXPECT_OK(send_filled(s.queue, 9, MSGMAX));
    return s;
}

static bool sleeps(const struct sleeping *s, pid_t pid)
{
    if (s->call == sleep_sending || s->call == sleep_receiving)
        return asleep(pid) == 1;
    return semncnt(s->set, 0) + semzcnt(s->set, 1) == 1;
}

static pid_t start_sleeping(child_fn *body, struct sleeping *s)
{
    pid_t pid = start(body, s);

    UNTIL(sleeps(s, pid));
    return pid;
}

static void expect_nothing_happened(const struct sleeping *s)
{
    EXPECT_INT(semncnt(s->set, 0) + semzcnt(s->set, 1), 0);
    EXPECT_INT(semval(s->set, 0), 0);
    EXPECT_INT(semval(s->set, 1), 1);
    EXPECT_INT((long long)queue_stat(s->queue).msg_qnum, 2);
}

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

/* Exits with the errno of the call when a handler ran, 100 when none did. */
static void sleep_catching(void *context)
{
    struct sleeping *s = context;

    catch_usr1(s->flags);
    int error = s->call(s) < 0 ? errno : 0;
    _exit(caught == 1 ? error : 100);
}

/* The sanitizer keeps a handler back until the next call that it knows; semop is none. */
static bool handlers_come_late(void)
{
    return THREAD_SANITIZER && !on_drop_in();
}

static void expect_interrupted(int flags)
{
    struct sleeping s = make();

    for (size_t i = 0; i < COUNT(calls); i++) {
        s.call = calls[i];
        s.flags = flags;
        pid_t pid = start_sleeping(sleep_catching, &s);
        kill(pid, SIGUSR1);
        EXPECT_INT(reap(pid), EINTR);
    }
    expect_nothing_happened(&s);
}

START_TEST(caught_signal_interrupts) /* S0.29, S3.5, S3.12 */
{
    if (!handlers_come_late())
        expect_interrupted(0);
}
END_TEST

START_TEST(restart_interrupts_as_well) /* S0.29 */
{
    if (!handlers_come_late())
        expect_interrupted(SA_RESTART);
}
END_TEST

START_TEST(interrupted_without_delay) /* S0.29, S5.20 */
{
    double shortest = 1e9;

    for (int i = 0; i < 10 && shortest > 0.1 && !handlers_come_late(); i++) {
        struct sleeping s = make();
        s.call = sleep_down;
        pid_t pid = start_sleeping(sleep_catching, &s);
        double begun = seconds_now();
        kill(pid, SIGUSR1);
        EXPECT_INT(reap(pid), EINTR);
        double took = seconds_now() - begun;
        shortest = took < shortest ? took : shortest;
    }
    EXPECT(shortest <= 0.1 || handlers_come_late());
}
END_TEST

static void sleep_ignoring(void *context)
{
    struct sleeping *s = context;

    signal(SIGUSR1, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    _exit(s->call(s) < 0 ? errno : 0);
}

static void send_what_is_ignored(pid_t pid)
{
    for (int i = 0; i < 20; i++) {
        kill(pid, SIGUSR1);
        kill(pid, SIGCHLD);
    }
    kill(pid, SIGWINCH);
}

START_TEST(ignored_signal_does_not_interrupt) /* S0.30 */
{
    struct sleeping s = make();

    s.call = sleep_down;
    pid_t set = start_sleeping(sleep_ignoring, &s);
    s.call = sleep_receiving;
    pid_t queue = start_sleeping(sleep_ignoring, &s);
    send_what_is_ignored(set);
    send_what_is_ignored(queue);
    EXPECT_INT(semncnt(s.set, 0), 1);
    EXPECT_OK(semop1(s.set, 0, 1, 0));
    EXPECT_INT(reap(set), 0);
    EXPECT_INT(take(s.queue, MSGMAX, 9, 0), MSGMAX);
    EXPECT_OK(send_text(s.queue, 1, "x"));
    EXPECT_INT(reap(queue), 0);
}
END_TEST

static void sleep_blocking(void *context)
{
    struct sleeping *s = context;
    sigset_t usr1;

    catch_usr1(0);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    int error = s->call(s) < 0 ? errno : 0;
    EXPECT_INT(caught, 0);
    sigprocmask(SIG_UNBLOCK, &usr1, NULL);
    EXPECT_INT(caught, 1);
    _exit(error);
}

START_TEST(blocked_signal_does_not_interrupt) /* S0.29 */
{
    struct sleeping s = make();

    s.call = sleep_down;
    pid_t pid = start_sleeping(sleep_blocking, &s);
    kill(pid, SIGUSR1);
    EXPECT_INT(semncnt(s.set, 0), 1);
    EXPECT_OK(semop1(s.set, 0, 1, 0));
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(semop_after_a_stop) /* S0.31, S0.32, S5.6 */
{
    int id = new_set(1, 0600);
    pid_t pid = start_sleeper(id, 0, -1, 0);

    stop(pid);
    EXPECT_OK(semop1(id, 0, 1, 0));
    bool differently = differs("S5.6");
    EXPECT_INT(semval(id, 0), differently ? 0 : 1);
    EXPECT_INT(semncnt(id, 0), 0);
    kill(pid, SIGCONT);
    EXPECT_INT(reap(pid), differently ? 0 : EINTR);
    EXPECT_INT(semval(id, 0), differently ? 0 : 1);
}
END_TEST

START_TEST(msgrcv_after_a_stop) /* S0.31, S0.32 */
{
    int id = new_queue(0600);
    pid_t pid = start_receiver(id, 10, 0, 0);

    stop(pid);
    kill(pid, SIGCONT);
    EXPECT(!has_ended(pid));
    EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_INT(reap(pid), RECEIVED('x'));
}
END_TEST

START_TEST(stopped_receiver_is_not_served) /* S0.32, S5.6 */
{
    int id = new_queue(0600);
    pid_t pid = start_receiver(id, 10, 0, 0);

    stop(pid);
    EXPECT_OK(send_text(id, 1, "x"));
    bool served = take(id, 10, 0, 0) < 0;
    EXPECT(!served || differs("S5.6"));
    kill(pid, SIGCONT);
    if (!served)
        EXPECT_OK(send_text(id, 1, "x"));
    EXPECT_INT(reap(pid), RECEIVED('x'));
    expect_empty(id);
}
END_TEST

static void sleep_on(void *context)
{
    struct sleeping *s = context;

    s->call(s);
}

START_TEST(killed_sleeper_leaves_nothing) /* S0.33 */
{
    struct sleeping s = make();

    for (size_t i = 0; i < COUNT(calls); i++) {
        s.call = calls[i];
        kill_and_reap(start_sleeping(sleep_on, &s));
        expect_nothing_happened(&s);
    }
    EXPECT_INT(take(s.queue, MSGMAX, 0, 0), MSGMAX);
    EXPECT_INT((long long)queue_stat(s.queue).msg_qnum, 1); /* no ghost sends */
    EXPECT_OK(send_text(s.queue, 1, "x"));
    expect_text(s.queue, 1, 0, "x"); /* or receives */
}
END_TEST

START_TEST(killed_sleeper_is_passed) /* S0.33 */
{
    int id = new_set(1, 0600), queue = new_queue(0600);
    pid_t first = start_sleeper(id, 0, -1, SEM_UNDO), second = start_sleeper(id, 0, -1, 0);

    kill_and_reap(first);
    EXPECT_OK(semop1(id, 0, 1, 0)); /* nobody has looked at the counts in between */
    EXPECT_INT(reap(second), 0);
    EXPECT_INT(semval(id, 0), 0);
    first = start_receiver(queue, 10, 0, 0);
    second = start_receiver(queue, 10, 0, 0);
    kill_and_reap(first);
    EXPECT_OK(send_text(queue, 1, "x"));
    EXPECT_INT(reap(second), RECEIVED('x'));
}
END_TEST

static void *sleep_in_thread(void *context)
{
    sleep_on(context);
    return NULL;
}

static void sleep_beside_main(void *context)
{
    pthread_t thread;

    EXPECT_INT(pthread_create(&thread, NULL, sleep_in_thread, context), 0);
    pthread_join(thread, NULL);
}

START_TEST(killed_with_a_sleeping_thread) /* S0.33 */
{
    struct sleeping s = make();

    s.call = sleep_down;
    kill_and_reap(start_sleeping(sleep_beside_main, &s));
    expect_nothing_happened(&s);
}
END_TEST

static void operate_for_ever(void *context)
{
    struct sembuf ops[] = {{0, 1, 0}, {1, 1, 0}, {0, -1, 0}, {1, -1, 0}};
    struct sleeping *s = context;

    for (;;)
        EXPECT_OK(semop(s->set, ops, COUNT(ops)));
}

/* Wherever it has stopped: who must not wait does not wait for it to go on. */
START_TEST(stopped_in_the_middle) /* S5.22 */
{
    struct sleeping s = make();
    pid_t pid = start(operate_for_ever, &s);

    for (int i = 0; i < 50; i++) {
        stop(pid);
        double begun = seconds_now();
        EXPECT_ERR(semop1(s.set, 0, -1, NOWAIT), EAGAIN);
        EXPECT_ERR(semop1_timed(s.set, 0, -1, 0, 0), EAGAIN);
        EXPECT(seconds_now() - begun < 5);
        kill(pid, SIGCONT);
    }
    kill_and_reap(pid);
    expect_nothing_happened(&s);
}
END_TEST

void signals_chapter(void)
{
    ADD_TESTS(caught_signal_interrupts, restart_interrupts_as_well, interrupted_without_delay,
              ignored_signal_does_not_interrupt, blocked_signal_does_not_interrupt,
              semop_after_a_stop, msgrcv_after_a_stop, stopped_receiver_is_not_served,
              killed_sleeper_leaves_nothing, killed_sleeper_is_passed,
              killed_with_a_sleeping_thread, stopped_in_the_middle);
}
