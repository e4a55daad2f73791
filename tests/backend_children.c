/* Children and meeting points for the tests of the backend contract. */
#include "config.h"

#include "tests/backend_support.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/backend_files.h"
#include "tests/kernel_sleepers.h"

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
 * Message queues.
 */

struct message_call {
    int id, flags;
    long type;
    const void *bytes;
    size_t size;
};

static void call_msgsnd(void *context)
{
    const struct message_call *call = context;

    _exit(send_bytes(call->id, call->type, call->bytes, call->size, 0) == 0 ? 0 : errno);
}

pid_t start_msgsnd(int id, long type, const void *bytes, size_t size)
{
    struct message_call call = {id, 0, type, bytes, size};

    return start(call_msgsnd, &call);
}

static void call_msgrcv(void *context)
{
    const struct message_call *call = context;
    struct letter letter = {.bytes = {0}};

    ssize_t n = receive(call->id, &letter, call->size, call->type, call->flags);
    _exit(n < 0 ? errno : RECEIVED(letter.bytes[0]));
}

pid_t start_msgrcv(int id, size_t room, long type, int flags)
{
    struct message_call call = {id, flags, type, NULL, room};

    return start(call_msgrcv, &call);
}

int queue_sleepers(int id, pid_t pid)
{
    return on_posix() ? file_sleepers((unsigned)id, pid) : kernel_sleepers(id, pid);
}
