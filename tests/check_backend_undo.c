/* SEM_UNDO: who owns an adjustment, when it is applied, its range (S2.27 to S2.40, S5.2). */
#include "config.h"

#include "tests/backend_check.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { NOWAIT = LIBSHM_IPC_NOWAIT, UNDO = LIBSHM_SEM_UNDO, MAX = LIBSHM_SEMVMX };

struct context {
    int id;
    struct gate gate;
    int num, value, times;
};

static struct context make(int nsems, int value)
{
    struct context c = {.id = new_set(nsems, 0600), .value = -1, .times = 1};

    gate_make(&c.gate);
    if (value)
        EXPECT_OK(sem_set(c.id, 0, value));
    return c;
}

/* Does value * times on semaphore num with undo, then waits to be let go or killed. */
static void hold(void *context)
{
    struct context *c = context;

    for (int i = 0; i < c->times; i++)
        EXPECT_OK(semop1(c->id, c->num, c->value, UNDO));
    gate_arrive(&c->gate);
}

static pid_t start_holder(struct context *c)
{
    pid_t pid = start(hold, c);

    gate_await(&c->gate);
    return pid;
}

static void end_holder(struct context *c, pid_t pid)
{
    gate_let_go(&c->gate);
    EXPECT_INT(reap(pid), 0);
}

static void await_zombie(pid_t pid)
{
    siginfo_t info;

    EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
}

START_TEST(applied_at_exit) /* S2.31 */
{
    struct context c = make(1, 5);
    pid_t pid = start_holder(&c);

    EXPECT_INT(semval(c.id, 0), 4);
    gate_let_go(&c.gate);
    await_zombie(pid);
    EXPECT_INT(semval(c.id, 0), 5);
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(applied_at_sigkill) /* S2.31, S2.33, S2.34 */
{
    struct context c = make(1, 5);

    c.times = 3;
    pid_t pid = start_holder(&c);
    EXPECT_INT(semval(c.id, 0), 2);
    kill(pid, SIGKILL);
    await_zombie(pid);
    EXPECT_INT(semval(c.id, 0), 5);
    EXPECT_INT(sempid(c.id, 0), pid);
    EXPECT(set_stat(c.id).otime > 0);
    EXPECT_INT(reap(pid), 128 + SIGKILL);
}
END_TEST

START_TEST(pid_of_an_undo_is_the_dead) /* S2.34 */
{
    struct context c = make(1, 5);
    pid_t pid = start_holder(&c);

    EXPECT_OK(semop1(c.id, 0, 1, 0));
    EXPECT_INT(sempid(c.id, 0), getpid());
    kill_and_reap(pid);
    EXPECT_INT(sempid(c.id, 0), pid);
    EXPECT_INT(semval(c.id, 0), 6);
}
END_TEST

START_TEST(seen_by_any_operation) /* S2.31: not only by the counts */
{
    struct context c = make(1, 1);
    unsigned short all[1];

    kill_and_reap(start_holder(&c));
    EXPECT_OK(semop1(c.id, 0, -1, NOWAIT));
    EXPECT_OK(semop1(c.id, 0, 1, 0));
    kill_and_reap(start_holder(&c));
    EXPECT_ERR(semop1(c.id, 0, 0, NOWAIT), EAGAIN);
    kill_and_reap(start_holder(&c));
    EXPECT_OK(sem_get_all(c.id, all));
    EXPECT_INT(all[0], 1);
}
END_TEST

START_TEST(death_wakes_a_sleeper) /* S2.33, S5.2 */
{
    struct context c = make(1, 1);
    pid_t holder = start_holder(&c), sleeper = start_semop(c.id, 0, -1, 0);

    UNTIL(semncnt(c.id, 0) == 1);
    double begun = seconds_now();
    kill(holder, SIGKILL);
    EXPECT_INT(reap(sleeper), 0); /* nobody else calls in */
    double took = seconds_now() - begun;
    EXPECT_INT(reap(holder), 128 + SIGKILL);
    if (took > 0.5)
        fail_at(__FILE__, __LINE__, "the sleeper was woken after %.1f ms, expected 50",
                took * 1e3);
    EXPECT_INT(semval(c.id, 0), 0);
}
END_TEST

START_TEST(death_wakes_within_50_ms) /* S5.2: the median of seven */
{
    double took[7];

    for (int i = 0; i < 7; i++) {
        struct context c = make(1, 1);
        pid_t holder = start_holder(&c), sleeper = start_semop(c.id, 0, -1, 0);
        UNTIL(semncnt(c.id, 0) == 1);
        double begun = seconds_now();
        kill(holder, SIGKILL);
        EXPECT_INT(reap(sleeper), 0);
        double t = seconds_now() - begun;
        EXPECT_INT(reap(holder), 128 + SIGKILL);
        gate_close(&c.gate);
        int at = i;
        for (; at > 0 && took[at - 1] > t; at--)
            took[at] = took[at - 1];
        took[at] = t;
    }
    if (took[3] > 0.050)
        fail_at(__FILE__, __LINE__, "the median is %.1f ms, the longest %.1f ms", took[3] * 1e3,
                took[6] * 1e3);
}
END_TEST

START_TEST(death_wakes_a_wait_for_zero) /* S2.33 */
{
    struct context c = make(1, 0);

    c.value = 1;
    pid_t holder = start_holder(&c), sleeper = start_semop(c.id, 0, 0, 0);
    UNTIL(semzcnt(c.id, 0) == 1);
    kill(holder, SIGKILL);
    EXPECT_INT(reap(sleeper), 0);
    EXPECT_INT(reap(holder), 128 + SIGKILL);
    EXPECT_INT(semval(c.id, 0), 0);
}
END_TEST

START_TEST(clamped_at_zero) /* S2.32 */
{
    struct context c = make(1, 0);

    c.value = 3;
    pid_t pid = start_holder(&c);
    EXPECT_OK(semop1(c.id, 0, -2, 0));
    end_holder(&c, pid);
    EXPECT_INT(semval(c.id, 0), 0);
}
END_TEST

START_TEST(clamped_at_the_largest_value) /* S2.32 */
{
    struct context c = make(1, 3);

    c.value = -3;
    pid_t pid = start_holder(&c);
    EXPECT_OK(semop1(c.id, 0, MAX - 1, 0));
    kill_and_reap(pid);
    EXPECT_INT(semval(c.id, 0), MAX);
}
END_TEST

START_TEST(each_semaphore_for_itself) /* S2.27 */
{
    struct context c = make(3, 0);
    pid_t pids[3];

    for (c.num = 0; c.num < 3; c.num++) {
        c.value = c.num + 1;
        pids[c.num] = start_holder(&c);
    }
    kill_and_reap(pids[1]);
    EXPECT_INT(semval(c.id, 0), 1);
    EXPECT_INT(semval(c.id, 1), 0);
    EXPECT_INT(semval(c.id, 2), 3);
    kill_and_reap(pids[2]);
    kill_and_reap(pids[0]);
    EXPECT_INT(semval(c.id, 0), 0);
    EXPECT_INT(semval(c.id, 2), 0);
}
END_TEST

START_TEST(without_undo_nothing_is_given_back) /* S2.31 */
{
    struct context c = make(1, 5);

    EXPECT_INT(reap(start_semop(c.id, 0, -1, 0)), 0);
    EXPECT_INT(semval(c.id, 0), 4);
    EXPECT_INT(reap(start_semop(c.id, 0, -1, UNDO)), 0);
    EXPECT_INT(semval(c.id, 0), 4);
}
END_TEST

static void mixed_flags(void *id)
{
    struct shm_backend_sembuf ops[] = {{0, -1, UNDO}, {0, -2, 0}, {1, 4, UNDO}, {1, -1, 0}};

    EXPECT_OK(semops(*(int *)id, ops, 4));
}

START_TEST(undo_of_some_operations_of_a_call) /* S2.27 */
{
    struct context c = make(2, 9);

    EXPECT_INT(run(mixed_flags, &c.id), 0);
    EXPECT_INT(semval(c.id, 0), 7);
    EXPECT_INT(semval(c.id, 1), 0); /* 3 - 4, clamped */
}
END_TEST

static void *hold_in_thread(void *context)
{
    struct context *c = context;

    EXPECT_OK(semop1(c->id, 0, -1, UNDO));
    return NULL;
}

static void thread_ends_process_stays(void *context)
{
    struct context *c = context;
    pthread_t thread;

    EXPECT_INT(pthread_create(&thread, NULL, hold_in_thread, c), 0);
    EXPECT_INT(pthread_join(thread, NULL), 0);
    gate_arrive(&c->gate);
    EXPECT_OK(semop1(c->id, 0, 1, UNDO)); /* the main thread gives it back: they share it */
    gate_arrive(&c->gate);
}

START_TEST(threads_share_one_adjustment) /* S2.27, S2.37 */
{
    struct context c = make(1, 5);
    pid_t pid = start(thread_ends_process_stays, &c);

    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 4);
    gate_let_go(&c.gate);
    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 5);
    kill_and_reap(pid);
    EXPECT_INT(semval(c.id, 0), 5);
}
END_TEST

static struct context threaded;

static void *outlive_main(void *unused)
{
    (void)unused;
    gate_arrive(&threaded.gate);
    _exit(0);
}

static void main_thread_leaves(void *context)
{
    pthread_t thread;

    threaded = *(struct context *)context;
    EXPECT_OK(semop1(threaded.id, 0, -1, UNDO));
    EXPECT_INT(pthread_create(&thread, NULL, outlive_main, NULL), 0);
    pthread_exit(NULL);
}

START_TEST(applied_with_the_last_thread) /* S2.27 */
{
    struct context c = make(1, 5);
    pid_t pid = start(main_thread_leaves, &c);

    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 4);
    end_holder(&c, pid);
    EXPECT_INT(semval(c.id, 0), 5);
}
END_TEST

static void fork_and_end_child(void *context)
{
    struct context *c = context;

    EXPECT_OK(semop1(c->id, 0, -1, UNDO));
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    EXPECT_INT(reap(child), 0);
    gate_arrive(&c->gate);
}

START_TEST(child_starts_with_none) /* S2.28 */
{
    struct context c = make(1, 5);
    pid_t pid = start(fork_and_end_child, &c);

    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 4);
    end_holder(&c, pid);
    EXPECT_INT(semval(c.id, 0), 5);
}
END_TEST

static void leave_child_behind(void *context)
{
    struct context *c = context;

    EXPECT_OK(semop1(c->id, 0, -2, UNDO));
    if (fork() == 0) {
        alarm(30);
        EXPECT_OK(semop1(c->id, 0, -1, UNDO)); /* its own adjustment */
        gate_arrive(&c->gate);
        _exit(0);
    }
    gate_arrive(&c->gate);
    _exit(0);
}

START_TEST(child_does_not_keep_the_parents) /* S2.28, S2.31 */
{
    struct context c = make(1, 9);
    pid_t pid = start(leave_child_behind, &c);

    gate_await(&c.gate);
    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 6);
    kill_and_reap(pid);
    EXPECT_INT(semval(c.id, 0), 8);
    gate_let_go(&c.gate);
    UNTIL(semval(c.id, 0) == 9);
}
END_TEST

static void hold_and_exec(void *context)
{
    struct context *c = context;

    EXPECT_OK(semop1(c->id, 0, -1, UNDO));
    exec_idle(&c->gate);
}

START_TEST(exec_keeps_it) /* S2.29, S5.7 */
{
    struct context c = make(1, 5);
    pid_t pid = start(hold_and_exec, &c);

    gate_await(&c.gate);
    if (on_posix())
        leave_out("S2.29", "S5.7: applied at exec instead");
    EXPECT_INT(semval(c.id, 0), on_posix() ? 5 : 4);
    end_holder(&c, pid);
    EXPECT_INT(semval(c.id, 0), 5);
}
END_TEST

START_TEST(spawned_program_has_none) /* S2.28 */
{
    struct context c = make(1, 5);
    char *arguments[5];
    pid_t pid;

    EXPECT_OK(semop1(c.id, 0, -1, UNDO));
    idle_arguments(&c.gate, arguments);
    EXPECT_INT(posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ), 0);
    gate_await(&c.gate);
    end_holder(&c, pid);
    EXPECT_INT(semval(c.id, 0), 4);
    EXPECT_OK(semop1(c.id, 0, 1, UNDO));
}
END_TEST

static void unshare_undo(void *context)
{
    struct context *c = context;

    EXPECT_OK(semop1(c->id, 0, -1, UNDO));
    EXPECT_OK(unshare(CLONE_SYSVSEM));
    gate_arrive(&c->gate);
}

START_TEST(unshare_applies_it) /* S2.30 */
{
    struct context c = make(1, 5);

    if (on_posix()) {
        leave_out("S2.30",
                  "unshare(CLONE_SYSVSEM) is a matter between a program and its kernel");
        return;
    }
    if (under_thread_sanitizer()) {
        leave_out("S2.30", "the sanitizer's own thread keeps the adjustments");
        return;
    }
    pid_t pid = start(unshare_undo, &c);
    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 5);
    end_holder(&c, pid);
    EXPECT_INT(semval(c.id, 0), 5);
}
END_TEST

static void both_ends_of_the_range(void *context)
{
    struct context *c = context;

    EXPECT_OK(semop1(c->id, 0, MAX, UNDO)); /* adjustment -32767 */
    EXPECT_OK(semop1(c->id, 0, -MAX, 0));
    EXPECT_OK(semop1(c->id, 0, 1, UNDO)); /* -32768 */
    EXPECT_ERR(semop1(c->id, 0, 1, UNDO), ERANGE);
    EXPECT_INT(semval(c->id, 0), 1);
    EXPECT_OK(semop1(c->id, 0, 1, 0));
    EXPECT_OK(sem_set(c->id, 1, MAX));
    EXPECT_OK(semop1(c->id, 1, -MAX, UNDO)); /* +32767 */
    EXPECT_OK(semop1(c->id, 1, 1, 0));
    EXPECT_ERR(semop1(c->id, 1, -1, UNDO), ERANGE);
    EXPECT_INT(semval(c->id, 1), 1);
    EXPECT_OK(semop1(c->id, 1, -1, 0));
}

START_TEST(range_of_an_adjustment) /* S2.35 */
{
    struct context c = make(2, 0);

    EXPECT_INT(run(both_ends_of_the_range, &c), 0);
    EXPECT_INT(semval(c.id, 0), 0);
    EXPECT_INT(semval(c.id, 1), MAX);
}
END_TEST

static void smallest_operation(void *context)
{
    struct context *c = context;

    /* -32768 asks for an adjustment of 32768, which no adjustment can hold */
    EXPECT_ERR(semop1(c->id, 0, -32768, UNDO | NOWAIT), EAGAIN);
}

START_TEST(obstacle_before_range_of_adjustment) /* S2.17, S2.35 */
{
    struct context c = make(1, 0);

    EXPECT_INT(run(smallest_operation, &c), 0);
}
END_TEST

static void cancel_out(void *context)
{
    struct context *c = context;

    EXPECT_OK(semop1(c->id, 0, 1, UNDO));
    EXPECT_OK(semop1(c->id, 0, -1, UNDO));
    EXPECT_OK(semop1(c->id, 1, 0, UNDO)); /* makes none */
    gate_arrive(&c->gate);
}

START_TEST(up_and_down_cancel_out) /* S2.36, S2.37 */
{
    struct context c = make(2, 5);
    pid_t pid = start(cancel_out, &c);

    gate_await(&c.gate);
    EXPECT_OK(semop1(c.id, 1, 3, 0));
    kill_and_reap(pid);
    EXPECT_INT(semval(c.id, 0), 5);
    EXPECT_INT(semval(c.id, 1), 3);
}
END_TEST

START_TEST(setval_clears_that_semaphore) /* S2.38 */
{
    struct context c = make(2, 5);
    pid_t a = start_holder(&c);

    EXPECT_OK(sem_set(c.id, 1, 5));
    c.num = 1;
    pid_t b = start_holder(&c);
    EXPECT_OK(sem_set(c.id, 0, 7));
    kill_and_reap(a);
    kill_and_reap(b);
    EXPECT_INT(semval(c.id, 0), 7);
    EXPECT_INT(semval(c.id, 1), 5);
}
END_TEST

START_TEST(adjustment_after_setval_is_a_new_one) /* S2.38 */
{
    struct context c = make(1, 5);

    EXPECT_OK(semop1(c.id, 0, -1, UNDO));
    EXPECT_OK(sem_set(c.id, 0, 0));
    pid_t pid = fork();
    if (pid == 0) {
        EXPECT_OK(semop1(c.id, 0, 2, UNDO));
        EXPECT_OK(sem_set(c.id, 0, 9));
        EXPECT_OK(semop1(c.id, 0, 1, UNDO));
        _exit(0);
    }
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semval(c.id, 0), 9);
}
END_TEST

START_TEST(setall_clears_the_set) /* S2.39 */
{
    struct context c = make(2, 5);
    unsigned short values[2] = {3, 4};

    EXPECT_OK(sem_set(c.id, 1, 5));
    pid_t a = start_holder(&c);
    c.num = 1;
    pid_t b = start_holder(&c);
    EXPECT_OK(sem_set_all(c.id, values));
    kill_and_reap(a);
    kill_and_reap(b);
    EXPECT_INT(semval(c.id, 0), 3);
    EXPECT_INT(semval(c.id, 1), 4);
}
END_TEST

START_TEST(removal_drops_them) /* S2.40 */
{
    key_t key = free_key();
    struct context c = {.id = set_at(key, 1, 0600), .value = 4, .times = 1};

    gate_make(&c.gate);
    pid_t pid = start_holder(&c);
    EXPECT_OK(remove_set(c.id));
    int other = set_at(key, 1, 0600);
    EXPECT_OK(sem_set(other, 0, 9));
    end_holder(&c, pid);
    EXPECT_INT(semval(other, 0), 9);
}
END_TEST

START_TEST(granted_sleeper_gets_the_adjustment) /* S2.22, S2.31 */
{
    struct context c = make(1, 0);
    pid_t pid = start(hold, &c);

    UNTIL(semncnt(c.id, 0) == 1);
    EXPECT_OK(semop1(c.id, 0, 1, 0));
    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 0);
    kill_and_reap(pid);
    EXPECT_INT(semval(c.id, 0), 1);
}
END_TEST

/* What a dead process gave is gone for whoever comes first, also where no lock is needed otherwise. */
START_TEST(a_gift_is_taken_back_before_the_next_operation) /* S2.31 */
{
    struct context c = make(1, 0);

    c.value = 1;
    EXPECT_OK(semop1(c.id, 0, 1, UNDO));
    EXPECT_OK(semop1(c.id, 0, -1, UNDO));
    for (int undo = 0; undo < 2; undo++) {
        kill_and_reap(start_holder(&c));
        EXPECT_ERR(semop1(c.id, 0, -1, NOWAIT | (undo ? UNDO : 0)), EAGAIN);
        EXPECT_INT(semval(c.id, 0), 0);
    }
    pid_t pids[] = {start_holder(&c), start_holder(&c)};
    kill_and_reap(pids[0]);
    EXPECT_OK(semop1(c.id, 0, -1, NOWAIT));
    kill_and_reap(pids[1]);
    EXPECT_ERR(semop1(c.id, 0, -1, NOWAIT), EAGAIN);
}
END_TEST

START_TEST(lock_passes_through_many_deaths) /* S2.31, S5.2 */
{
    enum { HOLDERS = 12 };
    struct context c = make(1, 1);
    pid_t pids[HOLDERS];

    for (int i = 0; i < HOLDERS; i++)
        pids[i] = start(hold, &c);
    for (int i = 0; i < HOLDERS; i++) {
        gate_await(&c.gate); /* exactly one is inside */
        EXPECT_INT(semval(c.id, 0), 0);
        pid_t inside = sempid(c.id, 0);
        kill(inside, SIGKILL);
        int reaped = waitpid(inside, NULL, 0);
        EXPECT_INT(reaped, inside);
    }
    (void)pids;
    EXPECT_INT(semval(c.id, 0), 1);
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"exit", applied_at_exit},
        {"sigkill", applied_at_sigkill},
        {"pid", pid_of_an_undo_is_the_dead},
        {"seen", seen_by_any_operation},
        {"wakes", death_wakes_a_sleeper},
        {"50_ms", death_wakes_within_50_ms},
        {"wakes_zero", death_wakes_a_wait_for_zero},
        {"clamp_zero", clamped_at_zero},
        {"clamp_max", clamped_at_the_largest_value},
        {"each", each_semaphore_for_itself},
        {"without", without_undo_nothing_is_given_back},
        {"mixed", undo_of_some_operations_of_a_call},
        {"threads", threads_share_one_adjustment},
        {"last_thread", applied_with_the_last_thread},
        {"fork", child_starts_with_none},
        {"fork_parent", child_does_not_keep_the_parents},
        {"exec", exec_keeps_it},
        {"spawn", spawned_program_has_none},
        {"unshare", unshare_applies_it},
        {"range", range_of_an_adjustment},
        {"obstacle", obstacle_before_range_of_adjustment},
        {"cancel", up_and_down_cancel_out},
        {"setval", setval_clears_that_semaphore},
        {"after_setval", adjustment_after_setval_is_a_new_one},
        {"setall", setall_clears_the_set},
        {"rmid", removal_drops_them},
        {"granted", granted_sleeper_gets_the_adjustment},
        {"gift", a_gift_is_taken_back_before_the_next_operation},
        {"many_deaths", lock_passes_through_many_deaths},
    };
    return RUN_SUITE(argc, argv, "undo", tests);
}
