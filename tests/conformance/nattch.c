/* The number of attaches when processes come and go (S1.29 to S1.34, S5.3, S5.8, S5.15, S5.18). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct context {
    int id;
    struct gate gate;
    char *start;
};

static struct context make(int attaches)
{
    struct context c = {.id = new_segment(100, 0600)};

    gate_make(&c.gate);
    for (int i = 0; i < attaches; i++)
        c.start = attach(c.id);
    return c;
}

static void stay(void *context)
{
    gate_arrive(&((struct context *)context)->gate);
}

static void attach_and_stay(void *context)
{
    struct context *c = context;

    attach(c->id);
    gate_arrive(&c->gate);
}

START_TEST(fork_inherits_each_attach) /* S1.29, S1.30, S5.18 */
{
    struct context c = make(2);
    pid_t pid = start(stay, &c);

    EXPECT(nattch(c.id) >= 4);
    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 4);
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(c.id), 2);
}
END_TEST

START_TEST(fork_sets_atime_and_lpid) /* S1.30 */
{
    struct context c = make(1);
    struct shmid_ds before = segment_stat(c.id);

    await_next_second();
    pid_t pid = start(stay, &c);
    gate_await(&c.gate);
    struct shmid_ds ds = segment_stat(c.id);
    EXPECT_INT(ds.shm_lpid, getpid());
    EXPECT(ds.shm_atime > before.shm_atime);
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
}
END_TEST

static void detach_and_stay(void *context)
{
    struct context *c = context;

    EXPECT_OK(shmdt(c->start));
    EXPECT_ERR(shmdt(c->start), EINVAL);
    gate_arrive(&c->gate);
}

START_TEST(child_detaches_for_itself_only) /* S1.30 */
{
    struct context c = make(2);
    pid_t pid = start(detach_and_stay, &c);

    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 3);
    c.start[0] = 1;
    EXPECT_OK(shmdt(c.start));
    EXPECT_INT(nattch(c.id), 2);
    kill_and_reap(pid);
    EXPECT_INT(nattch(c.id), 1);
}
END_TEST

static void fork_once_more(void *context)
{
    EXPECT_INT(run(stay, context), 0);
}

START_TEST(grandchildren_count) /* S1.30 */
{
    struct context c = make(1);
    pid_t pid = start(fork_once_more, &c);

    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 3);
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(c.id), 1);
}
END_TEST

START_TEST(child_shares_the_bytes) /* S1.30 */
{
    struct context c = make(1);
    pid_t pid = start(stay, &c);

    gate_await(&c.gate);
    EXPECT_OK(shmdt(c.start));
    EXPECT_INT(nattch(c.id), 1);
    strcpy(attach(c.id), "later");
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(strcmp(attach(c.id), "later"), 0);
}
END_TEST

static void expect_detached(struct context *c, pid_t pid, time_t before)
{
    struct shmid_ds ds = segment_stat(c->id);

    EXPECT_INT((long long)ds.shm_nattch, 0);
    EXPECT_INT(ds.shm_lpid, pid);
    if (differs("S5.15"))
        EXPECT_INT(ds.shm_dtime, 0);
    else
        EXPECT(ds.shm_dtime >= before);
}

START_TEST(exit_detaches) /* S1.31, S1.32, S5.15 */
{
    struct context c = make(0);
    time_t before = time(NULL);
    pid_t pid = start(attach_and_stay, &c);

    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 1);
    gate_let_go(&c.gate);
    await_zombie(pid);
    expect_detached(&c, pid, before);
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(sigkill_detaches) /* S1.31, S1.32, S5.15 */
{
    struct context c = make(0);
    time_t before = time(NULL);
    pid_t pid = start(attach_and_stay, &c);

    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 1);
    kill(pid, SIGKILL);
    await_zombie(pid);
    expect_detached(&c, pid, before);
    EXPECT_INT(reap(pid), 128 + SIGKILL);
}
END_TEST

static void exec_program(void *context)
{
    exec_idle(&((struct context *)context)->gate);
}

START_TEST(exec_detaches) /* S1.31 */
{
    struct context c = make(2);
    pid_t pid = start(exec_program, &c);

    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 2);
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(c.id), 2);
}
END_TEST

START_TEST(vfork_changes_nothing) /* S1.33, S5.3 */
{
    static char *arguments[5];
    struct context c = make(2);

    idle_arguments(&c.gate, arguments);
    pid_t pid = vfork();
    if (pid == 0) {
        execv(arguments[0], arguments);
        _exit(9);
    }
    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 2);
    c.start[0] = 1;
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(c.id), 2);
    EXPECT_OK(shmdt(c.start));
}
END_TEST

START_TEST(spawn_changes_nothing) /* S5.3 */
{
    char *arguments[5];
    struct context c = make(2);
    pid_t pid;

    idle_arguments(&c.gate, arguments);
    EXPECT_INT(posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ), 0);
    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 2);
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(c.id), 2);
}
END_TEST

/* A child that no handler of fork hears of; it calls the kernel only. */
static pid_t clone_and_stay(const struct gate *gate)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    char byte = 'x';

    if (pid == 0) {
        syscall(SYS_write, gate->ready[1], &byte, 1);
        syscall(SYS_read, gate->go[0], &byte, 1);
        syscall(SYS_exit_group, 0);
    }
    return pid;
}

START_TEST(clone_without_handlers) /* S1.30, S5.8, S5.28 */
{
    struct context c = make(1);
    pid_t pid = clone_and_stay(&c.gate);

    EXPECT_OK(pid);
    gate_await(&c.gate);
    if (differs("S5.8"))
        EXPECT(nattch(c.id) >= 1);
    else
        EXPECT_INT(nattch(c.id), 2);
    EXPECT_OK(shmdt(c.start));
    EXPECT_INT(nattch(c.id), keeps_descriptors() ? 0 : 1); /* one lives */
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(c.id), 0);
}
END_TEST

START_TEST(hidden_from_children) /* S1.30, S5.21 */
{
    struct context c = make(1);

    EXPECT_OK(madvise(c.start, (size_t)sysconf(_SC_PAGESIZE), MADV_DONTFORK));
    pid_t pid = start(stay, &c);
    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), differs("S5.21") ? 2 : 1);
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(c.id), 1);
}
END_TEST

static struct context threaded;

static void *outlive_main(void *unused)
{
    (void)unused;
    gate_arrive(&threaded.gate);
    _exit(threaded.start[0] == 42 ? 0 : 1);
}

static void leave_by_thread(void *context)
{
    pthread_t thread;

    threaded = *(struct context *)context;
    threaded.start = attach(threaded.id);
    threaded.start[0] = 42;
    EXPECT_INT(pthread_create(&thread, NULL, outlive_main, NULL), 0);
    pthread_exit(NULL);
}

/* The main thread of a process that still lives is a zombie of its own. */
static bool main_thread_is_gone(pid_t pid)
{
    char path[64], text[256] = "";

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    EXPECT(file != NULL);
    EXPECT(fgets(text, sizeof text, file) != NULL);
    fclose(file);
    return strstr(text, ") Z ") != NULL;
}

START_TEST(attached_until_the_last_thread_ends) /* S1.31, S1.34 */
{
    struct context c = make(0);
    pid_t pid = start(leave_by_thread, &c);

    gate_await(&c.gate);
    UNTIL(main_thread_is_gone(pid));
    EXPECT_INT(nattch(c.id), 1);
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(c.id), 0);
}
END_TEST

static void *detach(void *start)
{
    EXPECT_OK(shmdt(start));
    return NULL;
}

START_TEST(any_thread_detaches) /* S1.25, S1.27 */
{
    struct context c = make(1);
    pthread_t thread;

    EXPECT_INT(pthread_create(&thread, NULL, detach, c.start), 0);
    EXPECT_INT(pthread_join(thread, NULL), 0);
    EXPECT_INT(nattch(c.id), 0);
    EXPECT_INT(segment_stat(c.id).shm_lpid, getpid());
}
END_TEST

START_TEST(many_processes) /* S1.29, S5.28 */
{
    enum { PROCESSES = 12 };
    struct context c = make(1);
    pid_t pids[PROCESSES];

    for (int i = 0; i < PROCESSES; i++)
        pids[i] = start(attach_and_stay, &c);
    for (int i = 0; i < PROCESSES; i++)
        gate_await(&c.gate);
    for (int i = 0; i < PROCESSES; i++) {
        EXPECT_INT(nattch(c.id), 1 + 2 * (PROCESSES - i));
        kill_and_reap(pids[i]);
    }
    EXPECT_INT(nattch(c.id), 1);
}
END_TEST

void nattch_chapter(void)
{
    ADD_TESTS(fork_inherits_each_attach, fork_sets_atime_and_lpid,
              child_detaches_for_itself_only, grandchildren_count, child_shares_the_bytes,
              exit_detaches, sigkill_detaches, exec_detaches, vfork_changes_nothing,
              spawn_changes_nothing, clone_without_handlers, hidden_from_children,
              attached_until_the_last_thread_ends, any_thread_detaches, many_processes);
}
