/*
 * Forks, programs and descriptors: what a process holds is true in its family (S1.30 to S1.33,
 * S2.28, S2.29, S5.3), a fork beside busy threads leaves the child usable, and a program
 * without descriptors goes on working.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

extern char **environ;

enum { UNDO = LIBSHM_SEM_UNDO, NOWAIT = LIBSHM_IPC_NOWAIT };

static int set, segment;
static struct gate gate;

static void expect_state(int value, int attached)
{
    EXPECT_INT(semval(set, 0), value);
    EXPECT_INT(nattch(segment), attached);
}

/*
 * A family: this process holds one unit and one attach while others come and go.
 */

static pid_t fork_idle(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        alarm(30);
        gate_arrive(&gate);
        _exit(0);
    }
    return pid;
}

static pid_t fork_exec_idle(void)
{
    pid_t pid = fork();

    if (pid == 0)
        exec_idle(&gate);
    return pid;
}

static pid_t vfork_exec_idle(void)
{
    static char *arguments[5];

    idle_arguments(&gate, arguments);
    pid_t pid = vfork();
    if (pid == 0) {
        execv(arguments[0], arguments);
        _exit(9);
    }
    return pid;
}

static pid_t spawn_idle(void)
{
    char *arguments[5];
    pid_t pid;

    idle_arguments(&gate, arguments);
    EXPECT_INT(posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ), 0);
    return pid;
}

static void meet_relative(pid_t (*begin)(void), int attached)
{
    pid_t pid = begin();

    EXPECT_OK(pid);
    gate_await(&gate);
    expect_state(4, attached);
    EXPECT_OK(semop1(set, 0, -1, UNDO));
    EXPECT_OK(semop1(set, 0, 1, UNDO));
    gate_let_go(&gate);
    EXPECT_INT(reap(pid), 0);
    expect_state(4, 1);
}

static void hold_and_meet(void *unused)
{
    (void)unused;
    char *bytes = attach(segment);
    EXPECT_OK(semop1(set, 0, -1, UNDO));
    for (int i = 0; i < scaled(20); i++) {
        bytes[i] = (char)i;
        meet_relative(fork_idle, 2);
        meet_relative(fork_exec_idle, 1);
        meet_relative(vfork_exec_idle, 1);
        meet_relative(spawn_idle, 1);
    }
    EXPECT_OK(shm_backend_shmdt(bytes));
    attach(segment);
}

static void check_family(void)
{
    EXPECT_INT(run(hold_and_meet, NULL), 0);
    expect_state(5, 0);
}

/*
 * Descriptors.
 */

static bool is_of_the_gate(int fd)
{
    return fd == gate.ready[0] || fd == gate.ready[1] || fd == gate.go[0] || fd == gate.go[1];
}

static void close_all_descriptors(void)
{
    for (int fd = 3; fd < 1024; fd++)
        if (!is_of_the_gate(fd))
            close(fd);
}

static void use_everything(char *bytes)
{
    bytes[0]++;
    EXPECT_OK(semop1(set, 0, -1, UNDO));
    EXPECT_OK(semop1(set, 0, 1, 0));
    EXPECT_ERR(semop1_timed(set, 1, -1, 0, 5), EAGAIN);
    EXPECT_OK(shm_backend_shmdt(attach(segment)));
    int own = new_set(2, 0600);
    EXPECT_OK(semop1(own, 1, 1, UNDO));
    EXPECT_OK(remove_set(own));
    own = new_segment(5000, 0600);
    EXPECT_OK(shm_backend_shmdt(attach(own)));
    EXPECT_OK(remove_segment(own));
}

static void without_its_descriptors(void *unused)
{
    (void)unused;
    char *bytes = attach(segment);
    EXPECT_OK(semop1(set, 0, -1, UNDO));
    close_all_descriptors();
    for (int i = 0; i < 10; i++) {
        use_everything(bytes);
        close_all_descriptors();
        EXPECT_INT(nattch(segment), 1);
    }
    pid_t pid = fork_idle();
    EXPECT_INT(nattch(segment), 2);
    gate_await(&gate);
    gate_let_go(&gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(nattch(segment), 1);
}

/* Its numbers are used by files of the program: they must come to no harm. */
static void others_take_the_numbers(void *unused)
{
    int fds[2];

    (void)unused;
    char *bytes = attach(segment);
    EXPECT_OK(semop1(set, 0, -1, UNDO));
    close_all_descriptors();
    for (int i = 0; i < 20; i++)
        EXPECT_OK(pipe(fds));
    use_everything(bytes);
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_INT(write(fds[1], "abc", 3), 3);
    EXPECT_INT(read(fds[0], (char[3]){0}, 3), 3);
}

static void check_closed_descriptors(void)
{
    if (keeps_descriptors())
        leave_out("closed descriptors", "S5.28: the locks go with them");
    else
        EXPECT_INT(run(without_its_descriptors, NULL), 0);
    EXPECT_INT(nattch(segment), 0);
    EXPECT_OK(sem_set(set, 0, 5));
    EXPECT_INT(run(others_take_the_numbers, NULL), 0);
    EXPECT_INT(nattch(segment), 0);
    EXPECT_OK(sem_set(set, 0, 5));
}

static void use_up_descriptors(void)
{
    struct rlimit limit = {64, 64};

    EXPECT_OK(setrlimit(RLIMIT_NOFILE, &limit));
    while (open("/dev/null", O_RDONLY) >= 0)
        continue;
    EXPECT_INT(errno, EMFILE);
}

/* An error that says so is allowed where a file has to be opened; a half-done call is not. */
static void attach_or_refuse(void)
{
    void *start = shm_backend_shmat(segment, NULL, 0);

    if (start != NOT_ATTACHED)
        EXPECT_OK(shm_backend_shmdt(start));
    else
        EXPECT(on_posix() && errno == EMFILE);
}

static void with_none_free(void *unused)
{
    (void)unused;
    char *bytes = attach(segment);
    EXPECT_OK(semop1(set, 0, -1, UNDO));
    use_up_descriptors();
    bytes[0]++;
    for (int i = 0; i < 20; i++) {
        EXPECT_OK(semop1(set, 0, -1, UNDO));
        EXPECT_OK(semop1(set, 0, 1, UNDO));
        EXPECT_INT(semval(set, 0), 4);
        EXPECT_ERR(semop1_timed(set, 1, -1, 0, 2), EAGAIN);
        attach_or_refuse();
    }
    pid_t pid = fork_idle();
    EXPECT_OK(pid);
    gate_await(&gate);
    bytes[0]++;
    gate_let_go(&gate);
    EXPECT_INT(reap(pid), 0);
    EXPECT_INT(semval(set, 0), 4);
    EXPECT_OK(shm_backend_shmdt(bytes));
}

static void check_no_free_descriptor(void)
{
    EXPECT_INT(run(with_none_free, NULL), 0);
    expect_state(5, 0);
}

/*
 * Threads that are inside calls while another forks.
 */

static _Atomic int stop;

static void *be_busy(void *unused)
{
    for (unsigned i = 0; !stop; i++) {
        EXPECT_OK(semop1(set, 0, -1, i % 2 ? UNDO : 0));
        EXPECT_OK(semop1(set, 0, 1, i % 2 ? UNDO : 0));
        EXPECT_OK(shm_backend_shmdt(attach(segment)));
        if (semop1_timed(set, 1, -1, 0, 0) == 0)
            fail_at(__FILE__, __LINE__, "a semaphore that nobody raises was lowered");
        int own = shm_backend_semget(LIBSHM_IPC_PRIVATE, 1, 0600);
        EXPECT_OK(own);
        EXPECT_OK(remove_set(own));
    }
    return unused;
}

static void child_of_threads(char *bytes)
{
    alarm(10);
    EXPECT_OK(semop1(set, 0, -1, UNDO));
    EXPECT_OK(shm_backend_shmdt(attach(segment)));
    EXPECT_OK(semop1(set, 0, 1, UNDO));
    int own = shm_backend_shmget(LIBSHM_IPC_PRIVATE, 100, 0600);
    EXPECT_OK(own);
    EXPECT_OK(remove_segment(own));
    EXPECT_OK(shm_backend_shmdt(bytes));
    _exit(0);
}

static void fork_beside_threads(void *unused)
{
    enum { THREADS = 3, FORKS = 100 };
    pthread_t threads[THREADS];
    char *bytes = attach(segment);

    (void)unused;
    for (int i = 0; i < THREADS; i++)
        EXPECT_INT(pthread_create(&threads[i], NULL, be_busy, NULL), 0);
    for (int i = 0; i < scaled(FORKS); i++) {
        pid_t pid = fork();
        EXPECT_OK(pid);
        if (pid == 0)
            child_of_threads(bytes);
        EXPECT_INT(reap(pid), 0);
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++)
        EXPECT_INT(pthread_join(threads[i], NULL), 0);
    expect_state(5, 1);
}

static void check_threads_and_fork(void)
{
    EXPECT_INT(run(fork_beside_threads, NULL), 0);
    expect_state(5, 0);
}

int main(int argc, char **argv)
{
    be_idle_if_asked(argc, argv);
    announce();
    registry_start();
    gate_make(&gate);
    set = new_set(2, 0600);
    segment = new_segment(10000, 0600);
    EXPECT_OK(sem_set(set, 0, 5));
    check_family();
    check_closed_descriptors();
    check_no_free_descriptor();
    check_threads_and_fork();
    remove_all();
    return 0;
}
