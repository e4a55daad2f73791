/* SEM_UNDO: whose an adjustment is (S2.27 to S2.30). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <unistd.h>

extern char **environ;

struct context {
    int id;
    struct gate gate;
};

static struct context make(int value)
{
    struct context c = {.id = new_set(3, 0600)};

    gate_make(&c.gate);
    EXPECT_OK(sem_set(c.id, 0, value));
    return c;
}

static void expect_at_the_end(struct context *c, pid_t pid, int value)
{
    gate_let_go(&c->gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semval(c->id, 0), value);
}

static void each_for_itself(void *context)
{
    struct sembuf ops[] = {{0, -1, SEM_UNDO}, {0, -2, 0}, {1, 4, SEM_UNDO}, {1, -1, 0}};

    EXPECT_OK(semop(*(int *)context, ops, COUNT(ops)));
}

START_TEST(each_semaphore_for_itself) /* S2.27 */
{
    struct context c = make(9);

    EXPECT_INT(run(each_for_itself, &c.id), 0);
    EXPECT_INT(semval(c.id, 0), 7);
    EXPECT_INT(semval(c.id, 1), 0); /* 3 - 4, clamped */
    EXPECT_INT(semval(c.id, 2), 0);
}
END_TEST

static void *take_one(void *id)
{
    EXPECT_OK(semop1(*(int *)id, 0, -1, SEM_UNDO));
    return NULL;
}

static void thread_ends_process_stays(void *context)
{
    struct context *c = context;
    pthread_t thread;

    EXPECT_INT(pthread_create(&thread, NULL, take_one, &c->id), 0);
    EXPECT_INT(pthread_join(thread, NULL), 0);
    gate_arrive(&c->gate);
    EXPECT_OK(semop1(c->id, 0, 1, SEM_UNDO)); /* they share it: this takes it away */
    gate_arrive(&c->gate);
}

START_TEST(threads_share_one) /* S2.27 */
{
    struct context c = make(5);
    pid_t pid = start(thread_ends_process_stays, &c);

    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 4);
    gate_let_go(&c.gate);
    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 5);
    expect_at_the_end(&c, pid, 5);
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
    take_one(&threaded.id);
    EXPECT_INT(pthread_create(&thread, NULL, outlive_main, NULL), 0);
    pthread_exit(NULL);
}

START_TEST(applied_with_the_last_thread) /* S2.27 */
{
    struct context c = make(5);
    pid_t pid = start(main_thread_leaves, &c);

    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 4);
    expect_at_the_end(&c, pid, 5);
}
END_TEST

static void exit_at_once(void *unused)
{
    (void)unused;
}

static void fork_and_end_child(void *context)
{
    struct context *c = context;

    take_one(&c->id);
    EXPECT_INT(run(exit_at_once, NULL), 0);
    gate_arrive(&c->gate);
}

START_TEST(child_starts_with_none) /* S2.28 */
{
    struct context c = make(5);
    pid_t pid = start(fork_and_end_child, &c);

    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), 4);
    expect_at_the_end(&c, pid, 5);
}
END_TEST

static void take_and_stay(void *context)
{
    struct context *c = context;

    take_one(&c->id);
    gate_arrive(&c->gate);
}

static void leave_child_behind(void *context)
{
    struct context *c = context;

    EXPECT_OK(semop1(c->id, 0, -2, SEM_UNDO));
    start(take_and_stay, c);
    gate_arrive(&c->gate);
}

START_TEST(child_keeps_its_own_only) /* S2.28 */
{
    struct context c = make(9);
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

START_TEST(spawned_program_has_none) /* S2.28 */
{
    struct context c = make(5);
    char *arguments[5];
    pid_t pid;

    take_one(&c.id);
    idle_arguments(&c.gate, arguments);
    EXPECT_INT(posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ), 0);
    gate_await(&c.gate);
    expect_at_the_end(&c, pid, 4);
}
END_TEST

static void take_and_exec(void *context)
{
    struct context *c = context;

    take_one(&c->id);
    exec_idle(&c->gate);
}

START_TEST(kept_across_exec) /* S2.29, S5.7 */
{
    struct context c = make(5);
    pid_t pid = start(take_and_exec, &c);

    gate_await(&c.gate);
    EXPECT_INT(semval(c.id, 0), differs("S5.7") ? 5 : 4);
    expect_at_the_end(&c, pid, 5);
}
END_TEST

static void take_and_unshare(void *context)
{
    struct context *c = context;

    take_one(&c->id);
    EXPECT_OK(unshare(CLONE_SYSVSEM));
    gate_arrive(&c->gate);
}

/* The sanitizer's own thread keeps the adjustments, too. */
START_TEST(unshare_applies_it) /* S2.30 */
{
    struct context c = make(5);
    pid_t pid = start(take_and_unshare, &c);

    gate_await(&c.gate);
    if (!THREAD_SANITIZER)
        EXPECT_INT(semval(c.id, 0), differs("S2.30") ? 4 : 5);
    expect_at_the_end(&c, pid, 5);
}
END_TEST

void undo_threads_chapter(void)
{
    ADD_TESTS(each_semaphore_for_itself, threads_share_one, applied_with_the_last_thread,
              child_starts_with_none, child_keeps_its_own_only, spawned_program_has_none,
              kept_across_exec, unshare_applies_it);
}
