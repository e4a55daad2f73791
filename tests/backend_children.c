/* Children and meeting points for the tests of the backend contract. */
#include "config.h"

#include "tests/backend_support.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_SECONDS = 30 };

static void be_child(child_fn *body, void *context)
{
    alarm(CHILD_SECONDS);
    body(context);
    fflush(stdout);
    _exit(0);
}

pid_t start(child_fn *body, void *context)
{
    fflush(stdout);
    pid_t pid = fork();
    EXPECT_OK(pid);
    if (pid == 0)
        be_child(body, context);
    return pid;
}

void become(uid_t uid, gid_t gid)
{
    EXPECT_OK(setgroups(0, NULL));
    EXPECT_OK(setegid(gid));
    EXPECT_OK(seteuid(uid));
}

pid_t start_stranger(child_fn *body, void *context)
{
    fflush(stdout);
    pid_t pid = fork();
    EXPECT_OK(pid);
    if (pid == 0) {
        become(STRANGER, STRANGER);
        be_child(body, context);
    }
    return pid;
}

bool have_strangers(void)
{
    if (geteuid() == 0)
        return true;
    leave_out("permissions between users", "needs root");
    return false;
}

int reap(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            fail_at(__FILE__, __LINE__, "waitpid(%d): %s", (int)pid, strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run(child_fn *body, void *context)
{
    return reap(start(body, context));
}

int run_stranger(child_fn *body, void *context)
{
    return reap(start_stranger(body, context));
}

void kill_and_reap(pid_t pid)
{
    kill(pid, SIGKILL);
    EXPECT_INT(reap(pid), 128 + SIGKILL);
}

struct call {
    int id;
    const struct shm_backend_sembuf *ops;
    size_t count;
};

static void call_semop(void *context)
{
    const struct call *call = context;

    _exit(semops(call->id, call->ops, call->count) == 0 ? 0 : errno);
}

pid_t start_semops(int id, const struct shm_backend_sembuf *ops, size_t count)
{
    struct call call = {id, ops, count};

    return start(call_semop, &call);
}

pid_t start_semop(int id, int num, int op, int flags)
{
    struct shm_backend_sembuf operation = {(unsigned short)num, (short)op, (short)flags};

    return start_semops(id, &operation, 1);
}

/*
 * Meeting points.
 */

void gate_make(struct gate *gate)
{
    EXPECT_OK(pipe(gate->ready));
    EXPECT_OK(pipe(gate->go));
}

static bool read_one(int fd)
{
    char byte;
    ssize_t n;

    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

void gate_arrive(const struct gate *gate)
{
    EXPECT_INT(write(gate->ready[1], "x", 1), 1);
    EXPECT(read_one(gate->go[0]));
}

void gate_await(const struct gate *gate)
{
    struct pollfd waiting = {gate->ready[0], POLLIN, 0};
    int n;

    do
        n = poll(&waiting, 1, 10000);
    while (n < 0 && errno == EINTR);
    EXPECT_INT(n, 1);
    EXPECT(read_one(gate->ready[0]));
}

void gate_let_go(const struct gate *gate)
{
    EXPECT_INT(write(gate->go[1], "x", 1), 1);
}

void gate_close(const struct gate *gate)
{
    for (int i = 0; i < 2; i++) {
        close(gate->ready[i]);
        close(gate->go[i]);
    }
}

static char self[] = "/proc/self/exe", idle[] = "--idle";
static char ready_text[16], go_text[16];

void idle_arguments(const struct gate *gate, char **argv)
{
    snprintf(ready_text, sizeof ready_text, "%d", gate->ready[1]);
    snprintf(go_text, sizeof go_text, "%d", gate->go[0]);
    argv[0] = self;
    argv[1] = idle;
    argv[2] = ready_text;
    argv[3] = go_text;
    argv[4] = NULL;
}

void exec_idle(const struct gate *gate)
{
    char *argv[5];

    idle_arguments(gate, argv);
    execv(self, argv);
    fail_at(__FILE__, __LINE__, "exec of %s: %s", self, strerror(errno));
}

void be_idle_if_asked(int argc, char **argv)
{
    struct gate gate = {{-1, -1}, {-1, -1}};

    if (argc != 4 || strcmp(argv[1], idle) != 0)
        return;
    alarm(CHILD_SECONDS);
    gate.ready[1] = atoi(argv[2]);
    gate.go[0] = atoi(argv[3]);
    gate_arrive(&gate);
    _exit(0);
}
