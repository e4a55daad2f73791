/*
 * The processes of a test: they all descend from isolate, and none may outlive the test.
 */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/isolate.h"

/* How long processes that are already ending may take, in milliseconds. */
enum { GRACE_MS = 2000, POLL_MS = 10 };

void adopt_descendants(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/*
 * Fills `command` and returns the parent of a process, 0 if it is gone or only waits to be reaped. One
 * whose first thread has ended looks like a zombie too, as long as it has others.
 */
static pid_t parent_of(const char *pid, char command[64])
{
    char path[64], line[512], state = 'Z';
    const char *end;
    int parent = 0;
    long threads = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    f = fopen(path, "r");
    if (f == NULL)
        return 0;
    /* The name stands in parentheses and may hold some itself: the last one closes it. */
    if (fgets(line, sizeof line, f) != NULL && (end = strrchr(line, ')')) != NULL &&
        sscanf(end + 1,
               " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld", &state,
               &parent, &threads) == 3)
        snprintf(command, 64, "%.*s", (int)(end - strchr(line, '(')) - 1,
                 strchr(line, '(') + 1);
    fclose(f);
    return state == 'Z' && threads < 2 ? 0 : parent;
}

/* Calls `visit` for every living child of this process; returns how many there are. */
static int each_child(void (*visit)(pid_t pid, const char *command))
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    char command[64];
    int count = 0;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        if (!isdigit((unsigned char)entry->d_name[0]) ||
            parent_of(entry->d_name, command) != getpid())
            continue;
        visit((pid_t)atol(entry->d_name), command);
        count++;
    }
    if (proc != NULL)
        closedir(proc);
    return count;
}

static void kill_it(pid_t pid, const char *command)
{
    (void)command;
    kill(pid, SIGKILL);
}

static void name_it(pid_t pid, const char *command)
{
    complain("process %ld (%s) is still running", (long)pid, command);
}

static void pause_shortly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
}

/* Reaps what has ended; false when no child is left. */
static bool reap(void)
{
    pid_t pid;

    do
        pid = waitpid(-1, NULL, WNOHANG);
    while (pid > 0);
    return pid == 0;
}

int kill_descendants(void)
{
    int killed = 0;

    /* The children of a killed process become ours, so rounds are needed until none is left. */
    while (reap()) {
        killed += each_child(kill_it);
        pause_shortly();
    }
    return killed;
}

void check_processes(void)
{
    /* A test may end right after it has killed somebody; only what stays is left over. */
    for (int waited = 0; waited < GRACE_MS; waited += POLL_MS) {
        if (!reap())
            return;
        pause_shortly();
    }
    each_child(name_it);
    kill_descendants();
}
