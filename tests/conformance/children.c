/* Children and meeting points. */
#include "config.h"

#include "tests/conformance/conform.h"

#include <dirent.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_SECONDS = 30 };

static pid_t start_as(child_fn *body, void *context, bool stranger)
{
    fflush(stdout);
    pid_t pid = fork();
    EXPECT_OK(pid);
    if (pid != 0)
        return pid;
    alarm(CHILD_SECONDS);
    if (stranger)
        become(STRANGER, STRANGER);
    body(context);
    fflush(stdout);
    _exit(0);
}

pid_t start(child_fn *body, void *context)
{
    return start_as(body, context, false);
}

pid_t start_stranger(child_fn *body, void *context)
{
    return start_as(body, context, true);
}

void become(uid_t uid, gid_t gid)
{
    EXPECT_OK(setgroups(0, NULL));
    EXPECT_OK(setegid(gid));
    EXPECT_OK(seteuid(uid));
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

void await_zombie(pid_t pid)
{
    siginfo_t info;

    EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
}

void stop(pid_t pid)
{
    int status;

    kill(pid, SIGSTOP);
    EXPECT_INT(waitpid(pid, &status, WUNTRACED), pid);
    EXPECT(WIFSTOPPED(status));
}

bool has_ended(pid_t pid)
{
    siginfo_t info = {0};

    EXPECT_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT));
    return info.si_pid == pid;
}

/*
 * Calls on sets.
 */

struct semop_call {
    int id;
    const struct sembuf *ops;
    size_t count;
};

static void call_semop(void *context)
{
    const struct semop_call *call = context;

    _exit(semop(call->id, (struct sembuf *)(uintptr_t)call->ops, call->count) == 0 ? 0 : errno);
}

pid_t start_semops(int id, const struct sembuf *ops, size_t count)
{
    struct semop_call call = {id, ops, count};

    return start(call_semop, &call);
}

pid_t start_semop(int id, int num, int op, int flags)
{
    struct sembuf operation = {(unsigned short)num, (short)op, (short)flags};

    return start_semops(id, &operation, 1);
}

pid_t start_sleeper(int id, int num, int op, int flags)
{
    int command = op ? GETNCNT : GETZCNT, before = sem_get(id, num, command);
    pid_t pid = start_semop(id, num, op, flags);

    UNTIL(sem_get(id, num, command) == before + 1);
    return pid;
}

/*
 * Calls on queues.
 */

struct msg_call {
    int id, flags;
    long type;
    size_t size;
    const char *text;
};

static void call_msgsnd(void *context)
{
    const struct msg_call *call = context;
    struct letter letter = {.type = call->type};

    memcpy(letter.bytes, call->text, call->size);
    _exit(msgsnd(call->id, &letter, call->size, 0) == 0 ? 0 : errno);
}

static void call_msgrcv(void *context)
{
    const struct msg_call *call = context;
    struct letter letter = {.type = -1};

    ssize_t n = msgrcv(call->id, &letter, call->size, call->type, call->flags);
    _exit(n < 0 ? errno : RECEIVED(letter.bytes[0]));
}

pid_t start_sender(int id, long type, const char *text)
{
    struct msg_call call = {id, 0, type, strlen(text), text};
    pid_t pid = start(call_msgsnd, &call);

    UNTIL(asleep(pid) == 1);
    return pid;
}

pid_t start_receiver(int id, size_t room, long type, int flags)
{
    struct msg_call call = {id, flags, type, room, NULL};
    pid_t pid = start(call_msgrcv, &call);

    UNTIL(asleep(pid) == 1);
    return pid;
}

/* Some systems have one number for all calls of System V IPC, some more for another width of times. */
static const long calls[] = {
    SYS_msgrcv,
    SYS_msgsnd,
#ifdef SYS_ipc
    SYS_ipc,
#endif
};
static const long waits[] = {
    SYS_futex,
    SYS_clock_nanosleep,
#ifdef SYS_futex_time64
    SYS_futex_time64,
#endif
#ifdef SYS_clock_nanosleep_time64
    SYS_clock_nanosleep_time64,
#endif
};

static bool is_among(long number, const long *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* What a library could make of a call: a futex, or a poll. */
static bool is_wait(long number)
{
    return on_drop_in() ? is_among(number, waits, COUNT(waits))
                        : is_among(number, calls, COUNT(calls));
}

/* How often a thread that sleeps has gone to sleep; -1 if it does not sleep. */
static long sleeps_so_far(const char *tasks, const char *name)
{
    char path[350], line[200], state = 0;
    long times = -1;

    snprintf(path, sizeof path, "%s/%s/status", tasks, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "State: %c", &state);
        sscanf(line, "voluntary_ctxt_switches: %ld", &times);
    }
    fclose(file);
    return state == 'S' ? times : -1;
}

/* Of a thread off the processor. */
static bool is_in_wait(const char *tasks, const char *name)
{
    char path[350];
    long number = -1;

    snprintf(path, sizeof path, "%s/%s/syscall", tasks, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    int n = fscanf(file, "%ld", &number);
    fclose(file);
    return n == 1 && is_wait(number);
}

/*
 * Off the processor is also a thread that has been woken and has none yet, or whose memory is slow to come:
 * it must sleep throughout.
 */
static bool task_sleeps(const char *tasks, const char *name)
{
    long times = sleeps_so_far(tasks, name);

    return times >= 0 && is_in_wait(tasks, name) && sleeps_so_far(tasks, name) == times;
}

int asleep(pid_t pid)
{
    char tasks[64];
    int count = 0;

    snprintf(tasks, sizeof tasks, "/proc/%d/task", (int)pid);
    DIR *entries = opendir(tasks);
    if (!entries)
        return 0;
    for (struct dirent *entry; (entry = readdir(entries));)
        count += entry->d_name[0] != '.' && task_sleeps(tasks, entry->d_name);
    closedir(entries);
    return count;
}
