#include "config.h"

#include "tests/kernel_sleepers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    STATUS_SIZE = 16384
}; /* it names the groups of a process and the processors, however many */

/* Files of /proc are read at once, or they may be of two moments. */
static bool read_text(char *text, size_t size, const char *task, const char *name)
{
    char path[400];

    snprintf(path, sizeof path, "%s/%s", task, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* What stands behind the name in a status. */
static const char *value_of(const char *status, const char *name)
{
    const char *at = strstr(status, name);

    return at ? at + strlen(name) : "";
}

static char state_of(const char *status)
{
    char state = 0;

    sscanf(value_of(status, "\nState:"), " %c", &state);
    return state;
}

/* How often a thread that sleeps has gone to sleep; -1 if it does not sleep. */
static long sleeps_so_far(const char *task)
{
    char status[STATUS_SIZE];
    long times = -1;

    if (!read_text(status, sizeof status, task, "status") || state_of(status) != 'S')
        return -1;
    sscanf(value_of(status, "\nvoluntary_ctxt_switches:"), "%ld", &times);
    return times;
}

/* Some systems have one number for all calls of System V IPC, whose first argument says which. */
enum { CALL_MSGSND = 11, CALL_MSGRCV = 12 };

static bool is_common_call(long number)
{
#ifdef SYS_ipc
    return number == SYS_ipc;
#else
    return number < 0;
#endif
}

/* The system call of a thread off the processor: its number, and its first argument. */
static bool is_in_call(const char *task, int id)
{
    char text[256];
    long number = -1;
    unsigned long first = 0, second = 0;

    if (!read_text(text, sizeof text, task, "syscall"))
        return false;
    int n = sscanf(text, "%ld %lx %lx", &number, &first, &second);
    if (n == 3 && is_common_call(number) && (first == CALL_MSGSND || first == CALL_MSGRCV))
        return (int)second == id;
    return n == 3 && (number == SYS_msgrcv || number == SYS_msgsnd) && (int)first == id;
}

/*
 * Off the processor is also a thread that has been woken and has none yet, or whose memory is slow to come:
 * it must sleep throughout.
 */
static bool sleeps_in_call(const char *task, int id)
{
    long times = sleeps_so_far(task);

    return times >= 0 && is_in_call(task, id) && sleeps_so_far(task) == times;
}

int kernel_sleepers(int id, pid_t pid)
{
    char tasks[64], task[350];
    int count = 0;

    snprintf(tasks, sizeof tasks, "/proc/%d/task", (int)pid);
    DIR *entries = opendir(tasks);
    if (!entries)
        return 0;
    for (struct dirent *entry; (entry = readdir(entries));) {
        snprintf(task, sizeof task, "%s/%s", tasks, entry->d_name);
        count += entry->d_name[0] != '.' && sleeps_in_call(task, id);
    }
    closedir(entries);
    return count;
}

/* Twice in the call is in the same one, and in the quicker file. */
bool sleeps_in_kernel(int id, pid_t pid)
{
    char task[64];

    snprintf(task, sizeof task, "/proc/%d", (int)pid);
    return is_in_call(task, id) && sleeps_so_far(task) >= 0 && is_in_call(task, id);
}

bool is_stopped(pid_t pid)
{
    char task[64], status[STATUS_SIZE];

    snprintf(task, sizeof task, "/proc/%d", (int)pid);
    return read_text(status, sizeof status, task, "status") && state_of(status) == 'T';
}
