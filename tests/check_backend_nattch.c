/* The number of attaches when processes come and go (S1.29 to S1.34, S1.44). */
#include "config.h"

#include "tests/backend_check.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct context {
    int id;
    struct gate gate;
    void *start;
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
    struct context *c = context;

    gate_arrive(&c->gate);
}

static void attach_and_stay(void *context)
{
    struct context *c = context;

    attach(c->id);
    gate_arrive(&c->gate);
}

static void exec_program(void *context)
{
    struct context *c = context;

    exec_idle(&c->gate);
}

/* Dead, but not yet reaped: what is counted must have dropped by now. */
static void await_zombie(pid_t pid)
{
    siginfo_t info;

    EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
}

START_TEST(fork_counts_each_inherited_attach) /* S1.29, S1.30 */
{
    struct context c = make(2);
    pid_t pid = start(stay, &c);

    EXPECT_INT(nattch(c.id), 4); /* the moment fork returns */
    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 4);
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(c.id), 2);
}
END_TEST

static void detach_one_and_stay(void *context)
{
    struct context *c = context;

    EXPECT_OK(shm_backend_shmdt(c->start));
    EXPECT_ERR(shm_backend_shmdt(c->start), EINVAL);
    gate_arrive(&c->gate);
    attach(c->id);
    gate_arrive(&c->gate);
}

START_TEST(child_detaches_for_itself_only) /* S1.30 */
{
    struct context c = make(2);
    pid_t pid = start(detach_one_and_stay, &c);

    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 3);
    ((char *)c.start)[0] = 1;
    EXPECT_OK(shm_backend_shmdt(c.start));
    EXPECT_INT(nattch(c.id), 2);
    gate_let_go(&c.gate);
    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 3);
    kill_and_reap(pid);
    EXPECT_INT(nattch(c.id), 1);
}
END_TEST

static void fork_once_more(void *context)
{
    struct context *c = context;
    pid_t pid = start(stay, c);

    EXPECT_INT(reap(pid), 0);
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

START_TEST(parent_detaches_child_stays) /* S1.30 */
{
    struct context c = make(1);
    pid_t pid = start(stay, &c);

    gate_await(&c.gate);
    EXPECT_OK(shm_backend_shmdt(c.start));
    EXPECT_INT(nattch(c.id), 1);
    EXPECT_OK(remove_segment(c.id));
    EXPECT_INT(nattch(c.id), 1);
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_ERR(shm_backend_shmctl(c.id, LIBSHM_IPC_RMID, NULL), EINVAL);
}
END_TEST

START_TEST(forked_child_sees_the_same_bytes) /* S1.30 */
{
    struct context c = make(1);
    char *bytes = c.start;
    pid_t pid = start(stay, &c);

    gate_await(&c.gate);
    strcpy(bytes, "later");
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(strcmp(attach(c.id), "later"), 0);
}
END_TEST

static void inherited_readonly(void *context)
{
    struct context *c = context;

    EXPECT_INT(*(char *)c->start, 5);
    signal(SIGSEGV, SIG_DFL); /* sanitizers have a handler that makes it an exit status */
    *(volatile char *)c->start = 6;
}

START_TEST(inherited_attach_keeps_its_protection) /* S1.22, S1.30 */
{
    struct context c = make(0);

    *(char *)attach(c.id) = 5;
    c.start = attach_flags(c.id, NULL, LIBSHM_ATTACH_RDONLY);
    pid_t pid = start(inherited_readonly, &c);
    EXPECT_INT(reap(pid), 128 + SIGSEGV);
    EXPECT_INT(nattch(c.id), 2);
}
END_TEST

START_TEST(sigkill_detaches) /* S1.31, S1.32 */
{
    struct context c = make(0);
    int64_t before = time(NULL) - 1;
    pid_t pid = start(attach_and_stay, &c);

    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 1);
    kill(pid, SIGKILL);
    await_zombie(pid);
    struct shm_backend_shmid_ds ds = segment_stat(c.id);
    EXPECT_INT((long long)ds.nattch, 0);
    if (!on_posix()) { /* S5.15 */
        EXPECT_INT(ds.lpid, pid);
        EXPECT(ds.dtime >= before);
    }
    EXPECT_INT(reap(pid), 128 + SIGKILL);
}
END_TEST

START_TEST(exit_detaches) /* S1.31, S1.32 */
{
    struct context c = make(0);
    pid_t pid = start(attach_and_stay, &c);

    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 1);
    gate_let_go(&c.gate);
    await_zombie(pid);
    EXPECT_INT(nattch(c.id), 0);
    EXPECT_INT(reap(pid), 0);
}
END_TEST

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

START_TEST(marked_segment_goes_with_sigkill) /* S1.44 */
{
    struct context c = make(0);
    pid_t pid = start(attach_and_stay, &c);
    struct shm_backend_shmid_ds ds;

    gate_await(&c.gate);
    EXPECT_OK(remove_segment(c.id));
    EXPECT_INT(nattch(c.id), 1);
    kill(pid, SIGKILL);
    await_zombie(pid);
    EXPECT_ERR(shm_backend_shmctl(c.id, LIBSHM_IPC_STAT, &ds), EINVAL);
    EXPECT_ERR(shm_backend_shmat(c.id, NULL, 0), EINVAL);
    EXPECT_INT(reap(pid), 128 + SIGKILL);
}
END_TEST

static void attach_and_exec(void *context)
{
    struct context *c = context;

    attach(c->id);
    gate_arrive(&c->gate);
    exec_idle(&c->gate);
}

START_TEST(marked_segment_goes_with_exec) /* S1.44 */
{
    struct context c = make(0);
    pid_t pid = start(attach_and_exec, &c);

    gate_await(&c.gate);
    EXPECT_OK(remove_segment(c.id));
    EXPECT_INT(nattch(c.id), 1);
    gate_let_go(&c.gate);
    gate_await(&c.gate);
    EXPECT_ERR(remove_segment(c.id), EINVAL);
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(vfork_and_exec) /* S1.33, S5.3 */
{
    static char *arguments[5];
    struct context c = make(2);

    idle_arguments(&c.gate, arguments);
    pid_t pid = vfork();
    if (pid == 0) {
        execv(arguments[0], arguments);
        _exit(9);
    }
    EXPECT_OK(pid);
    gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 2);
    ((char *)c.start)[0] = 1;
    gate_let_go(&c.gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(c.id), 2);
    EXPECT_OK(shm_backend_shmdt(c.start));
    EXPECT_INT(nattch(c.id), 1);
}
END_TEST

START_TEST(posix_spawn_leaves_it_alone) /* S5.3 */
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

static struct context threaded;

static void *outlive_main(void *unused)
{
    (void)unused;
    gate_arrive(&threaded.gate);
    _exit(*(char *)threaded.start == 42 ? 0 : 1);
}

static void leave_by_thread(void *context)
{
    pthread_t thread;

    threaded = *(struct context *)context;
    threaded.start = attach(threaded.id);
    *(char *)threaded.start = 42;
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

START_TEST(attach_lives_as_long_as_the_last_thread) /* S1.31, S1.34 */
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

static void detach_in_thread(void *start)
{
    EXPECT_OK(shm_backend_shmdt(start));
}

static void *run_detach(void *start)
{
    detach_in_thread(start);
    return NULL;
}

START_TEST(any_thread_may_detach) /* S1.25: lpid is the thread group */
{
    struct context c = make(1);
    pthread_t thread;

    EXPECT_INT(pthread_create(&thread, NULL, run_detach, c.start), 0);
    EXPECT_INT(pthread_join(thread, NULL), 0);
    EXPECT_INT(nattch(c.id), 0);
    EXPECT_INT(segment_stat(c.id).lpid, getpid());
}
END_TEST

START_TEST(many_processes_at_once) /* S1.29 */
{
    enum { PROCESSES = 12 };
    struct context c = make(1);
    pid_t pids[PROCESSES];

    for (int i = 0; i < PROCESSES; i++)
        pids[i] = start(attach_and_stay, &c);
    for (int i = 0; i < PROCESSES; i++)
        gate_await(&c.gate);
    EXPECT_INT(nattch(c.id), 1 + 2 * PROCESSES);
    for (int i = 0; i < PROCESSES; i++) {
        kill_and_reap(pids[i]);
        EXPECT_INT(nattch(c.id), 1 + 2 * (PROCESSES - i - 1));
    }
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"fork", fork_counts_each_inherited_attach},
        {"child_detach", child_detaches_for_itself_only},
        {"grandchild", grandchildren_count},
        {"parent_detach", parent_detaches_child_stays},
        {"same_bytes", forked_child_sees_the_same_bytes},
        {"protection", inherited_attach_keeps_its_protection},
        {"sigkill", sigkill_detaches},
        {"exit", exit_detaches},
        {"exec", exec_detaches},
        {"marked_sigkill", marked_segment_goes_with_sigkill},
        {"marked_exec", marked_segment_goes_with_exec},
        {"vfork", vfork_and_exec},
        {"spawn", posix_spawn_leaves_it_alone},
        {"main_thread", attach_lives_as_long_as_the_last_thread},
        {"thread_detach", any_thread_may_detach},
        {"many", many_processes_at_once},
    };
    return RUN_SUITE(argc, argv, "nattch", tests);
}
